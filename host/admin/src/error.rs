//! What goes wrong at the API: each error's status, code and body. It maps other rooms' errors; it decides nothing else.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use weir_model::{Code, Coded, Finding, IdError};

use crate::views::{ErrorBody, ErrorDetail};

/// An error as the API answers it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub struct ApiError {
    status: StatusCode,
    code: Code,
    message: String,
    findings: Vec<Finding>,
}

/// What every route answers with.
pub(crate) type Answer<T> = Result<T, ApiError>;

impl ApiError {
    /// An error with a code that this room owns.
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code: Code::new(code), message: message.into(), findings: Vec::new() }
    }

    /// The request makes no sense as it stands.
    pub(crate) fn malformed(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// What the request names is not there, or not there for this caller.
    pub(crate) fn absent(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// Another room's error whose message is meant for the caller.
    pub(crate) fn told(status: StatusCode, error: &dyn Coded) -> Self {
        Self { status, code: error.code(), message: error.to_string(), findings: Vec::new() }
    }

    /// Another room's error that only the operator should read: the log gets it, the caller gets its code.
    pub(crate) fn internal(error: &dyn Coded) -> Self {
        let code = error.code();
        tracing::error!(%code, error = %chain(error), "an API call failed inside the server");
        let message = "the server could not do this; its log says why, under the request id of this answer";
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, code, message: message.into(), findings: Vec::new() }
    }

    /// Another room's error for now: the caller may try again.
    pub(crate) fn unavailable(error: &dyn Coded) -> Self {
        let code = error.code();
        tracing::warn!(%code, error = %chain(error), "an API call was turned away");
        let message = "the server cannot do this now: try again in a few seconds, and see its log if it stays so";
        Self { status: StatusCode::SERVICE_UNAVAILABLE, code, message: message.into(), findings: Vec::new() }
    }

    /// The error with what a check of a definition found.
    #[must_use]
    pub(crate) fn with_findings(mut self, findings: Vec<Finding>) -> Self {
        self.findings = findings;
        self
    }

    /// Its words, as they are answered.
    pub(crate) fn into_detail(self) -> ErrorDetail {
        ErrorDetail {
            code: self.code.to_string(),
            message: self.message,
            findings: self.findings.into_iter().map(Into::into).collect(),
        }
    }

    /// The status it is answered with.
    pub const fn status(&self) -> StatusCode {
        self.status
    }
}

impl Coded for ApiError {
    fn code(&self) -> Code {
        self.code.clone()
    }
}

/// An error's text with the texts of its causes.
fn chain(error: &dyn Coded) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status;
        let mut response = (status, axum::Json(ErrorBody { error: self.into_detail() })).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"weir\""));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}

impl From<IdError> for ApiError {
    fn from(error: IdError) -> Self {
        Self::told(StatusCode::BAD_REQUEST, &error)
    }
}
