//! The traits that each substrate implements, and the bundle that the rooms above hold.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use weir_model::{ArtifactHash, FlowId, Json, RunId, TenantId, Timestamp};
use weir_store::{
    Ack, Change, Doc, DocKey, DocKind, Done, Entry, KvAdd, KvList, KvPage, KvPlace, KvSet, KvValue, Page, QueueKey,
    QueuedRun, Remembered, RunFilter, SeenKey, Store, When,
};

use crate::local::Local;
use crate::{ClusterError, DebugBus, Upkeep};

/// A boxed future.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Tenants, flows, drafts, versions, actions and tokens: small documents, changed by compare-and-set.
pub trait Definitions: Send + Sync {
    /// Makes all changes or none, on disk before the answer: the new revision of each.
    fn apply(&self, changes: Vec<Change>) -> BoxFuture<Result<Vec<u64>, ClusterError>>;

    /// One document.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn get(&self, key: &DocKey) -> Result<Option<Doc>, ClusterError>;

    /// Documents of one kind and tenant whose names start with `prefix` and come after `after`, in the order of their
    /// names. At most `limit`, and at most [`crate::MAX_PAGE`].
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn scan(
        &self,
        kind: DocKind,
        tenant: Option<&TenantId>,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Doc>, ClusterError>;
}

/// Components by the hash of their bytes.
pub trait Artifacts: Send + Sync {
    /// Keeps an artifact, on disk before the answer.
    fn put(&self, hash: &ArtifactHash, bytes: Bytes) -> BoxFuture<Result<(), ClusterError>>;

    /// The bytes of an artifact.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn get(&self, hash: &ArtifactHash) -> Result<Option<Bytes>, ClusterError>;

    /// Deletes an artifact.
    fn delete(&self, hash: &ArtifactHash) -> BoxFuture<Result<(), ClusterError>>;
}

/// Runs that wait for their turn or their time.
pub trait Queue: Send + Sync {
    /// Queues a run, or moves it where it replaces an earlier place; on disk before the answer. The run is listed from
    /// then on.
    fn push(&self, run: QueuedRun) -> Ack;

    /// Removes a queued run and its summary, for flows that keep no trace of their runs.
    fn forget(&self, done: Done) -> Ack;

    /// A queued run with its place and state.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn get(&self, tenant: &TenantId, run: RunId) -> Result<Option<QueuedRun>, ClusterError>;

    /// Places of a tenant's ready runs after a place, in their order.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn ready(&self, tenant: &TenantId, after: Option<&QueueKey>, limit: usize) -> Result<Vec<QueueKey>, ClusterError>;

    /// The tenants that have ready runs.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn ready_tenants(&self) -> Result<Vec<TenantId>, ClusterError>;

    /// Places of runs that wait for a time (`After` or `At`), the earliest first, whenever they are due.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn timers(&self, when: When, limit: usize) -> Result<Vec<QueueKey>, ClusterError>;

    /// The run that is next, or under way, in a flow that takes its runs in order.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn head(&self, tenant: &TenantId, flow: FlowId) -> Result<Option<RunId>, ClusterError>;

    /// The flows that have queued runs which they take in order.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn ordered_flows(&self) -> Result<Vec<(TenantId, FlowId)>, ClusterError>;

    /// How many queued runs each tenant has, whatever they wait for. Walks all of them: for the start.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn counts(&self) -> Result<Vec<(TenantId, u64)>, ClusterError>;
}

/// Requests that hooks must know again.
pub trait Seen: Send + Sync {
    /// What is remembered of a request, unless that ended by `now`.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn get(&self, key: &SeenKey, now: Timestamp) -> Result<Option<Bytes>, ClusterError>;

    /// Remembers a request; the end of a process does not take it, a power cut may.
    fn put(&self, seen: Remembered) -> Ack;

    /// Removes what ended by `now`: how many it looked at; fewer than `most` once nothing is left.
    fn sweep(&self, now: Timestamp, most: usize) -> BoxFuture<Result<usize, ClusterError>>;
}

/// What happened in runs.
pub trait RunLog: Send + Sync {
    /// Appends an entry; it removes the queued run it ends in the same write. Blocks while too much waits to be written.
    fn append(&self, entry: Entry) -> Ack;

