//! The queue over real RocksDB: that rows of one run agree, whatever is done to it and in whatever order.

use std::collections::BTreeMap;

use proptest::prelude::*;
use weir_model::{Outcome, Timestamp};

use crate::tests::{Folder, done, entry, flow, killed_copy, queued, run_id, summary_of, tenant};
use crate::*;

use super::*;

const ALL: usize = 1_000;

fn at(run: u64, when: When, due: i64) -> QueueKey {
    QueueKey { when, due: Timestamp::from_millis(due), ..queued(run, 0, "").key }
}

fn ordered(run: u64, key: QueueKey) -> QueuedRun {
    QueuedRun { key, ordered: true, ..queued(run, 0, "s") }
}

/// All rows of the queue.
fn rows_of(store: &Store) -> Vec<Vec<u8>> {
    let mut rows = rows(store.db(), Family::Queue, Vec::new(), Vec::new()).unwrap();
    let mut found = Vec::new();
    rows.seek_to_first();
    while let Some(row) = rows.key() {
        found.push(row.to_vec());
        rows.next();
    }
    found
}

/// What the queue must hold: each run's place, and whether its flow keeps an order.
#[derive(Default)]
struct Model(BTreeMap<(TenantId, RunId), QueuedRun>);

impl Model {
    fn places(&self, wanted: impl Fn(&QueueKey) -> bool) -> Vec<QueueKey> {
        let mut places: Vec<_> = self.0.values().map(|run| run.key.clone()).filter(wanted).collect();
        places.sort_by_key(|place| (place.due, place.tenant.clone(), place.run));
        places
    }

