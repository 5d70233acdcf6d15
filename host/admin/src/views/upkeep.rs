//! How long runs are kept, and backups, as JSON.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_catalog::{RetentionDef, TenantRetention};
use weir_engine::{BackupInfo, BackupStage};
use weir_model::Timestamp;

use super::ErrorDetail;

/// Bounds of what is kept of runs. A number that is left out, null or 0 is no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RetentionBounds)]
pub struct RetentionBoundsView {
    /// Days after which a run goes; whole days in UTC go at once.
    #[serde(default)]
    #[schema(example = 30)]
    pub days: Option<u32>,
    /// Bytes on disk that the tenant's runs may take; the oldest days go first.
    #[serde(default)]
    #[schema(example = 10_737_418_240_u64)]
    pub bytes: Option<u64>,
}

/// How long a tenant's runs are kept. Runs that wait are kept in any case.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Retention)]
pub struct RetentionView {
    /// What is set for the tenant.
    pub own: RetentionBoundsView,
    /// What is set for the whole server.
    pub server: RetentionBoundsView,
    /// What holds: of each number the lower one.
    pub holds: RetentionBoundsView,
}

impl From<RetentionDef> for RetentionBoundsView {
    fn from(RetentionDef { days, bytes }: RetentionDef) -> Self {
        Self { days, bytes }
    }
}

impl From<RetentionBoundsView> for RetentionDef {
    fn from(RetentionBoundsView { days, bytes }: RetentionBoundsView) -> Self {
        Self { days, bytes }
    }
}

impl From<TenantRetention> for RetentionView {
    fn from(retention: TenantRetention) -> Self {
        Self { own: retention.own.into(), server: retention.server.into(), holds: retention.holds.into() }
    }
}

/// The backup to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupCommand {
    /// A folder on the server's machine, as an absolute path: one that is not there, is empty, or holds earlier backups.
    #[schema(example = "/var/backups/weir")]
    pub folder: String,
}

/// One line of a backup's progress; the last says what came of it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Backup)]
pub enum BackupView {
    /// How far it is.
    Stage {
        /// The stage.
        stage: BackupStageView,
    },
    /// It is made.
    Done {
        /// The backup.
        done: BackupDoneView,
    },
    /// It could not be made.
    Failed {
        /// Why.
        error: ErrorDetail,
    },
}

/// How far a backup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = BackupStage)]
pub enum BackupStageView {
    /// Runs are counted.
    Counting,
    /// Files are copied.
    Copying,
    /// What was copied is looked at.
    Verifying,
}

impl From<BackupStage> for BackupView {
    fn from(stage: BackupStage) -> Self {
        let stage = match stage {
            BackupStage::Counting => BackupStageView::Counting,
            BackupStage::Copying => BackupStageView::Copying,
            BackupStage::Verifying => BackupStageView::Verifying,
        };
        Self::Stage { stage }
    }
}

/// A backup that was made.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = BackupDone)]
pub struct BackupDoneView {
    /// Its number among the backups of the folder.
    pub id: u32,
    /// The folder.
    pub folder: String,
    /// When it was begun.
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Bytes of its files; those that did not change are shared with earlier backups of the folder.
    pub bytes: u64,
    /// Runs that were listed when it was begun.
    pub runs: u64,
}

impl BackupDoneView {
    /// The backup in a folder that took so long.
    pub(crate) fn new(info: &BackupInfo, folder: String, took: std::time::Duration) -> Self {
        Self {
            id: info.id,
            folder,
            made_at: info.at,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            bytes: info.bytes,
            runs: info.runs.unwrap_or_default(),
        }
    }
}
