//! Where a redirect leads (RFC 9110 §15.4) and what it takes along. It sends nothing; each hop is checked like a first
//! request.

use http::{HeaderMap, Method, StatusCode, header};

use crate::target::Target;
use crate::{EgressError, Outgoing};

/// The next hop; none where the answer is no redirect.
///
/// # Errors
/// Where it leads to something that cannot be sent to, or from https to http.
pub(crate) fn follow(
    status: StatusCode,
    headers: &HeaderMap,
    from: &Target,
    request: &mut Outgoing,
) -> Result<Option<Target>, EgressError> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = headers.get(header::LOCATION) else { return Ok(None) };
    let broken = || EgressError::Redirect(format!("{} redirects to something that is no URL", from.host));
    let location = location.to_str().map_err(|_| broken())?;
    let to = Target::of(from.url.join(location).map_err(|_| broken())?)?;
    if from.url.scheme() == "https" && to.url.scheme() == "http" {
        let message = format!("{} redirects from https to http, which is not followed", from.host);
        return Err(EgressError::Redirect(message));
    }
    if !from.is_same_origin(&to) {
        for name in [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION] {
            request.headers.remove(name);
        }
        request.basic = None;
    }
    let becomes_get = match status.as_u16() {
        303 => request.method != Method::HEAD,
        301 | 302 => request.method == Method::POST,
        _ => false,
    };
    if becomes_get {
        request.method = Method::GET;
        request.body = bytes::Bytes::new();
        for name in [header::CONTENT_TYPE, header::CONTENT_ENCODING, header::CONTENT_LANGUAGE] {
            request.headers.remove(name);
        }
    }
    Ok(Some(to))
}
