//! Turns waiting jobs into one RocksDB batch and writes it. It decides whether a compare-and-set holds, since only here
//! are all writes in one order.

use std::collections::HashMap;

use rocksdb::{ColumnFamily, DB, WriteBatch, WriteOptions};
use tokio::sync::oneshot;
use weir_model::{Outcome, RunId, RunSummary, TenantId};

use crate::job::Job;
use crate::writer::Sink;
use crate::{Change, Done, Entry, KvQuota, QueueKey, QueuedRun, StoreError, codec, keys};

use super::front::{Added, Fronts};
use super::kv::KvSink;
use super::seen::SeenSink;
use super::{Family, read_error, retention};

/// What a batch starts with; it grows as needed.
const BATCH_CAPACITY: usize = 32 << 10;
/// Capacity that the buffer for values keeps after a large one.
pub(super) const KEPT_VALUE: usize = 1 << 20;
/// The sequence of a record that holds a run whole.
pub(super) const WHOLE: u32 = 0;
/// The sequence of the state that a run can be retried from.
pub(super) const RESUME: u32 = 1;

type Answer = oneshot::Sender<Result<Vec<u64>, StoreError>>;

pub(crate) struct RocksSink<'a> {
    db: &'a DB,
    meta: &'a ColumnFamily,
    artifacts: &'a ColumnFamily,
    runs: &'a ColumnFamily,
    queue: &'a ColumnFamily,
    events: &'a ColumnFamily,
    synced: WriteOptions,
    unsynced: WriteOptions,
    batch: WriteBatch,
    /// The newest revision given to a document.
    revision: u64,
    /// Revisions of the documents that this batch changes; none where it deletes.
    changed: HashMap<Vec<u8>, Option<u64>>,
    /// Who is told of their revisions once the batch is written.
    answers: Vec<(Answer, Vec<u64>)>,
    kv: KvSink<'a>,
    seen: SeenSink<'a>,
    /// Where the queue's lines begin, and what this batch adds to them.
    fronts: &'a Fronts,
    added: Added,
    /// Buffers that keep their memory from write to write.
    key: Vec<u8>,
    value: Vec<u8>,
}

impl<'a> RocksSink<'a> {
    pub(crate) fn new(db: &'a DB, fronts: &'a Fronts, revision: u64, quota: KvQuota) -> Result<Self, StoreError> {
        let options = |sync| {
            let mut options = WriteOptions::default();
            options.set_sync(sync);
            options
        };
        Ok(Self {
            db,
            meta: Family::Meta.of(db)?,
            artifacts: Family::Artifacts.of(db)?,
            runs: Family::Runs.of(db)?,
            queue: Family::Queue.of(db)?,
            events: Family::Events.of(db)?,
            synced: options(true),
            unsynced: options(false),
            batch: WriteBatch::with_capacity_bytes(BATCH_CAPACITY),
            revision,
            changed: HashMap::new(),
            answers: Vec::new(),
            kv: KvSink::new(db, quota)?,
            seen: SeenSink::new(db)?,
            fronts,
            added: Added::default(),
            key: Vec::with_capacity(128),
            value: Vec::with_capacity(1_024),
        })
    }

    fn put_summary(&mut self, tenant: &TenantId, summary: &RunSummary) -> Result<(), String> {
        keys::summary(&mut self.key, tenant, summary.id);
        codec::write_summary(&mut self.value, summary).map_err(|error| unwritable(summary.id, &error))?;
        self.batch.put_cf(self.runs, &self.key, &self.value);
        keys::flow_run(&mut self.key, tenant, summary.flow_id, summary.id);
        self.batch.put_cf(self.runs, &self.key, codec::Marks::of(summary).bytes());
        Ok(())
    }

    /// Takes a queued run out of the place it has.
    fn displace(&mut self, place: &QueueKey) {
        if keys::place(&mut self.key, place).is_some() {
            self.batch.delete_cf(self.queue, &self.key);
        }
    }

    fn unqueue(&mut self, done: &Done) {
        self.displace(&done.key);
        let QueueKey { tenant, run, .. } = &done.key;
        keys::state(&mut self.key, tenant, *run);
        self.batch.delete_cf(self.queue, &self.key);
        if done.ordered {
            keys::order(&mut self.key, tenant, done.flow, *run);
            self.batch.delete_cf(self.queue, &self.key);
        }
    }

    fn append(&mut self, entry: &Entry) -> Result<(), String> {
        let Entry { tenant, summary, record, done, resume, .. } = entry;
        self.put_summary(tenant, summary)?;
        if let Some(record) = record {
            keys::record(&mut self.key, tenant, summary.id, WHOLE);
            self.batch.put_cf(self.events, &self.key, record);
        }
        if let Some(state) = resume {
            keys::record(&mut self.key, tenant, summary.id, RESUME);
            self.batch.put_cf(self.events, &self.key, state);
        } else if done.is_some() || summary.outcome != Outcome::Completed {
            // The state of an earlier entry. A run that was never queued and completed had none, and most are of that kind:
            // they are spared the deletion.
            keys::record(&mut self.key, tenant, summary.id, RESUME);
            self.batch.delete_cf(self.events, &self.key);
        }
        if let Some(done) = done {
            self.unqueue(done);
        }
        Ok(())
    }

