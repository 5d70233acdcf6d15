//! The store over real RocksDB in folders of their own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use rocksdb::DB;
use weir_model::{ArtifactHash, Coded, FlowId, FlowName, Mode, Outcome, RunId, RunSummary, TenantId, Timestamp};

use crate::*;

pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("weir-store-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        Self(std::env::temp_dir().join(name))
    }

    pub(crate) fn open(&self) -> Arc<Store> {
        Store::open(&self.0, &Options::default()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

/// The run that is the `n`th in time; a second lies between two.
pub(crate) fn run_id(n: u64) -> RunId {
    let mut bytes = [7; 16];
    bytes[..6].copy_from_slice(&(n * 1_000).to_be_bytes()[2..]);
    RunId::from_bytes(bytes)
}

pub(crate) fn flow(n: u8) -> FlowId {
    FlowId::from_bytes([n; 16])
}

pub(crate) fn summary_of(id: RunId, flow_id: FlowId, outcome: Outcome) -> RunSummary {
    RunSummary {
        id,
        flow: FlowName::new("lead").unwrap(),
        flow_id,
        version: 3,
        mode: Mode::Production,
        outcome,
        started_at: id.made_at(),
        duration_us: 12,
        step_count: 2,
        status: Some(200),
        error: None,
        origin: None,
        waits_until: None,
    }
}

/// An unsynced entry with a record.
pub(crate) fn entry(run: u64, of: u8) -> Entry {
    Entry {
        tenant: tenant("default"),
        summary: summary_of(run_id(run), flow(of), Outcome::Completed),
        record: Some(format!("{{\"run\":{run}}}").into()),
        done: None,
        resume: None,
        sync: false,
    }
}

/// A new run that is ready since `due`.
pub(crate) fn queued(run: u64, due: i64, state: &'static str) -> QueuedRun {
    let (when, due) = (When::Ready, Timestamp::from_millis(due));
    QueuedRun {
        key: QueueKey { when, due, tenant: tenant("default"), run: run_id(run) },
        replaces: None,
        flow: flow(1),
        ordered: false,
        remember: None,
        summary: summary_of(run_id(run), flow(1), Outcome::Running),
        state: Bytes::from_static(state.as_bytes()),
    }
}

/// All runs that a filter finds, page by page.
fn pages(store: &Store, filter: &RunFilter, limit: usize) -> Vec<RunId> {
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let page = store.runs(filter, after.as_deref(), limit).unwrap();
        assert!(page.items.len() <= limit);
        ids.extend(page.items.iter().map(|item| item.id));
        after = page.next;
        if after.is_none() {
            return ids;
        }
    }
}

/// The states of the tenant's ready runs, in their order.
fn states(store: &Store) -> Vec<Bytes> {
    let places = store.ready(&tenant("default"), None, 1_000).unwrap();
    places.into_iter().map(|place| store.queued(&place.tenant, place.run).unwrap().unwrap().state).collect()
}

/// What ends a queued run.
pub(crate) fn done(run: &QueuedRun) -> Done {
    Done { key: run.key.clone(), flow: run.flow, ordered: run.ordered }
}

/// What the disk holds at this moment, as after the process was killed.
pub(crate) fn killed_copy(from: &Path) -> Folder {
    let copy = Folder::new();
    std::fs::create_dir(&copy.0).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.0.join(file.file_name())).unwrap();
    }
    copy
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill_and_after_a_stop() {
    let folder = Folder::new();
    let store = folder.open();
    let key = DocKey::new(DocKind::Flow, Some(&tenant("default")), "lead");
    let revisions = store.apply(vec![Change::put(key.clone(), Expect::Absent, "body")]).wait().unwrap();
    store.push(queued(1, 10, "waits")).wait().unwrap();
    store.append(Entry { sync: true, ..entry(2, 1) }).wait().unwrap();
    let hash = ArtifactHash::new(&"ab".repeat(32)).unwrap();
    let component = Bytes::from(vec![5; 100_000]);
    store.put_artifact(&hash, component.clone()).wait().unwrap();
    let killed = killed_copy(&folder.0);
    drop(store.append(entry(3, 1)));
    drop(store);

    for (folder, runs) in [(&killed, 2), (&folder, 3)] {
        let store = folder.open();
        let doc = store.doc(&key).unwrap().unwrap();
        assert_eq!((doc.revision, &doc.body[..]), (revisions[0], &b"body"[..]));
        assert_eq!(states(&store), ["waits"]);
        assert_eq!(store.artifact(&hash).unwrap().unwrap(), component);
        assert_eq!(store.run(&tenant("default"), run_id(2)).unwrap().unwrap().text(), "{\"run\":2}");
        assert_eq!(pages(&store, &RunFilter::of(tenant("default")), 10).len(), runs);
        // Revisions go on where they were.
        let change = Change::put(key.clone(), Expect::Revision(revisions[0]), "next");
        assert!(store.apply(vec![change]).wait().unwrap()[0] > revisions[0]);
        store.delete_artifact(&hash).wait().unwrap();
        assert_eq!(store.artifact(&hash).unwrap(), None);
    }
}

