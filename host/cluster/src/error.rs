//! What can go wrong in the shared state, each with a stable code.

use weir_model::{Code, Coded};
use weir_store::StoreError;

/// Why the shared state could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// A document is not as the change expected; nothing was changed.
    #[error("the {kind} {name:?} was changed by somebody else: read it again and repeat the change")]
    Conflict {
        /// What the document is.
        kind: &'static str,
        /// Its name.
        name: String,
        /// The revision it has; none where it does not exist.
        found: Option<u64>,
    },
    /// The store of this host failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ClusterError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { kind, name, found } => Self::Conflict { kind, name, found },
            other => Self::Store(other),
        }
    }
}

impl Coded for ClusterError {
    fn code(&self) -> Code {
        match self {
            Self::Conflict { .. } => Code::new("WEIR-CLUSTER-CONFLICT"),
            Self::Store(error) => error.code(),
        }
    }
}
