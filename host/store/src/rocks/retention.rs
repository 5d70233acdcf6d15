//! Retention: which stretches a tenant's run log has, what they weigh on disk, and their removal as ranges of keys. What
//! goes is not decided here, but that no queued run goes.

use std::time::Duration;

use rocksdb::{CompactOptions, DB, Range, WriteBatch, WriteOptions};
use weir_model::{FlowId, RunId, TenantId, Timestamp};

use crate::upkeep::{Bucket, DropRuns};
use crate::{StoreError, codec, keys};

use super::read::rows;
use super::{Family, read_error};

/// Queued runs that one write of a removal may take along, and bytes of their rows, so that nobody waits long behind it.
const MOST_KEPT: usize = 500;
const MOST_KEPT_BYTES: usize = 8 << 20;
/// Bytes in memory beside which the files say enough of what a tenant has.
const IN_MEMORY: u64 = 256 << 10;

/// The least id that a run made at a moment can have.
pub(crate) fn first_run(at: Timestamp) -> RunId {
    let mut key = Vec::with_capacity(16);
    keys::made_at(&mut key, at);
    key.resize(16, 0);
    RunId::from_bytes(key.try_into().unwrap_or([u8::MAX; 16]))
}

/// A key's bytes.
fn key(build: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut key = Vec::with_capacity(128);
    build(&mut key);
    key
}

/// The part of the run log between two runs, as ranges of keys.
struct Part<'a> {
    tenant: &'a TenantId,
    from: RunId,
    to: RunId,
}

impl Part<'_> {
    fn range(&self, build: impl Fn(&mut Vec<u8>, RunId)) -> (Vec<u8>, Vec<u8>) {
        (key(|bytes| build(bytes, self.from)), key(|bytes| build(bytes, self.to)))
    }

    fn records(&self) -> (Vec<u8>, Vec<u8>) {
        self.range(|bytes, run| keys::record(bytes, self.tenant, run, 0))
    }

    fn summaries(&self) -> (Vec<u8>, Vec<u8>) {
        self.range(|bytes, run| keys::summary(bytes, self.tenant, run))
    }

    fn index(&self, flow: FlowId) -> (Vec<u8>, Vec<u8>) {
        self.range(|bytes, run| keys::flow_run(bytes, self.tenant, flow, run))
    }

    fn states(&self) -> (Vec<u8>, Vec<u8>) {
        self.range(|bytes, run| keys::state(bytes, self.tenant, run))
    }

    /// The first run that has a row.
    fn first(&self, db: &DB) -> Result<Option<RunId>, StoreError> {
        let mut first = None;
        for (family, (from, to)) in [(Family::Runs, self.summaries()), (Family::Events, self.records())] {
            let mut rows = rows(db, family, from, to)?;
            rows.seek_to_first();
            let run = rows.key().and_then(|key| run_of(family, key));
            rows.status().map_err(read_error)?;
            first = match (first, run) {
                (Some(a), Some(b)) => Some(RunId::min(a, b)),
                (a, b) => a.or(b),
            };
        }
        Ok(first)
    }

    fn bytes(&self, db: &DB) -> Result<u64, StoreError> {
        let mut bytes = 0;
        for (family, (from, to)) in [(Family::Runs, self.summaries()), (Family::Events, self.records())] {
            let sizes = db.get_approximate_sizes_cf(family.of(db)?, &[Range::new(&from, &to)]);
            bytes += sizes.first().copied().unwrap_or_default();
        }
        Ok(bytes)
    }

    /// Whether there is any row of a run that is not among these, which are in order.
    fn has_others(&self, db: &DB, kept: &[RunId]) -> Result<bool, StoreError> {
        for (family, (from, to)) in [(Family::Runs, self.summaries()), (Family::Events, self.records())] {
            let mut rows = rows(db, family, from, to)?;
            rows.seek_to_first();
            while let Some(key) = rows.key() {
                if run_of(family, key).is_none_or(|run| kept.binary_search(&run).is_err()) {
                    return Ok(true);
                }
                rows.next();
            }
            rows.status().map_err(read_error)?;
        }
        Ok(false)
    }

    fn has_rows_of(&self, db: &DB, flow: FlowId) -> Result<bool, StoreError> {
        let (from, to) = self.index(flow);
        let mut rows = rows(db, Family::Runs, from, to)?;
        rows.seek_to_first();
        let found = rows.valid();
        rows.status().map_err(read_error)?;
        Ok(found)
    }
}

