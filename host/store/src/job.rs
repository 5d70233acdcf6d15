//! One write as it waits for the writer. It owns its data; encoding is the writer's, off the callers' threads.

use bytes::Bytes;
use tokio::sync::oneshot;
use weir_model::{ArtifactHash, FlowId};

use crate::kv::KvJob;
use crate::{Change, Entry, QueueKey, QueuedRun, StoreError};

/// What a job is counted with besides the bytes it carries: the summary, the keys and the batch's own overhead.
const BASE_COST: usize = 512;

pub(crate) enum Job {
    Append(Entry),
    Push(QueuedRun),
    Forget { key: QueueKey, flow: FlowId },
    Apply { changes: Vec<Change>, answer: oneshot::Sender<Result<Vec<u64>, StoreError>> },
    PutArtifact { hash: ArtifactHash, bytes: Bytes },
    DeleteArtifact { hash: ArtifactHash },
    Kv(KvJob),
}

impl Job {
    /// Roughly the bytes it holds in memory while it waits.
    pub(crate) fn cost(&self) -> usize {
        BASE_COST
            + match self {
                Self::Append(entry) => entry.record.as_ref().map_or(0, Bytes::len),
                Self::Push(run) => run.state.len(),
                Self::Apply { changes, .. } => changes
                    .iter()
                    .map(|change| change.key.name.len() + change.body.as_ref().map_or(0, Bytes::len) + 128)
                    .sum(),
                Self::PutArtifact { bytes, .. } => bytes.len(),
                Self::Kv(job) => job.cost(),
                Self::Forget { .. } | Self::DeleteArtifact { .. } => 0,
            }
    }

    /// Whether its answer waits for the disk. Run-log entries may go without; entries of the key-value store always do, so
    /// that an action need not wait for a sync with every operation.
    pub(crate) const fn sync(&self) -> bool {
        match self {
            Self::Append(entry) => entry.sync,
            Self::Kv(_) => false,
            _ => true,
        }
    }

    /// Whether somebody waits for its answer, so that the writer must not linger.
    pub(crate) const fn urgent(&self) -> bool {
        self.sync() || matches!(self, Self::Kv(_))
    }
}
