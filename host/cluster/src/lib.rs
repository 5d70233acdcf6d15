//! The seam behind which one host or many share definitions, artifacts, the queue, the run log and debug events.
//!
//! The rooms above do not know which substrate they run on. This room must not decide what a definition or a run means.

#![forbid(unsafe_code)]

mod bus;
mod error;
mod local;
mod seam;
mod upkeep;

pub use bus::{DebugBus, Subscription};
pub use error::ClusterError;
pub use seam::{Artifacts, BoxFuture, Cluster, Definitions, Health, KvStore, Queue, RunLog, Seen};
pub use upkeep::Upkeep;
pub use weir_store::{
    Ack, BackupInfo, BackupOrder, BackupStage, Bucket, Change, Detached, Doc, DocKey, DocKind, Done, Entry, Expect,
    KvAdd, KvList, KvPage, KvPlace, KvQuota, KvSet, KvValue, MAX_PAGE, Page, QueueKey, QueuedRun, Remembered,
    RunFilter, SeenKey, StoreError, When,
};
