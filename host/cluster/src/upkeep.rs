//! Upkeep of the shared state: what the run log weighs, its removal, and backups. What goes and when is decided above.

use std::time::Duration;

use weir_model::{TenantId, Timestamp};
use weir_store::{BackupInfo, BackupOrder, BackupStage, Bucket, Detached};

use crate::ClusterError;
use crate::local::Local;

/// Keeps the shared state within its bounds and copies it. All of it waits for the disk: call it on a thread that may
/// block.
pub trait Upkeep: Send + Sync {
    /// Writes what is only in memory to files where it is much, so that [`Self::buckets`] weighs it.
    ///
    /// # Errors
    /// Where the store fails.
    fn flush(&self) -> Result<(), ClusterError>;

    /// The stretches of a tenant's run log between two moments that hold anything, the oldest first, each from a multiple
    /// of `width`.
    ///
    /// # Errors
    /// Where the store cannot be read.
    fn buckets(
        &self,
        tenant: &TenantId,
        from: Timestamp,
        to: Timestamp,
        width: Duration,
    ) -> Result<Vec<Bucket>, ClusterError>;

    /// Removes the runs of a tenant made from one moment to before another, but for those that are queued.
    ///
    /// # Errors
    /// Where the store fails.
    fn drop_runs(&self, tenant: &TenantId, from: Timestamp, to: Timestamp) -> Result<(), ClusterError>;

    /// Work that gives back the disk of what was removed between two moments. It ends where the store closes.
    fn compaction(&self, tenant: &TenantId, from: Timestamp, to: Timestamp) -> Detached<()>;

    /// Work that makes a backup, and tells its stages.
    fn backup(
        &self,
        order: BackupOrder,
        tell: Box<dyn FnMut(BackupStage) + Send>,
    ) -> Detached<Result<BackupInfo, ClusterError>>;
}

impl Upkeep for Local {
    fn flush(&self) -> Result<(), ClusterError> {
        Ok(self.0.flush_runs()?)
    }

    fn buckets(
        &self,
        tenant: &TenantId,
        from: Timestamp,
        to: Timestamp,
        width: Duration,
    ) -> Result<Vec<Bucket>, ClusterError> {
        Ok(self.0.buckets(tenant, from, to, width)?)
    }

    fn drop_runs(&self, tenant: &TenantId, from: Timestamp, to: Timestamp) -> Result<(), ClusterError> {
        Ok(self.0.drop_runs(tenant, from, to)?)
    }

    fn compaction(&self, tenant: &TenantId, from: Timestamp, to: Timestamp) -> Detached<()> {
        self.0.compaction(tenant, from, to)
    }

    fn backup(
        &self,
        order: BackupOrder,
        tell: Box<dyn FnMut(BackupStage) + Send>,
    ) -> Detached<Result<BackupInfo, ClusterError>> {
        let work = self.0.backup(order, tell);
        Box::new(move || Ok(work()?))
    }
}
