//! What hooks remember, over real RocksDB.

use weir_model::{FlowId, Mode};

use crate::tests::{Folder, flow, killed_copy, queued, tenant};
use crate::*;

use super::*;

const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn key(of: FlowId, digest: u8) -> SeenKey {
    SeenKey { tenant: tenant("default"), flow: of, mode: Mode::Production, digest: [digest; 32] }
}

fn remembered(digest: u8, until: i64, value: &'static str) -> Remembered {
    Remembered { key: key(flow(1), digest), until: at(until), value: Bytes::from_static(value.as_bytes()) }
}

fn seen_at(store: &Store, digest: u8, now: i64) -> Option<Bytes> {
    store.seen(&key(flow(1), digest), at(now)).unwrap()
}

/// How many rows there are.
fn rows_of(store: &Store) -> usize {
    let mut rows = rows(store.db(), Family::Dedupe, Vec::new(), Vec::new()).unwrap();
    rows.seek_to_first();
    let mut count = 0;
    while rows.valid() {
        count += 1;
        rows.next();
    }
    count
}

#[test]
fn a_request_is_known_until_its_time_and_then_forgotten() {
    let folder = Folder::new();
    let store = folder.open();
    for digest in 0..10 {
        store.remember(remembered(digest, 100 + i64::from(digest), "answer")).wait().unwrap();
    }
    assert_eq!(seen_at(&store, 3, 102).unwrap(), "answer");
    assert!(seen_at(&store, 3, 103).is_none() && seen_at(&store, 11, 0).is_none());
    let other = [
        key(flow(2), 3),
        SeenKey { mode: Mode::Development, ..key(flow(1), 3) },
        SeenKey { tenant: tenant("other"), ..key(flow(1), 3) },
    ];
    assert!(other.iter().all(|key| store.seen(key, at(0)).unwrap().is_none()));
    let killed = killed_copy(&folder.0);
    assert_eq!(seen_at(&killed.open(), 3, 102).unwrap(), "answer");

    // In parts, and nothing whose time is to come.
    assert_eq!(store.forget_seen(at(105), 4).wait().unwrap(), 4);
    assert_eq!((rows_of(&store), seen_at(&store, 3, 0), seen_at(&store, 4, 0).is_some()), (12, None, true));
    assert_eq!(store.forget_seen(at(105), 4).wait().unwrap(), 2);
    assert_eq!(store.forget_seen(at(105), 4).wait().unwrap(), 0);
    assert_eq!((rows_of(&store), seen_at(&store, 6, 105).is_some()), (8, true));
    // One that ends before what the sweep has seen.
    store.remember(remembered(0, 50, "late")).wait().unwrap();
    assert_eq!(store.forget_seen(at(1_000), 100).wait().unwrap(), 5);
    assert_eq!(rows_of(&store), 0);
}

#[test]
fn what_is_remembered_later_replaces_what_was() {
    let folder = Folder::new();
    let store = folder.open();
    // In one batch and in several, to a later and to an earlier end.
    for wait in [false, true] {
        for (until, value) in [(100, "claimed"), (300, "later"), (300, "same end"), (200, "answer")] {
            let ack = store.remember(remembered(1, until, value));
            if wait {
                ack.wait().unwrap();
            }
        }
        store.settle().wait().unwrap();
        assert_eq!((rows_of(&store), seen_at(&store, 1, 199)), (2, Some("answer".into())));
    }
    assert_eq!(store.forget_seen(at(199), 100).wait().unwrap(), 0);
    assert_eq!(seen_at(&store, 1, 199).unwrap(), "answer");

    // A sweep that waits together with a change of what it sweeps.
    let swept = store.forget_seen(at(250), 100);
    let ack = store.remember(remembered(1, 400, "again"));
    assert_eq!(swept.wait().unwrap(), 1);
    ack.wait().unwrap();
    let ack = store.remember(remembered(1, 500, "once more"));
    let swept = store.forget_seen(at(450), 100);
    ack.wait().unwrap();
    swept.wait().unwrap();
    assert_eq!((rows_of(&store), seen_at(&store, 1, 499)), (2, Some("once more".into())));
    assert_eq!(store.forget_seen(at(500), 100).wait().unwrap(), 1);
    assert_eq!(rows_of(&store), 0);
}

#[test]
fn a_run_and_what_is_remembered_of_its_request_are_one_write() {
    let folder = Folder::new();
    let store = folder.open();
    let remember = Some(remembered(1, 100, "run 1"));
    store.push(QueuedRun { remember, ..queued(1, 1, "s") }).wait().unwrap();
    let killed = killed_copy(&folder.0);
    let copy = killed.open();
    assert_eq!(seen_at(&copy, 1, 99).unwrap(), "run 1");
    assert_eq!(copy.ready(&tenant("default"), None, 9).unwrap().len(), 1);

    let large = Remembered { value: vec![0; Remembered::MAX_VALUE + 1].into(), ..remembered(2, 100, "") };
    let refused = store.push(QueuedRun { remember: Some(large.clone()), ..queued(2, 1, "s") }).wait();
    assert!(matches!(refused, Err(StoreError::TooLarge { most: Remembered::MAX_VALUE, .. })));
    assert!(matches!(store.remember(large).wait(), Err(StoreError::TooLarge { .. })));
    assert!(store.queued(&tenant("default"), crate::tests::run_id(2)).unwrap().is_none());
}
