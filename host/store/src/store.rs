//! The store as others hold it: it checks sizes, hands writes to the one writer and reads directly.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use rocksdb::DB;
use tokio::sync::oneshot;
use weir_model::{ArtifactHash, FlowId, Json, RunId, TenantId, Timestamp};

use crate::job::Job;
use crate::kv::{KvJob, Reply};
use crate::line::Line;
use crate::rocks::{self, Fronts, Options, RocksSink};
use crate::{
    Ack, Answer, Applied, ArtifactReader, ArtifactWriter, Change, Doc, DocKey, DocKind, DocReader, DocWriter, Done,
    Entry, KvAdd, KvList, KvPage, KvPlace, KvReader, KvSet, KvValue, KvWriter, Page, QueueKey, QueueReader,
    QueueWriter, QueuedRun, Remembered, RunFilter, RunReader, RunWriter, SeenKey, SeenReader, SeenWriter, StoreError,
    When, writer,
};

/// Longest artifact in bytes.
const MAX_ARTIFACT: usize = 32 << 20;

/// Everything weir keeps on disk, in one folder.
///
/// Writes go through one thread that batches and syncs them; reads may come from any thread. Once a write or sync failed,
/// every later write is refused. Dropping the store writes and syncs what still waits.
pub struct Store {
    db: Arc<DB>,
    line: Arc<Line>,
    fronts: Arc<Fronts>,
    writer: Option<JoinHandle<()>>,
}

impl Store {
    /// Opens the store in a folder, or makes it there.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where another process has it open, [`StoreError::Format`] where a newer weir wrote it,
    /// otherwise where the disk or its content is not fit.
    pub fn open(folder: &Path, options: &Options) -> Result<Arc<Self>, StoreError> {
        let (db, revision) = rocks::open(folder, options)?;
        let (db, line, fronts) = (Arc::new(db), Arc::new(Line::default()), Arc::new(Fronts::default()));
        let (writer_db, writer_line, writer_fronts) = (Arc::clone(&db), Arc::clone(&line), Arc::clone(&fronts));
        let quota = options.kv;
        let writer = std::thread::Builder::new()
            .name("weir-store".into())
            .spawn(move || match RocksSink::new(&writer_db, &writer_fronts, revision, quota) {
                Ok(mut sink) => writer::run(&writer_line, &mut sink),
                Err(error) => writer_line.fail(error.to_string()),
            })
            .map_err(|error| StoreError::Open { folder: folder.into(), reason: error.to_string() })?;
        Ok(Arc::new(Self { db, line, fronts, writer: Some(writer) }))
    }

    /// False once a write or sync failed; it stays so until the store is opened again.
    pub fn is_healthy(&self) -> bool {
        self.line.is_healthy()
    }

    pub(crate) const fn db(&self) -> &Arc<DB> {
        &self.db
    }

    fn write(&self, what: &'static str, size: usize, most: usize, job: Job) -> Ack {
        if size > most {
            return Ack::ready(Err(StoreError::too_large(what, size, most)));
        }
        self.line.push(job)
    }

    /// Queues a change that the writer decides.
    pub(crate) fn ask<T: Clone + Unpin>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Answer<T> {
        let (reply, answer) = oneshot::channel();
        match self.line.enqueue(job(reply)) {
            Ok(_) => Answer::pending(Arc::clone(&self.line), answer),
            Err(error) => Answer::ready(Err(error)),
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.line.close();
        if self.writer.take().is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the store's writer ended unexpectedly");
        }
        if self.line.is_healthy()
            && let Err(error) = self.db.flush_wal(true)
        {
            tracing::error!(%error, "the store's last sync failed; runs that only answered their callers may be missing");
        }
        self.db.cancel_all_background_work(true);
    }
}

impl DocReader for Store {
    fn doc(&self, key: &DocKey) -> Result<Option<Doc>, StoreError> {
        rocks::doc(&self.db, key)
    }

    fn docs(
        &self,
        kind: DocKind,
        tenant: Option<&TenantId>,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Doc>, StoreError> {
        rocks::docs(&self.db, kind, tenant, prefix, after, limit)
    }
}

impl DocWriter for Store {
    fn apply(&self, changes: Vec<Change>) -> Applied {
        if let Err(error) = Change::check(&changes) {
            return Applied::ready(Err(error));
        }
        self.ask(|answer| Job::Apply { changes, answer })
    }
}

impl ArtifactReader for Store {
    fn artifact(&self, hash: &ArtifactHash) -> Result<Option<Bytes>, StoreError> {
        rocks::artifact(&self.db, hash)
    }
}

impl ArtifactWriter for Store {
    fn put_artifact(&self, hash: &ArtifactHash, bytes: Bytes) -> Ack {
        self.write("an artifact", bytes.len(), MAX_ARTIFACT, Job::PutArtifact { hash: hash.clone(), bytes })
    }

    fn delete_artifact(&self, hash: &ArtifactHash) -> Ack {
        self.line.push(Job::DeleteArtifact { hash: hash.clone() })
    }
}

impl QueueReader for Store {
    fn queued(&self, tenant: &TenantId, run: RunId) -> Result<Option<QueuedRun>, StoreError> {
        rocks::queued(&self.db, tenant, run)
    }