    /// The record of a run, or its summary where only that was kept.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn get(&self, tenant: &TenantId, run: RunId) -> Result<Option<Json>, ClusterError>;

    /// The state from which a run can be retried, where it was kept.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn resume_state(&self, tenant: &TenantId, run: RunId) -> Result<Option<Bytes>, ClusterError>;

    /// A page of runs, newest first, after the place that the page before gave as `next`.
    ///
    /// # Errors
    /// Where `after` is no such place or the store cannot be read.
    fn list(&self, filter: &RunFilter, after: Option<&str>, limit: usize) -> Result<Page, ClusterError>;

    /// Answers when everything that was appended before can be read. An unsynced append may be some milliseconds late.
    fn settle(&self) -> Ack;
}

/// Lasting state of tenants, as their actions keep it. Changes of a key are made one after another, wherever they come from.
///
/// An answer to a change says that every reader sees it and that the end of a process does not take it. It need not be
/// synced: a power cut may take what was written in the last moments.
pub trait KvStore: Send + Sync {
    /// One entry, unless it expired by `now`.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn get(&self, place: &KvPlace, now: Timestamp) -> Result<Option<KvValue>, ClusterError>;

    /// A page of keys.
    ///
    /// # Errors
    /// Where the bucket cannot have this name or the store cannot be read.
    fn keys(&self, list: &KvList<'_>) -> Result<KvPage, ClusterError>;

    /// Writes an entry: its version. [`ClusterError::Conflict`] where it is not as expected.
    fn set(&self, set: KvSet) -> BoxFuture<Result<u64, ClusterError>>;

    /// Adds to a counter: its new value.
    fn add(&self, add: KvAdd) -> BoxFuture<Result<i64, ClusterError>>;

    /// Deletes an entry, if it is there.
    fn delete(&self, place: KvPlace) -> BoxFuture<Result<(), ClusterError>>;

    /// Removes some of what expired by `now`: how many entries it looked at; fewer than `most` once nothing is left.
    fn sweep(&self, now: Timestamp, most: usize) -> BoxFuture<Result<usize, ClusterError>>;

    /// Removes at most `most` entries of a tenant that goes: how many it removed, none once all are gone.
    fn drop_tenant(&self, tenant: &TenantId, most: usize) -> BoxFuture<Result<usize, ClusterError>>;
}

/// Whether writes are still acknowledged.
pub trait Health: Send + Sync {
    /// False once a write failed; it stays so until the host is started again.
    fn is_healthy(&self) -> bool;
}

/// The shared state, as the rooms above hold it.
#[derive(Clone)]
pub struct Cluster {
    /// Tenants, flows, actions, tokens.
    pub definitions: Arc<dyn Definitions>,
    /// Components.
    pub artifacts: Arc<dyn Artifacts>,
    /// Waiting runs.
    pub queue: Arc<dyn Queue>,
    /// Past runs.
    pub run_log: Arc<dyn RunLog>,
    /// What actions keep.
    pub kv: Arc<dyn KvStore>,
    /// What hooks remember.
    pub seen: Arc<dyn Seen>,
    /// Retention and backups.
    pub upkeep: Arc<dyn Upkeep>,
    /// Live events.
    pub events: Arc<DebugBus>,
    /// Whether it works.
    pub health: Arc<dyn Health>,
}

impl Cluster {
    /// One host alone, on its own store.
    pub fn local(store: Arc<Store>) -> Self {
        let local = Arc::new(Local(store));
        Self {
            definitions: local.clone(),
            artifacts: local.clone(),
            queue: local.clone(),
            run_log: local.clone(),
            kv: local.clone(),
            seen: local.clone(),
            upkeep: local.clone(),
            events: Arc::new(DebugBus::default()),
            health: local,
        }
    }

    /// False once a write failed: answer 503 from then on.
    pub fn is_healthy(&self) -> bool {
        self.health.is_healthy()
    }
}