#[test]
fn runs_are_listed_by_flow_outcome_mode_and_time_over_several_pages() {
    let folder = Folder::new();
    let store = folder.open();
    for n in 1..=100 {
        let mut entry = entry(n, if n % 3 == 0 { 2 } else { 1 });
        if n % 10 == 0 {
            entry.summary.outcome = Outcome::Failed;
        }
        if n % 25 == 0 {
            entry.summary.mode = Mode::Development;
        }
        drop(store.append(entry));
    }
    drop(store.append(Entry { tenant: tenant("other"), ..entry(50, 1) }));
    store.settle().wait().unwrap();

    let all = RunFilter::of(tenant("default"));
    let expect = |wanted: &dyn Fn(u64) -> bool| (1..=100).rev().filter(|n| wanted(*n)).map(run_id).collect::<Vec<_>>();
    let check = |filter: &RunFilter, wanted: &dyn Fn(u64) -> bool| {
        for limit in [1, 7, 33, 1_000] {
            assert_eq!(pages(&store, filter, limit), expect(wanted), "{filter:?} by {limit}");
        }
    };
    check(&all, &|_| true);
    check(&RunFilter { flow: Some(flow(2)), ..all.clone() }, &|n| n % 3 == 0);
    check(&RunFilter { flow: Some(flow(9)), ..all.clone() }, &|_| false);
    check(&RunFilter { outcome: Some(Outcome::Failed), ..all.clone() }, &|n| n % 10 == 0);
    check(&RunFilter { mode: Some(Mode::Development), ..all.clone() }, &|n| n % 25 == 0);
    let (since, until) = (Some(Timestamp::from_millis(20_000)), Some(Timestamp::from_millis(90_000)));
    check(&RunFilter { since, until, ..all.clone() }, &|n| (20..90).contains(&n));
    check(&RunFilter { since: until, until: since, ..all.clone() }, &|_| false);
    let failed = RunFilter { flow: Some(flow(2)), outcome: Some(Outcome::Failed), since, until, ..all.clone() };
    check(&failed, &|n| n % 30 == 0 && (20..90).contains(&n));

    let wrong = store.runs(&all, Some("not a cursor"), 10).unwrap_err();
    assert_eq!(wrong.code().as_str(), "WEIR-STORE-CURSOR");
}

#[test]
fn a_run_without_a_record_shows_its_summary_and_another_tenant_shows_nothing() {
    let folder = Folder::new();
    let store = folder.open();
    store.append(Entry { record: None, ..entry(1, 1) }).wait().unwrap();
    let shown = store.run(&tenant("default"), run_id(1)).unwrap().unwrap();
    assert_eq!(shown.to_value()["outcome"], "completed");
    assert!(store.run(&tenant("other"), run_id(1)).unwrap().is_none());
}

