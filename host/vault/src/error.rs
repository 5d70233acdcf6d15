//! Why a token opens nothing, a key cannot be read, or a seal does not open. It says no more than the caller may know.

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

/// Why sealed bytes do not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key that sealed them is not here.
    #[error("it was sealed under the key {key:?}, which is not here: put that key back")]
    Unknown {
        /// The key's id.
        key: String,
    },
    /// The key is here, and the seal does not hold.
    #[error(
        "its seal under the key {key:?} does not hold: the key, the sealed bytes or what they belong to were changed"
    )]
    Broken {
        /// The key's id.
        key: String,
    },
}

impl SealError {
    pub(crate) fn broken(key: &str) -> Self {
        Self::Broken { key: key.to_owned() }
    }
}

impl Coded for SealError {
    fn code(&self) -> Code {
        Code::new(match self {
            Self::Unknown { .. } => "WEIR-VAULT-KEY-UNKNOWN",
            Self::Broken { .. } => "WEIR-VAULT-SEAL-BROKEN",
        })
    }
}

/// Why the keys that seal secrets cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// A line is no key. What it says is not told: most of it may be one.
    #[error(
        "line {line} of the secret keys is wrong: {reason}; a line is `id base64`, with 32 bytes behind the base64"
    )]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No line is a key.
    #[error("there is no key among the secret keys: put back the copy that was kept, or write one line `id base64`")]
    Empty,
    /// There are too many.
    #[error("there are more than {most} secret keys: remove those that no secret and no backup needs")]
    TooMany {
        /// The most.
        most: usize,
    },
    /// The file cannot be read or written.
    #[error("the secret keys in {file} cannot be {act}: {reason}")]
    File {
        /// Which.
        file: String,
        /// `read` or `written`.
        act: &'static str,
        /// Why, and what to do next.
        reason: String,
    },
}

impl Coded for KeysError {
    fn code(&self) -> Code {
        Code::new(match self {
            Self::Line { .. } | Self::Empty | Self::TooMany { .. } => "WEIR-VAULT-KEYS-INVALID",
            Self::File { .. } => "WEIR-VAULT-KEYS-FILE",
        })
    }
}
