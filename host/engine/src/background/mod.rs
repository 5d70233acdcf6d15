//! The background lane: which of the runs that nobody waits for is next, fairly among tenants and within the bounds of
//! tenants and flows. What waits is on disk; memory holds a window of it. The queue itself is the store's, and what a run
//! does is its own business.

mod claims;
mod counts;
mod dispatch;
mod due;
mod gates;
mod orders;
mod state;
#[cfg(test)]
pub(crate) mod tests;
mod turns;

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use weir_cluster::{Queue, QueueKey, QueuedRun, When};
use weir_model::{FlowId, RunId, TenantId};

use self::claims::Seen;
use self::counts::Counts;
pub(crate) use self::dispatch::dispatch;
use self::state::State;
use self::turns::Turn;
use crate::run::RunContext;
use crate::timers::Alarm;

/// Which background runs wait and which are alive.
pub(crate) struct Background {
    queue: Arc<dyn Queue>,
    state: Mutex<State>,
    counts: Counts,
    /// Some run's turn may have come.
    wake: Notify,
    alarm: Alarm,
}

impl Background {
    /// The lane over what the queue holds already. `most`: how many runs of all tenants may be queued.
    pub(crate) fn open(queue: Arc<dyn Queue>, most: usize) -> Self {
        Self::with_state(queue, most, State::default())
    }

    fn with_state(queue: Arc<dyn Queue>, most: usize, mut state: State) -> Self {
        let counts = Counts::new(most);
        let read = queue.counts().map(|queued| counts.set(queued)).and_then(|()| state.look(&*queue));
        if let Err(error) = read {
            tracing::error!(%error, "The queue cannot be read; runs in it wait for the next start.");
        }
        Self { queue, state: Mutex::new(state), counts, wake: Notify::new(), alarm: Alarm::default() }
    }

    /// Counts a run of a tenant that may have `most` of them queued; false where the queue is full. For a run that is under
    /// way already and only becomes durable, `u64::MAX` counts it in any case.
    pub(crate) fn admit(&self, tenant: &TenantId, most: u64) -> bool {
        self.counts.admit(tenant, most)
    }

    /// The run is not queued any more, or was never written.
    pub(crate) fn uncount(&self, tenant: &TenantId) {
        self.counts.uncount(tenant);
    }

    /// Takes a run for somebody outside the lane, before it is written or touched; false where it is alive in the lane or
    /// somebody else has it. A run that is in line is taken out of it.
    pub(crate) fn claim(&self, run: RunId) -> bool {
        self.state.lock().claim(run)
    }

    /// Gives a claimed run back. It is where it was before, or gone.
    pub(crate) fn release(&self, run: RunId) {
        let mut state = self.state.lock();
        if let Some(seen) = state.claims.free(run) {
            state.found(seen, &*self.queue);
        }
        drop(state);
        self.look_again();
    }

    /// A claimed run was pushed with this key: makes it wait for its turn or its time. `fresh`: the run itself, where it has
    /// not begun, so that it need not be read again.
    pub(crate) fn offer(&self, key: QueueKey, flow: FlowId, fresh: Option<Arc<RunContext>>) {
        let mut state = self.state.lock();
        let State { claims, turns, .. } = &mut *state;
        match key.when {
            When::Ready => turns.line_up(Turn { fresh, ..Turn::new(key, Some(flow)) }, claims),
            When::Held => state.hold(Turn { fresh, ..Turn::new(key, Some(flow)) }, flow, &*self.queue),
            When::After | When::At => {
                claims.free(key.run);
                drop(state);
                self.alarm.note(&key);
                return;
            }
        }
        drop(state);
        self.wake.notify_one();
    }

    /// A run left memory: its places are free, its claim with them. `key`: where it is now, or was where it is done.
    pub(crate) fn left(&self, key: &QueueKey, flow: FlowId, is_ordered: bool, is_done: bool) {
        self.leave(key, is_ordered.then_some(flow), is_done);
    }

    /// A claimed run that was not alive in the lane is done.
    pub(crate) fn gone(&self, key: &QueueKey, flow: FlowId, is_ordered: bool) {
        self.left(key, flow, is_ordered, true);
    }

    fn leave(&self, key: &QueueKey, order: Option<FlowId>, is_done: bool) {
        if is_done {
            self.uncount(&key.tenant);
        }
        let mut state = self.state.lock();
        let fired = state.claims.all_fired();
        state.leave(key, order, is_done, &*self.queue);
        let has_room = state.claims.all_fired() < fired && due::has_room(&state.claims, &key.tenant);
        drop(state);
        self.wake.notify_one();
        if !is_done {
            self.alarm.note(key);
        }
        if has_room {
            self.alarm.ring();
        }
    }

    /// The next run, once there is one. `most`: how many a tenant may have alive.
    async fn next(&self, most: impl Fn(&TenantId) -> usize) -> Turn {
        loop {
            let woken = self.wake.notified();
            if let Some(turn) = self.take(&most) {
                return turn;
            }
            woken.await;
        }
    }

    fn take(&self, most: &impl Fn(&TenantId) -> usize) -> Option<Turn> {
        self.state.lock().take(&*self.queue, most)
    }

    /// Lets a run that has its turn begin; false where its flow holds it back until later.
    fn begin(&self, turn: &Turn, flow: FlowId, is_ordered: bool, bound: Option<u32>) -> bool {
        let begins = self.state.lock().begin(turn, flow, is_ordered, bound);
        if !begins {
            self.wake.notify_one();
        }
        begins
    }

    /// Reads a run that has its turn; none where it is not its turn after all.
    fn load(&self, turn: &Turn) -> Option<QueuedRun> {
        let found = match self.queue.get(&turn.key.tenant, turn.key.run) {
            Ok(found) => found,
            Err(error) => {
                let run = turn.key.run;
                tracing::error!(%run, %error, "A queued run cannot be read; it is tried again at the next start.");
                self.put_aside(run);
                return None;
            }
        };
        // Of the first run of a flow only the id was known.
        let is_there = |key: &QueueKey| *key == turn.key || (key.when, turn.key.when) == (When::Held, When::Held);
        let mut state = self.state.lock();
        match found {
            Some(queued) if is_there(&queued.key) && !state.is_held_back(turn, queued.flow) => return Some(queued),
            Some(queued) if is_there(&queued.key) => {}
            found => {
                let seen = found.map(|queued| Seen { key: queued.key, flow: Some(queued.flow) });
                state.misplaced(turn, seen, &*self.queue);
            }
        }
        drop(state);
        self.look_again();
        None
    }

    /// A run that has its turn cannot be read: it stays claimed, so that it is not tried for ever, until the next start.
    fn put_aside(&self, run: RunId) {
        self.state.lock().put_aside(run);
        self.wake.notify_one();
    }

    /// What waits for what, looked at anew.
    fn look_again(&self) {
        self.wake.notify_one();
        self.alarm.ring();
    }

    pub(crate) const fn alarm(&self) -> &Alarm {
        &self.alarm
    }
}
