//! Why a token opens nothing. It says no more than the caller may know.

use weir_model::{Code, Coded, Timestamp};

/// Why a token was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The text has not the form of a token.
    #[error("this is not a weir token: write it as it was given, weir_<role>_<id>_<secret>, without spaces or quotes")]
    Malformed,
    /// No such token, or its secret is wrong; which of the two is not told.
    #[error(
        "the token is not known here: check that it belongs to this server and was not revoked, or ask for a new one"
    )]
    Unknown,
    /// It was valid once.
    #[error("the token expired at {0}: ask an administrator for a new one")]
    Expired(Timestamp),
}

impl Coded for TokenError {
    fn code(&self) -> Code {
        Code::new(match self {
            Self::Malformed => "WEIR-VAULT-TOKEN-MALFORMED",
            Self::Unknown => "WEIR-VAULT-TOKEN-UNKNOWN",
            Self::Expired(_) => "WEIR-VAULT-TOKEN-EXPIRED",
        })
    }
}
