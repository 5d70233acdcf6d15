//! Debug events as the API's document describes them; the stream sends the model's own, which these mirror.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{AnswerView, ErrorInfoView, LogLineView, ModeView, OutcomeView, StepRecordView, TriggerView};

/// The data of one event of the stream.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = DebugEvent)]
pub struct EventView {
    /// The tenant.
    pub tenant: String,
    /// The flow.
    pub flow: String,
    /// The run.
    #[schema(format = "uuid")]
    pub run: String,
    /// Draft or published version.
    pub mode: ModeView,
    /// Counts from 1 within the run.
    pub seq: u32,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// What; its name is also the event's name in the stream.
    #[serde(flatten)]
    pub kind: EventKindView,
}

/// What happened.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
#[schema(as = DebugEventKind)]
pub enum EventKindView {
    /// The run began.
    RunStarted {
        /// What started it.
        trigger: Box<TriggerView>,
    },
    /// A step began.
    StepStarted {
        /// Its id.
        id: String,
        /// Its action.
        uses: String,
    },
    /// A step ended.
    StepFinished {
        /// Its record.
        step: Box<StepRecordView>,
    },
    /// A step logged a line.
    Log {
        /// The line.
        line: LogLineView,
    },
    /// Variables changed.
    Variables {
        /// Names and new values; null where one was deleted.
        changed: Value,
    },
    /// The caller got its answer.
    Answered {
        /// The answer.
        answer: Box<AnswerView>,
    },
    /// The run ended.
    RunFinished {
        /// How.
        outcome: OutcomeView,
        /// Why, where it failed.
        #[schema(required = true)]
        error: Option<ErrorInfoView>,
        /// How long it took, in microseconds.
        duration_us: u64,
    },
}
