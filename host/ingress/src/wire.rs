//! Between hyper's types and weir's: a request's head as flows see it, an answer as bytes. It decides nothing.

use std::net::IpAddr;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use http_body_util::Full;
use hyper::Response;
use weir_engine::Reply;
use weir_model::{RequestInfo, Timestamp};

/// What stands for the value of a header with a secret that was checked.
const CHECKED: &str = "[checked]";

/// The request's head as flows see it; `secret` names a header whose value is nobody's business any more.
pub(crate) fn request_info(
    parts: &Parts,
    rest: &str,
    client: IpAddr,
    received_at: Timestamp,
    secret: Option<&str>,
) -> RequestInfo {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let shown = |name: &HeaderName, value: &HeaderValue| {
        if secret == Some(name.as_str()) { CHECKED.to_owned() } else { text(value) }
    };
    RequestInfo {
        method: parts.method.as_str().to_owned(),
        path: rest.to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), shown(name, value))).collect(),
        content_type: parts.headers.get(CONTENT_TYPE).map(text),
        client_ip: Some(client.to_canonical()),
        received_at,
    }
}

/// The answer for hyper, which leaves the body out of answers to HEAD.
pub(crate) fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(reply.body));
    *response.status_mut() = reply.status;
    for (name, value) in reply.headers {
        response.headers_mut().append(name, value);
    }
    response
}
