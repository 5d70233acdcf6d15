//! Live events of development runs. It names them; the debug bus carries them.

use serde::Serialize;

use crate::{
    Answer, ErrorInfo, FlowName, Json, LogLine, Mode, Outcome, RunId, StepRecord, TenantId, Timestamp, TriggerRecord,
};

/// One thing that happened in a run, as a listener sees it.
#[derive(Clone, Debug, Serialize)]
pub struct DebugEvent {
    /// The tenant.
    pub tenant: TenantId,
    /// The flow.
    pub flow: FlowName,
    /// The run.
    pub run: RunId,
    /// Draft or published version.
    pub mode: Mode,
    /// Counts from 1 within the run.
    pub seq: u32,
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// The run began.
    RunStarted {
        /// What started it.
        trigger: Box<TriggerRecord>,
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
        step: Box<StepRecord>,
    },
    /// A step logged a line.
    Log {
        /// The line.
        line: LogLine,
    },
    /// Variables changed; null where one was deleted.
    Variables {
        /// Names and new values.
        changed: Json,
    },
    /// The caller got its answer.
    Answered {
        /// The answer.
        answer: Box<Answer>,
    },
    /// The run ended.
    RunFinished {
        /// How.
        outcome: Outcome,
        /// Why, where it failed.
        error: Option<ErrorInfo>,
        /// How long it took, in microseconds.
        duration_us: u64,
    },
}
