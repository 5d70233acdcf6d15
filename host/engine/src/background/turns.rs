//! Whose turn it is: each tenant's line of ready runs, a window of which is in memory and the rest on disk, and the ring of
//! tenants that are served one run at a time. It knows nothing of flows.
//!
//! A tenant's line on disk is read from a cursor on. All ready places up to it are in memory, alive, or somebody's who calls
//! the lane when done; a run that is offered behind it stays in memory or moves the cursor back, so that none is passed over.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use weir_cluster::{ClusterError, Queue, QueueKey};
use weir_model::{FlowId, RunId, TenantId, Timestamp};

use super::claims::{Claims, Standing};
use crate::run::RunContext;

/// How much of the lines is kept in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caps {
    /// Ready runs of one tenant.
    pub(super) of_tenant: usize,
    /// Ready runs of all tenants. One that has none in memory may read a page all the same.
    pub(super) of_all: usize,
    /// Places read from disk at a time.
    pub(super) page: usize,
    /// Bytes of requests of runs that were just accepted. The others' are read again when it is their turn.
    pub(super) fresh_bytes: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self { of_tenant: 1_024, of_all: 16_384, page: 256, fresh_bytes: 64 << 20 }
    }
}

/// A run whose turn comes.
pub(super) struct Turn {
    pub(super) key: QueueKey,
    /// Its flow, where that is known without reading the run.
    pub(super) flow: Option<FlowId>,
    /// The run itself, where it was just accepted.
    pub(super) fresh: Option<Arc<RunContext>>,
    /// Whether its flow keeps a place for it.
    pub(super) has_place: bool,
    pub(super) stamp: u64,
}

impl Turn {
    pub(super) const fn new(key: QueueKey, flow: Option<FlowId>) -> Self {
        Self { key, flow, fresh: None, has_place: false, stamp: 0 }
    }

    fn weight(&self) -> usize {
        self.fresh.as_ref().map_or(0, |context| 4_096 + 2 * context.body.len())
    }
}

/// A place among a tenant's ready runs.
type Place = (Timestamp, RunId);

fn place_of(key: &QueueKey) -> Place {
    (key.due, key.run)
}

/// A place before `place` and not before any that has an earlier time.
fn just_before((due, _): Place) -> Place {
    (due.minus(Duration::from_millis(1)), RunId::from_bytes([0xff; 16]))
}

#[derive(Default)]
struct Line {
    ready: VecDeque<Turn>,
    alive: usize,
    /// Where there is more on disk: the place after which to read on, none for the start.
    disk: Option<Option<Place>>,
    is_in_ring: bool,
}

/// The lines of all tenants.
#[derive(Default)]
pub(super) struct Turns {
    pub(super) caps: Caps,
    lines: HashMap<TenantId, Line>,
    ring: VecDeque<TenantId>,
    in_memory: usize,
    fresh_bytes: usize,
}

impl Turns {
    /// Puts a run of the lane into its tenant's line in memory.
    pub(super) fn push(&mut self, mut turn: Turn, is_first: bool, claims: &Claims) {
        if self.fresh_bytes + turn.weight() > self.caps.fresh_bytes {
            turn.fresh = None;
        }
        turn.stamp = claims.stamp(turn.key.run);
        self.fresh_bytes += turn.weight();
        self.in_memory += 1;
        let tenant = turn.key.tenant.clone();
        let line = self.lines.entry(tenant.clone()).or_default();
        if is_first {
            line.ready.push_front(turn);
        } else {
            line.ready.push_back(turn);
        }
        self.link(&tenant);
    }

    /// Lets a ready run wait for its turn: in memory, where no other waits on disk before it, otherwise there.
    pub(super) fn line_up(&mut self, turn: Turn, claims: &mut Claims) {
        let line = self.lines.entry(turn.key.tenant.clone()).or_default();
        let is_passed = line.disk.is_some_and(|after| after >= Some(place_of(&turn.key)));
        // What was passed over would be read only if the cursor went back; better a few more in memory.
        let most = if is_passed { 2 * self.caps.of_tenant } else { self.caps.of_tenant };
        let fits = line.ready.len() < most && self.in_memory < self.caps.of_all;
        if fits && (is_passed || line.disk.is_none()) {
            claims.turn_over(turn.key.run);
            self.push(turn, false, claims);
        } else {
            claims.free(turn.key.run);
            self.leave_on_disk(&turn.key);
        }
    }

    /// Sees to it that a ready place that nobody has is read.
    pub(super) fn leave_on_disk(&mut self, key: &QueueKey) {
        let line = self.lines.entry(key.tenant.clone()).or_default();
        let before = Some(just_before(place_of(key)));
        line.disk = Some(line.disk.map_or(before, |after| after.min(before)));
        self.link(&key.tenant);
    }

