//! Text of any kind, XML and the like included: a string. What cannot be decoded exactly is refused.

use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8};
use mime::Mime;
use weir_engine::Payload;

use super::made;
use crate::Refusal;

/// Subtypes outside `text/` that are text all the same.
const TEXT: [&str; 6] = ["xml", "javascript", "ecmascript", "yaml", "x-yaml", "x-ndjson"];

pub(super) fn is_text(kind: &Mime) -> bool {
    kind.type_() == mime::TEXT || TEXT.contains(&kind.subtype().as_str()) || kind.suffix() == Some(mime::XML)
}

pub(super) fn read(kind: &Mime, body: &Bytes) -> Result<Payload, Refusal> {
    let encoding = match kind.get_param(mime::CHARSET) {
        None => UTF_8,
        Some(charset) => Encoding::for_label(charset.as_str().as_bytes()).ok_or_else(|| {
            let kind: String = kind.as_ref().chars().take(100).collect();
            Refusal::ContentType(format!("{kind}, whose character set is not known"))
        })?,
    };
    match encoding.decode_without_bom_handling_and_without_replacement(body) {
        Some(text) => made(&text),
        None => Err(Refusal::Malformed(format!("it is not valid {}", encoding.name()))),
    }
}
