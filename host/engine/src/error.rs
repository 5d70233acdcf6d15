//! What can go wrong in the engine outside a step. Failures of steps are `steps::Failure`.

use weir_cluster::{ClusterError, StoreError};
use weir_model::{Code, Coded, ErrorInfo, RunId};

/// An error of the engine.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    /// A queued run cannot be read or written.
    #[error("the queued run cannot be read or written: {0}")]
    Checkpoint(String),
    /// The definition that a queued run began with is gone.
    #[error("the run cannot go on: {0}")]
    DefinitionGone(String),
    /// The store does not take writes or cannot be read.
    #[error("the store failed: {0}; see the server's log and disk")]
    Store(String),
    /// The tenant's queue is full.
    #[error("too many runs of the tenant wait already; nothing was accepted, try again shortly")]
    QueueFull,
    /// There is no such run, or the secret in its URL is another.
    #[error("there is no run {0} that this call could reach: check the id and the URL")]
    UnknownRun(RunId),
    /// The run does not wait for a call.
    #[error("the run {0} does not wait for a call: it was called before, its time is over, or it is elsewhere")]
    NotWaiting(RunId),
    /// The run has ended.
    #[error("the run {0} has ended: replay it, or retry it where it failed")]
    RunEnded(RunId),
    /// The run has not ended.
    #[error("the run {0} has not ended: wait for its end, or cancel it first")]
    NotEnded(RunId),
    /// The run completed, so there is nothing to try again.
    #[error("the run {0} completed, so there is no step to go on from: replay it to do all of it again")]
    NotFailed(RunId),
    /// Where the run stood was not kept.
    #[error(
        "it was not kept where the run {0} stood when it ended (its flow keeps less than that, it was too large, or an \
         older weir wrote it): replay it instead"
    )]
    NoState(RunId),
    /// The run's payload was longer than what records keep.
    #[error("the payload of the run {run} has {bytes} bytes, of which its record has only the start: give a payload")]
    PayloadCut {
        /// The run.
        run: RunId,
        /// How long the payload was.
        bytes: u64,
    },
    /// The run's payload was not kept at all.
    #[error("of the run {0} only the summary was kept, so its payload is not known: give a payload")]
    NoPayload(RunId),
    /// There is no definition that a replay could execute.
    #[error("the run cannot be done again: {0}")]
    NotRunnable(String),
    /// The server stops.
    #[error("the server is stopping: try again when it is up")]
    Stopping,
    /// A run that broke the host's code.
    #[error("the run ended in an error of weir itself; its log says more, please report it")]
    Panicked,
    /// A backup that could not be made.
    #[error("{0}")]
    Backup(String),
    /// A request that makes no sense, such as a cursor of another list.
    #[error("{0}")]
    Invalid(String),
}

impl EngineError {
    pub(crate) fn checkpoint(reason: impl std::fmt::Display) -> Self {
        Self::Checkpoint(reason.to_string())
    }

    /// The error as records show it.
    pub(crate) fn info(&self) -> ErrorInfo {
        ErrorInfo { code: self.code(), message: self.to_string(), step: None, detail: None }
    }
}

impl Coded for EngineError {
    fn code(&self) -> Code {
        Code::new(match self {
            Self::Checkpoint(_) => "WEIR-RUN-CHECKPOINT",
            Self::DefinitionGone(_) => "WEIR-RUN-DEFINITION-GONE",
            Self::Store(_) => "WEIR-STORE-UNAVAILABLE",
            Self::QueueFull => "WEIR-QUEUE-FULL",
            Self::UnknownRun(_) => "WEIR-RUN-UNKNOWN",
            Self::NotWaiting(_) => "WEIR-RUN-NOT-WAITING",
            Self::RunEnded(_) => "WEIR-RUN-ENDED",
            Self::NotEnded(_) => "WEIR-RUN-NOT-ENDED",
            Self::NotFailed(_) => "WEIR-RUN-NOT-FAILED",
            Self::NoState(_) => "WEIR-RUN-NO-STATE",
            Self::PayloadCut { .. } => "WEIR-RUN-PAYLOAD-CUT",
            Self::NoPayload(_) => "WEIR-RUN-NO-PAYLOAD",
            Self::NotRunnable(_) => "WEIR-RUN-NOT-RUNNABLE",
            Self::Stopping => "WEIR-SERVER-STOPPING",
            Self::Panicked => "WEIR-RUN-PANIC",
            Self::Backup(_) => "WEIR-STORE-BACKUP",
            Self::Invalid(_) => "WEIR-REQUEST-INVALID",
        })
    }
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Cursor { .. } => Self::Invalid(error.to_string()),
            StoreError::Backup { .. } => Self::Backup(error.to_string()),
            _ => Self::Store(error.to_string()),
        }
    }
}

impl From<ClusterError> for EngineError {
    fn from(error: ClusterError) -> Self {
        match error {
            ClusterError::Store(error) => error.into(),
            ClusterError::Conflict { .. } => Self::Store(error.to_string()),
        }
    }
}
