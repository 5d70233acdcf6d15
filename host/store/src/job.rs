//! One write as it waits for the writer. It owns its data; encoding is the writer's, off the callers' threads.

use bytes::Bytes;
use tokio::sync::oneshot;
use weir_model::{ArtifactHash, Timestamp};

use crate::kv::{KvJob, Reply};
use crate::upkeep::DropRuns;
use crate::{Change, Done, Entry, QueuedRun, Remembered, StoreError};

/// What a job is counted with besides the bytes it carries: the summary, the keys and the batch's own overhead.
const BASE_COST: usize = 512;

pub(crate) enum Job {
    Append(Entry),
    Push(QueuedRun),
    Forget(Done),
    Remember(Remembered),
    ForgetSeen { now: Timestamp, most: usize, answer: Reply<usize> },
    Apply { changes: Vec<Change>, answer: oneshot::Sender<Result<Vec<u64>, StoreError>> },
    PutArtifact { hash: ArtifactHash, bytes: Bytes },
    DeleteArtifact { hash: ArtifactHash },
    DropRuns(DropRuns),
    Kv(KvJob),
}

impl Job {
    /// Roughly the bytes it holds in memory while it waits.
    pub(crate) fn cost(&self) -> usize {
        BASE_COST
            + match self {
                Self::Append(entry) => {
                    [&entry.record, &entry.resume].into_iter().flatten().map(Bytes::len).sum::<usize>()
                }
                Self::Push(run) => run.state.len() + run.remember.as_ref().map_or(0, |seen| seen.value.len()),
                Self::Remember(seen) => seen.value.len(),
                Self::Apply { changes, .. } => changes
                    .iter()
                    .map(|change| change.key.name.len() + change.body.as_ref().map_or(0, Bytes::len) + 128)
                    .sum(),
                Self::PutArtifact { bytes, .. } => bytes.len(),
                Self::Kv(job) => job.cost(),
                Self::Forget(_) | Self::ForgetSeen { .. } | Self::DeleteArtifact { .. } | Self::DropRuns(_) => 0,
            }
    }

    /// Whether its answer waits for the disk. Run-log entries may go without; entries of the key-value store and what hooks
    /// remember always do, so that an action or an answer need not wait for a sync of its own.
    pub(crate) const fn sync(&self) -> bool {
        match self {
            Self::Append(entry) => entry.sync,
            Self::Kv(_) | Self::Remember(_) | Self::ForgetSeen { .. } => false,
            _ => true,
        }
    }

    /// Whether somebody waits for its answer, so that the writer must not linger.
    pub(crate) const fn urgent(&self) -> bool {
        self.sync() || matches!(self, Self::Kv(_) | Self::Remember(_) | Self::ForgetSeen { .. })
    }
}
