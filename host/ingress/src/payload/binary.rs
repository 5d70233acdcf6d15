//! Any other content type: the bytes as base64 with type and size.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use mime::Mime;
use serde_json::json;
use weir_engine::Payload;

use super::made;
use crate::Refusal;

pub(super) fn read(kind: &Mime, body: &Bytes) -> Result<Payload, Refusal> {
    made(&json!({ "type": kind.essence_str(), "size": body.len(), "base64": BASE64.encode(body) }))
}
