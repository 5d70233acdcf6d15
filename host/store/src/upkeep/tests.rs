//! Upkeep over real RocksDB: what a removal takes and leaves, what a backup holds, what the check of a folder finds.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use weir_model::Outcome;

use super::*;
use crate::doctor::{FaultKind, Report};
use crate::tests::{Folder, summary_of, tenant};
use crate::*;

const DAY: Duration = Duration::from_secs(86_400);

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis.try_into().unwrap())
}

fn day(n: u64) -> Timestamp {
    at(n * 86_400_000)
}

/// The `n`th run made at a moment.
fn run(at: Timestamp, n: u32) -> RunId {
    let mut bytes = [7; 16];
    bytes[..6].copy_from_slice(&at.as_millis().to_be_bytes()[2..]);
    bytes[8..12].copy_from_slice(&n.to_be_bytes());
    RunId::from_bytes(bytes)
}

fn flow(n: u8) -> FlowId {
    FlowId::from_bytes([n; 16])
}

fn ended(of: &str, id: RunId, by: u8, record: Bytes) -> Entry {
    let summary = summary_of(id, flow(by), Outcome::Completed);
    Entry { tenant: tenant(of), summary, record: Some(record), done: None, resume: None, sync: false }
}

fn json(id: RunId) -> Bytes {
    format!("{{\"run\":\"{id}\"}}").into()
}

/// A record that does not get smaller.
fn large(id: RunId, bytes: usize) -> Bytes {
    let mut state = u128::from_be_bytes(*id.as_bytes()) as u64 | 1;
    let hex = (0..bytes).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b' ' + 1 + (state >> 58) as u8).to_string().replace(['"', '\\'], "x")
    });
    format!("\"{}\"", hex.collect::<String>()).into()
}

fn waiting(of: &str, id: RunId, by: u8) -> QueuedRun {
    QueuedRun {
        key: QueueKey { when: When::At, due: day(900), tenant: tenant(of), run: id },
        replaces: None,
        flow: flow(by),
        ordered: by == 2,
        remember: None,
        summary: summary_of(id, flow(by), Outcome::Waiting),
        state: Bytes::from_static(b"state"),
    }
}

fn listed(store: &Store, of: &str, by: Option<u8>) -> Vec<RunId> {
    let filter = RunFilter { flow: by.map(flow), ..RunFilter::of(tenant(of)) };
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let page = store.runs(&filter, after.as_deref(), 1_000).unwrap();
        ids.extend(page.items.iter().map(|item| item.id));
        after = page.next;
        if after.is_none() {
            ids.reverse();
            return ids;
        }
    }
}

fn check(folder: &Folder) -> Report {
    examine(&folder.0, |_| {}).unwrap()
}

