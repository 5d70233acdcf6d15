//! Who may run now: one lane for runs whose callers wait, one for the background, each with slots of its own, so that
//! neither starves the other, and the first shared fairly among tenants. It does not know what runs do.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use weir_model::TenantId;

/// How many runs may be alive and wait.
#[derive(Clone, Copy, Debug)]
pub struct LaneOptions {
    /// Runs alive at a time whose callers wait.
    pub waiting_slots: usize,
    /// Callers who may wait for a slot; more get 503.
    pub waiting_queue: usize,
    /// Background runs alive at a time.
    pub background_slots: usize,
    /// Background runs of all tenants that may wait in the queue; more get 503.
    pub background_queue: usize,
}

impl Default for LaneOptions {
    fn default() -> Self {
        Self { waiting_slots: 256, waiting_queue: 1_024, background_slots: 64, background_queue: 1_000_000 }
    }
}

/// Both lanes.
pub(crate) struct Lanes {
    pub(crate) waiting: Lane,
    background: Arc<Semaphore>,
    is_closed: watch::Sender<bool>,
}

impl Lanes {
    pub(crate) fn new(options: LaneOptions) -> Self {
        let state = State { free: options.waiting_slots, ..State::default() };
        Self {
            waiting: Lane(Arc::new(Shared { most_waiting: options.waiting_queue, state: Mutex::new(state) })),
            background: Arc::new(Semaphore::new(options.background_slots)),
            is_closed: watch::Sender::new(false),
        }
    }

    /// A slot of the background, once there is one; none once the lanes are closed.
    pub(crate) async fn background_slot(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.background).acquire_owned().await.ok()
    }

    /// Lets no background run start from now on.
    pub(crate) fn close(&self) {
        self.background.close();
        self.is_closed.send_replace(true);
    }

    /// Ready once the lanes are closed.
    pub(crate) async fn closed(&self) {
        // The sender lives as long as this borrow, so an error cannot come.
        let _ = self.is_closed.subscribe().wait_for(|is_closed| *is_closed).await;
    }
}

/// A lane whose callers wait for a slot, up to a number and a time. Slots that come free go to tenants in turn.
pub(crate) struct Lane(Arc<Shared>);

impl Lane {
    /// A slot for a run of a tenant that may have `most` of them; none where too many wait already, or none came free in
    /// time.
    pub(crate) async fn enter(&self, tenant: &TenantId, most: usize, patience: Duration) -> Option<Slot> {
        match self.0.ask(tenant, most) {
            Asked::Slot(slot) => Some(slot),
            Asked::Place(mut place) => tokio::time::timeout(patience, &mut place.granted).await.ok()?.ok(),
            Asked::Full => None,
        }
    }
}

/// The right to run, until dropped.
pub(crate) struct Slot {
    shared: Arc<Shared>,
    tenant: TenantId,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let next = {
            let mut state = self.shared.state.lock();
            state.leave(&self.tenant);
            state.next()
        };
        if let Some((tenant, caller)) = next {
            self.shared.grant(tenant, caller);
        }
    }
}

/// A place among those who wait for a slot, until dropped.
struct Place {
    shared: Arc<Shared>,
    tenant: TenantId,
    id: u64,
    granted: oneshot::Receiver<Slot>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.state.lock().give_up(&self.tenant, self.id);
    }
}

enum Asked {
    Slot(Slot),
    Place(Place),
    Full,
}

struct Shared {
    most_waiting: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    free: usize,
    waiting: usize,
    last_id: u64,
    /// Tenants with runs alive or callers who wait.
    tenants: HashMap<TenantId, Tenant>,
    /// Tenants with callers who wait, the one whose turn it is first.
    turns: VecDeque<TenantId>,
}

#[derive(Default)]
struct Tenant {
    alive: usize,
    most: usize,
    callers: VecDeque<Caller>,
}

