//! What goes out and what comes back, as the rooms above see it: secrets are stand-ins on both sides.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

/// A request.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// An absolute http or https URL.
    pub url: String,
    /// Headers; those that belong to the connection are left out when it is sent.
    pub headers: HeaderMap,
    /// User and password for Basic authentication (RFC 7617), so that stand-ins in them can still be seen.
    pub basic: Option<Basic>,
    /// The body.
    pub body: Bytes,
    /// How long the whole exchange may take, redirects included.
    pub timeout: Duration,
    /// How many redirects are followed.
    pub redirects: u32,
    /// Bytes that request and answer may have together.
    pub most_bytes: u64,
    /// Whether an answer that is larger fails; otherwise it is cut.
    pub whole: bool,
}

/// User and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basic {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whether the body was cut.
    pub truncated: bool,
    /// The URL that answered, after redirects.
    pub url: String,
    /// Requests that were sent.
    pub requests: u64,
    /// Bytes of heads and bodies, both ways.
    pub bytes: u64,
}
