//! Calls of a run's resume URL: `POST` or `PUT /resume/{tenant}/{run}/{token}`, with `?step=ID` where one of several waits
//! is meant. It reads the request; the run is the engine's.

use http::request::Parts;
use http::{Method, StatusCode};
use hyper::body::Incoming;
use weir_engine::{Engine, EngineError, Reply};
use weir_listener::BodyLimits;
use weir_model::{Code, Coded as _, RunId, TenantId, WebhookDef};

use crate::route::Resume;
use crate::{Options, Refusal, payload};

/// The methods that resume a run. A link in a mail is looked at by scanners, so GET does not.
const ALLOWED: &str = "POST, PUT, OPTIONS";

/// The answer to a call of a resume URL, once what it brought is on disk.
pub(crate) async fn answer(
    engine: &Engine,
    options: &Options,
    route: &Resume<'_>,
    parts: &Parts,
    body: Incoming,
) -> Result<Reply, Refusal> {
    if parts.method == Method::OPTIONS {
        let mut reply = Reply::empty(StatusCode::NO_CONTENT);
        reply.headers.push((http::header::ALLOW, http::HeaderValue::from_static(ALLOWED)));
        return Ok(reply);
    }
    if parts.method != Method::POST && parts.method != Method::PUT {
        return Err(Refusal::ResumeMethod { method: parts.method.to_string(), allowed: ALLOWED });
    }
    let (Ok(tenant), Ok(run)) = (TenantId::new(route.tenant), route.run.parse::<RunId>()) else {
        return Err(Refusal::UnknownRun);
    };
    // Before the body is read: strangers shall not fill the memory.
    engine.check_resume(&tenant, run, route.token).map_err(|error| refusal(&error, run))?;
    payload::check_head(&parts.headers, &WebhookDef::default())?;
    let limits = BodyLimits { most: options.body_bytes.min(options.most_body_bytes), time: options.body_time };
    let body = weir_listener::read(&parts.headers, body, limits).await?.decoded;
    let (step, query) = step_of(parts.uri.query().unwrap_or_default());
    let payload = payload::of(&parts.headers, &query, &body).await?;
    let (engine, token) = (engine.clone(), route.token.to_owned());
    // A task of its own: a caller who leaves must not take along a run that is just changing hands.
    let resuming =
        tokio::spawn(async move { engine.resume_by_call(&tenant, run, &token, step.as_deref(), payload).await });
    match resuming.await {
        Ok(Ok(())) => Ok(Reply::json(StatusCode::OK, format!(r#"{{"success":true,"run_id":"{run}"}}"#))),
        Ok(Err(error)) => Err(refusal(&error, run)),
        Err(error) => {
            tracing::error!(%run, %error, "A call that resumes a run ended in an error of weir itself.");
            Err(Refusal::Unavailable(Code::new("WEIR-RUN-PANIC")))
        }
    }
}

/// What the caller may know of an error of the engine.
fn refusal(error: &EngineError, run: RunId) -> Refusal {
    match error {
        EngineError::UnknownRun(_) => Refusal::UnknownRun,
        EngineError::NotWaiting(_) | EngineError::RunEnded(_) => Refusal::NotWaiting,
        error => {
            tracing::error!(%run, %error, "A run could not be resumed.");
            Refusal::Unavailable(error.code())
        }
    }
}

/// The step that is meant, and the query without it, which is the payload where there is no body.
fn step_of(query: &str) -> (Option<String>, String) {
    if !query.contains("step") {
        return (None, query.to_owned());
    }
    let mut step = None;
    let mut rest = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name == "step" && step.is_none() {
            step = Some(value.into_owned());
        } else {
            rest.append_pair(&name, &value);
        }
    }
    (step, rest.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_is_taken_out_of_the_query() {
        assert_eq!(step_of("a=1&b=x+y"), (None, "a=1&b=x+y".into()));
        assert_eq!(step_of("a=1&step=wait-2&b=%26"), (Some("wait-2".into()), "a=1&b=%26".into()));
        assert_eq!(step_of("step=one&step=two"), (Some("one".into()), "step=two".into()));
        assert_eq!(step_of("footstep=1"), (None, "footstep=1".into()));
    }
}