/// The run of a key of `runs` or `events`.
fn run_of(family: Family, key: &[u8]) -> Option<RunId> {
    if family == Family::Events { keys::record_of(key).map(|(_, run, _)| run) } else { keys::run_of(key) }
}

/// Writes what is in memory to files, where it is much.
pub(crate) fn flush_runs(db: &DB) -> Result<(), StoreError> {
    for family in [Family::Events, Family::Runs] {
        let family = family.of(db)?;
        let held = db.property_int_value_cf(family, "rocksdb.cur-size-active-mem-table").map_err(read_error)?;
        if held.is_some_and(|held| held > IN_MEMORY) {
            db.flush_cf(family).map_err(read_error)?;
        }
    }
    Ok(())
}

/// The stretches that hold anything: each is found from the one before, however many runs it has.
pub(crate) fn buckets(
    db: &DB,
    tenant: &TenantId,
    from: Timestamp,
    to: Timestamp,
    width: Duration,
) -> Result<Vec<Bucket>, StoreError> {
    let width = i64::try_from(width.as_millis()).unwrap_or(i64::MAX).max(1);
    let (mut at, end) = (first_run(from), first_run(to));
    let mut buckets = Vec::new();
    while let Some(run) = (Part { tenant, from: at, to: end }).first(db)? {
        let start = run.made_at().as_millis() / width * width;
        let (start, after) = (Timestamp::from_millis(start), Timestamp::from_millis(start.saturating_add(width)));
        let next = first_run(after);
        let bytes = (Part { tenant, from: first_run(start), to: next }).bytes(db)?;
        buckets.push(Bucket { from: start, to: after, bytes });
        // At the far end of time there is no next one.
        if next <= at {
            break;
        }
        at = next;
    }
    Ok(buckets)
}

/// The flows that have index rows between two runs; each is found from the one before.
pub(crate) fn flows_between(db: &DB, tenant: &TenantId, from: RunId, to: RunId) -> Result<Vec<FlowId>, StoreError> {
    let part = Part { tenant, from, to };
    let (start, mut end) =
        (key(|bytes| keys::all_flow_runs(bytes, tenant)), key(|bytes| keys::all_flow_runs(bytes, tenant)));
    keys::behind(&mut end);
    let mut rows = rows(db, Family::Runs, start, end)?;
    let mut flows = Vec::new();
    rows.seek_to_first();
    while let Some(row) = rows.key() {
        let flow = keys::flow_of(row).ok_or_else(|| StoreError::damaged("runs", "an index row without a flow"))?;
        let (first, last) = part.index(flow);
        rows.seek(&first);
        if rows.key().is_some_and(|key| key < last.as_slice()) {
            flows.push(flow);
        }
        let mut behind = key(|bytes| keys::flow_runs(bytes, tenant, flow));
        keys::behind(&mut behind);
        rows.seek(&behind);
    }
    rows.status().map_err(read_error)?;
    Ok(flows)
}

/// Queued runs of a part: their rows, and where the next part begins if they are more than one write takes.
#[derive(Default)]
struct Kept {
    runs: Vec<RunId>,
    rows: Vec<(Family, Vec<u8>, Vec<u8>)>,
    next: Option<RunId>,
}

fn kept(db: &DB, part: &Part<'_>) -> Result<Kept, StoreError> {
    let mut kept = Kept::default();
    let (from, to) = part.states();
    let mut states = rows(db, Family::Queue, from, to)?;
    let mut bytes = 0;
    states.seek_to_first();
    while let Some(state) = states.key() {
        let run = keys::run_of(state).ok_or_else(|| StoreError::damaged("queue", "a state's key without a run"))?;
        if kept.runs.len() >= MOST_KEPT || bytes >= MOST_KEPT_BYTES {
            kept.next = Some(run);
            break;
        }
        bytes += take_along(db, part.tenant, run, &mut kept.rows)?;
        kept.runs.push(run);
        states.next();
    }
    states.status().map_err(read_error)?;
    Ok(kept)
}

