//! `response`: makes the caller's answer. It must not send it; what follows the step runs in the background.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use weir_flow::{Compiled, Data, Escape, Exit, Kind, Role, StepCheck, Template};
use weir_model::StepDef;

use super::{Begin, Failure, Finish, Step, StepContext, text_of};
use crate::reply::Reply;

/// Headers that belong to the connection (RFC 9110 §7.6.1) or that the server computes.
const RESERVED: [&str; 9] = [
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Headers one answer may have.
const MAX_HEADERS: usize = 64;

pub(super) struct Response;

impl Kind<Box<dyn Step>> for Response {
    fn name(&self) -> &'static str {
        "response"
    }

    fn summary(&self) -> &'static str {
        "Answers the caller with a status, headers and a body; the steps after it run in the background."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "status": { "default": 200, "description": "200 to 599, or a template that gives one." },
                "headers": { "type": "object", "maxProperties": MAX_HEADERS, "additionalProperties": { "type": ["string", "array"] } },
                "json": { "description": "A JSON tree with templates at its leaves." },
                "text": { "type": "string" },
                "html": { "type": "string", "description": "Templates in it are escaped for HTML." },
                "base64": { "type": "string", "description": "Bytes as base64 (RFC 4648 §4)." },
            },
            "additionalProperties": false,
        })
    }

    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<Box<dyn Step>>> {
        let with = cx.settings(step, &["status", "headers", "json", "text", "html", "base64"])?;
        let field = |name: &str| with.get(name);
        let status = cx.template(field("status").unwrap_or(&json!(200)), "/with/status", Escape::None)?;
        if let Some(Err(problem)) = status.constant().map(status_of) {
            cx.error("WEIR-FLOW-WITH", "/with/status", format!("`status` {problem}."));
        }
        let headers = compile_headers(field("headers"), cx)?;
        let bodies: Vec<&str> =
            ["json", "text", "html", "base64"].into_iter().filter(|name| field(name).is_some()).collect();
        if bodies.len() > 1 {
            cx.error(
                "WEIR-FLOW-WITH",
                "/with",
                format!("An answer has one body, not {}; keep one of them.", bodies.join(" and ")),
            );
        }
        let body = match bodies.first() {
            None => Body::Empty,
            Some(&name) => {
                let path = format!("/with/{name}");
                let escape = if name == "html" { Escape::Html } else { Escape::None };
                let template = cx.template(field(name)?, &path, escape)?;
                match name {
                    "json" => Body::Json(template),
                    "text" => Body::Text(template, "text/plain; charset=utf-8"),
                    "html" => Body::Text(template, "text/html; charset=utf-8"),
                    _ => Body::Base64(template),
                }
            }
        };
        let code = Responder { status, headers, body };
        Some(Compiled { code: Box::new(code), exits: vec![Exit::next()], role: Role::Answers })
    }
}

fn compile_headers(headers: Option<&Value>, cx: &mut StepCheck<'_>) -> Option<Vec<(HeaderName, Template)>> {
    let Some(headers) = headers else { return Some(Vec::new()) };
    let Value::Object(headers) = headers else {
        cx.error("WEIR-FLOW-WITH", "/with/headers", "`headers` is an object of names and values.");
        return None;
    };
    if headers.len() > MAX_HEADERS {
        cx.error("WEIR-FLOW-WITH", "/with/headers", format!("An answer has {MAX_HEADERS} headers at most."));
    }
    let mut compiled = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let path = format!("/with/headers/{}", weir_flow::pointer_token(name));
        let Ok(parsed) = HeaderName::try_from(name.as_str()) else {
            cx.error("WEIR-FLOW-WITH", &path, format!("`{name}` is no header name."));
            continue;
        };
        if RESERVED.contains(&parsed.as_str()) {
            cx.error("WEIR-FLOW-WITH", &path, format!("The server sets `{name}` itself; leave it out."));
        }
        compiled.push((parsed, cx.template(value, &path, Escape::None)?));
    }
    Some(compiled)
}

