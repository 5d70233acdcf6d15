//! Why a request was refused before a run was made, and the answer for each reason. No stack traces, no inner errors.

use std::net::IpAddr;

use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;
use weir_engine::{IdempotencyError, Reply};
use weir_listener::{ALLOWED_METHODS, BadHead, BodyError};
use weir_model::{Code, Coded};

/// A request that starts no run.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The path is no hook's.
    #[error("There is nothing at this path; hooks live under /webhook/ followed by their key.")]
    NotAHook,
    /// No hook has this key.
    #[error("There is no hook with this key; look up the flow's URL with `weir flow url`.")]
    UnknownKey,
    /// Somebody switched the flow off.
    #[error("This hook is disabled; enable its flow first.")]
    Disabled,
    /// The server switched the flow off.
    #[error("This hook is disabled: {0}. Enable its flow once that is mended.")]
    SwitchedOff(String),
    /// Nothing was published yet.
    #[error("This flow has no published version; publish it first, or use its development URL.")]
    Unpublished,
    /// Nobody listens at the development URL.
    #[error(
        "Nobody listens at this development URL; run `weir listen {flow}` or arm it in the Studio, then call again."
    )]
    NotListening {
        /// The flow's name.
        flow: String,
    },
    /// The draft has errors.
    #[error("The draft does not run: {0}")]
    DraftBroken(String),
    /// The method is not one that the flow takes.
    #[error("This hook does not take {method}; it takes {allowed}.")]
    Method {
        /// What was sent.
        method: String,
        /// What is taken, as `Allow` lists it.
        allowed: String,
    },
    /// The content type is not one that the flow takes.
    #[error("This hook does not take the content type {0}.")]
    ContentType(String),
    /// The body could not be taken.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The body is not what its content type says.
    #[error("The body is not what its content type says: {0}")]
    Malformed(String),
    /// The request's head is one that proxies and servers read differently.
    #[error(transparent)]
    Head(#[from] BadHead),
    /// The hook takes no calls from the caller's address.
    #[error("This hook takes no calls from {0}.")]
    Address(IpAddr),
    /// The caller's credentials or signature are missing or wrong; which of it is not told.
    #[error("The credentials or the signature that this hook needs are missing or wrong.")]
    Unauthenticated {
        /// What the caller may send, as `WWW-Authenticate` says it.
        challenge: Option<&'static str>,
    },
    /// There is no secret to check callers with.
    #[error(
        "This hook cannot check its callers at the moment; nothing was accepted. Its operator has to look at its secret."
    )]
    NoSecret,
    /// The request's idempotency key is missing or none.
    #[error("The request has no usable idempotency key: {0}.")]
    IdempotencyKey(String),
    /// A request with a key that was there before, or whose key cannot be looked up.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// A resume URL was called with a method that does not resume.
    #[error(
        "A run is resumed by POST or PUT, not by {method}, so that looking at a link resumes nothing; send a POST, its \
         body is what the waiting step gives."
    )]
    ResumeMethod {
        /// What was sent.
        method: String,
        /// What is taken, as `Allow` lists it.
        allowed: &'static str,
    },
    /// No run has this resume URL: the run or its secret is another.
    #[error("There is no run with this resume URL; check that the whole URL was called.")]
    UnknownRun,
    /// The run does not wait for a call.
    #[error("The run does not wait for this call; it was called before, its time is over, or it has ended.")]
    NotWaiting,
    /// The run could not take the call.
    #[error("The run cannot take the call at the moment; nothing was changed, try again shortly.")]
    Unavailable(Code),
}