#[test]
fn a_day_that_goes_leaves_waiting_runs_other_days_and_other_tenants() {
    let folder = Folder::new();
    let store = folder.open();
    let [first, second] = [1, 2].map(day);
    for of in ["a", "ab"] {
        for (n, by) in [(0, 1), (1, 2), (2, 1)] {
            for at in [first, second.minus(Duration::from_millis(1)), second] {
                let id = run(at, n);
                drop(store.append(ended(of, id, by, json(id))));
            }
        }
    }
    let kept = [run(first.plus(DAY / 2), 7), run(first.plus(DAY / 2), 8)];
    for (id, by) in kept.into_iter().zip([1, 2]) {
        store.push(waiting("a", id, by)).wait().unwrap();
    }
    store
        .append(Entry { sync: true, resume: Some("again".into()), ..ended("a", kept[0], 1, json(kept[0])) })
        .wait()
        .unwrap();

    store.drop_runs(&tenant("a"), day(0), second).unwrap();
    let left = |by: u8| -> Vec<RunId> {
        let own = kept[usize::from(by) - 1];
        [own]
            .into_iter()
            .chain([(0, 1), (1, 2), (2, 1)].iter().filter(|(_, of)| *of == by).map(|(n, _)| run(second, *n)))
            .collect()
    };
    let look = |store: &Store| {
        assert_eq!((listed(store, "a", Some(1)), listed(store, "a", Some(2))), (left(1), left(2)));
        assert_eq!((listed(store, "a", None).len(), listed(store, "ab", None).len()), (5, 9));
        assert_eq!(store.run(&tenant("a"), run(first, 0)).unwrap(), None);
        assert!(store.run(&tenant("a"), kept[0]).unwrap().unwrap().text().contains("\"run\""));
        assert_eq!(store.resume_state(&tenant("a"), kept[0]).unwrap().unwrap(), "again");
        assert_eq!(store.queued(&tenant("a"), kept[1]).unwrap().unwrap().state, "state");
        assert!(store.run(&tenant("ab"), run(first, 0)).unwrap().is_some());
        let days: Vec<_> =
            store.buckets(&tenant("a"), day(0), day(99), DAY).unwrap().iter().map(|day| day.from).collect();
        assert_eq!(days, [first, second]);
    };
    look(&store);
    let written = store.db().latest_sequence_number();
    store.drop_runs(&tenant("a"), day(0), second).unwrap();
    assert_eq!(store.db().latest_sequence_number(), written, "nothing is left to drop");
    store.compaction(&tenant("a"), day(0), second)();
    look(&store);
    drop(store);
    look(&folder.open());
    assert_eq!(check(&folder).faults, []);
}

#[test]
fn more_waiting_runs_than_one_write_takes_all_stay() {
    let folder = Folder::new();
    let store = folder.open();
    let (mut kept, mut acks) = (Vec::new(), Vec::new());
    for n in 0..1_700_u32 {
        let id = run(day(1).plus(Duration::from_secs(n.into())), n);
        if n % 3 == 0 || (600..700).contains(&n) {
            drop(store.append(ended("a", id, 1, json(id))));
        } else {
            acks.push(store.push(waiting("a", id, 1)));
            kept.push(id);
        }
    }
    acks.into_iter().for_each(|ack| ack.wait().unwrap());
    store.drop_runs(&tenant("a"), day(0), day(2)).unwrap();
    assert_eq!((listed(&store, "a", None), listed(&store, "a", Some(1))), (kept.clone(), kept));
    drop(store);
    assert_eq!(check(&folder).faults, []);
}

#[test]
fn buckets_weigh_their_files_and_what_goes_gives_its_disk_back() {
    let folder = Folder::new();
    let store = folder.open();
    for n in 0..400_u32 {
        let id = run(day(1 + u64::from(n) / 200).plus(Duration::from_secs(u64::from(n) % 200 * 60)), n);
        drop(store.append(ended("a", id, 1, large(id, 8 << 10))));
    }
    store.settle().wait().unwrap();
    store.flush_runs().unwrap();
    let buckets = |width| store.buckets(&tenant("a"), day(0), day(9), width).unwrap();
    let days = buckets(DAY);
    // What is printable has some 6 bits in 8.
    let wanted = 200 * (8 << 10) * 3 / 4;
    assert!(
        days.len() == 2 && days.iter().all(|day| day.bytes > wanted * 8 / 10 && day.bytes < wanted * 15 / 10),
        "{days:?}"
    );
    let hours = buckets(DAY / 24);
    assert_eq!(hours.len(), 8, "200 minutes are in four hours");
    let sum = |of: &[Bucket]| of.iter().map(|bucket| bucket.bytes).sum::<u64>();
    assert!(sum(&hours).abs_diff(sum(&days)) < sum(&days) / 5, "{hours:?}");

    let disk = || store.db().live_files().unwrap().iter().map(|file| file.size).sum::<usize>() as u64;
    let before = disk();
    store.drop_runs(&tenant("a"), hours[0].from, hours[2].from).unwrap();
    assert_eq!(buckets(DAY / 24).len(), 6);
    store.drop_runs(&tenant("a"), day(0), day(2)).unwrap();
    store.compaction(&tenant("a"), day(0), day(2))();
    assert!(disk() < before * 6 / 10, "{} of {before} bytes are left", disk());
    assert_eq!(listed(&store, "a", Some(1)).len(), 200);
}

