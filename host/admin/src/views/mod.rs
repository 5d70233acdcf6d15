//! What the API answers with, as JSON and in its document. Views hold data; they decide nothing.

mod action;
mod error;
mod event;
mod flow;
mod identity;
mod limits;
mod run;
#[cfg(test)]
mod tests;

pub use action::{ActionView, CapabilityView, ComponentBody, StageView, UploadView};
pub use error::{CheckView, ErrorBody, ErrorDetail, FindingView, SeverityView};
pub use event::{EventKindView, EventView};
pub use flow::{
    ArmCommand, ArmedView, DraftState, DraftView, FlowUrls, FlowView, PublishCommand, PublishedView, RollbackCommand,
    SavedView, VersionDetail, VersionView,
};
pub use identity::{
    HealthView, IdentityView, NewTokenView, RoleView, TenantCommand, TenantView, TokenCommand, TokenView,
};
pub use limits::{LimitLevelView, LimitView, LimitsView};
pub use run::{
    AnswerView, ErrorInfoView, LogLevelView, LogLineView, ModeView, OutcomeView, RequestView, RunRecordView,
    RunSummaryView, RunView, StepRecordView, TriggerView, UsageView,
};
