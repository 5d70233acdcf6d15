//! What the API answers with, as JSON and in its document. Views hold data; they decide nothing.

mod action;
mod again;
mod error;
mod event;
mod flow;
mod identity;
mod limits;
mod run;
mod secret;
#[cfg(test)]
mod tests;
mod upkeep;

pub use action::{ActionView, CapabilityView, ComponentBody, StageView, UploadView};
pub use again::{
    BulkAction, BulkCommand, BulkDone, BulkErrorView, BulkFilter, BulkView, ReplayCommand, RunStartedView, WhichView,
};
pub use error::{CheckView, ErrorBody, ErrorDetail, FindingView, SeverityView};
pub use event::{EventKindView, EventView};
pub use flow::{
    ArmCommand, ArmedView, DisabledView, DraftState, DraftView, FlowUrls, FlowView, PublishCommand, PublishedView,
    RollbackCommand, SavedView, ScheduleView, VersionDetail, VersionView,
};
pub use identity::{
    HealthView, IdentityView, NewTokenView, RoleView, TenantCommand, TenantView, TokenCommand, TokenView,
};
pub use limits::{LimitLevelView, LimitView, LimitsView};
pub use run::{
    AnswerView, ErrorInfoView, LogLevelView, LogLineView, ModeView, OriginKindView, OriginView, OutcomeView,
    RequestView, RunRecordView, RunSummaryView, RunView, StepRecordView, TriggerView, UsageView,
};
pub use secret::{KeyRotationView, SecretCommand, SecretView};
pub use upkeep::{BackupCommand, BackupDoneView, BackupStageView, BackupView, RetentionBoundsView, RetentionView};