fn order(folder: &Folder) -> BackupOrder {
    BackupOrder { folder: folder.0.clone(), version: "1.2.3".into(), at: day(3), keep_out: None }
}

fn reason(result: Result<impl std::fmt::Debug, StoreError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_backup_under_writes_is_a_prefix_with_all_that_was_acknowledged() {
    let (folder, backup, restored) = (Folder::new(), Folder::new(), Folder::new());
    let store = folder.open();
    let (acknowledged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let id = |n: u64| run(at(n + 1), 0);
    let (before, second) = std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0.. {
                let entry = Entry { sync: true, ..ended("a", id(n), 1, large(id(n), 2_000)) };
                store.append(entry).wait().unwrap();
                acknowledged.store(n + 1, Ordering::SeqCst);
                if stop.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
        let wait = |most| {
            while acknowledged.load(Ordering::SeqCst) < most {
                std::thread::yield_now();
            }
        };
        wait(50);
        store.backup(order(&backup), |_| {})().unwrap();
        wait(acknowledged.load(Ordering::SeqCst) + 20);
        let before = acknowledged.load(Ordering::SeqCst);
        let mut stages = Vec::new();
        let (tell, told) = std::sync::mpsc::channel();
        let second = store.backup(order(&backup), move |stage| tell.send(stage).unwrap())().unwrap();
        stages.extend(told);
        assert_eq!(stages, [BackupStage::Counting, BackupStage::Copying, BackupStage::Verifying]);
        stop.store(true, Ordering::SeqCst);
        (before, second)
    });
    let all = backups(&backup.0).unwrap();
    assert_eq!(all.iter().map(|backup| (backup.id, backup.format)).collect::<Vec<_>>(), [(1, Some(2)), (2, Some(2))]);
    assert_eq!((all[1].clone(), all[1].at), (second, day(3)));

    let mut told = Vec::new();
    let (info, runs) = restore(&backup.0, None, &restored.0, |stage| told.push(stage)).unwrap();
    assert!(info.id == 2 && runs >= before && info.runs.unwrap() >= before);
    let read =
        told.iter().any(|stage| matches!(stage, RestoreStage::Verifying { done, total } if done == total && *done > 0));
    assert!(read && told.last() == Some(&RestoreStage::Opening));
    let there = listed(&restored.open(), "a", None);
    assert_eq!(there, (0..runs).map(id).collect::<Vec<_>>(), "no gap");
    assert_eq!(check(&restored).faults, []);
    assert!(reason(restore(&backup.0, None, &restored.0, |_| {})).contains("is not empty"));

    let first = Folder::new();
    let (info, earlier) = restore(&backup.0, Some(1), &first.0, |_| {}).unwrap();
    assert!(info.id == 1 && earlier >= 50 && earlier <= runs);
    assert!(reason(restore(&backup.0, Some(9), &Folder::new().0, |_| {})).contains("--list"));
}

/// The largest file of a folder and its folders that has a suffix.
fn largest(folder: &Path, suffix: &str) -> PathBuf {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(next) = todo.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else if path.to_string_lossy().ends_with(suffix) {
                found.push((path.metadata().unwrap().len(), path));
            }
        }
    }
    found.into_iter().max().unwrap().1
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 4;
    std::fs::write(path, bytes).unwrap();
}

/// A store with some runs in a file, and some in the log alone.
fn filled(folder: &Folder) -> Arc<Store> {
    let store = folder.open();
    for n in 0..100 {
        let id = run(day(1), n);
        drop(store.append(ended("a", id, 1, large(id, 8 << 10))));
    }
    store.settle().wait().unwrap();
    store.flush_runs().unwrap();
    store.push(waiting("a", run(day(1), 200), 2)).wait().unwrap();
    store
}

