//! The settings of `http-request`: their schema and their compilation. It sends nothing.

use std::time::Duration;

use http::{HeaderName, Method};
use serde_json::{Map, Value, json};
use weir_flow::{Escape, StepCheck, Template};
use weir_model::{Span, StepDef};

use super::answer::{Statuses, Wanted};
use super::body::{Body, KINDS};
use super::{Auth, MAX_HEADERS, Requester};

const KEYS: &[&str] = &[
    "method",
    "url",
    "query",
    "headers",
    "auth",
    "json",
    "form",
    "multipart",
    "text",
    "base64",
    "timeout",
    "redirects",
    "ok",
    "response",
    "max_bytes",
];
/// What egress follows at most.
const MOST_REDIRECTS: u64 = 5;
/// Headers that the connection or other settings make.
const RESERVED: [&str; 8] =
    ["connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade"];

pub(super) fn schema() -> Value {
    let text = |about: &str| json!({ "type": "string", "description": about });
    json!({
        "type": "object",
        "properties": {
            "method": { "type": "string", "default": "GET", "description": "GET, POST, PUT, PATCH, DELETE, HEAD or another." },
            "url": text("An absolute http or https URL; write values into it with the filter `urlencode`."),
            "query": { "type": ["object", "string"], "description": "Names and values added to the URL's query; a list gives one pair each, null none." },
            "headers": { "type": "object", "maxProperties": MAX_HEADERS, "additionalProperties": { "type": ["string", "array"] } },
            "auth": { "type": "object", "maxProperties": 1, "minProperties": 1, "additionalProperties": false,
                "properties": {
                    "basic": { "type": "object", "required": ["user", "password"], "additionalProperties": false,
                        "properties": { "user": text("The user."), "password": text("Such as {{ secrets.PASSWORD }}.") } },
                    "bearer": text("A token, such as {{ secrets.CRM_KEY }}."),
                } },
            "json": { "description": "A JSON tree with templates at its leaves." },
            "form": { "type": ["object", "string"], "description": "Names and values as application/x-www-form-urlencoded." },
            "multipart": { "type": "object", "description": "Parts as multipart/form-data: text, or an object with `text` or `base64`, and `filename` and `type`." },
            "text": text("The body as it is."),
            "base64": text("Bytes as base64 (RFC 4648 §4)."),
            "timeout": { "type": "string", "description": "How long to wait for the whole answer, such as 5s; never longer than the step may take." },
            "redirects": { "type": "integer", "minimum": 0, "maximum": MOST_REDIRECTS, "default": 0, "description": "How many redirects are followed; each is checked like a first request." },
            "ok": { "type": ["array", "string", "integer"], "default": ["2xx"], "description": "Statuses that are no failure: numbers, ranges such as 200-204 or 2xx, or `any`." },
            "response": { "enum": ["auto", "json", "text", "base64"], "default": "auto", "description": "What `body` becomes: by its content type, or what is said here." },
            "max_bytes": { "type": "integer", "minimum": 1, "description": "Bytes that request and answer may have together." },
        },
        "required": ["url"],
        "additionalProperties": false,
    })
}

