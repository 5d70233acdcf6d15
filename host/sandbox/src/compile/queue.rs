//! Whose turn it is to compile: one at a time for each tenant, few across them, and among tenants the one that has
//! waited longest for its next. It knows nothing of components.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;
use weir_model::TenantId;

use super::Stage;
use crate::SandboxError;

/// How many may wait, and how many of one tenant.
const MOST_WAITING: usize = 64;
const MOST_OF_TENANT: usize = 32;

/// Those who compile and those who wait for it.
pub(crate) struct Queue {
    state: Mutex<State>,
    /// Told whenever somebody else may be next.
    moved: watch::Sender<()>,
}

struct State {
    places: usize,
    running: Vec<TenantId>,
    waiting: Vec<Ticket>,
    /// The round of whoever got the last turn.
    round: u64,
    tickets: u64,
}

/// Tenants take turns in rounds, each once in a round: what a tenant sends later goes to a later round.
struct Ticket {
    round: u64,
    id: u64,
    tenant: TenantId,
}

/// The right to compile, until dropped.
pub(crate) struct Turn {
    queue: Arc<Queue>,
    tenant: TenantId,
}

/// A place among those who wait, until dropped.
struct Place<'a> {
    queue: &'a Queue,
    id: u64,
}

impl Queue {
    /// A queue in front of `places` compilers.
    pub(crate) fn new(places: usize) -> Arc<Self> {
        let (running, waiting) = (Vec::new(), Vec::new());
        let state = State { places: places.max(1), running, waiting, round: 0, tickets: 0 };
        Arc::new(Self { state: Mutex::new(state), moved: watch::Sender::new(()) })
    }

    /// Waits for a turn, and tells how many go first.
    ///
    /// # Errors
    /// [`SandboxError::Busy`] where too many wait already.
    pub(crate) async fn turn(
        self: &Arc<Self>,
        tenant: &TenantId,
        progress: &(dyn Fn(Stage) + Send + Sync),
    ) -> Result<Turn, SandboxError> {
        let mut moved = self.moved.subscribe();
        let place = Place { queue: self, id: self.state.lock().enter(tenant)? };
        let mut told = None;
        loop {
            let looked = self.state.lock().look(place.id);
            let Some(ahead) = looked else {
                return Ok(Turn { queue: Arc::clone(self), tenant: tenant.clone() });
            };
            if told.replace(ahead) != Some(ahead) {
                progress(Stage::Waiting { ahead });
            }
            // The sender lives in this queue, so that this does not fail.
            let _ = moved.changed().await;
        }
    }
}

impl State {
    fn enter(&mut self, tenant: &TenantId) -> Result<u64, SandboxError> {
        let own = self.waiting.iter().filter(|ticket| ticket.tenant == *tenant);
        let last = own.clone().map(|ticket| ticket.round).max();
        if self.waiting.len() >= MOST_WAITING || own.count() >= MOST_OF_TENANT {
            return Err(SandboxError::Busy { waiting: self.waiting.len() });
        }
        let runs = self.running.contains(tenant);
        let round = last.or(runs.then_some(self.round)).map_or(self.round, |last| self.round.max(last + 1));
        self.tickets += 1;
        self.waiting.push(Ticket { round, id: self.tickets, tenant: tenant.clone() });
        Ok(self.tickets)
    }

    /// How many go before this ticket; none where it is its turn, which it then has.
    fn look(&mut self, id: u64) -> Option<usize> {
        let at = self.waiting.iter().position(|ticket| ticket.id == id)?;
        let mine = self.waiting.get(at).map(Ticket::rank)?;
        let free = self.waiting.iter().filter(|ticket| !self.running.contains(&ticket.tenant));
        let next = free.map(Ticket::rank).min();
        if self.running.len() < self.places && next == Some(mine) {
            let ticket = self.waiting.remove(at);
            self.round = self.round.max(ticket.round);
            self.running.push(ticket.tenant);
            return None;
        }
        Some(self.running.len() + self.waiting.iter().filter(|ticket| ticket.rank() < mine).count())
    }
}

impl Ticket {
    const fn rank(&self) -> (u64, u64) {
        (self.round, self.id)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        // It is not there any more where it became a turn; with several compilers, the next in line may start as well.
        self.queue.state.lock().waiting.retain(|ticket| ticket.id != self.id);
        self.queue.moved.send_replace(());
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.queue.state.lock();
        if let Some(at) = state.running.iter().position(|tenant| *tenant == self.tenant) {
            state.running.swap_remove(at);
        }
        drop(state);
        self.queue.moved.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use weir_model::Coded as _;

    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    #[tokio::test]
    async fn tenants_take_turns_whoever_sent_more() {
        let queue = Queue::new(1);
        let first = queue.turn(&tenant("a"), &|_| {}).await.unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for name in ["a", "a", "a", "b", "c", "b"] {
            let (queue, order) = (Arc::clone(&queue), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let turn = queue.turn(&tenant(name), &|_| {}).await.unwrap();
                order.lock().push(name);
                tokio::task::yield_now().await;
                drop(turn);
            }));
            // Each takes its ticket before the next one comes.
            tokio::task::yield_now().await;
        }
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock(), ["b", "c", "a", "b", "a", "a"]);
    }

    #[tokio::test]
    async fn a_tenant_compiles_one_at_a_time_and_others_need_not_wait_for_it() {
        let queue = Queue::new(2);
        let stages = Arc::new(Mutex::new(Vec::new()));
        let first = queue.turn(&tenant("a"), &|_| {}).await.unwrap();
        let told = Arc::clone(&stages);
        let (waiting, a) = (Arc::clone(&queue), tenant("a"));
        let second = tokio::spawn(async move { waiting.turn(&a, &move |stage| told.lock().push(stage)).await });
        tokio::task::yield_now().await;
        let other = queue.turn(&tenant("b"), &|_| {}).await.unwrap();
        drop(other);
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        drop(second.await.unwrap().unwrap());
        assert_eq!(stages.lock().first(), Some(&Stage::Waiting { ahead: 1 }));
    }

    #[tokio::test]
    async fn who_waits_too_long_leaves_its_place_and_too_many_are_turned_away() {
        let queue = Queue::new(1);
        let turn = queue.turn(&tenant("a"), &|_| {}).await.unwrap();
        let patience = Duration::from_millis(5);
        assert!(tokio::time::timeout(patience, queue.turn(&tenant("b"), &|_| {})).await.is_err());
        assert!(queue.state.lock().waiting.is_empty());
        for name in ["a", "b"] {
            for _ in 0..MOST_OF_TENANT {
                queue.state.lock().enter(&tenant(name)).unwrap();
            }
            let refused = queue.state.lock().enter(&tenant(name)).unwrap_err();
            assert_eq!(refused.code().as_str(), "WEIR-SANDBOX-BUSY");
        }
        assert!(queue.turn(&tenant("c"), &|_| {}).await.is_err());
        drop(turn);
    }
}
