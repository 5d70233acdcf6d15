//! Orders to do runs again or to end them, one or many, and what comes of them, as JSON.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use weir_engine::Which;
use weir_model::{Json, Mode, Outcome, RunId, Timestamp};

use super::{ErrorDetail, ModeView, OutcomeView};

/// How a run is done again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayCommand {
    /// What it starts with; where it is left out, what the first run started with.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Value>)]
    pub payload: Option<Json>,
    /// What it executes; where it is left out, the published version for a run of a version and the draft for one of a
    /// draft.
    #[serde(default)]
    pub on: Option<WhichView>,
}

/// A value that is there, `null` included.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

/// Which definition a replay executes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Which)]
pub enum WhichView {
    /// The version that is published now.
    Published,
    /// The draft as it is now.
    Draft,
}

impl WhichView {
    /// The engine's word for it.
    pub(crate) fn of(wanted: Option<Self>) -> Which {
        match wanted {
            None => Which::SameMode,
            Some(Self::Published) => Which::Published,
            Some(Self::Draft) => Which::Draft,
        }
    }
}

/// A run that was started or told to end.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RunStarted)]
pub struct RunStartedView {
    /// The run.
    #[schema(value_type = String, format = "uuid")]
    pub run_id: RunId,
}

/// What is done to many runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum BulkAction {
    /// Those that did not complete go on where they failed, each as a new run.
    Retry,
    /// They are done again, each as a new run.
    Replay,
    /// Those that have not ended are ended.
    Cancel,
}

/// What to do, and to which runs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkCommand {
    /// What to do.
    pub action: BulkAction,
    /// To which runs. Where it names no outcome, a retry takes those that failed or ran out of time, a replay those
    /// that ended, and a cancel those that did not.
    #[serde(default)]
    pub filter: BulkFilter,
    /// What a replay executes; where it is left out, the published version for a run of a version and the draft for one
    /// of a draft.
    #[serde(default)]
    pub on: Option<WhichView>,
    /// To how many runs at most, newest first.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 10000, default = 10000)]
    pub limit: Option<u32>,
    /// The `next` of the call before, where more runs matched than one call takes.
    #[serde(default)]
    #[schema(max_length = 512)]
    pub after: Option<String>,
    /// Only count them.
    #[serde(default)]
    pub dry_run: bool,
}

/// Which runs.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BulkFilter {
    /// Only runs of this flow: its name, or its id where it was deleted.
    #[schema(example = "new-lead")]
    pub flow: Option<String>,
    /// Only runs that stand or ended so.
    #[schema(value_type = Option<OutcomeView>)]
    pub outcome: Option<Outcome>,
    /// Only runs of published versions, or of drafts.
    #[schema(value_type = Option<ModeView>)]
    pub mode: Option<Mode>,
    /// Only runs that started at or after this moment, in RFC 3339, or this long ago, such as `15m`.
    #[schema(example = "1h")]
    pub since: Option<String>,
    /// Only runs that started before this moment, or longer ago. Runs that start after the call never match.
    pub until: Option<String>,
}

impl BulkFilter {
    /// Whether it lets every run through.
    pub(crate) const fn is_empty(&self) -> bool {
        let Self { flow, outcome, mode, since, until } = self;
        flow.is_none() && outcome.is_none() && mode.is_none() && since.is_none() && until.is_none()
    }
}

/// One line of the progress of an order for many runs; the last says what came of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Bulk)]
pub enum BulkView {
    /// How far it is.
    Step {
        /// Runs found so far.
        matched: u64,
        /// Runs for which it was done.
        done: u64,
        /// Runs for which it could not be done.
        failed: u64,
    },
    /// It is over.
    Done {
        /// What came of it.
        done: Box<BulkDone>,
    },
    /// It was broken off.
    Failed {
        /// Why.
        error: ErrorDetail,
    },
}

/// What came of an order for many runs.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct BulkDone {
    /// Runs that it was for.
    pub matched: u64,
    /// Runs for which it was done; 0 where they were only counted.
    pub done: u64,
    /// Runs for which it could not be done.
    pub failed: u64,
    /// The first 100 of them, and why.
    pub errors: Vec<BulkErrorView>,
    /// No run that started at or after this moment was looked at.
    #[schema(value_type = String, format = DateTime)]
    pub until: Timestamp,
    /// What to pass as `after`, together with `until`, to go on; null where all runs were looked at.
    #[schema(required = true)]
    pub next: Option<String>,
}

/// Why it could not be done for a run.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = BulkError)]
pub struct BulkErrorView {
    /// The run.
    #[schema(value_type = String, format = "uuid")]
    pub run: RunId,
    /// Stable code.
    pub code: String,
    /// What happened and what to do next.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_may_be_null_and_is_kept_as_it_was_written() {
        let read = |text: &str| serde_json::from_str::<ReplayCommand>(text).unwrap().payload;
        assert!(read("{}").is_none());
        assert_eq!(read(r#"{"payload":null}"#).unwrap().text(), "null");
        let long = r#"{"n":10000000000000000000001}"#;
        assert_eq!(read(&format!(r#"{{"payload":{long},"on":"draft"}}"#)).unwrap().text(), long);
        assert!(serde_json::from_str::<ReplayCommand>(r#"{"on":"version"}"#).is_err());
    }

    #[test]
    fn an_order_needs_no_more_than_its_action() {
        let order: BulkCommand = serde_json::from_str(r#"{"action":"retry"}"#).unwrap();
        assert!(order.filter.is_empty() && !order.dry_run);
        let order: BulkCommand =
            serde_json::from_str(r#"{"action":"cancel","filter":{"mode":"development"}}"#).unwrap();
        assert!(!order.filter.is_empty());
        assert!(serde_json::from_str::<BulkCommand>(r#"{"action":"retry","filter":{"flw":"x"}}"#).is_err());
    }
}