    fn push(&mut self, run: &QueuedRun) -> Result<(), String> {
        let QueueKey { tenant, run: id, .. } = &run.key;
        self.put_summary(tenant, &run.summary)?;
        if let Some(before) = run.replaces.as_ref().filter(|before| **before != run.key) {
            self.displace(before);
        }
        if let Some(line) = keys::place(&mut self.key, &run.key) {
            self.batch.put_cf(self.queue, &self.key, b"");
            self.added.add(&self.key, line);
        }
        if run.ordered {
            let line = keys::order(&mut self.key, tenant, run.flow, *id);
            self.batch.put_cf(self.queue, &self.key, b"");
            self.added.add(&self.key, line);
        }
        keys::state(&mut self.key, tenant, *id);
        codec::write_queued(&mut self.value, run).map_err(|error| unwritable(*id, &error))?;
        self.batch.put_cf(self.queue, &self.key, &self.value);
        if let Some(seen) = &run.remember {
            self.seen.put(&mut self.batch, seen);
        }
        Ok(())
    }

    /// The revision of a document, this batch included. `self.key` is its key.
    fn found(&self) -> Result<Option<u64>, StoreError> {
        if let Some(revision) = self.changed.get(&self.key) {
            return Ok(*revision);
        }
        let value = self.db.get_pinned_cf(self.meta, &self.key).map_err(read_error)?;
        value.map(|value| codec::read_doc(&value).map(|(revision, _)| revision)).transpose()
    }

    /// Makes all changes or none.
    fn apply(&mut self, changes: Vec<Change>) -> Result<Vec<u64>, StoreError> {
        for Change { key, expect, .. } in &changes {
            keys::doc(&mut self.key, key.kind, key.tenant.as_ref(), &key.name);
            let found = self.found()?;
            if !expect.holds(found) {
                return Err(StoreError::Conflict { kind: key.kind.as_str(), name: key.name.clone(), found });
            }
        }
        let mut revisions = Vec::with_capacity(changes.len());
        for Change { key, body, .. } in changes {
            self.revision += 1;
            keys::doc(&mut self.key, key.kind, key.tenant.as_ref(), &key.name);
            if let Some(body) = &body {
                codec::write_doc(&mut self.value, self.revision, body);
                self.batch.put_cf(self.meta, &self.key, &self.value);
            } else {
                self.batch.delete_cf(self.meta, &self.key);
            }
            self.changed.insert(self.key.clone(), body.map(|_| self.revision));
            revisions.push(self.revision);
        }
        self.batch.put_cf(self.meta, keys::REVISION, self.revision.to_be_bytes());
        Ok(revisions)
    }
}

fn unwritable(run: RunId, error: &serde_json::Error) -> String {
    format!("run {run} has no JSON form: {error}")
}

impl Sink for RocksSink<'_> {
    fn stage(&mut self, job: Job) -> Result<usize, String> {
        match job {
            Job::Append(entry) => self.append(&entry)?,
            Job::Push(run) => self.push(&run)?,
            Job::Forget(done) => {
                self.unqueue(&done);
                let Done { key: QueueKey { tenant, run, .. }, flow, .. } = &done;
                keys::summary(&mut self.key, tenant, *run);
                self.batch.delete_cf(self.runs, &self.key);
                keys::flow_run(&mut self.key, tenant, *flow, *run);
                self.batch.delete_cf(self.runs, &self.key);
            }
            Job::Remember(seen) => self.seen.put(&mut self.batch, &seen),
            Job::ForgetSeen { now, most, answer } => self.seen.sweep(&mut self.batch, now, most, answer),
            Job::Apply { changes, answer } => match self.apply(changes) {
                Ok(revisions) => self.answers.push((answer, revisions)),
                // An error that nobody waits for is nobody's error.
                Err(error) => drop(answer.send(Err(error))),
            },
            Job::PutArtifact { hash, bytes } => {
                keys::artifact(&mut self.key, &hash);
                self.batch.put_cf(self.artifacts, &self.key, &bytes);
            }
            Job::DeleteArtifact { hash } => {
                keys::artifact(&mut self.key, &hash);
                self.batch.delete_cf(self.artifacts, &self.key);
            }
            Job::DropRuns(job) => {
                // Between two batches, so that it sees all that came before and takes none of it by mistake.
                self.commit(true)?;
                retention::drop_runs(self.db, job)?;
            }
            Job::Kv(job) => self.kv.stage(&mut self.batch, job),
        }
        Ok(self.batch.size_in_bytes())
    }

    fn commit(&mut self, sync: bool) -> Result<(), String> {
        self.kv.seal(&mut self.batch);
        if !self.batch.is_empty() {
            let batch = std::mem::replace(&mut self.batch, WriteBatch::with_capacity_bytes(BATCH_CAPACITY));
            let options = if sync { &self.synced } else { &self.unsynced };
            self.db.write_opt(batch, options).map_err(rocksdb::Error::into_string)?;
        }
        self.fronts.written(&mut self.added);
        self.changed.clear();
        self.value.clear();
        self.value.shrink_to(KEPT_VALUE);
        for (answer, revisions) in self.answers.drain(..) {
            let _ = answer.send(Ok(revisions));
        }
        self.kv.written();
        self.seen.written();
        Ok(())
    }
}