pub(super) fn compile(step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Requester> {
    let with = cx.settings(step, KEYS)?;
    let Some(url) = with.get("url") else {
        cx.error(
            "WEIR-FLOW-WITH",
            "/with",
            "`http-request` needs a `url`, such as `url: https://api.example.com/leads`.",
        );
        return None;
    };
    let url = cx.template_with_secrets(url, "/with/url")?;
    check_url(&url, cx);
    let bodies: Vec<&str> = KINDS.iter().copied().filter(|name| with.contains_key(*name)).collect();
    if bodies.len() > 1 {
        let message = format!("A request has one body, not {}; keep one of them.", bodies.join(" and "));
        cx.error("WEIR-FLOW-WITH", "/with", message);
    }
    let with_body = bodies.first().copied();
    let default = Value::from(if with_body.is_some() { "POST" } else { "GET" });
    let method = cx.template(with.get("method").unwrap_or(&default), "/with/method", Escape::None)?;
    if let Some(constant) = method.constant()
        && constant.as_str().and_then(self::method).is_none()
    {
        cx.error("WEIR-FLOW-WITH", "/with/method", "`method` is no HTTP method; write one such as GET or POST.");
    }
    let query = match with.get("query") {
        Some(query) => Some(cx.template_with_secrets(query, "/with/query")?),
        None => None,
    };
    Some(Requester {
        method,
        url,
        query,
        headers: headers(with, cx)?,
        auth: auth(with, cx)?,
        body: Body::compile(with_body, with, cx)?,
        timeout: timeout(with, cx),
        redirects: u32::try_from(number(with, "redirects", 0, MOST_REDIRECTS, cx).unwrap_or(0)).unwrap_or(0),
        ok: Statuses::compile(with.get("ok"), cx)?,
        wanted: Wanted::compile(with.get("response"), cx)?,
        max_bytes: number(with, "max_bytes", 1, u64::MAX, cx),
    })
}

/// A method that may be sent: CONNECT and TRACE do something else than requests do.
pub(super) fn method(text: &str) -> Option<Method> {
    let method: Method = text.trim().to_ascii_uppercase().parse().ok()?;
    (method != Method::CONNECT && method != Method::TRACE && text.len() <= 40).then_some(method)
}

/// Says at publish what every run would say.
fn check_url(url: &Template, cx: &mut StepCheck<'_>) {
    let Some(constant) = url.constant() else { return };
    let text = constant.as_str().unwrap_or_default().trim();
    if !(text.starts_with("http://") || text.starts_with("https://")) {
        cx.error("WEIR-FLOW-WITH", "/with/url", "`url` must be absolute: start it with https:// or http://.");
    }
}

fn headers(with: &Map<String, Value>, cx: &mut StepCheck<'_>) -> Option<Vec<(HeaderName, Template)>> {
    let Some(headers) = with.get("headers") else { return Some(Vec::new()) };
    let Value::Object(headers) = headers else {
        cx.error("WEIR-FLOW-WITH", "/with/headers", "`headers` is an object of names and values.");
        return None;
    };
    if headers.len() > MAX_HEADERS {
        cx.error("WEIR-FLOW-WITH", "/with/headers", format!("A request has {MAX_HEADERS} headers at most."));
    }
    let mut compiled = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let path = format!("/with/headers/{}", weir_flow::pointer_token(name));
        let Ok(parsed) = HeaderName::try_from(name.as_str()) else {
            cx.error("WEIR-FLOW-WITH", &path, format!("`{name}` is no header name."));
            continue;
        };
        if RESERVED.contains(&parsed.as_str()) {
            cx.error("WEIR-FLOW-WITH", &path, format!("`{name}` is made when the request is sent; leave it out."));
        }
        compiled.push((parsed, cx.template_with_secrets(value, &path)?));
    }
    Some(compiled)
}

#[allow(clippy::option_option)] // Not there, and wrong, are two things.
fn auth(with: &Map<String, Value>, cx: &mut StepCheck<'_>) -> Option<Option<Auth>> {
    let Some(auth) = with.get("auth") else { return Some(None) };
    let auth = cx.object(auth, "/with/auth", &["basic", "bearer"])?;
    match (auth.get("basic"), auth.get("bearer")) {
        (Some(basic), None) => {
            let basic = cx.object(basic, "/with/auth/basic", &["user", "password"])?;
            let (Some(user), Some(password)) = (basic.get("user"), basic.get("password")) else {
                cx.error("WEIR-FLOW-WITH", "/with/auth/basic", "`basic` needs `user` and `password`.");
                return None;
            };
            let user = cx.template_with_secrets(user, "/with/auth/basic/user")?;
            let password = cx.template_with_secrets(password, "/with/auth/basic/password")?;
            Some(Some(Auth::Basic { user, password }))
        }
        (None, Some(bearer)) => Some(Some(Auth::Bearer(cx.template_with_secrets(bearer, "/with/auth/bearer")?))),
        _ => {
            cx.error("WEIR-FLOW-WITH", "/with/auth", "`auth` needs one of `basic` and `bearer`.");
            None
        }
    }
}

fn timeout(with: &Map<String, Value>, cx: &mut StepCheck<'_>) -> Option<Duration> {
    let text = with.get("timeout")?;
    let span = text.as_str().map(str::parse::<Span>);
    match span {
        Some(Ok(span)) if !span.duration().is_zero() => Some(span.duration()),
        _ => {
            cx.error("WEIR-FLOW-WITH", "/with/timeout", "`timeout` is a length of time such as 500ms or 5s.");
            None
        }
    }
}

fn number(with: &Map<String, Value>, key: &str, least: u64, most: u64, cx: &mut StepCheck<'_>) -> Option<u64> {
    let value = with.get(key)?;
    let number = value.as_u64().filter(|number| (least..=most).contains(number));
    if number.is_none() {
        let to = if most == u64::MAX { String::new() } else { format!(" to {most}") };
        cx.error("WEIR-FLOW-WITH", &format!("/with/{key}"), format!("`{key}` is a whole number from {least}{to}."));
    }
    number
}
