//! Figures of the store on this machine, printed and never asserted: `cargo test -p weir-store --release -- --ignored
//! --nocapture`.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::indexing_slicing, reason = "it measures real time")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use weir_model::{FlowId, FlowName, Mode, Outcome, RunId, RunSummary, TenantId, Timestamp};
use weir_store::{Entry, Options, QueueKey, QueueWriter, QueuedRun, RunFilter, RunReader, RunWriter, Store, When};

const RUNS: u64 = 100_000;

fn entry(n: u64) -> Entry {
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&(1_795_512_000_000 + n / 50).to_be_bytes()[2..]);
    bytes[8..].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let id = RunId::from_bytes(bytes);
    let record = format!("{{\"id\":\"{id}\",\"steps\":\"{}\"}}", format!("{n:x}").repeat(200));
    Entry {
        tenant: TenantId::new("default").unwrap(),
        summary: RunSummary {
            id,
            flow: FlowName::new("lead").unwrap(),
            flow_id: FlowId::from_bytes([1; 16]),
            version: 1,
            mode: Mode::Production,
            outcome: Outcome::Completed,
            started_at: id.made_at(),
            duration_us: 20,
            step_count: 2,
            status: Some(200),
            error: None,
            origin: None,
            waits_until: None,
        },
        record: Some(record.into()),
        done: None,
        resume: None,
        sync: false,
    }
}

/// User and system time of this process in milliseconds.
fn cpu_millis() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10
}

fn resident_mib() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4 / 1_024
}

#[test]
#[ignore = "prints figures; takes some seconds"]
fn figures() {
    let folder = std::env::temp_dir().join(format!("weir-store-measure-{}", std::process::id()));
    let store = Store::open(&folder, &Options::default()).unwrap();
    let entries: Vec<_> = (0..RUNS).map(entry).collect();
    println!("resident with {RUNS} entries ready: {} MiB", resident_mib());

    let (start, cpu) = (Instant::now(), cpu_millis());
    entries.iter().cloned().for_each(|entry| drop(store.append(entry)));
    let pushed = start.elapsed();
    store.settle().wait().unwrap();
    let (took, cpu) = (start.elapsed(), cpu_millis() - cpu);
    println!("{RUNS} unsynced appends: {took:?} ({pushed:?} to hand over), {} ns CPU each", cpu * 1_000_000 / RUNS);
    println!("resident: {} MiB", resident_mib());

    let next = AtomicU64::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                while start.elapsed().as_secs() < 3 {
                    let Entry { tenant, summary, .. } = entry(RUNS + next.fetch_add(1, Ordering::Relaxed));
                    let key = QueueKey { when: When::Ready, due: Timestamp::from_millis(0), tenant, run: summary.id };
                    let (flow, state) = (summary.flow_id, vec![b'x'; 1_024].into());
                    let (replaces, ordered, remember) = (None, false, None);
                    store.push(QueuedRun { key, replaces, flow, ordered, remember, summary, state }).wait().unwrap();
                }
            });
        }
    });
    println!("synced pushes from 64 threads: {} /s", next.load(Ordering::Relaxed) / 3);

    let start = Instant::now();
    for _ in 0..200 {
        store.append(Entry { sync: true, ..entry(1) }).wait().unwrap();
    }
    println!("one synced append alone: {:?}", start.elapsed() / 200);

    drop(store);
    let start = Instant::now();
    let store = Store::open(&folder, &Options::default()).unwrap();
    println!("opened again in {:?}", start.elapsed());
    let start = Instant::now();
    let filter = RunFilter::of(TenantId::new("default").unwrap());
    assert_eq!(store.runs(&filter, None, 100).unwrap().items.len(), 100);
    println!("newest 100 runs in {:?}", start.elapsed());
    println!("resident: {} MiB", resident_mib());
    drop(store);
    std::fs::remove_dir_all(&folder).unwrap();
}