enum Body {
    Empty,
    Json(Template),
    Text(Template, &'static str),
    Base64(Template),
}

struct Responder {
    status: Template,
    headers: Vec<(HeaderName, Template)>,
    body: Body,
}

impl Step for Responder {
    fn begin(&self, cx: &StepContext<'_>) -> Result<Begin, Failure> {
        let mut missing = Vec::new();
        let mut render = |template: &Template| {
            let rendered = template.render(cx.scope).map_err(|error| Failure::template(&error))?;
            missing.extend(rendered.missing);
            Ok::<Data, Failure>(rendered.data)
        };
        let status = status_of(&render(&self.status)?).map_err(|problem| Failure::setting("status", problem))?;
        let mut headers = Vec::with_capacity(self.headers.len() + 2);
        for (name, template) in &self.headers {
            push_header(&mut headers, name, &render(template)?)?;
        }
        let (content_type, body) = match &self.body {
            Body::Empty => (None, Bytes::new()),
            Body::Json(template) => {
                let mut body = Vec::with_capacity(128);
                render(template)?.write_json(&mut body);
                (Some("application/json"), Bytes::from(body))
            }
            Body::Text(template, content_type) => (Some(*content_type), Bytes::from(text_of(&render(template)?))),
            Body::Base64(template) => {
                let decoded = BASE64.decode(text_of(&render(template)?).trim());
                let decoded = decoded.map_err(|error| Failure::setting("base64", format!("is no base64: {error}")))?;
                (Some("application/octet-stream"), Bytes::from(decoded))
            }
        };
        if body.len() as u64 > cx.limits.output_bytes {
            let (size, most) = (body.len(), cx.limits.output_bytes);
            return Err(Failure::new("WEIR-STEP-OUTPUT", format!("The answer has {size} bytes; {most} are allowed.")));
        }
        let body = if Reply::may_have_body(status) { body } else { Bytes::new() };
        finish_headers(&mut headers, content_type.filter(|_| !body.is_empty()));
        let mut finish = Finish::next(Data::null()).noting(missing);
        finish.reply = Some(Reply { status, headers, body });
        Begin::finish(finish)
    }
}

fn status_of(data: &Data) -> Result<StatusCode, String> {
    let number = data.as_i64().or_else(|| data.as_str().and_then(|text| text.trim().parse().ok()));
    let code = number.and_then(|number| u16::try_from(number).ok()).filter(|code| (200..=599).contains(code));
    code.and_then(|code| StatusCode::from_u16(code).ok())
        .ok_or_else(|| format!("is {}, not a number from 200 to 599", data.to_json().text()))
}

fn push_header(headers: &mut Vec<(HeaderName, HeaderValue)>, name: &HeaderName, data: &Data) -> Result<(), Failure> {
    if data.is_null() {
        return Ok(());
    }
    let values = data.items().unwrap_or_else(|| vec![data.clone()]);
    for value in values {
        let value = HeaderValue::try_from(text_of(&value)).map_err(|_| {
            Failure::setting(
                &format!("headers.{name}"),
                "has a line break or another character that headers cannot carry",
            )
        })?;
        headers.push((name.clone(), value));
    }
    Ok(())
}

/// Adds the body's content type where the author set none, and keeps pages away from the server's origin.
fn finish_headers(headers: &mut Vec<(HeaderName, HeaderValue)>, content_type: Option<&'static str>) {
    let has =
        |headers: &[(HeaderName, HeaderValue)], wanted: &HeaderName| headers.iter().any(|(name, _)| name == wanted);
    if let Some(content_type) = content_type.filter(|_| !has(headers, &header::CONTENT_TYPE)) {
        headers.push((header::CONTENT_TYPE, HeaderValue::from_static(content_type)));
    }
    let is_page = |value: &HeaderValue| {
        let value = value.as_bytes().to_ascii_lowercase();
        [&b"text/html"[..], b"application/xhtml", b"image/svg"].iter().any(|kind| value.starts_with(kind))
    };
    if headers.iter().any(|(name, value)| name == header::CONTENT_TYPE && is_page(value)) {
        headers.retain(|(name, _)| name != header::CONTENT_SECURITY_POLICY);
        headers.push((header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox")));
    }
}
