//! What the store offers, cut by reader and writer so that each user asks for no more than it needs.

use bytes::Bytes;
use weir_model::{ArtifactHash, FlowId, Json, RunId, TenantId, Timestamp};

use crate::{
    Ack, Answer, Applied, Change, Doc, DocKey, DocKind, Done, Entry, KvAdd, KvList, KvPage, KvPlace, KvSet, KvValue,
    Page, QueueKey, QueuedRun, Remembered, RunFilter, SeenKey, StoreError, When,
};

/// Reads documents.
pub trait DocReader: Send + Sync {
    /// One document.
    ///
    /// # Errors
    /// Where the disk cannot be read or its content is damaged.
    fn doc(&self, key: &DocKey) -> Result<Option<Doc>, StoreError>;

    /// Documents of one kind and tenant whose names start with `prefix` and come after `after`, in the order of their
    /// names. At most `limit`, and at most [`crate::MAX_PAGE`].
    ///
    /// # Errors
    /// Where the disk cannot be read or its content is damaged.
    fn docs(
        &self,
        kind: DocKind,
        tenant: Option<&TenantId>,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Doc>, StoreError>;
}

/// Changes documents.
pub trait DocWriter: Send + Sync {
    /// Makes all changes or none, on disk before the answer: the new revision of each.
    fn apply(&self, changes: Vec<Change>) -> Applied;
}

/// Reads artifacts.
pub trait ArtifactReader: Send + Sync {
    /// The bytes of an artifact.
    ///
    /// # Errors
    /// Where the disk cannot be read.
    fn artifact(&self, hash: &ArtifactHash) -> Result<Option<Bytes>, StoreError>;
}

/// Keeps and deletes artifacts.
pub trait ArtifactWriter: Send + Sync {
    /// Keeps an artifact, on disk before the answer.
    fn put_artifact(&self, hash: &ArtifactHash, bytes: Bytes) -> Ack;

    /// Deletes an artifact.
    fn delete_artifact(&self, hash: &ArtifactHash) -> Ack;
}

/// Reads the queue.
pub trait QueueReader: Send + Sync {
    /// A queued run with its place and state.
    ///
    /// # Errors
    /// Where the disk cannot be read or its content is damaged.
    fn queued(&self, tenant: &TenantId, run: RunId) -> Result<Option<QueuedRun>, StoreError>;

    /// Places of a tenant's ready runs after a place, in their order; at most `limit`, and at most [`crate::MAX_PAGE`].
    ///
    /// # Errors
    /// Where the disk cannot be read or its content is damaged.
    fn ready(&self, tenant: &TenantId, after: Option<&QueueKey>, limit: usize) -> Result<Vec<QueueKey>, StoreError>;

    /// The tenants that have ready runs.
    ///
    /// # Errors
    /// Where the disk cannot be read or its content is damaged.
    fn ready_tenants(&self) -> Result<Vec<TenantId>, StoreError>;

    /// Places of runs that wait for a time (`After` or `At`), the earliest first, whenever they are due.
    ///
    /// # Errors
    /// Where the disk cannot be read or its content is damaged.
    fn timers(&self, when: When, limit: usize) -> Result<Vec<QueueKey>, StoreError>;

    /// The run that is next, or under way, in a flow that takes its runs in order.
    ///
    /// # Errors
    /// Where the disk cannot be read or its content is damaged.
    fn head(&self, tenant: &TenantId, flow: FlowId) -> Result<Option<RunId>, StoreError>;

    /// The flows that have queued runs which they take in order.
    ///
    /// # Errors
    /// Where the disk cannot be read or its content is damaged.
    fn ordered_flows(&self) -> Result<Vec<(TenantId, FlowId)>, StoreError>;

    /// How many queued runs each tenant has, whatever they wait for. Walks all of them: for the start.
    ///
    /// # Errors
    /// Where the disk cannot be read or its content is damaged.
    fn queue_counts(&self) -> Result<Vec<(TenantId, u64)>, StoreError>;
}

/// Writes the queue.
pub trait QueueWriter: Send + Sync {
    /// Queues a run, or moves it, on disk before the answer.
    fn push(&self, run: QueuedRun) -> Ack;

