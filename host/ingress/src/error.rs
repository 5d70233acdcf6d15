//! Why a request was refused before a run was made, and the answer for each reason. No stack traces, no inner errors.

use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;
use weir_engine::Reply;
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
    /// The flow was switched off.
    #[error("This hook is disabled; enable its flow first.")]
    Disabled,
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
    /// The body is compressed.
    #[error("Bodies with Content-Encoding {0} are not taken; send it as it is.")]
    ContentEncoding(String),
    /// The body is too large.
    #[error("The body is larger than {0} bytes, which is this hook's limit.")]
    TooLarge(u64),
    /// The body did not come in time.
    #[error("The body did not arrive within {0} seconds.")]
    TooSlow(u64),
    /// The connection broke or the framing is wrong.
    #[error("The body could not be read to its end.")]
    Broken,
    /// The body is not what its content type says.
    #[error("The body is not what its content type says: {0}")]
    Malformed(String),
    /// The request's head is one that proxies and servers read differently.
    #[error("{0}")]
    BadHead(&'static str),
}

impl Coded for Refusal {
    fn code(&self) -> Code {
        Code::new(match self {
            Self::NotAHook => "WEIR-HOOK-NO-ROUTE",
            Self::UnknownKey => "WEIR-HOOK-UNKNOWN",
            Self::Disabled => "WEIR-HOOK-DISABLED",
            Self::Unpublished => "WEIR-HOOK-UNPUBLISHED",
            Self::NotListening { .. } => "WEIR-HOOK-NOT-LISTENING",
            Self::DraftBroken(_) => "WEIR-HOOK-DRAFT",
            Self::Method { .. } => "WEIR-HOOK-METHOD",
            Self::ContentType(_) => "WEIR-BODY-TYPE",
            Self::ContentEncoding(_) => "WEIR-BODY-ENCODING",
            Self::TooLarge(_) => "WEIR-BODY-SIZE",
            Self::TooSlow(_) => "WEIR-BODY-SLOW",
            Self::Broken => "WEIR-BODY-BROKEN",
            Self::Malformed(_) => "WEIR-BODY-MALFORMED",
            Self::BadHead(_) => "WEIR-REQUEST-HEAD",
        })
    }
}

impl Refusal {
    const fn status(&self) -> StatusCode {
        match self {
            Self::NotAHook | Self::UnknownKey => StatusCode::NOT_FOUND,
            Self::Disabled | Self::Unpublished | Self::NotListening { .. } | Self::DraftBroken(_) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType(_) | Self::ContentEncoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::Broken | Self::Malformed(_) | Self::BadHead(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// The answer for the caller.
    pub(crate) fn reply(&self) -> Reply {
        let body = json!({ "error": { "code": self.code(), "message": self.to_string() } });
        let mut reply = Reply::json(self.status(), body.to_string());
        let extra: Option<(HeaderName, HeaderValue)> = match self {
            Self::Method { allowed, .. } => HeaderValue::try_from(allowed).ok().map(|value| (header::ALLOW, value)),
            Self::TooSlow(_) | Self::Broken | Self::BadHead(_) | Self::TooLarge(_) => {
                Some((header::CONNECTION, HeaderValue::from_static("close")))
            }
            _ => None,
        };
        reply.headers.extend(extra);
        reply
    }
}
