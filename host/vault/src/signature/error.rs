//! Why a delivery is not trusted, for the server's log. It never holds a secret, a signature or a body.

use weir_model::{Code, Coded};

/// Why a delivery is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A header that the scheme needs is not there.
    #[error("the header `{header}` is missing: the sender does not sign, or signs in another way")]
    Missing {
        /// The header.
        header: String,
    },
    /// A header is there more than once, so nobody knows which counts.
    #[error("the header `{header}` is there more than once")]
    Repeated {
        /// The header.
        header: String,
    },
    /// A header is not what the scheme writes.
    #[error("the header `{header}` is not what this scheme writes: {what}")]
    Malformed {
        /// The header.
        header: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The header has signatures, but of kinds that the scheme does not know.
    #[error("the header `{header}` has no signature of a kind that this scheme knows")]
    NoneKnown {
        /// The header.
        header: String,
    },
    /// The header has more signatures than anybody needs.
    #[error("the header `{header}` has more than {most} signatures")]
    TooMany {
        /// The header.
        header: String,
        /// How many there may be.
        most: usize,
    },
    /// No signature is right.
    #[error(
        "no signature in `{header}` is right with any of {secrets} secrets: the secret is another than the sender's, or \
         the body was changed on its way"
    )]
    Differs {
        /// The header.
        header: String,
        /// How many secrets were tried.
        secrets: usize,
    },
    /// The signature is right and old.
    #[error("the signature is right, but was made {seconds} s ago: it comes late or again, or a clock is wrong")]
    TooOld {
        /// Its age.
        seconds: i64,
    },
    /// The signature is right and of the future.
    #[error("the signature is right, but of a time {seconds} s ahead: the sender's clock or this one is wrong")]
    TooNew {
        /// How far ahead.
        seconds: i64,
    },
    /// A secret has not the form that the scheme needs.
    #[error("a secret cannot be used for this scheme: {0}")]
    Secret(&'static str),
    /// There is no secret to check with.
    #[error("there is no secret to check it with")]
    NoSecret,
    /// The definition names a scheme that is not there.
    #[error("this weir knows no scheme {0:?}")]
    Scheme(&'static str),
}

impl Coded for SignatureError {
    fn code(&self) -> Code {
        Code::new(match self {
            Self::Missing { .. } => "WEIR-VAULT-SIGNATURE-MISSING",
            Self::Repeated { .. } => "WEIR-VAULT-SIGNATURE-REPEATED",
            Self::Malformed { .. } => "WEIR-VAULT-SIGNATURE-MALFORMED",
            Self::NoneKnown { .. } => "WEIR-VAULT-SIGNATURE-KIND",
            Self::TooMany { .. } => "WEIR-VAULT-SIGNATURE-MANY",
            Self::Differs { .. } => "WEIR-VAULT-SIGNATURE-DIFFERS",
            Self::TooOld { .. } => "WEIR-VAULT-SIGNATURE-OLD",
            Self::TooNew { .. } => "WEIR-VAULT-SIGNATURE-NEW",
            Self::Secret(_) | Self::NoSecret => "WEIR-VAULT-SIGNATURE-SECRET",
            Self::Scheme(_) => "WEIR-VAULT-SIGNATURE-SCHEME",
        })
    }
}

impl SignatureError {
    /// Whether no sender could have done better: it is this server that has no usable secret.
    pub const fn is_own(&self) -> bool {
        matches!(self, Self::Secret(_) | Self::NoSecret | Self::Scheme(_))
    }
}
