//! The body of a request: JSON, a form, parts, text or bytes. It renders; sending is others' business.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::HeaderValue;
use serde_json::{Map, Value};
use weir_flow::{Data, StepCheck, Template};

use super::Rendering;
use crate::steps::{Failure, text_of};

/// The settings that make a body; a request has one of them at most.
pub(super) const KINDS: &[&str] = &["json", "form", "multipart", "text", "base64"];

/// Parts of one body, at most.
const MAX_PARTS: usize = 100;

pub(super) enum Body {
    Empty,
    Json(Template),
    Form(Template),
    Multipart(Template),
    Text(Template),
    Base64(Template),
}

impl Body {
    pub(super) fn compile(kind: Option<&str>, with: &Map<String, Value>, cx: &mut StepCheck<'_>) -> Option<Self> {
        let Some(kind) = kind else { return Some(Self::Empty) };
        let template = cx.template_with_secrets(with.get(kind)?, &format!("/with/{kind}"))?;
        Some(match kind {
            "json" => Self::Json(template),
            "form" => Self::Form(template),
            "multipart" => Self::Multipart(template),
            "text" => Self::Text(template),
            _ => Self::Base64(template),
        })
    }

    /// The bytes, and the content type where the author sets none.
    pub(super) fn render(&self, rendering: &mut Rendering<'_>) -> Result<(Bytes, Option<HeaderValue>), Failure> {
        match self {
            Self::Empty => Ok((Bytes::new(), None)),
            Self::Json(template) => {
                let mut body = Vec::with_capacity(256);
                rendering.data(template)?.write_json(&mut body);
                Ok((body.into(), Some(HeaderValue::from_static("application/json"))))
            }
            Self::Form(template) => {
                let form = form(&rendering.data(template)?)?;
                Ok((form.into(), Some(HeaderValue::from_static("application/x-www-form-urlencoded"))))
            }
            Self::Multipart(template) => multipart(&rendering.data(template)?, &boundary(rendering)),
            Self::Text(template) => {
                let text = rendering.text(template)?;
                Ok((text.into(), Some(HeaderValue::from_static("text/plain; charset=utf-8"))))
            }
            Self::Base64(template) => {
                let body = decoded("base64", &rendering.text(template)?)?;
                Ok((body.into(), Some(HeaderValue::from_static("application/octet-stream"))))
            }
        }
    }
}

fn decoded(name: &str, text: &str) -> Result<Vec<u8>, Failure> {
    BASE64.decode(text.trim()).map_err(|error| Failure::setting(name, format!("is no base64: {error}")))
}

fn form(data: &Data) -> Result<String, Failure> {
    let entries = data.entries().ok_or_else(|| Failure::setting("form", "is no object of names and values"))?;
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    for (name, value) in entries {
        for value in value.items().unwrap_or_else(|| vec![value.clone()]) {
            pairs.append_pair(&name, &text_of(&value));
        }
    }
    Ok(pairs.finish())
}

/// The same for every attempt, and in no part by chance: it has the run's id in it.
fn boundary(rendering: &Rendering<'_>) -> String {
    format!("weir-{}", rendering.cx.run.id)
}

/// Parts as multipart/form-data (RFC 7578).
fn multipart(data: &Data, boundary: &str) -> Result<(Bytes, Option<HeaderValue>), Failure> {
    let wrong = |problem: String| Failure::setting("multipart", problem);
    let entries = data.entries().ok_or_else(|| wrong("is no object of names and parts".into()))?;
    if entries.len() > MAX_PARTS {
        return Err(wrong(format!("has {} parts, {MAX_PARTS} are allowed", entries.len())));
    }
    let mut body = Vec::with_capacity(1 << 10);
    for (name, part) in entries {
        let part = Part::of(&name, &part)?;
        if memchr::memmem::find(&part.bytes, boundary.as_bytes()).is_some() {
            return Err(wrong(format!("has the boundary of its own parts in the part {name}")));
        }
        let filename =
            part.filename.map(|filename| format!("; filename=\"{}\"", quoted(&filename))).unwrap_or_default();
        let head = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"{}\"{filename}\r\ncontent-type: {}\r\n\r\n",
            quoted(&name),
            part.content_type
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(&part.bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let content_type = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}")).ok();
    Ok((body.into(), content_type))
}

struct Part {
    bytes: Vec<u8>,
    filename: Option<String>,
    content_type: String,
}

impl Part {
    fn of(name: &str, data: &Data) -> Result<Self, Failure> {
        let Some(_) = data.entries() else {
            let text = text_of(data).into_bytes();
            return Ok(Self { bytes: text, filename: None, content_type: "text/plain; charset=utf-8".to_owned() });
        };
        let field = |key: &str| data.get(key).filter(|value| !value.is_null()).map(|value| text_of(&value));
        let (bytes, default) = match (field("text"), field("base64")) {
            (Some(text), None) => (text.into_bytes(), "text/plain; charset=utf-8"),
            (None, Some(base64)) => {
                (decoded(&format!("multipart.{name}.base64"), &base64)?, "application/octet-stream")
            }
            _ => {
                let problem = "needs one of `text` and `base64`, besides `filename` and `type`";
                return Err(Failure::setting(&format!("multipart.{name}"), problem));
            }
        };
        let content_type = field("type").unwrap_or_else(|| default.to_owned());
        if HeaderValue::try_from(&*content_type).is_err() {
            return Err(Failure::setting(&format!("multipart.{name}.type"), "is no content type"));
        }
        Ok(Self { bytes, filename: field("filename"), content_type })
    }
}

/// As browsers write names (HTML standard, multipart/form-data encoding).
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}
