//! Upkeep as the store offers it: what the run log weighs, its removal by stretches of time, backups, and the check of a
//! folder. What goes and when is others' to decide.
//!
//! Everything here waits for the disk: call it on a thread that may block.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use weir_model::{FlowId, RunId, TenantId, Timestamp};

use crate::job::Job;
use crate::{Options, Store, StoreError, rocks};

/// A stretch of a tenant's run log: the runs made from one moment to before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// Bytes of its records and summaries in files, as they lie on the disk.
    pub bytes: u64,
}

/// The runs that a removal takes, as one job of the writer.
pub(crate) struct DropRuns {
    pub(crate) tenant: TenantId,
    pub(crate) from: RunId,
    pub(crate) to: RunId,
    /// The flows that have runs in between.
    pub(crate) flows: Arc<[FlowId]>,
    /// Where it goes on, unless it is done.
    pub(crate) answer: oneshot::Sender<Result<Option<RunId>, StoreError>>,
}

/// The backup to make.
#[derive(Clone, Debug)]
pub struct BackupOrder {
    /// Where: a folder that is not there, is empty, or holds earlier backups.
    pub folder: PathBuf,
    /// The version of weir that makes it.
    pub version: String,
    /// When it is made.
    pub at: Timestamp,
    /// A folder that it must not lie in, as the data folder.
    pub keep_out: Option<PathBuf>,
}

/// How far a backup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupStage {
    /// Runs are counted.
    Counting,
    /// Files are copied.
    Copying,
    /// What was copied is looked at.
    Verifying,
}

/// One backup in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupInfo {
    /// Its number; later ones are higher.
    pub id: u32,
    /// When it was made.
    pub at: Timestamp,
    /// Bytes of its files; files that did not change are shared with other backups of the folder.
    pub bytes: u64,
    /// Runs that were listed when it began; none where its note is missing.
    pub runs: Option<u64>,
    /// The version of weir that made it; none where its note is missing.
    pub version: Option<String>,
    /// The format of its data; none where its note is missing.
    pub format: Option<u32>,
}

/// How far a restore is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreStage {
    /// The backup's files are compared with their checksums.
    Verifying {
        /// Bytes read so far.
        done: u64,
        /// Bytes to read.
        total: u64,
    },
    /// Files are copied.
    Copying,
    /// The copy is opened, to prove it.
    Opening,
}

/// Work on the store that takes long and need not be finished: it goes on without the store, and ends where the store
/// closes.
pub type Detached<T> = Box<dyn FnOnce() -> T + Send>;

impl Store {
    /// Writes what is only in memory and in the write-ahead log to files where there is much of it, so that
    /// [`Self::buckets`] weighs it.
    ///
    /// # Errors
    /// Where the disk does not take it.
    pub fn flush_runs(&self) -> Result<(), StoreError> {
        rocks::flush_runs(self.db())
    }

    /// The stretches of a tenant's run log between two moments that hold anything, the oldest first. Each starts at a
    /// multiple of `width`. The longest of them is taken as a whole, even if it begins before `from`.
    ///
    /// # Errors
    /// Where the disk cannot be read.
    pub fn buckets(
        &self,
        tenant: &TenantId,
        from: Timestamp,
        to: Timestamp,
        width: Duration,
    ) -> Result<Vec<Bucket>, StoreError> {
        rocks::buckets(self.db(), tenant, from, to, width)
    }

    /// Removes the runs of a tenant made from one moment to before another: records, summaries and index rows. Runs that
    /// are queued stay whole.
    ///
    /// # Errors
    /// Where the disk cannot be read or written.
    pub fn drop_runs(&self, tenant: &TenantId, from: Timestamp, to: Timestamp) -> Result<(), StoreError> {
        let (from, to) = (rocks::first_run(from), rocks::first_run(to));
        let flows: Arc<[FlowId]> = rocks::flows_between(self.db(), tenant, from, to)?.into();
        let mut next = Some(from);
        while let Some(from) = next {
            let (tenant, flows) = (tenant.clone(), Arc::clone(&flows));
            next = self.ask(|answer| Job::DropRuns(DropRuns { tenant, from, to, flows, answer })).wait()?;
        }
        Ok(())
    }

    /// Gives back the disk of what was removed between two moments: rewrites the files that it lay in.
    pub fn compaction(&self, tenant: &TenantId, from: Timestamp, to: Timestamp) -> Detached<()> {
        let (db, tenant) = (Arc::clone(self.db()), tenant.clone());
        Box::new(move || {
            if let Err(error) = rocks::compact_runs(&db, &tenant, from, to) {
                tracing::warn!(%tenant, %error, "the disk of removed runs could not be given back");
            }
        })
    }

    /// Makes a backup while the store goes on: all that was acknowledged before it began is in it. Tells its stages.
    pub fn backup(
        &self,
        order: BackupOrder,
        mut tell: impl FnMut(BackupStage) + Send + 'static,
    ) -> Detached<Result<BackupInfo, StoreError>> {
        let db = Arc::clone(self.db());
        Box::new(move || rocks::back_up(&db, &order, &mut tell))
    }
}

/// The backups in a folder, the oldest first.
///
/// # Errors
/// [`StoreError::Backup`] where the folder holds none.
pub fn backups(folder: &Path) -> Result<Vec<BackupInfo>, StoreError> {
    rocks::backups(folder)
}

/// Makes the store in `to`, which must not be there or be empty, from a backup: the newest, or the one of a number. Each
/// file is compared with its checksum first, and the store is opened once, to prove it: the backup, and how many runs there
/// are.
///
/// # Errors
/// [`StoreError::Backup`] where the backup cannot be used or `to` is not empty; nothing is left in `to` then.
pub fn restore(
    folder: &Path,
    id: Option<u32>,
    to: &Path,
    mut tell: impl FnMut(RestoreStage),
) -> Result<(BackupInfo, u64), StoreError> {
    let info = rocks::restore(folder, id, to, &mut tell)?;
    tell(RestoreStage::Opening);
    let proved = Store::open(to, &Options::default()).and_then(|store| rocks::count_runs(store.db()));
    match proved {
        Ok(runs) => Ok((info, runs)),
        Err(error) => {
            let _ = std::fs::remove_dir_all(to);
            Err(StoreError::backup(folder, format!("backup {} cannot be opened once restored: {error}", info.id)))
        }
    }
}

#[cfg(test)]
mod tests;
