//! The way out as a call reaches it: the trait that the server implements, and none at all. It must not know sockets,
//! address policies or values of secrets.

use std::time::Duration;

use bytes::Bytes;
use weir_model::HostRule;

use crate::call::BoxFuture;

/// Requests and secrets of one call.
pub trait Outbound: Send + Sync {
    /// Sends a request and waits for its whole answer. `granted` is where the action may send to; none for anywhere.
    fn send<'a>(
        &'a self,
        request: HttpRequest,
        granted: Option<&'a [HostRule]>,
    ) -> BoxFuture<'a, Result<HttpAnswer, HttpError>>;

    /// The stand-in of a secret; none where the tenant has none by that name.
    fn placeholder(&self, secret: &str) -> Option<String>;

    /// The value of a secret.
    ///
    /// # Errors
    /// Where there is none, or it is not to be revealed to this action.
    fn reveal(&self, secret: &str, action: &str) -> Result<String, RevealError>;
}

/// A request.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// The method.
    pub method: String,
    /// An absolute URL.
    pub url: String,
    /// Header names and values.
    pub headers: Vec<(String, Bytes)>,
    /// The body.
    pub body: Bytes,
    /// How long the exchange may take.
    pub timeout: Duration,
    /// Bytes that request and answer may have together.
    pub most_bytes: u64,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// Header names in lower case, and values.
    pub headers: Vec<(String, Bytes)>,
    /// The body.
    pub body: Bytes,
    /// Whether the body was cut.
    pub truncated: bool,
    /// Bytes of both heads and bodies.
    pub bytes: u64,
}

/// Why there is no answer; the text says what happened and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// It may not be sent.
    #[error("{0}")]
    Denied(String),
    /// No answer in time.
    #[error("{0}")]
    Timeout(String),
    /// The request or the answer is larger than it may be.
    #[error("{0}")]
    TooLarge(String),
    /// The name was not resolved.
    #[error("{0}")]
    Dns(String),
    /// No connection.
    #[error("{0}")]
    Connect(String),
    /// The TLS handshake failed.
    #[error("{0}")]
    Tls(String),
    /// The other side does not speak HTTP properly.
    #[error("{0}")]
    Protocol(String),
    /// The request makes no sense.
    #[error("{0}")]
    Invalid(String),
}

/// Why a secret's value is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevealError {
    /// There is none by that name.
    NotFound,
    /// It is not to be revealed to this action.
    NotGranted,
}

/// No way out at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoOutbound;

impl Outbound for NoOutbound {
    fn send<'a>(&'a self, _: HttpRequest, _: Option<&'a [HostRule]>) -> BoxFuture<'a, Result<HttpAnswer, HttpError>> {
        Box::pin(std::future::ready(Err(HttpError::Denied("no requests can be sent from here".into()))))
    }

    fn placeholder(&self, _: &str) -> Option<String> {
        None
    }

    fn reveal(&self, _: &str, _: &str) -> Result<String, RevealError> {
        Err(RevealError::NotFound)
    }
}
