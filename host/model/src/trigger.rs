//! What started a run: the request as a flow sees it. It carries bytes and names; ingress fills it, flow reads it.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Json, Timestamp};

/// A request without its body, as flows see it under `request`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestInfo {
    /// Method in upper case.
    pub method: String,
    /// What follows the hook's URL, with its slash: `/` or `/rest/of/it`; percent-encoded as sent.
    pub path: String,
    /// The query as sent, without `?`.
    pub query: String,
    /// Headers in the order sent, names in lower case; values that are not UTF-8 with replacement characters.
    pub headers: Vec<(String, String)>,
    /// The content type as sent.
    pub content_type: Option<String>,
    /// The caller's address.
    pub client_ip: Option<IpAddr>,
    /// When the head of the request was read.
    pub received_at: Timestamp,
}

/// What a run starts from: the request and the payload made of it.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// The request's head.
    pub request: Arc<RequestInfo>,
    /// The body as it came.
    pub body: Bytes,
    /// The payload as JSON text, made from the body by its content type.
    pub payload: Json,
}
