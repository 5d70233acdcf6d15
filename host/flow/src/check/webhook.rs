//! Checks what a flow says of its hook. It reads settings; ingress acts on them.

use std::time::Duration;

use serde_json::Value;
use weir_model::{Accepted, Cors, Span, TriggerDef, Unanswered, WebhookDef};

use super::near::nearest;
use super::shape::{Part, Report};

const WEBHOOK_KEYS: &[&str] =
    &["methods", "content_types", "max_body", "auth", "allow", "wait", "accepted", "unanswered", "idempotency", "cors"];
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

impl Report<'_> {
    pub(super) fn trigger(&mut self, flow: &Part<'_>) -> TriggerDef {
        let Some(trigger) = self.object(flow, "trigger") else { return TriggerDef::default() };
        self.known(&trigger, &["webhook", "schedule"]);
        let webhook = self.object(&trigger, "webhook").map(|part| self.webhook(&part)).unwrap_or_default();
        TriggerDef { webhook, schedule: self.schedule(&trigger) }
    }

    fn webhook(&mut self, part: &Part<'_>) -> WebhookDef {
        self.known(part, WEBHOOK_KEYS);
        WebhookDef {
            methods: self.methods(part),
            content_types: self.content_types(part),
            max_body: self.max_body(part),
            auth: self.auth(part),
            allow: self.allow(part),
            wait: self.wait(part),
            accepted: self.accepted(part),
            unanswered: self.unanswered(part),
            idempotency: self.idempotency(part),
            cors: self.cors(part),
        }
    }

    fn methods(&mut self, part: &Part<'_>) -> Option<Vec<String>> {
        let methods = self.texts(part, "methods")?;
        if methods.is_empty() {
            let message = "`methods` is empty, so no call would be taken: name some, such as [POST], or leave it out to \
                           take all";
            self.error("WEIR-FLOW-METHOD", part, "methods", message.to_owned());
        }
        for (index, method) in &methods {
            let upper = method.to_ascii_uppercase();
            if upper == "OPTIONS" {
                let message = "weir answers OPTIONS itself, from `cors`: take it out of `methods`".to_owned();
                self.item(part, "methods", *index, "WEIR-FLOW-METHOD", message);
            } else if !is_token(method) {
                let message = format!("{method:?} is no HTTP method: write one such as POST");
                self.item(part, "methods", *index, "WEIR-FLOW-METHOD", message);
            } else if upper != **method {
                let message = format!("HTTP methods are written in upper case: write {upper}");
                self.item(part, "methods", *index, "WEIR-FLOW-METHOD", message);
            } else if !METHODS.contains(method)
                && let Some(near) = nearest(method, METHODS.iter().copied())
            {
                self.warn("WEIR-FLOW-METHOD", part, "methods", format!("`{method}` is unusual: did you mean {near}?"));
            }
        }
        Some(methods.into_iter().map(|(_, method)| method.to_owned()).collect())
    }

    fn content_types(&mut self, part: &Part<'_>) -> Option<Vec<String>> {
        let types = self.texts(part, "content_types")?;
        if types.is_empty() {
            let message = "`content_types` is empty, so no body would be taken: name some, or leave it out to take all";
            self.error("WEIR-FLOW-CONTENT-TYPE", part, "content_types", message.to_owned());
        }
        for (index, text) in &types {
            let sound = text.split_once('/').is_some_and(|(kind, sub)| is_token(kind) && is_token(sub));
            if !sound || (text.starts_with('*') && *text != "*/*") {
                let message = format!(
                    "{text:?} is no content type: write one such as `application/json` or `text/*`, without parameters"
                );
                self.item(part, "content_types", *index, "WEIR-FLOW-CONTENT-TYPE", message);
            }
        }
        Some(types.into_iter().map(|(_, text)| text.to_ascii_lowercase()).collect())
    }

    fn max_body(&mut self, part: &Part<'_>) -> Option<u64> {
        let bytes = self.number(part, "max_body")?;
        if bytes == 0 {
            let message = "`max_body` is 0, so no body would be taken: write the bytes allowed, or leave it out for the \
                           server's limit";
            self.error("WEIR-FLOW-MAX-BODY", part, "max_body", message.to_owned());
        }
        Some(bytes)
    }

    fn wait(&mut self, part: &Part<'_>) -> Option<Span> {
        let wait: Span = self.parsed(part, "wait", "WEIR-FLOW-WAIT")?;
        if !(SHORTEST_WAIT..=LONGEST_WAIT).contains(&wait.duration()) {
            let message = format!("a caller cannot wait {wait} for its answer: write a time from 1s to 15m");
            self.error("WEIR-FLOW-WAIT", part, "wait", message);
        }
        Some(wait)
    }

    fn accepted(&mut self, part: &Part<'_>) -> Option<Accepted> {
        let part = self.object(part, "accepted")?;
        self.known(&part, &["status", "json"]);
        let status = self.status(&part, 200..=299, "an acknowledgement has a status from 200 to 299, such as 202");
        Some(Accepted { status, json: self.body(&part, status) })
    }

    fn unanswered(&mut self, part: &Part<'_>) -> Option<Unanswered> {
        let part = self.object(part, "unanswered")?;
        self.known(&part, &["status", "json"]);
        let status = self.status(&part, 200..=599, "an answer has a status from 200 to 599, such as 204");
        Some(Unanswered { status, json: self.body(&part, status.or(Some(204))) })
    }

    fn status(&mut self, part: &Part<'_>, range: std::ops::RangeInclusive<u64>, rule: &str) -> Option<u16> {
        let status = self.number(part, "status")?;
        if !range.contains(&status) {
            self.error("WEIR-FLOW-STATUS", part, "status", format!("{status} cannot be sent here: {rule}"));
        }
        u16::try_from(status).ok()
    }

    fn body(&mut self, part: &Part<'_>, status: Option<u16>) -> Option<Value> {
        let json = part.map.get("json")?;
        if let Some(status @ (204 | 205 | 304)) = status {
            let message =
                format!("an answer with status {status} has no body: set another `status`, or leave out `json`");
            self.warn("WEIR-FLOW-STATUS", part, "json", message);
        }
        Some(json.clone())
    }

    fn cors(&mut self, part: &Part<'_>) -> Option<Cors> {
        let part = self.object(part, "cors")?;
        self.known(&part, &["origins", "headers", "credentials"]);
        let origins = self.texts(&part, "origins").unwrap_or_default();
        if origins.is_empty() {
            self.missing(
                &part,
                "origins",
                "name the pages that may call, such as [\"https://app.example\"], or [\"*\"]",
            );
        }
        for (index, origin) in &origins {
            if *origin != "*" && !is_origin(origin) {
                let message = format!(
                    "{origin:?} is no origin: write scheme, host and port alone, such as `https://app.example`, or `*`"
                );
                self.item(&part, "origins", *index, "WEIR-FLOW-CORS", message);
            }
        }
        let headers = self.texts(&part, "headers").unwrap_or_default();
        for (index, header) in headers.iter().filter(|(_, header)| !is_token(header)) {
            self.item(&part, "headers", *index, "WEIR-FLOW-CORS", format!("{header:?} is no header name"));
        }
        let credentials = self.flag(&part, "credentials").unwrap_or(false);
        if credentials && origins.iter().any(|(_, origin)| *origin == "*") {
            let message = "browsers refuse credentials together with the origin `*`: name the origins".to_owned();
            self.error("WEIR-FLOW-CORS", &part, "credentials", message);
        }
        let owned = |texts: Vec<(usize, &str)>| texts.into_iter().map(|(_, text)| text.to_owned()).collect();
        Some(Cors { origins: owned(origins), headers: owned(headers), credentials })
    }
}

/// A token of RFC 9110 §5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    (1..=128).contains(&text.len()) && text.bytes().all(plain)
}

/// `scheme://host[:port]` (RFC 6454 §6.2).
fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else { return false };
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-:[]_".contains(&b);
    matches!(scheme, "http" | "https") && (1..=255).contains(&host.len()) && host.bytes().all(plain)
}