    /// Reads all of a tenant's line.
    pub(super) fn read_all(&mut self, tenant: &TenantId) {
        self.lines.entry(tenant.clone()).or_default().disk = Some(None);
        self.link(tenant);
    }

    /// The next run, of the tenant whose turn it is; it is alive from now on. `most`: how many a tenant may have alive.
    pub(super) fn take(
        &mut self,
        claims: &mut Claims,
        queue: &dyn Queue,
        most: &impl Fn(&TenantId) -> usize,
    ) -> Option<Taken> {
        while let Some(tenant) = self.ring.pop_front() {
            let Some(line) = self.lines.get_mut(&tenant) else { continue };
            line.is_in_ring = false;
            if line.alive >= most(&tenant) {
                // It is back in the ring when one of its runs leaves.
                continue;
            }
            if line.ready.is_empty() && !self.refill(&tenant, claims, queue) {
                continue;
            }
            let Some(turn) = self.pop(&tenant) else { continue };
            match claims.confirm(&turn.key, turn.flow, turn.stamp) {
                Standing::Ours => return Some(Taken::Turn(self.enliven(turn))),
                Standing::Again => {
                    let turn = Turn { fresh: None, stamp: claims.stamp(turn.key.run), ..turn };
                    return Some(Taken::Turn(self.enliven(turn)));
                }
                Standing::Gone if turn.has_place => return Some(Taken::Gone(turn)),
                Standing::Gone => {}
            }
        }
        None
    }

    #[cfg(test)]
    pub(super) const fn in_memory(&self) -> usize {
        self.in_memory
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.ring.is_empty() && self.in_memory == 0 && self.fresh_bytes == 0
    }

    fn enliven(&mut self, turn: Turn) -> Turn {
        self.lines.entry(turn.key.tenant.clone()).or_default().alive += 1;
        turn
    }

    /// A run that was alive is no longer.
    pub(super) fn leave(&mut self, tenant: &TenantId) {
        if let Some(line) = self.lines.get_mut(tenant) {
            line.alive = line.alive.saturating_sub(1);
        }
        self.link(tenant);
    }

    fn pop(&mut self, tenant: &TenantId) -> Option<Turn> {
        let turn = self.lines.get_mut(tenant).and_then(|line| line.ready.pop_front());
        if let Some(turn) = &turn {
            self.in_memory -= 1;
            self.fresh_bytes -= turn.weight();
        }
        self.link(tenant);
        turn
    }

    /// Gives a tenant that has runs in line its place in the ring, and forgets one that has nothing.
    fn link(&mut self, tenant: &TenantId) {
        let Some(line) = self.lines.get_mut(tenant) else { return };
        let has_more = !line.ready.is_empty() || line.disk.is_some();
        if has_more && !line.is_in_ring {
            line.is_in_ring = true;
            self.ring.push_back(tenant.clone());
        } else if !has_more && line.alive == 0 && !line.is_in_ring {
            self.lines.remove(tenant);
        }
    }

    /// Reads a tenant's line from disk until there is something to take; false where it cannot be read. The lock is held
    /// meanwhile: a run that is offered or ends between reading and claiming would else be passed over or taken twice.
    fn refill(&mut self, tenant: &TenantId, claims: &mut Claims, queue: &dyn Queue) -> bool {
        let page = self.caps.page;
        while let Some(after) = self.lines.get(tenant).and_then(|line| line.disk) {
            let read = match read_page(queue, tenant, after, page) {
                Ok(read) => read,
                Err(error) => {
                    tracing::error!(%tenant, %error, "A tenant's queue cannot be read; it is read again with its next run.");
                    return false;
                }
            };
            let end = read.last().map(place_of);
            let is_last = read.len() < page;
            let mut found = 0;
            for key in read {
                if claims.take(&key, None) {
                    self.push(Turn::new(key, None), false, claims);
                    found += 1;
                }
            }
            if let Some(line) = self.lines.get_mut(tenant) {
                line.disk = if is_last { None } else { Some(end.or(after)) };
            }
            if found > 0 {
                break;
            }
        }
        true
    }
}

/// What came up.
pub(super) enum Taken {
    /// A run whose turn it is.
    Turn(Turn),
    /// A turn whose run is somebody else's; its place in its flow is free.
    Gone(Turn),
}

fn read_page(
    queue: &dyn Queue,
    tenant: &TenantId,
    after: Option<Place>,
    limit: usize,
) -> Result<Vec<QueueKey>, ClusterError> {
    let key = |(due, run)| QueueKey { when: weir_cluster::When::Ready, due, tenant: tenant.clone(), run };
    queue.ready(tenant, after.map(key).as_ref(), limit)
}