struct Caller {
    id: u64,
    grant: oneshot::Sender<Slot>,
}

impl Shared {
    fn ask(self: &Arc<Self>, id: &TenantId, most: usize) -> Asked {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        let tenant = state.tenants.entry(id.clone()).or_default();
        tenant.most = most;
        if state.free > 0 && tenant.alive < most && tenant.callers.is_empty() {
            (state.free, tenant.alive) = (state.free - 1, tenant.alive + 1);
            return Asked::Slot(Slot { shared: Arc::clone(self), tenant: id.clone() });
        }
        let own = tenant.callers.len();
        if state.waiting >= self.most_waiting && !state.make_room(own) {
            state.tidy(id);
            return Asked::Full;
        }
        let (grant, granted) = oneshot::channel();
        let number = state.join(id, grant);
        // The tenant may have got a higher bound since its other callers began to wait.
        let next = state.next();
        drop(guard);
        if let Some((tenant, caller)) = next {
            self.grant(tenant, caller);
        }
        Asked::Place(Place { shared: Arc::clone(self), tenant: id.clone(), id: number, granted })
    }

    /// Gives a caller the slot that was counted as its tenant's. One who left meanwhile drops it, so that it goes on.
    fn grant(self: &Arc<Self>, tenant: TenantId, caller: Caller) {
        let _ = caller.grant.send(Slot { shared: Arc::clone(self), tenant });
    }
}

impl State {
    fn join(&mut self, id: &TenantId, grant: oneshot::Sender<Slot>) -> u64 {
        self.last_id += 1;
        self.waiting += 1;
        let tenant = self.tenants.entry(id.clone()).or_default();
        if tenant.callers.is_empty() {
            self.turns.push_back(id.clone());
        }
        tenant.callers.push_back(Caller { id: self.last_id, grant });
        self.last_id
    }

    /// Sends away the newest caller of the tenant with most of them, where that leaves it no fewer than the newcomer's
    /// tenant gets: so a tenant that floods the lane takes no place that another could use.
    fn make_room(&mut self, own: usize) -> bool {
        let longest = self.turns.iter().max_by_key(|id| self.tenants.get(*id).map_or(0, |tenant| tenant.callers.len()));
        let Some(id) = longest.cloned() else { return false };
        let Some(tenant) = self.tenants.get_mut(&id).filter(|tenant| tenant.callers.len() > own + 1) else {
            return false;
        };
        tenant.callers.pop_back();
        self.waiting -= 1;
        true
    }

    /// The next caller who may have a slot that is free; the slot is counted as its tenant's.
    fn next(&mut self) -> Option<(TenantId, Caller)> {
        if self.free == 0 {
            return None;
        }
        for _ in 0..self.turns.len() {
            let id = self.turns.pop_front()?;
            let Some(tenant) = self.tenants.get_mut(&id) else { continue };
            let caller = if tenant.alive < tenant.most { tenant.callers.pop_front() } else { None };
            let is_left = !tenant.callers.is_empty();
            if caller.is_some() {
                tenant.alive += 1;
            }
            if is_left {
                self.turns.push_back(id.clone());
            }
            if let Some(caller) = caller {
                (self.free, self.waiting) = (self.free - 1, self.waiting - 1);
                return Some((id, caller));
            }
        }
        None
    }

    fn leave(&mut self, id: &TenantId) {
        self.free += 1;
        if let Some(tenant) = self.tenants.get_mut(id) {
            tenant.alive = tenant.alive.saturating_sub(1);
        }
        self.tidy(id);
    }

    /// A caller waits no longer, for whatever reason.
    fn give_up(&mut self, id: &TenantId, number: u64) {
        let Some(tenant) = self.tenants.get_mut(id) else { return };
        let Ok(at) = tenant.callers.binary_search_by_key(&number, |caller| caller.id) else { return };
        tenant.callers.remove(at);
        self.waiting -= 1;
        if tenant.callers.is_empty() {
            self.turns.retain(|other| other != id);
        }
        self.tidy(id);
    }