    /// Removes a queued run and its summary, on disk before the answer, for flows that keep no trace of their runs.
    fn forget(&self, done: Done) -> Ack;
}

/// Reads the run log.
pub trait RunReader: Send + Sync {
    /// The record of a run, or its summary where only that was kept.
    ///
    /// # Errors
    /// Where the disk cannot be read or its content is damaged.
    fn run(&self, tenant: &TenantId, run: RunId) -> Result<Option<Json>, StoreError>;

    /// The state from which a run can be retried, where it was kept.
    ///
    /// # Errors
    /// Where the disk cannot be read or its content is damaged.
    fn resume_state(&self, tenant: &TenantId, run: RunId) -> Result<Option<Bytes>, StoreError>;

    /// A page of runs, newest first, after the place that the page before gave as `next`.
    ///
    /// # Errors
    /// Where `after` is no such place, the disk cannot be read or its content is damaged.
    fn runs(&self, filter: &RunFilter, after: Option<&str>, limit: usize) -> Result<Page, StoreError>;
}

/// Writes the run log.
pub trait RunWriter: Send + Sync {
    /// Appends an entry. Where it need not be synced and nobody waits for the answer, it is written within a few
    /// milliseconds, together with others. Blocks while more than 64 MiB wait to be written.
    fn append(&self, entry: Entry) -> Ack;

    /// Answers when everything that was written before can be read.
    fn settle(&self) -> Ack;
}

/// Reads what hooks remember of requests.
pub trait SeenReader: Send + Sync {
    /// What is remembered of a request, unless that ended by `now`.
    ///
    /// # Errors
    /// Where the disk cannot be read or its content is damaged.
    fn seen(&self, key: &SeenKey, now: Timestamp) -> Result<Option<Bytes>, StoreError>;
}

/// Writes what hooks remember of requests.
pub trait SeenWriter: Send + Sync {
    /// Remembers a request. The answer comes once it is in the write-ahead log: the end of the process does not take it, a
    /// power cut may.
    fn remember(&self, seen: Remembered) -> Ack;

    /// Removes what ended by `now`: how many it looked at; fewer than `most` once nothing is left.
    fn forget_seen(&self, now: Timestamp, most: usize) -> Answer<usize>;
}

/// Reads the key-value store.
pub trait KvReader: Send + Sync {
    /// One entry, unless it expired by `now`.
    ///
    /// # Errors
    /// Where the disk cannot be read or its content is damaged.
    fn kv_get(&self, place: &KvPlace, now: Timestamp) -> Result<Option<KvValue>, StoreError>;

    /// A page of keys, in the order of their bytes.
    ///
    /// # Errors
    /// Where the bucket cannot have this name, the disk cannot be read or its content is damaged.
    fn kv_keys(&self, list: &KvList<'_>) -> Result<KvPage, StoreError>;
}

/// Changes the key-value store. Changes are made one after another, so each sees all before it.
///
/// An answer comes once the change is in the write-ahead log: it survives the end of the process, however that comes, and
/// every reader sees it. It is not synced by itself, so a power cut may take what was written in the last moments; the log
/// is one sequence, hence every later write that is synced, such as an acknowledgement of a run, syncs it too.
pub trait KvWriter: Send + Sync {
    /// Writes an entry: its version.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the expectation does not hold, [`StoreError::KvQuota`] where the tenant has no room,
    /// [`StoreError::TooLarge`] where the value is too long, otherwise where the write failed.
    fn kv_set(&self, set: KvSet) -> Answer<u64>;

    /// Adds to a counter: its new value.
    ///
    /// # Errors
    /// [`StoreError::KvCounter`] where the value is no number or would leave the range, [`StoreError::KvQuota`] where the
    /// tenant has no room, otherwise where the write failed.
    fn kv_add(&self, add: KvAdd) -> Answer<i64>;

    /// Deletes an entry, if it is there.
    fn kv_delete(&self, place: KvPlace) -> Answer<()>;

    /// Removes what expired by `now`: how many entries it looked at. Fewer than `most` say that nothing is left to remove;
    /// more are left for another call, so that the writer is not held up.
    fn kv_sweep(&self, now: Timestamp, most: usize) -> Answer<usize>;

    /// Removes at most `most` entries of a tenant: how many it removed. Repeat until there are none. Versions of later
    /// entries go on where they were.
    fn kv_clear(&self, tenant: &TenantId, most: usize) -> Answer<usize>;
}
