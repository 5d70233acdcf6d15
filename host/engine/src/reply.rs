//! The answer for the caller as it goes over the wire, and its form in the record. It does not send anything.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use weir_model::{Answer, Json};

use crate::text::cut;

/// An answer: status, headers and body, exactly as the caller gets them.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    /// Headers in order.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Body.
    pub body: Bytes,
}

impl Reply {
    /// A JSON answer.
    pub fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        let headers = vec![(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        Self { status, headers, body: body.into() }
    }

    /// An answer without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// Whether HTTP allows this status a body (RFC 9110 §6.4.1).
    pub fn may_have_body(status: StatusCode) -> bool {
        !(status.is_informational() || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED)
    }

    /// The answer as the record keeps it; a body above `cap` bytes is cut, and the second value says so.
    pub(crate) fn record(&self, cap: usize) -> (Answer, bool) {
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let (body, is_cut) = self.body_for_record(cap);
        (Answer { status: self.status.as_u16(), headers: headers.collect(), body }, is_cut)
    }

    fn body_for_record(&self, cap: usize) -> (Json, bool) {
        if self.body.is_empty() {
            return (Json::null(), false);
        }
        let Ok(text) = std::str::from_utf8(&self.body) else {
            let kept = self.body.get(..cap / 4 * 3).unwrap_or(&self.body);
            return (Json::of(&BASE64.encode(kept)).unwrap_or_default(), kept.len() < self.body.len());
        };
        if text.len() <= cap
            && self.is_json()
            && let Ok(json) = Json::parse(text.to_owned())
        {
            return (json, false);
        }
        let kept = cut(text, cap);
        (Json::of(kept).unwrap_or_default(), kept.len() < text.len())
    }

    fn is_json(&self) -> bool {
        let content_type = self.headers.iter().find(|(name, _)| *name == header::CONTENT_TYPE);
        content_type.is_some_and(|(_, value)| value.as_bytes().starts_with(b"application/json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_keeps_json_as_json_and_cuts_what_is_too_long() {
        let json = Reply::json(StatusCode::OK, r#"{"a":1}"#);
        assert_eq!(json.record(100).0.body.text(), r#"{"a":1}"#);
        let (cut, is_cut) = json.record(4);
        assert!(is_cut);
        assert_eq!(cut.body.text(), r#""{\"a\"""#);
        let binary = Reply { body: Bytes::from_static(&[0xff, 0xfe]), ..Reply::empty(StatusCode::OK) };
        assert_eq!(binary.record(100).0.body.text(), "\"//4=\"");
    }
}