    fn tidy(&mut self, id: &TenantId) {
        if self.tenants.get(id).is_some_and(|tenant| tenant.alive == 0 && tenant.callers.is_empty()) {
            self.tenants.remove(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(1);
    const LATE: Duration = Duration::from_secs(30);

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    fn lane(slots: usize, queue: usize) -> Lane {
        Lanes::new(LaneOptions { waiting_slots: slots, waiting_queue: queue, ..LaneOptions::default() }).waiting
    }

    #[tokio::test]
    async fn a_full_lane_turns_callers_away_and_a_free_slot_lets_one_in() {
        let (lane, id) = (lane(1, 1), tenant("default"));
        let slot = lane.enter(&id, 9, SOON).await.unwrap();
        assert!(lane.enter(&id, 9, SOON).await.is_none());
        let (second, third) = tokio::join!(async { lane.enter(&id, 9, LATE).await.is_some() }, async {
            let third = lane.enter(&id, 9, LATE).await;
            drop(slot);
            third.is_none()
        });
        assert!(second && third);
        let state = lane.0.state.lock();
        assert!(state.tenants.is_empty() && state.turns.is_empty());
        assert_eq!((state.free, state.waiting), (1, 0));
    }

    #[tokio::test]
    async fn a_tenant_that_floods_the_lane_takes_neither_all_places_nor_all_turns() {
        let (lane, loud, quiet) = (Arc::new(lane(2, 20)), tenant("loud"), tenant("quiet"));
        let served = Arc::new(Mutex::new(Vec::new()));
        let call = |id: &TenantId| {
            let (lane, id, served) = (Arc::clone(&lane), id.clone(), Arc::clone(&served));
            tokio::spawn(async move {
                let slot = lane.enter(&id, 9, LATE).await;
                if slot.is_some() {
                    served.lock().push(id);
                }
                tokio::task::yield_now().await;
                slot.is_some()
            })
        };
        let slots = [lane.enter(&loud, 9, SOON).await, lane.enter(&loud, 9, SOON).await];
        let settled = || tokio::time::sleep(Duration::from_millis(20));
        let flood: Vec<_> = (0..200).map(|_| call(&loud)).collect();
        settled().await;
        let few: Vec<_> = (0..10).map(|_| call(&quiet)).collect();
        settled().await;
        assert_eq!(lane.0.state.lock().waiting, 20);
        drop(slots);
        let mut passed = [0, 0];
        for (at, calls) in [flood, few].into_iter().enumerate() {
            for call in calls {
                passed[at] += usize::from(call.await.unwrap());
            }
        }
        assert_eq!(passed, [10, 10], "each half of the places");
        let served = served.lock();
        let early = served.iter().take(10).filter(|id| **id == quiet).count();
        assert!((4..=6).contains(&early), "turn by turn: {served:?}");
    }

    #[tokio::test]
    async fn a_tenant_at_its_bound_leaves_slots_to_others_and_a_caller_who_goes_takes_none() {
        let (lane, narrow, other) = (lane(3, 9), tenant("narrow"), tenant("other"));
        let first = lane.enter(&narrow, 1, SOON).await.unwrap();
        let mut second = Box::pin(lane.enter(&narrow, 1, LATE));
        assert!(futures_util::poll!(&mut second).is_pending(), "its second waits though slots are free");
        let others = [lane.enter(&other, 9, SOON).await, lane.enter(&other, 9, SOON).await];
        assert!(others.iter().all(Option::is_some));
        drop(first);
        drop(second);
        let again = lane.enter(&narrow, 1, SOON).await;
        assert!(again.is_some(), "a slot that was granted to one who went is free again");
        drop((again, others));
        let state = lane.0.state.lock();
        assert!(state.tenants.is_empty() && (state.free, state.waiting) == (3, 0));
    }
}
