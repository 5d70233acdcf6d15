//! Folders as older weirs wrote them, byte by byte, brought to today's format: in one go, and killed on the way.

use std::collections::BTreeMap;

use weir_model::{Outcome, RunId, TenantId};

use crate::tests::{Folder, done, flow, killed_copy, summary_of, tenant};
use crate::*;

use super::*;

const RUNS: u64 = 6_000;
/// Batches that this takes, without the last one, which writes the format.
const BATCHES: usize = 6_000 / 256 + 1;

type Runs = BTreeMap<(TenantId, RunId), (i64, Vec<u8>)>;

/// Writes a folder of format 1.
fn format_1(folder: &Folder) -> Runs {
    let mut options = rocksdb::Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    let db = DB::open_cf(&options, &folder.0, ["meta", "artifacts", "runs", "queue", "events", "kv"]).unwrap();
    let queue = db.cf_handle("queue").unwrap();
    db.put_cf(db.cf_handle("meta").unwrap(), [0, b'f'], 1_u32.to_be_bytes()).unwrap();
    let mut runs = Runs::new();
    for n in 0..RUNS {
        let mut id = [7; 16];
        id[..8].copy_from_slice(&(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_be_bytes());
        // Ids start with the time; this one is in our century.
        id[..2].copy_from_slice(&[1, 0x9a]);
        let (run, name) = (RunId::from_bytes(id), if n % 3 == 0 { "a" } else { "default" });
        let (due, state) = (n.cast_signed() * 977 % 5_003 - 100, format!("state {n}").into_bytes());
        let length = [u8::try_from(name.len()).unwrap()];
        let key = [&[1][..], &(due ^ i64::MIN).to_be_bytes(), &length, name.as_bytes(), run.as_bytes()].concat();
        let summary = serde_json::to_vec(&summary_of(run, flow(1), Outcome::Running)).unwrap();
        let length = u32::try_from(summary.len()).unwrap().to_be_bytes();
        let value = [&[1][..], flow(1).as_bytes(), &length, &summary, &state].concat();
        db.put_cf(queue, key, value).unwrap();
        runs.insert((tenant(name), run), (due, state));
    }
    runs
}

fn open(folder: &Folder, migrate_batches: Option<usize>) -> Result<std::sync::Arc<Store>, StoreError> {
    Store::open(&folder.0, &Options { migrate_batches, ..Options::default() })
}

/// The queue holds each run once, in its order, and nothing else.
fn check(store: &Store, runs: &Runs) {
    let mut found = Runs::new();
    for tenant in store.ready_tenants().unwrap() {
        let mut after: Option<QueueKey> = None;
        loop {
            let places = store.ready(&tenant, after.as_ref(), 1_000).unwrap();
            let Some(last) = places.last() else { break };
            assert!(after.is_none_or(|after| after.due <= places[0].due) && places.is_sorted_by_key(|place| place.due));
            after = Some(last.clone());
            for place in places {
                let run = store.queued(&tenant, place.run).unwrap().unwrap();
                assert_eq!((&run.key, run.flow, run.ordered), (&place, flow(1), false));
                assert_eq!((run.summary.id, run.summary.outcome), (place.run, Outcome::Running));
                let twice = found.insert((tenant.clone(), place.run), (place.due.as_millis(), run.state.to_vec()));
                assert!(twice.is_none());
            }
        }
    }
    assert!(found == *runs, "{} runs of {}", found.len(), runs.len());
    assert_eq!(store.queue_counts().unwrap().iter().map(|(_, count)| count).sum::<u64>(), RUNS);
    assert!(store.timers(When::After, 1).unwrap().is_empty() && store.timers(When::At, 1).unwrap().is_empty());
    let mut all = rows(store.db(), Family::Queue, Vec::new(), Vec::new()).unwrap();
    all.seek_to_first();
    let mut count = 0;
    while let Some(row) = all.key() {
        assert!(row[0] == 2 || row[0] == 3);
        count += 1;
        all.next();
    }
    assert_eq!(count, 2 * RUNS);
}

#[test]
fn each_format_leads_to_todays() {
    let formats: Vec<_> = MIGRATIONS.iter().map(|migration| (migration.from, migration.to)).collect();
    let expected: Vec<_> = (1..codec::FORMAT).map(|format| (format, format + 1)).collect();
    assert_eq!(formats, expected);
}

#[test]
fn a_migration_killed_on_the_way_goes_on_where_it_was() {
    let folder = Folder::new();
    let runs = format_1(&folder);
    let (mut kills, mut written) = (0, 0);
    // Nothing, one batch, two batches, and so on round; not as many as would do.
    for batches in [0, 1, 2].into_iter().cycle().take(20) {
        let killed = open(&folder, Some(batches)).err().unwrap();
        assert!(matches!(killed, StoreError::Migration { from: 1, to: 2, .. }), "{killed}");
        assert!(killed.to_string().contains(folder.0.to_str().unwrap()));
        (kills, written) = (kills + 1, written + batches);
        // What a kill leaves is what the files hold. Each such state leads to the same end.
        if kills % 5 == 0 {
            let copy = killed_copy(&folder.0);
            check(&open(&copy, None).unwrap(), &runs);
        }
    }
    assert!(kills == 20 && written < BATCHES);
    check(&open(&folder, None).unwrap(), &runs);
    // Once more: nothing is left to do.
    check(&open(&folder, Some(0)).unwrap(), &runs);
}

#[test]
fn a_migration_killed_before_it_says_so_ends_at_the_next_start() {
    let folder = Folder::new();
    let runs = format_1(&folder);
    assert!(matches!(open(&folder, Some(BATCHES)).err(), Some(StoreError::Migration { .. })));
    let store = open(&folder, Some(1)).unwrap();
    check(&store, &runs);

    // The runs are like any others from here on.
    let first = store.ready(&tenant("default"), None, 1).unwrap().remove(0);
    let run = store.queued(&first.tenant, first.run).unwrap().unwrap();
    let later = QueuedRun { replaces: Some(first.clone()), key: QueueKey { when: When::At, ..first }, ..run };
    store.push(later.clone()).wait().unwrap();
    assert_eq!(store.timers(When::At, 9).unwrap(), std::slice::from_ref(&later.key));
    store.forget(done(&later)).wait().unwrap();
    assert!(store.queued(&later.key.tenant, later.key.run).unwrap().is_none());
}

#[test]
fn a_row_that_cannot_be_read_stops_the_migration_and_stays() {
    let folder = Folder::new();
    drop(format_1(&folder));
    let families = ["default", "meta", "artifacts", "runs", "queue", "events", "kv"];
    let db = DB::open_cf(&rocksdb::Options::default(), &folder.0, families).unwrap();
    let key = [&[1, 0x80][..], &[0; 7], &[1, b'a'], &[3; 16]].concat();
    db.put_cf(db.cf_handle("queue").unwrap(), &key, [9, 9]).unwrap();
    drop(db);
    for _ in 0..2 {
        let damaged = open(&folder, None).err().unwrap();
        assert!(matches!(damaged, StoreError::Damaged { .. }), "{damaged}");
    }
}
