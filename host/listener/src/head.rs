//! Which requests are well formed: their method, target and Host. Nothing is normalised, and no route is known here.
//!
//! What hyper refuses does not get here. Of a request with both Transfer-Encoding and Content-Length it takes the latter away
//! and leaves no trace; it reads the body as chunked and closes the connection after the answer, as RFC 9112 §6.3 asks.

use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, Version, header};
use weir_model::{Code, Coded};

use crate::options::HEADERS;

/// Bytes of a request's target.
const TARGET_BYTES: usize = 8 << 10;

/// The methods that are taken at all, as `Allow` lists them.
pub const ALLOWED_METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Why a request is refused for its head alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHead {
    /// No such method is taken.
    #[error("The method {0} is not taken here; use one of {ALLOWED_METHODS}.")]
    Method(String),
    /// The target is too long.
    #[error("The URL is longer than {TARGET_BYTES} bytes; send what is long in the body.")]
    TooLong,
    /// There are too many headers. HTTP/1 is refused before, by hyper.
    #[error("The request has more than {HEADERS} headers; send fewer.")]
    TooMany,
    /// The target is of a form that only proxies take.
    #[error("The request's target is no path; send one that begins with a slash.")]
    Target,
    /// There is no Host, or more than one, or one that names no host.
    #[error("A request needs one Host header that names a host.")]
    Host,
    /// The target names another host than Host does.
    #[error("The request names two different hosts; its URL and its Host header must name the same.")]
    OtherHost,
}

impl BadHead {
    /// The status of the answer.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLong => StatusCode::URI_TOO_LONG,
            Self::TooMany => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Target | Self::Host | Self::OtherHost => StatusCode::BAD_REQUEST,
        }
    }
}

impl Coded for BadHead {
    fn code(&self) -> Code {
        Code::new(match self {
            Self::Method(_) => "WEIR-REQUEST-METHOD",
            Self::TooLong => "WEIR-REQUEST-URL",
            Self::TooMany => "WEIR-REQUEST-HEADERS",
            Self::Target | Self::Host | Self::OtherHost => "WEIR-REQUEST-HEAD",
        })
    }
}

/// Refuses requests that another server or proxy in front may have read differently, and methods that nothing here has.
///
/// # Errors
/// Where the request is to be refused.
pub fn check<B>(request: &Request<B>) -> Result<(), BadHead> {
    let (uri, headers) = (request.uri(), request.headers());
    check_method(request.method())?;
    let target = uri.path_and_query().map_or("", http::uri::PathAndQuery::as_str);
    if target.len() > TARGET_BYTES {
        return Err(BadHead::TooLong);
    }
    if headers.len() > HEADERS {
        return Err(BadHead::TooMany);
    }
    if !target.starts_with('/') || !matches!(uri.scheme_str(), None | Some("http" | "https")) {
        return Err(BadHead::Target);
    }
    check_host(request.version(), uri, headers)
}

fn check_method(method: &Method) -> Result<(), BadHead> {
    match *method {
        Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::PATCH | Method::DELETE | Method::OPTIONS => {
            Ok(())
        }
        _ => Err(BadHead::Method(method.as_str().chars().take(20).collect())),
    }
}

/// Exactly one host must be named: by Host (RFC 9112 §3.2), in HTTP/2 by `:authority` or Host, in HTTP/1.0 perhaps by none.
fn check_host(version: Version, uri: &Uri, headers: &HeaderMap) -> Result<(), BadHead> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (None, None) => None,
        (Some(host), None) => Some(named(host).ok_or(BadHead::Host)?),
        _ => return Err(BadHead::Host),
    };
    match (host, uri.authority()) {
        (Some(host), Some(target)) if !host.as_str().eq_ignore_ascii_case(target.as_str()) => Err(BadHead::OtherHost),
        (_, Some(target)) if target.as_str().contains('@') => Err(BadHead::Target),
        (Some(_), _) => Ok(()),
        (None, Some(_)) if version == Version::HTTP_2 => Ok(()),
        (None, _) if version < Version::HTTP_11 => Ok(()),
        _ => Err(BadHead::Host),
    }
}

/// A Host header's host, where it is one.
fn named(value: &HeaderValue) -> Option<Authority> {
    let authority = Authority::try_from(value.as_bytes()).ok()?;
    (!authority.as_str().contains('@') && !authority.host().is_empty()).then_some(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(version: Version, method: &str, target: &str, hosts: &[&str]) -> Result<(), BadHead> {
        let request = Request::builder().version(version).method(method).uri(target);
        let request = hosts.iter().fold(request, |request, host| request.header(header::HOST, *host));
        check(&request.body(()).unwrap())
    }

    #[test]
    fn only_one_host_and_one_form_of_target_are_taken() {
        let one = |target, hosts| checked(Version::HTTP_11, "GET", target, hosts);
        assert_eq!(one("/a/../b?c", &["h"]), Ok(()));
        assert_eq!(one("/", &["h:80"]), Ok(()));
        assert_eq!(one("/", &["[::1]:80"]), Ok(()));
        assert_eq!(one("http://H/", &["h"]), Ok(()));
        for hosts in [&[][..], &["h", "h"], &[""], &["a b"], &["a@b"], &["a/b"], &[":80"]] {
            assert_eq!(one("/", hosts), Err(BadHead::Host), "{hosts:?}");
        }
        assert_eq!(one("http://evil/", &["h"]), Err(BadHead::OtherHost));
        assert_eq!(one("http://u@h/", &["h"]), Err(BadHead::OtherHost));
        for target in ["*", "h:80", "ftp://h/"] {
            assert_eq!(one(target, &["h"]), Err(BadHead::Target), "{target}");
        }
        assert_eq!(one(&format!("/{}", "a".repeat(TARGET_BYTES)), &["h"]), Err(BadHead::TooLong));
    }

    #[test]
    fn older_and_newer_versions_may_name_it_elsewhere() {
        assert_eq!(checked(Version::HTTP_10, "GET", "/", &[]), Ok(()));
        assert_eq!(checked(Version::HTTP_10, "GET", "/", &["a", "b"]), Err(BadHead::Host));
        assert_eq!(checked(Version::HTTP_2, "GET", "http://h/", &[]), Ok(()));
        assert_eq!(checked(Version::HTTP_2, "GET", "http://h/", &["h"]), Ok(()));
        assert_eq!(checked(Version::HTTP_2, "GET", "http://h/", &["evil"]), Err(BadHead::OtherHost));
        assert_eq!(checked(Version::HTTP_2, "GET", "/", &[]), Err(BadHead::Host));
        assert_eq!(checked(Version::HTTP_2, "GET", "http://u@h/", &[]), Err(BadHead::Target));
    }

    #[test]
    fn methods_that_nothing_has_are_refused() {
        for method in ["TRACE", "CONNECT", "PROPFIND", "get"] {
            let refused = checked(Version::HTTP_11, method, "/", &["h"]);
            assert_eq!(refused, Err(BadHead::Method(method.to_owned())));
        }
    }
}