#[test]
fn the_state_to_retry_from_is_kept_beside_the_record_until_an_entry_goes_without() {
    let folder = Folder::new();
    let store = folder.open();
    let state = |run| store.resume_state(&tenant("default"), run_id(run)).unwrap();
    let failed = |run, resume: Option<&'static str>| {
        let mut entry = Entry { resume: resume.map(Bytes::from), ..entry(run, 1) };
        entry.summary.outcome = Outcome::Failed;
        store.append(entry).wait().unwrap();
    };
    failed(1, Some("at step 3"));
    failed(2, Some("at step 5"));
    assert_eq!((state(1).unwrap(), state(2).unwrap()), ("at step 3".into(), "at step 5".into()));
    assert!(store.resume_state(&tenant("other"), run_id(1)).unwrap().is_none());
    assert_eq!(store.run(&tenant("default"), run_id(1)).unwrap().unwrap().text(), "{\"run\":1}");

    failed(1, Some("at step 4"));
    assert_eq!(state(1).unwrap(), "at step 4");
    failed(1, None);
    assert!(state(1).is_none());

    // A run that was queued goes without, also where it completes.
    store.push(queued(2, 1, "s")).wait().unwrap();
    store.append(Entry { done: Some(done(&queued(2, 1, "s"))), ..entry(2, 1) }).wait().unwrap();
    assert!(state(2).is_none() && states(&store).is_empty());

    let large = Some(Bytes::from(vec![0; QueuedRun::MAX_STATE + 1]));
    let refused = store.append(Entry { resume: large, ..entry(3, 1) }).wait();
    assert!(matches!(refused, Err(StoreError::TooLarge { most: QueuedRun::MAX_STATE, .. })));
}

#[test]
fn the_queue_is_in_order_of_time_and_a_run_is_in_it_once() {
    let folder = Folder::new();
    let store = folder.open();
    for (run, due, state) in [(1, 30, "c"), (2, 10, "a"), (3, 20, "b"), (4, -5, "before 1970")] {
        drop(store.push(queued(run, due, state)));
    }
    store.settle().wait().unwrap();
    assert_eq!(states(&store), ["before 1970", "a", "b", "c"]);
    let first = store.ready(&tenant("default"), None, 2).unwrap();
    let rest = store.ready(&tenant("default"), Some(&first[1]), 2).unwrap();
    assert_eq!(rest.iter().map(|place| place.run).collect::<Vec<_>>(), [run_id(3), run_id(1)]);

    // The same place with a new state, then a later place.
    let same = QueuedRun { replaces: Some(queued(2, 10, "").key), ..queued(2, 10, "a2") };
    store.push(same).wait().unwrap();
    assert_eq!(states(&store), ["before 1970", "a2", "b", "c"]);
    let later = QueuedRun { replaces: Some(queued(2, 10, "").key), ..queued(2, 99, "z") };
    store.push(later).wait().unwrap();
    assert_eq!(states(&store), ["before 1970", "b", "c", "z"]);

    // A queued run is listed as running; the entry that ends it removes it from the queue.
    let running =
        RunFilter { outcome: Some(Outcome::Running), flow: Some(flow(1)), ..RunFilter::of(tenant("default")) };
    assert_eq!(pages(&store, &running, 10).len(), 4);
    let ended = Some(done(&queued(2, 99, "")));
    store.append(Entry { done: ended, sync: true, ..entry(2, 1) }).wait().unwrap();
    assert_eq!(states(&store), ["before 1970", "b", "c"]);
    assert_eq!(pages(&store, &running, 10).len(), 3);

    // A run that leaves no trace.
    store.forget(done(&queued(1, 30, ""))).wait().unwrap();
    assert_eq!(states(&store), ["before 1970", "b"]);
    assert_eq!(pages(&store, &running, 10), [run_id(4), run_id(3)]);
    assert!(store.run(&tenant("default"), run_id(1)).unwrap().is_none());
}