#[test]
fn a_damaged_backup_is_named_and_leaves_nothing() {
    let (folder, backup, restored) = (Folder::new(), Folder::new(), Folder::new());
    let store = filled(&folder);
    store.backup(order(&backup), |_| {})().unwrap();
    let inside = BackupOrder { folder: folder.0.join("backup"), ..order(&backup) };
    assert!(reason(store.backup(inside, |_| {})()).contains("data folder"));
    let kept_out = BackupOrder { keep_out: Some(backup.0.clone()), ..order(&backup) };
    assert!(reason(store.backup(kept_out, |_| {})()).contains("data folder"));
    let other = Folder::new();
    std::fs::create_dir(&other.0).unwrap();
    std::fs::write(other.0.join("letter"), "").unwrap();
    assert!(reason(store.backup(order(&other), |_| {})()).contains("something else"));
    assert!(reason(backups(&other.0)).contains("no backups"));

    let file = largest(&backup.0, ".sst");
    flip(&file, 1_000);
    let error = reason(restore(&backup.0, None, &restored.0, |_| {}));
    assert!(error.contains(&*file.file_name().unwrap().to_string_lossy()), "{error}");
    assert!(!restored.0.exists());
}

#[test]
fn the_check_finds_flipped_bits_and_rows_that_do_not_fit() {
    let folder = Folder::new();
    drop(filled(&folder));
    let clean = check(&folder);
    assert_eq!((clean.total, clean.format), (0, Some(2)));
    let rows = |name: &str| clean.families.iter().find(|family| family.name == name).unwrap().rows;
    assert_eq!((rows("runs"), rows("events"), rows("queue")), (202, 100, 3));

    let log = largest(&folder.0, ".log");
    flip(&log, std::fs::metadata(&log).unwrap().len() as usize - 3);
    let named = |text: &str| text.contains(&*log.to_string_lossy()) && text.contains("at byte");
    let report = check(&folder);
    assert!(
        report.total > 0 && report.faults[0].kind == FaultKind::File && named(&report.faults[0].what),
        "{report:?}"
    );
    // Newer rows than the log's are in files, so a server does not start: it says why.
    assert!(named(&reason(Store::open(&folder.0, &Options::default()).map(|_| ()))));
    flip(&log, std::fs::metadata(&log).unwrap().len() as usize - 3);
    assert_eq!(check(&folder), clean, "the check changes nothing");

    let (db, _) = rocks::open(&folder.0, &Options::default()).unwrap();
    let queue = db.cf_handle("queue").unwrap();
    let lost = QueueKey { when: When::Ready, due: day(1), tenant: tenant("a"), run: run(day(1), 300) };
    let mut key = Vec::new();
    keys::place(&mut key, &lost).unwrap();
    db.put_cf(queue, &key, b"").unwrap();
    let mut index = Vec::new();
    keys::flow_run(&mut index, &tenant("a"), flow(1), run(day(1), 5));
    db.delete_cf(db.cf_handle("runs").unwrap(), &index).unwrap();
    drop(db);
    let report = check(&folder);
    let links: Vec<_> =
        report.faults.iter().map(|fault| (fault.kind, fault.family.as_str(), fault.key.is_some())).collect();
    assert_eq!(links, [(FaultKind::Link, "runs", true), (FaultKind::Link, "queue", true)], "{report:?}");
    assert!(report.faults.iter().any(|fault| fault.key.as_ref() == Some(&key)));

    let file = largest(&folder.0, ".sst");
    flip(&file, 1_000);
    let report = check(&folder);
    let named = |fault: &&Fault| fault.what.contains(&*file.file_name().unwrap().to_string_lossy());
    let damaged = report.faults.iter().find(named).unwrap_or_else(|| panic!("{report:?}"));
    assert_eq!((damaged.kind, damaged.family.as_str()), (FaultKind::File, "events"));
}
