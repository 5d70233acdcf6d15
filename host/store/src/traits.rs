//! What the store offers, cut by reader and writer so that each user asks for no more than it needs.

use bytes::Bytes;
use weir_model::{ArtifactHash, FlowId, Json, RunId, TenantId};

use crate::{Ack, Applied, Change, Doc, DocKey, DocKind, Entry, Page, QueueKey, QueuedRun, RunFilter, StoreError};

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
    /// Queued runs after a place, in the order they are due. A page may be shorter than `limit` because of its bytes;
    /// only an empty one is the end.
    ///
    /// # Errors
    /// Where the disk cannot be read or its content is damaged.
    fn queued(&self, after: Option<&QueueKey>, limit: usize) -> Result<Vec<QueuedRun>, StoreError>;
}

/// Writes the queue.
pub trait QueueWriter: Send + Sync {
    /// Queues a run, or moves it, on disk before the answer.
    fn push(&self, run: QueuedRun) -> Ack;

    /// Removes a queued run and its summary, on disk before the answer, for flows that keep no trace of their runs.
    fn forget(&self, key: QueueKey, flow: FlowId) -> Ack;
}

/// Reads the run log.
pub trait RunReader: Send + Sync {
    /// The record of a run, or its summary where only that was kept.
    ///
    /// # Errors
    /// Where the disk cannot be read or its content is damaged.
    fn run(&self, tenant: &TenantId, run: RunId) -> Result<Option<Json>, StoreError>;

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