    fn ready(&self, tenant: &TenantId, after: Option<&QueueKey>, limit: usize) -> Result<Vec<QueueKey>, StoreError> {
        rocks::ready(&self.db, &self.fronts, tenant, after, limit)
    }

    fn ready_tenants(&self) -> Result<Vec<TenantId>, StoreError> {
        rocks::ready_tenants(&self.db)
    }

    fn timers(&self, when: When, limit: usize) -> Result<Vec<QueueKey>, StoreError> {
        rocks::timers(&self.db, &self.fronts, when, limit)
    }

    fn head(&self, tenant: &TenantId, flow: FlowId) -> Result<Option<RunId>, StoreError> {
        rocks::head(&self.db, &self.fronts, tenant, flow)
    }

    fn ordered_flows(&self) -> Result<Vec<(TenantId, FlowId)>, StoreError> {
        rocks::ordered_flows(&self.db)
    }

    fn queue_counts(&self) -> Result<Vec<(TenantId, u64)>, StoreError> {
        rocks::queue_counts(&self.db)
    }
}

impl QueueWriter for Store {
    fn push(&self, run: QueuedRun) -> Ack {
        if let Some(error) = run.remember.as_ref().and_then(too_much) {
            return Ack::ready(Err(error));
        }
        self.write("a run's state", run.state.len(), QueuedRun::MAX_STATE, Job::Push(run))
    }

    fn forget(&self, done: Done) -> Ack {
        self.line.push(Job::Forget(done))
    }
}

/// Why a request cannot be remembered.
fn too_much(seen: &Remembered) -> Option<StoreError> {
    let (size, most) = (seen.value.len(), Remembered::MAX_VALUE);
    (size > most).then(|| StoreError::too_large("what is remembered of a request", size, most))
}

impl SeenReader for Store {
    fn seen(&self, key: &SeenKey, now: Timestamp) -> Result<Option<Bytes>, StoreError> {
        rocks::seen(&self.db, key, now)
    }
}

impl SeenWriter for Store {
    fn remember(&self, seen: Remembered) -> Ack {
        match too_much(&seen) {
            Some(error) => Ack::ready(Err(error)),
            None => self.line.push(Job::Remember(seen)),
        }
    }

    fn forget_seen(&self, now: Timestamp, most: usize) -> Answer<usize> {
        self.ask(|answer| Job::ForgetSeen { now, most, answer })
    }
}

impl RunReader for Store {
    fn run(&self, tenant: &TenantId, run: RunId) -> Result<Option<Json>, StoreError> {
        rocks::run(&self.db, tenant, run)
    }

    fn resume_state(&self, tenant: &TenantId, run: RunId) -> Result<Option<Bytes>, StoreError> {
        rocks::resume_state(&self.db, tenant, run)
    }

    fn runs(&self, filter: &RunFilter, after: Option<&str>, limit: usize) -> Result<Page, StoreError> {
        rocks::runs(&self.db, filter, after, limit)
    }
}

impl RunWriter for Store {
    fn append(&self, entry: Entry) -> Ack {
        let state = entry.resume.as_ref().map_or(0, Bytes::len);
        if state > QueuedRun::MAX_STATE {
            return Ack::ready(Err(StoreError::too_large("a run's state", state, QueuedRun::MAX_STATE)));
        }
        let size = entry.record.as_ref().map_or(0, Bytes::len);
        self.write("a run's record", size, Entry::MAX_RECORD, Job::Append(entry))
    }

    fn settle(&self) -> Ack {
        self.line.settle()
    }
}

impl KvReader for Store {
    fn kv_get(&self, place: &KvPlace, now: Timestamp) -> Result<Option<KvValue>, StoreError> {
        rocks::kv_get(&self.db, place, now)
    }

    fn kv_keys(&self, list: &KvList<'_>) -> Result<KvPage, StoreError> {
        rocks::kv_keys(&self.db, list)
    }
}

impl KvWriter for Store {
    fn kv_set(&self, set: KvSet) -> Answer<u64> {
        if set.value.len() > KvSet::MAX_VALUE {
            return Answer::ready(Err(StoreError::too_large("a value", set.value.len(), KvSet::MAX_VALUE)));
        }
        self.ask(|answer| Job::Kv(KvJob::Set(set, answer)))
    }

    fn kv_add(&self, add: KvAdd) -> Answer<i64> {
        self.ask(|answer| Job::Kv(KvJob::Add(add, answer)))
    }

    fn kv_delete(&self, place: KvPlace) -> Answer<()> {
        self.ask(|answer| Job::Kv(KvJob::Delete(place, answer)))
    }

    fn kv_sweep(&self, now: Timestamp, most: usize) -> Answer<usize> {
        self.ask(|answer| Job::Kv(KvJob::Sweep { now, most, answer }))
    }

    fn kv_clear(&self, tenant: &TenantId, most: usize) -> Answer<usize> {
        self.ask(|answer| Job::Kv(KvJob::Clear { tenant: tenant.clone(), most, answer }))
    }
}
