//! What the lane knows of its runs, under one lock: claims, turns, gates and orders together. It reads the queue and writes
//! nothing.

use std::collections::HashMap;

use weir_cluster::{ClusterError, Queue, QueueKey, When};
use weir_model::{FlowId, RunId, TenantId};

use super::claims::{Claims, Seen};
use super::gates::{Gates, Held};
use super::orders::Orders;
use super::turns::{Taken, Turn, Turns};

/// A run that has its turn.
struct Alive {
    tenant: TenantId,
    /// The flow in which it has a place.
    gate: Option<FlowId>,
    /// The flow that takes its runs in order.
    order: Option<FlowId>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) claims: Claims,
    pub(super) turns: Turns,
    gates: Gates,
    orders: Orders,
    alive: HashMap<RunId, Alive>,
}

impl State {
    /// Takes up what is in the queue at the start.
    pub(super) fn look(&mut self, queue: &dyn Queue) -> Result<(), ClusterError> {
        for (tenant, flow) in queue.ordered_flows()? {
            let Some(head) = queue.head(&tenant, flow)? else { continue };
            self.orders.begin(&tenant, flow, head);
            let place = queue.get(&tenant, head)?.map(|queued| queued.key);
            // Elsewhere the head is parked, and its timer starts it; or it is ready, and in its tenant's line.
            if let Some(key) = place.filter(|key| key.when == When::Held) {
                self.start_head(key, flow);
            }
        }
        for tenant in queue.ready_tenants()? {
            self.turns.read_all(&tenant);
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        let lanes = self.claims.is_empty() && self.turns.is_empty();
        lanes && self.alive.is_empty() && self.gates.is_empty() && self.orders.is_empty()
    }

    /// Puts a run of the lane at the end of its tenant's line.
    pub(super) fn push(&mut self, turn: Turn) {
        self.turns.push(turn, false, &self.claims);
    }

    /// Gives a run to somebody outside the lane, unless it is alive or somebody else's.
    pub(super) fn claim(&mut self, run: RunId) -> bool {
        self.claims.take_outside(run) || (!self.alive.contains_key(&run) && self.claims.withdraw(run))
    }

    /// A run is where `seen` says, and nobody has it.
    pub(super) fn found(&mut self, seen: Seen, queue: &dyn Queue) {
        match (seen.key.when, seen.flow) {
            (When::Ready, _) => self.turns.leave_on_disk(&seen.key),
            (When::Held, Some(flow)) => self.hold(Turn::new(seen.key, Some(flow)), flow, queue),
            // Timers read their places whenever something changes.
            (When::Held | When::After | When::At, _) => {}
        }
    }

    /// A run of a flow that takes its runs in order waits for the end of those before it.
    pub(super) fn hold(&mut self, turn: Turn, flow: FlowId, queue: &dyn Queue) {
        let (tenant, run) = (turn.key.tenant.clone(), turn.key.run);
        let under_way = self.orders.under_way(flow).unwrap_or_else(|| {
            // Of two that were accepted at the same moment, the later one may be here first.
            let head = queue.head(&tenant, flow).unwrap_or_else(|error| {
                tracing::error!(%tenant, %error, "The queue of a flow cannot be read.");
                None
            });
            let head = head.filter(|head| *head < run).unwrap_or(run);
            self.orders.begin(&tenant, flow, head);
            if head != run {
                self.start_head(held_key(&tenant, head), flow);
            }
            head
        });
        if under_way == run {
            self.claims.turn_over(run);
            self.push(turn);
        } else {
            self.claims.free(run);
        }
    }

    fn start_head(&mut self, key: QueueKey, flow: FlowId) {
        if self.claims.take(&key, Some(flow)) {
            self.push(Turn::new(key, Some(flow)));
        }
    }

    /// The next run whose turn it is.
    pub(super) fn take(&mut self, queue: &dyn Queue, most: &impl Fn(&TenantId) -> usize) -> Option<Turn> {
        loop {
            match self.turns.take(&mut self.claims, queue, most)? {
                Taken::Turn(turn) => {
                    let gate = if turn.has_place { turn.flow } else { None };
                    let alive = Alive { tenant: turn.key.tenant.clone(), gate, order: None };
                    self.alive.insert(turn.key.run, alive);
                    return Some(turn);
                }
                Taken::Gone(turn) => self.leave_gate(turn.flow),
            }
        }
    }

    /// Whether a flow that takes only some runs at a time has no place, so that its runs need not be read yet. Holds the run
    /// back where it is so.
    pub(super) fn is_held_back(&mut self, turn: &Turn, flow: FlowId) -> bool {
        let is_full = !turn.has_place && self.gates.is_full(flow);
        if is_full {
            self.hold_back(turn, flow);
        }
        is_full
    }

    /// Lets a run that has its turn begin, unless its flow holds it back.
    pub(super) fn begin(&mut self, turn: &Turn, flow: FlowId, is_ordered: bool, bound: Option<u32>) -> bool {
        let held = Held { key: turn.key.clone(), stamp: turn.stamp };
        if is_ordered && !self.orders.enter(flow, held) {
            self.vacate(turn.key.run);
            return false;
        }
        if let Some(alive) = self.alive.get_mut(&turn.key.run) {
            alive.order = is_ordered.then_some(flow);
        }
        let Some(most) = bound.filter(|_| !turn.has_place) else { return true };
        if !self.gates.enter(flow, most) {
            self.hold_back(turn, flow);
            return false;
        }
        if let Some(alive) = self.alive.get_mut(&turn.key.run) {
            alive.gate = Some(flow);
        }
        // The bound may have been raised since others were held back.
        self.call_held(flow);
        true
    }

    fn hold_back(&mut self, turn: &Turn, flow: FlowId) {
        self.vacate(turn.key.run);
        self.gates.hold(flow, Held { key: turn.key.clone(), stamp: turn.stamp });
        // Its last run may have left meanwhile.
        self.call_held(flow);
    }

    /// A run is no longer alive; what it had is free, but for its claim.
    fn vacate(&mut self, run: RunId) -> Option<Alive> {
        let alive = self.alive.remove(&run)?;
        self.turns.leave(&alive.tenant);
        self.leave_gate(alive.gate);
        Some(alive)
    }

    fn leave_gate(&mut self, flow: Option<FlowId>) {
        if let Some(flow) = flow {
            self.gates.leave(flow);
            self.call_held(flow);
        }
    }

    /// Gives free places of a flow to its runs that were held back, before others of their tenants.
    fn call_held(&mut self, flow: FlowId) {
        while let Some(held) = self.gates.call(flow) {
            if self.push_held(held, flow, true) {
                continue;
            }
            self.gates.leave(flow);
        }
    }

    fn push_held(&mut self, held: Held, flow: FlowId, has_place: bool) -> bool {
        let is_ours = !matches!(self.claims.confirm(&held.key, Some(flow), held.stamp), super::claims::Standing::Gone);
        if is_ours {
            let turn = Turn { has_place, ..Turn::new(held.key, Some(flow)) };
            self.turns.push(turn, true, &self.claims);
        }
        is_ours
    }

    /// A run has left memory, or ended without having been alive.
    pub(super) fn leave(&mut self, key: &QueueKey, order: Option<FlowId>, is_done: bool, queue: &dyn Queue) {
        let order = self.vacate(key.run).and_then(|alive| alive.order).or(order);
        self.claims.free(key.run);
        match order {
            Some(flow) if is_done => self.advance(flow, key.run, queue),
            _ if is_done => {}
            flow => self.found(Seen { key: key.clone(), flow }, queue),
        }
    }

    /// A run that had its turn frees all but its claim.
    pub(super) fn put_aside(&mut self, run: RunId) {
        self.vacate(run);
    }

    /// A run that has its turn is not where its turn says: it ended, or is where `found` says.
    pub(super) fn misplaced(&mut self, turn: &Turn, found: Option<Seen>, queue: &dyn Queue) {
        let run = turn.key.run;
        self.vacate(run);
        self.claims.free(run);
        match (found, turn.flow) {
            (Some(seen), _) => self.found(seen, queue),
            (None, Some(flow)) => self.advance(flow, run, queue),
            (None, None) => {}
        }
    }

    /// A run of a flow that takes its runs in order is done: the next one's turn comes.
    fn advance(&mut self, flow: FlowId, done: RunId, queue: &dyn Queue) {
        let Some(order) = self.orders.get_mut(flow) else { return };
        order.blocked.retain(|held| held.key.run != done);
        if order.under_way != done {
            return;
        }
        while let Some(order) = self.orders.get_mut(flow) {
            let Some(held) = order.blocked.pop_front() else { break };
            order.under_way = held.key.run;
            if self.push_held(held, flow, false) {
                return;
            }
        }
        let Some(tenant) = self.orders.get_mut(flow).map(|order| order.tenant.clone()) else { return };
        self.orders.end(flow);
        match queue.head(&tenant, flow) {
            Ok(Some(head)) if head == done => {
                tracing::error!(%tenant, run = %done, "A run that is done is still first in its flow's queue.");
            }
            Ok(Some(head)) => {
                self.orders.begin(&tenant, flow, head);
                self.start_head(held_key(&tenant, head), flow);
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%tenant, %error, "The queue of a flow cannot be read; its next run starts those before it.");
            }
        }
    }
}

/// The place of a run that is first in its flow, as far as it is known without reading it.
fn held_key(tenant: &TenantId, run: RunId) -> QueueKey {
    QueueKey { when: When::Held, due: run.made_at(), tenant: tenant.clone(), run }
}