#[test]
fn documents_change_together_or_not_at_all() {
    let folder = Folder::new();
    let store = folder.open();
    let default = tenant("default");
    let key = |name: &str| DocKey::new(DocKind::Version, Some(&default), name);
    let put = |name: &str, expect| Change::put(key(name), expect, name.to_owned());
    let revisions = store.apply(vec![put("a/1", Expect::Absent), put("a/2", Expect::Any)]).wait().unwrap();
    assert!(revisions[0] < revisions[1]);

    let stale = store.apply(vec![put("b/1", Expect::Any), put("a/1", Expect::Revision(99))]).wait().unwrap_err();
    assert_eq!(stale, StoreError::Conflict { kind: "version", name: "a/1".into(), found: Some(revisions[0]) });
    assert!(store.doc(&key("b/1")).unwrap().is_none());

    // Two that are decided in the same batch: the second sees the first.
    let first = store.apply(vec![put("c", Expect::Absent)]);
    let second = store.apply(vec![put("c", Expect::Absent)]);
    assert!(first.wait().is_ok());
    assert!(matches!(second.wait(), Err(StoreError::Conflict { found: Some(_), .. })));

    let deleted = store.apply(vec![Change::delete(key("c"), Expect::Any), put("a/10", Expect::Absent)]).wait();
    assert!(deleted.is_ok());
    let again = store.apply(vec![put("c", Expect::Absent)]).wait().unwrap();
    assert!(again[0] > revisions[1] + 2, "a revision is never used twice");

    for name in ["a", "b"] {
        let other = DocKey::new(DocKind::Version, Some(&tenant("other")), name);
        store.apply(vec![Change::put(other, Expect::Any, "")]).wait().unwrap();
    }
    let names = |prefix: &str, after: Option<&str>, limit| {
        let docs = store.docs(DocKind::Version, Some(&default), prefix, after, limit).unwrap();
        docs.into_iter().map(|doc| doc.key.name).collect::<Vec<_>>()
    };
    assert_eq!(names("", None, 10), ["a/1", "a/10", "a/2", "c"]);
    assert_eq!(names("a/", None, 10), ["a/1", "a/10", "a/2"]);
    assert_eq!(names("a/", Some("a/1"), 1), ["a/10"]);
    assert_eq!(names("a/", Some("0"), 1), ["a/1"]);
    assert_eq!(names("a/", Some("b"), 9), Vec::<String>::new());
    assert!(store.docs(DocKind::Version, None, "", None, 10).unwrap().is_empty());
}

#[test]
fn what_is_too_large_or_named_twice_is_refused() {
    let folder = Folder::new();
    let store = folder.open();
    let large = Some(Bytes::from(vec![b' '; Entry::MAX_RECORD + 1]));
    let refused = store.append(Entry { record: large, ..entry(1, 1) }).wait();
    assert!(matches!(refused, Err(StoreError::TooLarge { most: Entry::MAX_RECORD, .. })));
    let twice = Change::put(DocKey::new(DocKind::Token, None, "t"), Expect::Any, "");
    assert!(matches!(store.apply(vec![twice.clone(), twice]).wait(), Err(StoreError::Name { .. })));
    let long = Change::put(DocKey::new(DocKind::Token, None, "t".repeat(513)), Expect::Any, "");
    assert!(matches!(store.apply(vec![long]).wait(), Err(StoreError::Name { .. })));
    assert!(store.is_healthy());
}

#[test]
fn a_folder_in_use_and_a_newer_format_are_named() {
    let folder = Folder::new();
    let store = folder.open();
    let locked = Store::open(&folder.0, &Options::default()).err().unwrap();
    assert_eq!(locked, StoreError::Locked { folder: folder.0.clone() });
    drop(store);

    let mut options = rocksdb::Options::default();
    options.create_missing_column_families(true);
    let names = ["meta", "artifacts", "runs", "queue", "events", "kv", "dedupe", "default", "of-the-future"];
    let db = DB::open_cf(&options, &folder.0, names).unwrap();
    db.put_cf(db.cf_handle("meta").unwrap(), crate::keys::FORMAT, 3_u32.to_be_bytes()).unwrap();
    drop(db);
    let newer = Store::open(&folder.0, &Options::default()).err().unwrap();
    assert_eq!(newer, StoreError::Format { folder: folder.0.clone(), found: 3, known: 2 });
    assert!(newer.to_string().contains(folder.0.to_str().unwrap()));
}

#[test]
fn many_threads_write_and_every_answer_is_true() {
    let folder = Folder::new();
    let store = folder.open();
    std::thread::scope(|scope| {
        for thread in 0..16_u64 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..20 {
                    let run = thread * 100 + n;
                    store.push(queued(run, 1, "s")).wait().unwrap();
                    let found = store.run(&tenant("default"), run_id(run)).unwrap().unwrap();
                    assert_eq!(found.to_value()["outcome"], "running");
                }
            });
        }
    });
    assert_eq!(states(&store).len(), 320);
}
