//! `/readyz`: whether a load balancer should send requests here. It tells nothing else, and hooks never have this path.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;

/// The path, with any method.
const PATH: &str = "/readyz";

pub(crate) fn is_asked_for<B>(request: &Request<B>) -> bool {
    request.uri().path() == PATH
}

/// 200 while the server takes work; 503 from the moment it is told to stop, or once its disk failed.
pub(crate) fn answer(is_ready: bool) -> Response<Full<Bytes>> {
    let (status, text) =
        if is_ready { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") };
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
