//! From what other rooms give to what the API shows: views of flows, and their errors as answers. It adds the URLs.

use axum::http::StatusCode;
use weir_catalog::{CatalogError, Class};
use weir_engine::EngineError;
use weir_model::{Findings, HookKey};

use crate::error::ApiError;
use crate::state::AdminState;
use crate::views::{
    DisabledView, DraftState, FindingView, FlowUrls, FlowView, PublishedView, ScheduleView, VersionView,
};

/// A flow with its URLs.
pub(crate) fn flow_view(state: &AdminState, flow: weir_catalog::FlowView) -> FlowView {
    let urls = urls(state.webhook_url(), &flow.key);
    let weir_catalog::DraftView { revision, updated_at, errors, warnings } = flow.draft;
    FlowView {
        name: flow.name.to_string(),
        tenant: flow.tenant.to_string(),
        id: flow.id.to_string(),
        description: flow.description,
        draft: DraftState { revision, updated_at, errors, warnings },
        published: flow.published,
        latest: flow.latest,
        enabled: flow.enabled,
        disabled: flow.disabled.map(|disabled| DisabledView { reason: disabled.reason, at: disabled.at }),
        schedule: flow.schedule.map(schedule_view),
        armed_until: flow.armed_until,
        listening: flow.listening,
        steps: flow.steps,
        created_at: flow.created_at,
        updated_at: flow.updated_at,
        urls,
    }
}

fn schedule_view(schedule: weir_catalog::ScheduleView) -> ScheduleView {
    let weir_catalog::ScheduleView { cron, zone, next_at } = schedule;
    ScheduleView { cron, zone, next_at }
}

fn urls(base: &str, key: &HookKey) -> FlowUrls {
    FlowUrls { production: format!("{base}/webhook/{key}"), development: format!("{base}/webhook/{key}/dev") }
}

/// A flow that was just published.
pub(crate) fn published_view(state: &AdminState, published: weir_catalog::Published) -> PublishedView {
    let findings = finding_views(published.findings);
    PublishedView { flow: flow_view(state, published.flow), version: published.version, findings }
}

/// A version in a list.
pub(crate) fn version_view(version: weir_catalog::VersionView) -> VersionView {
    let weir_catalog::VersionView { version, note, created_at, published } = version;
    VersionView { version, note, created_at, published }
}

/// Findings in their order.
pub(crate) fn finding_views(findings: Findings) -> Vec<FindingView> {
    findings.into_iter().map(Into::into).collect()
}

