//! What can go wrong in the engine outside a step. Failures of steps are `steps::Failure`.

use weir_cluster::{ClusterError, StoreError};
use weir_model::{Code, Coded, ErrorInfo};

/// An error of the engine.
#[derive(Debug, thiserror::Error)]
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
            Self::Invalid(_) => "WEIR-REQUEST-INVALID",
        })
    }
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Cursor { .. } => Self::Invalid(error.to_string()),
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