impl Coded for Refusal {
    fn code(&self) -> Code {
        Code::new(match self {
            Self::Idempotency(error) => return error.code(),
            Self::Unavailable(code) => return code.clone(),
            Self::Body(error) => return error.code(),
            Self::Head(error) => return error.code(),
            Self::NotAHook => "WEIR-HOOK-NO-ROUTE",
            Self::UnknownKey => "WEIR-HOOK-UNKNOWN",
            Self::Disabled | Self::SwitchedOff(_) => "WEIR-HOOK-DISABLED",
            Self::Unpublished => "WEIR-HOOK-UNPUBLISHED",
            Self::NotListening { .. } => "WEIR-HOOK-NOT-LISTENING",
            Self::DraftBroken(_) => "WEIR-HOOK-DRAFT",
            Self::Method { .. } => "WEIR-HOOK-METHOD",
            Self::ContentType(_) => "WEIR-BODY-TYPE",
            Self::Malformed(_) => "WEIR-BODY-MALFORMED",
            Self::Address(_) => "WEIR-HOOK-ADDRESS",
            Self::Unauthenticated { .. } => "WEIR-HOOK-AUTH",
            Self::NoSecret => "WEIR-HOOK-SECRET",
            Self::IdempotencyKey(_) => "WEIR-HOOK-IDEMPOTENCY-KEY",
            Self::ResumeMethod { .. } => "WEIR-RUN-RESUME-METHOD",
            Self::UnknownRun => "WEIR-RUN-UNKNOWN",
            Self::NotWaiting => "WEIR-RUN-NOT-WAITING",
        })
    }
}

impl Refusal {
    const fn status(&self) -> StatusCode {
        match self {
            Self::NotAHook | Self::UnknownKey | Self::UnknownRun => StatusCode::NOT_FOUND,
            Self::Disabled
            | Self::SwitchedOff(_)
            | Self::Unpublished
            | Self::NotListening { .. }
            | Self::DraftBroken(_)
            | Self::Idempotency(IdempotencyError::Mismatch) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Idempotency(IdempotencyError::Busy | IdempotencyError::Replay) | Self::NotWaiting => {
                StatusCode::CONFLICT
            }
            Self::Idempotency(IdempotencyError::Crowded | IdempotencyError::Store)
            | Self::NoSecret
            | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Address(_) => StatusCode::FORBIDDEN,
            Self::Unauthenticated { .. } => StatusCode::UNAUTHORIZED,
            Self::Method { .. } | Self::ResumeMethod { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Malformed(_) | Self::IdempotencyKey(_) => StatusCode::BAD_REQUEST,
            Self::Body(error) => error.status(),
            Self::Head(error) => error.status(),
        }
    }

    /// Whether what may follow on the connection is not to be trusted, or would never be read.
    fn ends_connection(&self) -> bool {
        match self {
            Self::Head(_) => true,
            Self::Body(error) => error.ends_connection(),
            _ => false,
        }
    }

    /// The answer for the caller.
    pub(crate) fn reply(&self) -> Reply {
        let body = json!({ "error": { "code": self.code(), "message": self.to_string() } });
        let mut reply = Reply::json(self.status(), body.to_string());
        let extra: Option<(HeaderName, HeaderValue)> = match self {
            Self::Method { allowed, .. } => HeaderValue::try_from(allowed).ok().map(|value| (header::ALLOW, value)),
            Self::ResumeMethod { allowed, .. } => Some((header::ALLOW, HeaderValue::from_static(allowed))),
            Self::Head(BadHead::Method(_)) => Some((header::ALLOW, HeaderValue::from_static(ALLOWED_METHODS))),
            Self::Unauthenticated { challenge } => {
                challenge.map(|challenge| (header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge)))
            }
            // Not so for a mismatch, which trying again does not mend.
            Self::Idempotency(IdempotencyError::Busy | IdempotencyError::Crowded | IdempotencyError::Store)
            | Self::NoSecret
            | Self::Unavailable(_) => Some((header::RETRY_AFTER, HeaderValue::from_static("1"))),
            _ => None,
        };
        reply.headers.extend(extra);
        if self.ends_connection() {
            reply.headers.push((header::CONNECTION, HeaderValue::from_static("close")));
        }
        reply
    }
}
