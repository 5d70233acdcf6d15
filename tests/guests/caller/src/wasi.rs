//! The same request through `wasi:http`.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, Method, OutgoingBody, OutgoingRequest, Scheme};
use weir_action::{Error, Result};

use crate::Config;

/// Bytes read at a time.
const CHUNK: u64 = 64 << 10;

pub(crate) fn send(config: &Config, bearer: Option<&str>) -> Result<(u16, String)> {
    let failed = |what: &str| Error::failed(format!("wasi:http: {what}"));
    let fields = Fields::new();
    if let Some(bearer) = bearer {
        fields.append("authorization", bearer.as_bytes()).map_err(|_| failed("the header was refused"))?;
    }
    let request = OutgoingRequest::new(fields);
    let (scheme, rest) = config.url.split_once("://").ok_or_else(|| failed("the URL has no scheme"))?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    let set = request.set_scheme(Some(&scheme)).and_then(|()| request.set_authority(Some(authority)));
    set.and_then(|()| request.set_path_with_query(Some(if path.is_empty() { "/" } else { path })))
        .map_err(|()| failed("the URL was refused"))?;
    if let Some(text) = &config.body {
        request.set_method(&Method::Post).map_err(|()| failed("the method was refused"))?;
        let body = request.body().map_err(|()| failed("there is no body"))?;
        let stream = body.write().map_err(|()| failed("the body cannot be written"))?;
        stream.blocking_write_and_flush(text.as_bytes()).map_err(|error| failed(&format!("{error:?}")))?;
        drop(stream);
        OutgoingBody::finish(body, None).map_err(|error| failed(&format!("{error:?}")))?;
    }
    let future = handle(request, None).map_err(|error| failed(&format!("{error:?}")))?;
    future.subscribe().block();
    let answer = future.get().ok_or_else(|| failed("there is no answer"))?.map_err(|()| failed("taken twice"))?;
    let answer = answer.map_err(|error| failed(&format!("{error:?}")))?;
    let status = answer.status();
    let body = answer.consume().map_err(|()| failed("the body is gone"))?;
    let stream = body.stream().map_err(|()| failed("the body has no stream"))?;
    let mut bytes = Vec::new();
    while let Ok(chunk) = stream.blocking_read(CHUNK) {
        bytes.extend_from_slice(&chunk);
    }
    Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
}
