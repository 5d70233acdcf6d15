//! Cross-origin requests from browsers (Fetch standard, §3.3): what a preflight is answered and what answers carry. It
//! never lets more through than the flow's `cors` says.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use weir_engine::Reply;
use weir_model::{Cors, WebhookDef};

/// How long a browser may keep a preflight's answer, in seconds.
const MAX_AGE: &str = "600";

/// The methods a hook takes, as `Allow` lists them.
pub(crate) fn allowed_methods(webhook: &WebhookDef) -> String {
    match &webhook.methods {
        None => "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS".to_owned(),
        Some(methods) => {
            let mut all: Vec<&str> = methods.iter().map(String::as_str).collect();
            if all.contains(&"GET") && !all.contains(&"HEAD") {
                all.push("HEAD");
            }
            if !all.contains(&"OPTIONS") {
                all.push("OPTIONS");
            }
            all.join(", ")
        }
    }
}

/// The host's answer to OPTIONS.
pub(crate) fn preflight(webhook: &WebhookDef, request: &HeaderMap) -> Reply {
    let mut reply = Reply::empty(StatusCode::NO_CONTENT);
    let allowed = allowed_methods(webhook);
    push(&mut reply, header::ALLOW, &allowed);
    let Some(cors) = &webhook.cors else { return reply };
    if !add_origin(&mut reply, cors, request) {
        return reply;
    }
    push(&mut reply, header::ACCESS_CONTROL_ALLOW_METHODS, &allowed);
    let headers: Vec<&str> = std::iter::once("content-type").chain(cors.headers.iter().map(String::as_str)).collect();
    push(&mut reply, header::ACCESS_CONTROL_ALLOW_HEADERS, &headers.join(", "));
    push(&mut reply, header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    reply
}

/// Adds what lets the calling page read an answer.
pub(crate) fn decorate(reply: &mut Reply, webhook: &WebhookDef, request: &HeaderMap) {
    if let Some(cors) = &webhook.cors {
        add_origin(reply, cors, request);
    }
}

fn add_origin(reply: &mut Reply, cors: &Cors, request: &HeaderMap) -> bool {
    let Some(origin) = request.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()) else { return false };
    let any = cors.origins.iter().any(|allowed| allowed == "*");
    if !any && !cors.origins.iter().any(|allowed| allowed == origin) {
        return false;
    }
    push(reply, header::ACCESS_CONTROL_ALLOW_ORIGIN, if any { "*" } else { origin });
    push(reply, header::VARY, "Origin");
    if cors.credentials && !any {
        push(reply, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    true
}

fn push(reply: &mut Reply, name: HeaderName, value: &str) {
    reply.headers.extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(origins: &[&str]) -> WebhookDef {
        let cors =
            Cors { origins: origins.iter().map(|o| (*o).to_owned()).collect(), headers: vec![], credentials: true };
        WebhookDef { cors: Some(cors), methods: Some(vec!["GET".into()]), ..WebhookDef::default() }
    }

    fn origin_of(reply: &Reply) -> Option<&str> {
        let found = reply.headers.iter().find(|(name, _)| *name == header::ACCESS_CONTROL_ALLOW_ORIGIN)?;
        found.1.to_str().ok()
    }

    #[test]
    fn only_listed_origins_get_through() {
        let mut request = HeaderMap::new();
        request.insert(header::ORIGIN, HeaderValue::from_static("https://app.example"));
        assert_eq!(origin_of(&preflight(&webhook(&["https://app.example"]), &request)), Some("https://app.example"));
        assert_eq!(origin_of(&preflight(&webhook(&["https://other.example"]), &request)), None);
        assert_eq!(origin_of(&preflight(&webhook(&["*"]), &request)), Some("*"));
        assert_eq!(allowed_methods(&webhook(&[])), "GET, HEAD, OPTIONS");
    }
}