impl From<CatalogError> for ApiError {
    fn from(error: CatalogError) -> Self {
        let told = |status| Self::told(status, &error).with_findings(error.findings().cloned().unwrap_or_default());
        match error.class() {
            Class::Bad => told(StatusCode::BAD_REQUEST),
            Class::Unauthorized => told(StatusCode::UNAUTHORIZED),
            Class::NotFound => told(StatusCode::NOT_FOUND),
            Class::Conflict => told(StatusCode::CONFLICT),
            Class::TooLarge => told(StatusCode::PAYLOAD_TOO_LARGE),
            Class::Invalid => told(StatusCode::UNPROCESSABLE_ENTITY),
            Class::Unavailable => Self::unavailable(&error),
            Class::Internal => Self::internal(&error),
        }
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Invalid(_) => Self::told(StatusCode::BAD_REQUEST, &error),
            EngineError::UnknownRun(run) => {
                let message = format!("there is no run {run}: check the id, or list the runs; old ones are dropped");
                Self::absent("WEIR-API-RUN-UNKNOWN", message)
            }
            EngineError::NotWaiting(_)
            | EngineError::RunEnded(_)
            | EngineError::NotEnded(_)
            | EngineError::NotFailed(_)
            | EngineError::NoState(_)
            | EngineError::PayloadCut { .. }
            | EngineError::NoPayload(_)
            | EngineError::NotRunnable(_)
            | EngineError::DefinitionGone(_) => Self::told(StatusCode::CONFLICT, &error),
            EngineError::Backup(_) => Self::told(StatusCode::UNPROCESSABLE_ENTITY, &error),
            EngineError::QueueFull => Self::told(StatusCode::SERVICE_UNAVAILABLE, &error),
            EngineError::Store(_) => Self::unavailable(&error),
            EngineError::Checkpoint(_) | EngineError::Panicked | EngineError::Stopping => Self::internal(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::response::IntoResponse;
    use serde_json::{Value, json};
    use weir_catalog::Thing;
    use weir_model::{Code, Finding, FlowName, Severity};
    use weir_vault::TokenError;

    use super::*;

    async fn answer(error: impl Into<ApiError>) -> (u16, Value) {
        let response = error.into().into_response();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn errors_for_the_caller_are_told_with_their_status() {
        let name = || "new-lead".to_owned();
        let unknown = CatalogError::NotFound { thing: Thing::Flow, name: name(), within: " in tenant default".into() };
        let (status, body) = answer(unknown).await;
        assert_eq!((status, &body["error"]["code"]), (404, &json!("WEIR-CATALOG-FLOW-UNKNOWN")));
        assert!(
            body["error"]["message"].as_str().unwrap().contains("new-lead") && body["error"].get("findings").is_none()
        );
        let changed = CatalogError::Changed { thing: Thing::Flow, name: name(), expected: 1, found: 2 };
        assert_eq!(answer(changed).await.0, 409);
        assert_eq!(answer(CatalogError::Token(TokenError::Unknown)).await.0, 401);
        assert_eq!(answer(CatalogError::Bad("b".into())).await.0, 400);
        assert_eq!(answer(FlowName::new("Not A Name").unwrap_err()).await.0, 400);
        assert_eq!(answer(EngineError::Invalid("cursor".into())).await.0, 400);
        let run = "0192f3c8-5b5e-7000-8000-000000000001".parse().unwrap();
        for (error, wanted, code) in [
            (EngineError::UnknownRun(run), 404, "WEIR-API-RUN-UNKNOWN"),
            (EngineError::NotEnded(run), 409, "WEIR-RUN-NOT-ENDED"),
            (EngineError::NoState(run), 409, "WEIR-RUN-NO-STATE"),
            (EngineError::QueueFull, 503, "WEIR-QUEUE-FULL"),
        ] {
            let (status, body) = answer(error).await;
            assert_eq!((status, &body["error"]["code"]), (wanted, &json!(code)));
        }
    }

    #[tokio::test]
    async fn a_refused_definition_brings_its_findings() {
        let finding = Finding {
            code: Code::new("WEIR-FLOW-TARGET-UNKNOWN"),
            severity: Severity::Error,
            path: "/steps/0/on/next".into(),
            line: Some(7),
            step: Some("hot".into()),
            message: "m".into(),
        };
        let written = serde_json::to_value(&finding).unwrap();
        let (status, body) = answer(CatalogError::Invalid { flow: "new-lead".into(), findings: vec![finding] }).await;
        assert_eq!((status, &body["error"]["findings"]), (422, &json!([written])));
    }

    #[tokio::test]
    async fn the_servers_own_faults_are_not_shown() {
        let secret = "meta/tenant/7";
        let damaged = CatalogError::Damaged { key: secret.into(), reason: "eof".into() };
        for (error, wanted, code) in [
            (ApiError::from(damaged), 500, "WEIR-CATALOG-DAMAGED"),
            (ApiError::from(EngineError::Store(secret.into())), 503, "WEIR-STORE-UNAVAILABLE"),
            (ApiError::from(EngineError::Checkpoint(secret.into())), 500, "WEIR-RUN-CHECKPOINT"),
        ] {
            let retry = error.clone().into_response().headers().contains_key("retry-after");
            let (status, body) = answer(error).await;
            assert_eq!((status, &body["error"]["code"], retry), (wanted, &json!(code), wanted == 503));
            assert!(!body.to_string().contains(secret), "{body}");
        }
    }

    #[test]
    fn urls_hang_off_the_configured_address() {
        let key = HookKey::new(&"a1".repeat(16)).unwrap();
        let urls = urls("https://hooks.example", &key);
        assert_eq!(urls.production, format!("https://hooks.example/webhook/{key}"));
        assert_eq!(urls.development, format!("{}/dev", urls.production));
    }
}