    /// Compares all that readers can ask.
    fn check(&self, store: &Store) {
        let tenants = [tenant("a-one"), tenant("b-two")];
        let (mut ready_tenants, mut counts, mut flows) = (Vec::new(), Vec::new(), Vec::new());
        for tenant in &tenants {
            let ready = self.places(|place| place.when == When::Ready && place.tenant == *tenant);
            assert_eq!(store.ready(tenant, None, ALL).unwrap(), ready);
            for (n, place) in ready.iter().enumerate() {
                let rest: Vec<_> = ready.iter().skip(n + 1).take(2).cloned().collect();
                assert_eq!(store.ready(tenant, Some(place), 2).unwrap(), rest);
            }
            ready_tenants.extend((!ready.is_empty()).then(|| tenant.clone()));
            let all = self.0.keys().filter(|(of, _)| of == tenant).count() as u64;
            counts.extend((all > 0).then(|| (tenant.clone(), all)));
            for n in 0..3 {
                let runs =
                    self.0.values().filter(|run| run.ordered && run.flow == flow(n) && run.key.tenant == *tenant);
                let head = runs.map(|run| run.key.run).min();
                assert_eq!(store.head(tenant, flow(n)).unwrap(), head);
                flows.extend(head.map(|_| (tenant.clone(), flow(n))));
            }
        }
        for when in [When::After, When::At] {
            let waiting = self.places(|place| place.when == when);
            assert_eq!(store.timers(when, 2).unwrap(), waiting.iter().take(2).cloned().collect::<Vec<_>>());
            assert_eq!(store.timers(when, ALL).unwrap(), waiting);
        }
        assert_eq!(store.ready_tenants().unwrap(), ready_tenants);
        assert_eq!(store.queue_counts().unwrap(), counts);
        assert_eq!(store.ordered_flows().unwrap(), flows);
        for ((tenant, run), queued) in &self.0 {
            let read = store.queued(tenant, *run).unwrap().unwrap();
            assert_eq!(
                (read.key, read.state, read.ordered),
                (queued.key.clone(), queued.state.clone(), queued.ordered)
            );
            assert!(read.replaces.is_none() && read.remember.is_none());
        }
        let rows_each = |run: &QueuedRun| 1 + usize::from(run.key.when != When::Held) + usize::from(run.ordered);
        let rows: usize = self.0.values().map(rows_each).sum();
        assert_eq!(rows_of(store).len(), rows, "a run left a row behind, or lost one");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn what_readers_see_is_what_was_done(
        steps in proptest::collection::vec((0..12_u8, 0..10_u64, 0..4_usize, -3..4_i64, any::<u8>()), 1..60),
    ) {
        let folder = Folder::new();
        let (mut store, mut model) = (folder.open(), Model::default());
        for (what, n, when, due, state) in steps {
            let tenant = tenant(if n % 2 == 0 { "a-one" } else { "b-two" });
            let (run, flow_of) = (run_id(n), flow(u8::try_from(n % 3).unwrap()));
            let before = model.0.get(&(tenant.clone(), run)).cloned();
            match (what, before) {
                (0, _) => {
                    drop(store);
                    store = folder.open();
                }
                (1..=3, Some(run)) => {
                    let summary = summary_of(run.key.run, run.flow, Outcome::Completed);
                    let ended = Entry { tenant: tenant.clone(), summary, done: Some(done(&run)), ..entry(n, 0) };
                    store.append(ended).wait().unwrap();
                    model.0.remove(&(tenant, run.key.run));
                }
                (4..=5, Some(run)) => {
                    store.forget(done(&run)).wait().unwrap();
                    model.0.remove(&(tenant, run.key.run));
                }
                (_, before) => {
                    let when = [When::Ready, When::After, When::At, When::Held][when];
                    let key = QueueKey { when, due: Timestamp::from_millis(due), tenant: tenant.clone(), run };
                    let pushed = QueuedRun {
                        key,
                        replaces: before.map(|before| before.key),
                        flow: flow_of,
                        ordered: n % 3 != 0,
                        remember: None,
                        summary: summary_of(run, flow_of, Outcome::Running),
                        state: vec![state; 3].into(),
                    };
                    store.push(pushed.clone()).wait().unwrap();
                    model.0.insert((tenant, run), pushed);
                }
            }
            model.check(&store);
        }
    }
}

#[test]
fn a_move_and_an_end_are_whole_after_a_kill() {
    let folder = Folder::new();
    let store = folder.open();
    let moves = [(When::After, 9), (When::At, 4), (When::Held, 0), (When::Ready, 7), (When::Ready, 5), (When::At, 4)];
    let mut replaces = None;
    for (when, due) in moves {
        let key = at(1, when, due);
        store.push(QueuedRun { replaces: replaces.replace(key.clone()), ..ordered(1, key.clone()) }).wait().unwrap();
        let killed = killed_copy(&folder.0);
        let copy = killed.open();
        assert_eq!(copy.queued(&key.tenant, key.run).unwrap().unwrap().key, key);
        let places: Vec<_> = rows_of(&copy).iter().filter_map(|row| keys::place_of(row)).collect();
        assert_eq!(places, if when == When::Held { vec![] } else { vec![key.clone()] });
        assert_eq!(copy.head(&key.tenant, flow(1)).unwrap(), Some(key.run));
    }
    let ended = Done { key: at(1, When::At, 4), flow: flow(1), ordered: true };
    store.append(Entry { done: Some(ended), sync: true, ..entry(1, 1) }).wait().unwrap();
    let killed = killed_copy(&folder.0);
    let copy = killed.open();
    assert!(rows_of(&copy).is_empty() && copy.head(&tenant("default"), flow(1)).unwrap().is_none());
}

#[test]
fn timers_have_no_waiting_run_that_is_not_theirs() {
    let folder = Folder::new();
    let store = folder.open();
    store.push(queued(1, 1, "s")).wait().unwrap();
    assert!([When::Ready, When::Held].iter().all(|when| store.timers(*when, ALL).unwrap().is_empty()));
}

#[test]
fn a_walk_from_the_front_misses_nothing_that_others_push() {
    let folder = Folder::new();
    let store = folder.open();
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..60 {
                    let run = thread * 1_000 + n;
                    // Before and behind what others push, so that the front moves both ways.
                    let key = at(run, When::After, i64::try_from(run * 7_919 % 1_009).unwrap());
                    let pushed = QueuedRun { key: key.clone(), ..queued(run, 0, "s") };
                    store.push(pushed.clone()).wait().unwrap();
                    assert!(store.timers(When::After, usize::MAX).unwrap().contains(&key));
                    if n % 3 == 0 {
                        store.forget(done(&pushed)).wait().unwrap();
                        assert!(!store.timers(When::After, usize::MAX).unwrap().contains(&key));
                    }
                }
            });
        }
        for _ in 0..2_000 {
            let places = store.timers(When::After, 3).unwrap();
            assert!(places.is_sorted_by_key(|place| place.due));
        }
    });
    assert_eq!(store.timers(When::After, usize::MAX).unwrap().len(), 4 * 40);
}
