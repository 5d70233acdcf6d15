//! What every request passes first and every answer carries: the checks of its form and its Host, the request id and the
//! security headers.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument as _;
use weir_listener::{ALLOWED_METHODS, BadHead};
use weir_model::Entropy;

use crate::body::BodyTime;
use crate::error::ApiError;
use crate::state::AdminState;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The answer's headers that hold for all of them. Nothing here is meant for a browser's page, so nothing may load.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The hosts under which the admin may be called. A page whose name was re-pointed at this address sends its own name
/// in `Host`, and is turned away.
#[derive(Debug, Clone)]
pub(crate) struct Hosts(Arc<[String]>);

impl Hosts {
    pub(crate) fn new(names: &[String]) -> Self {
        Self(names.iter().map(|name| name.trim().trim_end_matches('.').to_ascii_lowercase()).collect())
    }

    /// Whether an authority (`name`, `name:port`, `[v6]:port`) is one of them.
    pub(crate) fn allow(&self, authority: &str) -> bool {
        let Some(host) = host_of(authority) else { return false };
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = match bare.parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback(),
            Err(_) => host == "localhost" || host.ends_with(".localhost"),
        };
        loopback || self.0.iter().any(|name| *name == host || name == bare)
    }
}

/// The host of an authority; none where it is none.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, after) = rest.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            (authority.get(..address.len() + 2)?, after.strip_prefix(':').or_else(|| after.is_empty().then_some("0"))?)
        }
        None => authority.split_once(':').unwrap_or((authority, "0")),
    };
    let plain = !host.is_empty() && !host.contains(['@', '/', '\\', ' ', '%']);
    (plain && port.parse::<u16>().is_ok()).then_some(host)
}

/// Wraps every request: an id, a span, the checks of form and Host, and the headers of the answer.
pub(crate) async fn wrap(State(state): State<AdminState>, mut request: Request, next: Next) -> Response {
    let id = request_id(&request, state.entropy());
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
    let span = tracing::info_span!(
        "admin", request = %id.to_str().unwrap_or_default(), method = %request.method(), route, tenant = tracing::field::Empty
    );
    request.extensions_mut().insert(BodyTime(state.body_time()));
    let mut response = async {
        if let Err(bad) = weir_listener::check(&request) {
            return malformed(&bad);
        }
        match called_by_its_name(&request, state.hosts()) {
            Ok(()) => next.run(request).await,
            Err(refusal) => refusal.into_response(),
        }
    }
    .instrument(span)
    .await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(REQUEST_ID.clone(), id);
    response
}

/// The answer to a request whose head is none. What follows on its connection is not to be trusted.
fn malformed(bad: &BadHead) -> Response {
    let mut response = ApiError::told(bad.status(), bad).into_response();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    if matches!(bad, BadHead::Method(_)) {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(ALLOWED_METHODS));
    }
    response
}

/// A well-formed request names one host: in its target, in `Host`, or the same in both. Of older versions, perhaps none.
fn called_by_its_name(request: &Request, hosts: &Hosts) -> Result<(), ApiError> {
    let header = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let named = request.uri().authority().map(axum::http::uri::Authority::as_str).or(header);
    if named.is_some_and(|host| hosts.allow(host)) {
        return Ok(());
    }
    let shown: String = named.unwrap_or("(none)").chars().take(80).collect();
    let message = format!(
        "this server does not answer to the host {shown}: call it as localhost, or start it with that name among its admin hosts"
    );
    Err(ApiError::new(StatusCode::FORBIDDEN, "WEIR-API-HOST", message))
}

/// The caller's own id where it gave a plain one, else a fresh one.
fn request_id(request: &Request, entropy: &dyn Entropy) -> HeaderValue {
    let plain = |value: &&HeaderValue| {
        (1..=64).contains(&value.len())
            && value.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
    };
    request.headers().get(&REQUEST_ID).filter(plain).cloned().unwrap_or_else(|| {
        let mut random = [0_u8; 12];
        entropy.fill(&mut random);
        let text = random.iter().fold(String::with_capacity(24), |text, byte| text + &format!("{byte:02x}"));
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("none"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_and_configured_hosts_are_answered() {
        let hosts = Hosts::new(&["Weir.example".to_owned(), "10.0.0.5".to_owned(), "2001:db8::1".to_owned()]);
        for host in [
            "localhost",
            "LOCALHOST:8788",
            "localhost.:8788",
            "weir.localhost",
            "127.0.0.1:8788",
            "127.9.9.9",
            "[::1]:8788",
            "[::1]",
            "[::ffff:127.0.0.1]:1",
            "weir.example:443",
            "weir.example.",
            "10.0.0.5:8788",
            "[2001:db8::1]:8788",
        ] {
            assert!(hosts.allow(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8788",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "0.0.0.0:8788",
            "10.0.0.6",
            "a@localhost",
            "localhost:8788:9",
            "localhost:port",
            "[::1",
            "[::2]:8788",
            "notlocalhost",
            "xweir.example",
            "[localhost]",
        ] {
            assert!(!hosts.allow(host), "{host}");
        }
    }
}
