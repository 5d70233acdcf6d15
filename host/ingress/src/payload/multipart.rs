//! `multipart/form-data` (RFC 7578): fields as text, files as base64 with name and type. The body is in memory already.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures_util::stream;
use mime::Mime;
use serde_json::{Map, Value, json};
use weir_engine::Payload;

use super::{form, made};
use crate::Refusal;

/// Parts one body may have.
const MOST_PARTS: usize = 1_000;

pub(super) async fn read(kind: &Mime, body: &Bytes) -> Result<Payload, Refusal> {
    // It quotes headers of the caller's, however long they are.
    let wrong = |error: multer::Error| Refusal::Malformed(error.to_string().chars().take(300).collect());
    let boundary = multer::parse_boundary(kind.as_ref()).map_err(wrong)?;
    let whole = stream::iter([Ok::<_, std::convert::Infallible>(body.clone())]);
    let mut parts = multer::Multipart::new(whole, boundary);
    let mut fields = Map::new();
    let mut count = 0;
    while let Some(part) = parts.next_field().await.map_err(wrong)? {
        count += 1;
        if count > MOST_PARTS {
            return Err(Refusal::Malformed(format!("it has more than {MOST_PARTS} parts")));
        }
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        let content_type = part.content_type().map(ToString::to_string);
        let bytes = part.bytes().await.map_err(wrong)?;
        form::add(&mut fields, &name, value_of(file, content_type, &bytes));
    }
    made(&Value::Object(fields))
}

fn value_of(file: Option<String>, content_type: Option<String>, bytes: &Bytes) -> Value {
    match (file, std::str::from_utf8(bytes)) {
        (None, Ok(text)) => Value::String(text.to_owned()),
        (file, _) => json!({
            "name": file,
            "type": content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
            "size": bytes.len(),
            "base64": BASE64.encode(bytes),
        }),
    }
}
