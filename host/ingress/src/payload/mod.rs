//! What a flow sees as `payload`, by the body's content type. It reads bytes that are all there; it does no I/O.

mod binary;
mod form;
mod multipart;
mod text;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use mime::Mime;
use weir_engine::Payload;
use weir_listener::{BodyError, Coding};
use weir_model::WebhookDef;

use crate::Refusal;

/// Makes the payload of a request.
///
/// # Errors
/// Where the body is not what its content type says, or the type is none.
pub async fn of(headers: &HeaderMap, query: &str, body: &Bytes) -> Result<Payload, Refusal> {
    if body.is_empty() {
        return form::read(query.as_bytes());
    }
    match content_type(headers)? {
        None => guess(body),
        Some(kind) if is_json(&kind) => json(body),
        Some(kind) if kind == mime::APPLICATION_WWW_FORM_URLENCODED => form::read(body),
        Some(kind) if kind.essence_str() == "multipart/form-data" => multipart::read(&kind, body).await,
        Some(kind) if text::is_text(&kind) => text::read(&kind, body),
        Some(kind) => binary::read(&kind, body),
    }
}

/// Refuses what the flow or the server does not take, before the body is read.
pub(crate) fn check_head(headers: &HeaderMap, webhook: &WebhookDef) -> Result<(), Refusal> {
    Coding::of(headers).map_err(BodyError::from)?;
    let Some(taken) = &webhook.content_types else { return Ok(()) };
    let kind = content_type(headers)?;
    let sent = kind.as_ref().map_or("none", Mime::essence_str);
    let matches = |pattern: &String| match pattern.strip_suffix("/*") {
        Some("*") => true,
        Some(group) => sent.split('/').next() == Some(group),
        None => pattern.eq_ignore_ascii_case(sent),
    };
    if kind.is_none() || taken.iter().any(matches) { Ok(()) } else { Err(Refusal::ContentType(sent.to_owned())) }
}

fn content_type(headers: &HeaderMap) -> Result<Option<Mime>, Refusal> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(None) };
    let wrong = || Refusal::ContentType(String::from_utf8_lossy(value.as_bytes()).chars().take(100).collect());
    value.to_str().ok().and_then(|text| text.parse().ok()).map(Some).ok_or_else(wrong)
}

fn is_json(kind: &Mime) -> bool {
    kind.subtype() == mime::JSON || kind.suffix() == Some(mime::JSON)
}

fn json(body: &Bytes) -> Result<Payload, Refusal> {
    weir_listener::check_json(body).map_err(|bound| Refusal::Malformed(bound.to_string()))?;
    Payload::from_json(body).map_err(|error| Refusal::Malformed(error.to_string()))
}

/// A body without a content type: JSON where it is JSON, else text, else bytes.
fn guess(body: &Bytes) -> Result<Payload, Refusal> {
    json(body).or_else(|_| match std::str::from_utf8(body) {
        Ok(text) => made(&text),
        Err(_) => binary::read(&mime::APPLICATION_OCTET_STREAM, body),
    })
}

/// A payload that was made here, which is JSON by its making.
fn made(value: &impl serde::Serialize) -> Result<Payload, Refusal> {
    Payload::of(value).map_err(|error| Refusal::Malformed(error.to_string()))
}

#[cfg(test)]
mod tests;
