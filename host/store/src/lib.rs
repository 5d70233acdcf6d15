//! Where weir keeps what must outlive the process: keys, codecs and group commit over RocksDB.
//!
//! This room is the only one that knows RocksDB. It stores what it is given; it must not decide what a flow, a run or a
//! definition means, and it reads neither clock nor randomness.

#![forbid(unsafe_code)]

mod ack;
mod codec;
mod doc;
mod doctor;
mod error;
mod job;
mod keys;
mod kv;
mod line;
mod probe;
mod rocks;
mod run;
mod store;
#[cfg(test)]
mod tests;
mod traits;
mod upkeep;
mod writer;

pub use ack::{Ack, Answer, Applied};
pub use doc::{Change, Doc, DocKey, DocKind, Expect};
pub use doctor::{CheckStage, FamilyReport, Fault, FaultKind, Report, examine};
pub use error::StoreError;
pub use kv::{KvAdd, KvList, KvPage, KvPlace, KvQuota, KvSet, KvValue};
#[doc(hidden)]
pub use probe::decode_any;
pub use rocks::Options;
pub use run::{Done, Entry, MAX_PAGE, Page, QueueKey, QueuedRun, Remembered, RunFilter, SeenKey, When};
pub use store::Store;
pub use traits::{
    ArtifactReader, ArtifactWriter, DocReader, DocWriter, KvReader, KvWriter, QueueReader, QueueWriter, RunReader,
    RunWriter, SeenReader, SeenWriter,
};
pub use upkeep::{BackupInfo, BackupOrder, BackupStage, Bucket, Detached, RestoreStage, backups, restore};
