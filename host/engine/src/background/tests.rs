//! The lane over a real store, without the runs: who gets a turn, when, and that nothing is lost or taken twice.

mod model;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use weir_cluster::{Cluster, Done, Queue, QueueKey, QueuedRun, When};
use weir_model::{Clock, FlowId, FlowName, Mode, Outcome, RunId, RunSummary, TenantId, Timestamp};
use weir_store::{Options, Store};

use super::state::State;
use super::turns::Caps;
use super::{Background, Turn};
use crate::steady::Steady;
use crate::steady::tests::TwoClocks;

/// Flows by number: runs of the second are bounded to two at a time, those of the third are taken in order.
const PLAIN: u8 = 1;
const BOUNDED: u8 = 2;
const ORDERED: u8 = 3;
/// Runs that a tenant may have alive.
const MOST: usize = 4;
const DAY: i64 = 86_400_000;

/// A lane and what feeds it.
pub(crate) struct Yard {
    folder: PathBuf,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) background: Background,
    pub(crate) clock: Arc<TwoClocks>,
    pub(crate) steady: Steady,
    caps: Caps,
    runs: u128,
    runtime: tokio::runtime::Runtime,
}

impl Drop for Yard {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn tenant(n: u8) -> TenantId {
    TenantId::new(&format!("tenant-{n}")).unwrap()
}

/// Flows belong to one tenant each.
pub(crate) fn flow(tenant: &TenantId, kind: u8) -> FlowId {
    let last = tenant.as_str().bytes().last().unwrap();
    FlowId::from_bytes([last, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
}

fn open(queue: &Arc<dyn Queue>, caps: Caps) -> Background {
    let mut state = State::default();
    state.turns.caps = caps;
    Background::with_state(Arc::clone(queue), 1_000_000, state)
}

impl Yard {
    pub(crate) fn new() -> Self {
        Self::with(Caps::default())
    }

    fn with(caps: Caps) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("weir-engine-lane-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        let folder = std::env::temp_dir().join(name);
        let queue = Cluster::local(Store::open(&folder, &Options::default()).unwrap()).queue;
        let clock = Arc::new(TwoClocks::default());
        let steady = Steady::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Self { folder, background: open(&queue, caps), queue, clock, steady, caps, runs: 0, runtime }
    }

    /// Forgets what was in memory.
    fn restart(&mut self) {
        self.background = open(&self.queue, self.caps);
    }

    /// A run as it is written.
    fn made(&mut self, of: &TenantId, kind: u8, when: When, due: Timestamp) -> QueuedRun {
        self.runs += 1;
        // Ids go up also where the clock is set back, as the server's do.
        let run = RunId::from_bytes(((1_795_512_345_678 << 80) + self.runs).to_be_bytes());
        let flow_id = flow(of, kind);
        QueuedRun {
            key: QueueKey { when, due, tenant: of.clone(), run },
            replaces: None,
            flow: flow_id,
            ordered: kind == ORDERED,
            remember: None,
            summary: RunSummary {
                id: run,
                flow: FlowName::new("lead").unwrap(),
                flow_id,
                version: 1,
                mode: Mode::Production,
                outcome: Outcome::Running,
                started_at: run.made_at(),
                duration_us: 0,
                step_count: 0,
                status: None,
                error: None,
                origin: None,
                waits_until: None,
            },
            state: Bytes::from_static(b"state"),
        }
    }

    /// Writes runs together, then offers them.
    fn accept_all(&mut self, runs: Vec<QueuedRun>) {
        for run in &runs {
            assert!(self.background.admit(&run.key.tenant, 1_000_000) && self.background.claim(run.key.run));
        }
        let pushed: Vec<_> = runs.iter().map(|run| self.queue.push(run.clone())).collect();
        for (run, pushed) in runs.into_iter().zip(pushed) {
            pushed.wait().unwrap();
            self.background.offer(run.key, run.flow, None);
        }
    }

    pub(crate) fn accept(&mut self, of: &TenantId, kind: u8) -> RunId {
        let when = if kind == ORDERED { When::Held } else { When::Ready };
        let run = self.made(of, kind, when, self.clock.now());
        let id = run.key.run;
        self.accept_all(vec![run]);
        id
    }

    pub(crate) fn park_new(&mut self, of: &TenantId, when: When, due: Timestamp) -> RunId {
        let run = self.made(of, PLAIN, when, due);
        let id = run.key.run;
        self.accept_all(vec![run]);
        id
    }

    /// The next run that begins.
    pub(crate) fn turn(&self) -> Option<QueuedRun> {
        loop {
            let turn: Turn = self.background.take(&|_| MOST)?;
            let Some(queued) = self.background.load(&turn) else { continue };
            let bound = (queued.flow == flow(&queued.key.tenant, BOUNDED)).then_some(2);
            if self.background.begin(&turn, queued.flow, queued.ordered, bound) {
                return Some(queued);
            }
        }
    }

    pub(crate) fn end(&self, run: &QueuedRun) {
        let done = Done { key: run.key.clone(), flow: run.flow, ordered: run.ordered };
        self.queue.forget(done).wait().unwrap();
        self.background.left(&run.key, run.flow, run.ordered, true);
    }

    fn park(&self, run: QueuedRun, when: When, due: Timestamp) {
        let key = QueueKey { when, due, ..run.key.clone() };
        let parked = QueuedRun { key: key.clone(), replaces: Some(run.key), ..run };
        let (flow, ordered) = (parked.flow, parked.ordered);
        self.queue.push(parked).wait().unwrap();
        self.background.left(&key, flow, ordered, false);
    }

    fn fire(&self) {
        let wall = self.clock.now();
        let both = async {
            self.background.fire(When::After, self.steady.now(), wall).await.unwrap();
            self.background.fire(When::At, wall, wall).await.unwrap();
        };
        self.runtime.block_on(both);
    }

    /// Ends all that comes up: the runs in the order of their turns.
    fn drain(&self) -> Vec<RunId> {
        let mut ended = Vec::new();
        while let Some(run) = self.turn() {
            self.end(&run);
            ended.push(run.key.run);
        }
        ended
    }
}

#[test]
fn a_tenant_with_ten_thousand_runs_does_not_delay_anothers_first_and_memory_holds_a_window() {
    let mut yard = Yard::new();
    let (loud, quiet) = (tenant(1), tenant(2));
    let now = yard.clock.now();
    let flood: Vec<_> = (0..10_000).map(|_| yard.made(&loud, PLAIN, When::Ready, now)).collect();
    let mut expected: Vec<RunId> = flood.iter().map(|run| run.key.run).collect();
    yard.accept_all(flood);
    assert!(yard.background.state.lock().turns.in_memory() <= 1_024);
    let first = yard.accept(&quiet, PLAIN);
    let turns = [yard.turn().unwrap(), yard.turn().unwrap()];
    assert!(turns.iter().any(|run| run.key.run == first), "turn by turn");
    for run in &turns {
        yard.end(run);
    }
    let mut ended = yard.drain();
    assert!(ended.is_sorted(), "in the order in which they came");
    ended.extend(turns.iter().map(|run| run.key.run));
    ended.sort();
    expected.push(first);
    assert_eq!(ended, expected);

    let many: Vec<_> = (0..MOST + 3).map(|_| yard.made(&loud, PLAIN, When::Ready, now)).collect();
    yard.accept_all(many);
    let alive: Vec<_> = std::iter::from_fn(|| yard.turn()).collect();
    assert_eq!(alive.len(), MOST, "no more than the tenant may have");
    assert!(!yard.background.admit(&loud, 7) && yard.background.admit(&loud, 8), "seven are queued");
}

#[test]
fn a_flow_has_no_more_runs_alive_than_it_lets_and_holds_up_no_others() {
    let mut yard = Yard::new();
    let id = tenant(1);
    let bounded: Vec<RunId> = (0..30).map(|_| yard.accept(&id, BOUNDED)).collect();
    let plain = yard.accept(&id, PLAIN);
    let mut alive: Vec<_> = std::iter::from_fn(|| yard.turn()).collect();
    let ids: Vec<_> = alive.iter().map(|run| run.key.run).collect();
    assert_eq!(ids, [bounded[0], bounded[1], plain]);
    assert!(yard.background.claim(bounded[5]), "one that is held back can be taken out of the line");
    yard.end(&alive.remove(0));
    assert!(yard.background.claim(bounded[2]), "and so can one that got a place just now");
    alive.extend(yard.turn());
    assert_eq!(alive[2].key.run, bounded[3], "the next gets it then");
    let mut ended = vec![bounded[0]];
    for at in [2, 5] {
        yard.end(&yard.queue.get(&id, bounded[at]).unwrap().unwrap());
        ended.push(bounded[at]);
    }
    while let Some(run) = alive.pop() {
        ended.push(run.key.run);
        yard.end(&run);
        alive.extend(yard.turn());
        let inside = alive.iter().filter(|run| run.flow == flow(&id, BOUNDED)).count();
        assert!(inside <= 2);
    }
    ended.sort();
    assert_eq!(ended.len(), 31);
    ended.dedup();
    assert_eq!(ended.len(), 31, "each once");
}

#[test]
fn an_ordered_flow_takes_one_run_after_another_also_while_the_first_is_parked_and_after_a_restart() {
    let mut yard = Yard::new();
    let id = tenant(1);
    let runs: Vec<RunId> = (0..5).map(|_| yard.accept(&id, ORDERED)).collect();
    let first = yard.turn().unwrap();
    assert_eq!(first.key.run, runs[0]);
    assert!(yard.turn().is_none());
    let due = yard.steady.now().plus(Duration::from_secs(60));
    yard.park(first, When::After, due);
    assert!(yard.turn().is_none(), "it is first as long as it is not done");
    yard.restart();
    yard.fire();
    assert!(yard.turn().is_none(), "also after a restart");
    yard.clock.pass(60_000);
    yard.fire();
    let first = yard.turn().unwrap();
    assert_eq!(first.key.run, runs[0]);
    yard.restart();
    yard.fire();
    let again = yard.turn().unwrap();
    assert_eq!(again.key.run, runs[0], "a run that a crash ended is first again");
    assert!(yard.turn().is_none());
    assert!(yard.background.claim(runs[1]) && !yard.background.claim(runs[0]));
    yard.end(&again);
    assert!(yard.turn().is_none(), "the next is somebody else's just now");
    yard.background.release(runs[1]);
    assert_eq!(yard.drain(), &runs[1..]);
    let late = yard.accept(&id, ORDERED);
    assert_eq!(yard.drain(), [late]);
}

#[test]
fn many_runs_that_are_due_together_hide_no_other_tenants_and_each_comes_once() {
    let mut yard = Yard::new();
    let (loud, quiet) = (tenant(1), tenant(2));
    let due = yard.clock.now().plus(Duration::from_secs(1));
    let storm: Vec<_> = (0..3_000).map(|_| yard.made(&loud, PLAIN, When::At, due)).collect();
    let mut expected: Vec<RunId> = storm.iter().map(|run| run.key.run).collect();
    yard.accept_all(storm);
    let last = yard.park_new(&quiet, When::At, due.plus(Duration::from_millis(1)));
    expected.push(last);
    yard.fire();
    assert!(yard.turn().is_none());
    yard.clock.jump(DAY);
    yard.fire();
    assert!(yard.background.state.lock().turns.in_memory() < 1_500, "not all are read into memory");
    let early: Vec<_> = (0..2).filter_map(|_| yard.turn()).collect();
    assert!(early.iter().any(|run| run.key.run == last), "the other tenant's comes in its turn");
    let mut ended: Vec<RunId> = early.iter().map(|run| run.key.run).collect();
    early.iter().for_each(|run| yard.end(run));
    loop {
        let more = yard.drain();
        if more.is_empty() {
            break;
        }
        ended.extend(more);
        yard.fire();
    }
    ended.sort();
    assert_eq!(ended, expected);
}