/// Adds all rows of a run: how many bytes they have.
fn take_along(
    db: &DB,
    tenant: &TenantId,
    run: RunId,
    rows_of: &mut Vec<(Family, Vec<u8>, Vec<u8>)>,
) -> Result<usize, StoreError> {
    let runs = Family::Runs.of(db)?;
    let mut bytes = 0;
    let summary_key = key(|bytes| keys::summary(bytes, tenant, run));
    if let Some(value) = db.get_cf(runs, &summary_key).map_err(read_error)? {
        let (marks, json) = codec::Marks::split(&value)?;
        let flow = codec::read_summary(json)?.flow_id;
        let index = key(|bytes| keys::flow_run(bytes, tenant, flow, run));
        bytes += value.len() + index.len();
        rows_of.push((Family::Runs, index, marks.bytes().to_vec()));
        rows_of.push((Family::Runs, summary_key, value));
    }
    let (from, to) =
        (key(|bytes| keys::record(bytes, tenant, run, 0)), key(|bytes| keys::record(bytes, tenant, run, u32::MAX)));
    let mut records = rows(db, Family::Events, from, to)?;
    records.seek_to_first();
    while let Some((key, value)) = records.item() {
        bytes += value.len();
        rows_of.push((Family::Events, key.to_vec(), value.to_vec()));
        records.next();
    }
    records.status().map_err(read_error)?;
    Ok(bytes)
}

/// Removes runs; the writer alone calls it, between two of its batches, so that nothing comes or goes meanwhile.
///
/// # Errors
/// What the system said to a write; the writer then stops for good.
pub(super) fn drop_runs(db: &DB, job: DropRuns) -> Result<(), String> {
    let DropRuns { tenant, from, to, flows, answer } = job;
    let whole = Part { tenant: &tenant, from, to };
    let planned = kept(db, &whole).and_then(|kept| {
        let part = Part { tenant: &tenant, from, to: kept.next.unwrap_or(to) };
        let batch = if part.has_others(db, &kept.runs)? { Some(removal(db, &part, &flows, &kept)?) } else { None };
        Ok((batch, kept.next))
    });
    let next = match planned {
        Ok((Some(batch), next)) => {
            let mut synced = WriteOptions::default();
            synced.set_sync(true);
            db.write_opt(batch, &synced).map_err(rocksdb::Error::into_string)?;
            Ok(next)
        }
        Ok((None, next)) => Ok(next),
        Err(error) => Err(error),
    };
    // Where nobody waits any more, the rest is left for another time.
    let _ = answer.send(next);
    Ok(())
}

fn removal(db: &DB, part: &Part<'_>, flows: &[FlowId], kept: &Kept) -> Result<WriteBatch, StoreError> {
    let (events, runs) = (Family::Events.of(db)?, Family::Runs.of(db)?);
    let ((record, record_end), (summary, summary_end)) = (part.records(), part.summaries());
    if kept.runs.is_empty() {
        // Files that lie wholly inside go at once. First, for afterwards what they hid could come back; and only where
        // nothing stays, for they go whatever is in them.
        db.delete_file_in_range_cf(events, &record, &record_end).map_err(read_error)?;
        db.delete_file_in_range_cf(runs, &summary, &summary_end).map_err(read_error)?;
    }
    let mut batch = WriteBatch::new();
    batch.delete_range_cf(events, &record, &record_end);
    batch.delete_range_cf(runs, &summary, &summary_end);
    for flow in flows {
        if part.has_rows_of(db, *flow)? {
            let (first, last) = part.index(*flow);
            batch.delete_range_cf(runs, &first, &last);
        }
    }
    for (family, key, value) in &kept.rows {
        batch.put_cf(family.of(db)?, key, value);
    }
    Ok(batch)
}

/// Rewrites the files that removed runs lay in. Other compactions go on beside it, and closing the store ends it.
pub(crate) fn compact_runs(db: &DB, tenant: &TenantId, from: Timestamp, to: Timestamp) -> Result<(), StoreError> {
    let part = Part { tenant, from: first_run(from), to: first_run(to) };
    let mut options = CompactOptions::default();
    options.set_exclusive_manual_compaction(false);
    let index = key(|bytes| keys::all_flow_runs(bytes, tenant));
    let mut index_end = index.clone();
    keys::behind(&mut index_end);
    for (family, (from, to)) in
        [(Family::Events, part.records()), (Family::Runs, part.summaries()), (Family::Runs, (index, index_end))]
    {
        db.compact_range_cf_opt(family.of(db)?, Some(from), Some(to), &options);
    }
    Ok(())
}
