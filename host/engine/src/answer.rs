//! The response contract: what a caller is told in every situation a run can be in. It does not send anything.

use http::StatusCode;
use serde_json::json;
use weir_model::{RunId, Span, WebhookDef};

use crate::reply::Reply;
use crate::run::{RunContext, Told};

/// How long a caller waits where the flow does not say.
pub const DEFAULT_WAIT: Span = Span::from_millis(30_000);

/// The answer to a caller who was told something.
pub(crate) fn of(told: &Told, context: &RunContext) -> Reply {
    match told {
        Told::Reply(reply) => reply.clone(),
        Told::Failed(error) => {
            let body = json!({
                "error": { "code": error.code, "message": error.message },
                "run_id": context.id,
            });
            Reply::json(StatusCode::INTERNAL_SERVER_ERROR, body.to_string())
        }
        Told::Ended => unanswered(context),
        Told::Unavailable => {
            unavailable("WEIR-STORE-UNAVAILABLE", "The server cannot store runs at the moment; nothing was accepted.")
        }
    }
}

/// The run ended without reaching its Response step: 204, or what the flow says.
fn unanswered(context: &RunContext) -> Reply {
    let setting = context.release.plan.webhook.unanswered.as_ref();
    let status = setting.and_then(|setting| setting.status).and_then(|status| StatusCode::from_u16(status).ok());
    match setting.and_then(|setting| setting.json.as_ref()) {
        Some(body) => Reply::json(status.unwrap_or(StatusCode::OK), body.to_string()),
        None => Reply::empty(status.unwrap_or(StatusCode::NO_CONTENT)),
    }
}

/// The request is on disk and the run goes on in the background.
pub(crate) fn accepted(context: &RunContext) -> Reply {
    accepted_as(&context.release.plan.webhook, context.id)
}

/// The same before there is a run: what it will be answered once it is on disk.
pub(crate) fn accepted_as(webhook: &WebhookDef, run: RunId) -> Reply {
    let setting = webhook.accepted.as_ref();
    let status = setting.and_then(|setting| setting.status).and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(StatusCode::ACCEPTED);
    if !Reply::may_have_body(status) {
        return Reply::empty(status);
    }
    match setting.and_then(|setting| setting.json.as_ref()) {
        Some(body) => Reply::json(status, body.to_string()),
        None => Reply::json(status, format!(r#"{{"success":true,"run_id":"{run}"}}"#)),
    }
}

/// No answer within the flow's wait.
pub(crate) fn no_answer_in_time(run: RunId, wait: Option<Span>) -> Reply {
    let wait = wait.unwrap_or(DEFAULT_WAIT);
    let body = json!({
        "error": {
            "code": "WEIR-RUN-WAIT",
            "message": format!("The flow gave no answer within {wait}; the run goes on. Look it up by its id."),
        },
        "run_id": run,
    });
    Reply::json(StatusCode::GATEWAY_TIMEOUT, body.to_string())
}

/// No capacity, or the store does not take writes.
pub(crate) fn unavailable(code: &str, message: &str) -> Reply {
    let body = json!({ "error": { "code": code, "message": message } });
    let mut reply = Reply::json(StatusCode::SERVICE_UNAVAILABLE, body.to_string());
    reply.headers.push((http::header::RETRY_AFTER, http::HeaderValue::from_static("1")));
    reply
}
