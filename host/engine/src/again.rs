//! Runs that are started again: one that did not complete goes on at the step that failed, and any that ended is done
//! anew. It finds what they start from; what starts them is the engine's own door.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use weir_model::{
    ErrorInfo, FlowId, FlowName, Json, Mode, Origin, OriginKind, Outcome, RequestInfo, RunId, StepRecord, TenantId,
    Timestamp, TriggerRecord,
};

use crate::engine::{start_background, start_from};
use crate::payload::Payload;
use crate::run::{Checkpoint, Start};
use crate::{Engine, EngineError, Hook, Release, Services};

/// Which definition a replay executes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// The published version of a run of a version, the draft of a run of a draft.
    #[default]
    SameMode,
    /// The version that is published now.
    Published,
    /// The draft as it is now.
    Draft,
}

/// How a run is done anew.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    /// What it starts with instead of what the first one started with.
    pub payload: Option<Payload>,
    /// Which definition.
    pub on: Which,
}

/// What is read of a record, or of the summary where only that was kept.
#[derive(Deserialize)]
struct Kept {
    flow: FlowName,
    flow_id: FlowId,
    mode: Mode,
    outcome: Outcome,
    #[serde(default)]
    error: Option<ErrorInfo>,
    #[serde(default)]
    trigger: Option<TriggerRecord>,
}

impl Engine {
    /// Starts a run in the background that goes on at the step at which another one failed, ran out of time or was
    /// cancelled, in the version that it ran. The steps before are taken over with their records.
    ///
    /// # Errors Where there is no such run, it has not ended or completed, its state was not kept, what it ran is gone,
    /// or the new run cannot be stored.
    pub async fn retry(&self, tenant: &TenantId, run: RunId, by: &str) -> Result<RunId, EngineError> {
        let services = self.services();
        let kept = self.ended(tenant, run).await?;
        if kept.outcome == Outcome::Completed {
            return Err(EngineError::NotFailed(run));
        }
        let state = state_of(services, tenant, run).await?.ok_or(EngineError::NoState(run))?;
        let release = release_of(services, tenant, &kept, &state).await?;
        let start = Start {
            tenant: tenant.clone(),
            flow: kept.flow,
            flow_id: kept.flow_id,
            release,
            mode: state.mode,
            request: Arc::clone(&state.request),
            body: state.body.clone(),
            payload: state.payload()?,
            origin: Some(Origin { kind: OriginKind::Retry, run: Some(run) }),
        };
        let mut checkpoint = state.for_retry();
        // Whoever called the first run has its answer and waits no more.
        checkpoint.called_by = None;
        if let Some(step) = kept.error.and_then(|error| error.step) {
            checkpoint.steps = without_failed_tries(checkpoint.steps, &step);
        }
        let new = start_from(services, start, checkpoint).await?;
        tracing::info!(%tenant, %run, %new, %by, "A run is retried.");
        Ok(new)
    }

    /// Starts a run in the background that does again what another one did, from its first step.
    ///
    /// # Errors
    /// Where there is no such run or it has not ended, its payload was not kept whole and no other is given, there is
    /// nothing to execute, or the new run cannot be stored.
    pub async fn replay(&self, tenant: &TenantId, run: RunId, replay: Replay) -> Result<RunId, EngineError> {
        let services = self.services();
        let kept = self.ended(tenant, run).await?;
        let hook = services.catalog.hook_by_flow(tenant, kept.flow_id);
        let hook = hook.ok_or_else(|| EngineError::NotRunnable(format!("the flow {} was deleted", kept.flow)))?;
        let mode = match replay.on {
            Which::SameMode => kept.mode,
            Which::Published => Mode::Production,
            Which::Draft => Mode::Development,
        };
        let release = current(services, &hook, mode).await?;
        let (payload, body) = match replay.payload {
            Some(payload) => given(payload),
            None => original(services, tenant, run, kept.trigger.as_ref()).await?,
        };
        let plain = || Arc::new(plain_request(services.clock.now()));
        let request = kept.trigger.map_or_else(plain, |trigger| trigger.request);
        let start = Start {
            tenant: tenant.clone(),
            flow: hook.name.clone(),
            flow_id: hook.flow,
            release,
            mode,
            request,
            body,
            payload,
            origin: Some(Origin { kind: OriginKind::Replay, run: Some(run) }),
        };
        start_background(services, None, start, None).await
    }

    /// What was kept of a run that has ended.
    async fn ended(&self, tenant: &TenantId, run: RunId) -> Result<Kept, EngineError> {
        let record = self.history().get(tenant, run).await?.ok_or(EngineError::UnknownRun(run))?;
        let kept: Kept = serde_json::from_str(record.text()).map_err(EngineError::checkpoint)?;
        if kept.outcome.is_final() { Ok(kept) } else { Err(EngineError::NotEnded(run)) }
    }
}

/// Where a run stood when it ended, where that was kept.
async fn state_of(services: &Arc<Services>, tenant: &TenantId, run: RunId) -> Result<Option<Checkpoint>, EngineError> {
    let (log, tenant) = (Arc::clone(&services.cluster.run_log), tenant.clone());
    let state = tokio::task::spawn_blocking(move || log.resume_state(&tenant, run)).await;
    let state = state.map_err(|error| EngineError::Store(error.to_string()))??;
    state.map(|state| Checkpoint::decode(&state)).transpose()
}

/// The definition that a run executed.
async fn release_of(
    services: &Arc<Services>,
    tenant: &TenantId,
    kept: &Kept,
    state: &Checkpoint,
) -> Result<Arc<Release>, EngineError> {
    let gone = |reason: String| EngineError::DefinitionGone(format!("{reason}; replay it instead"));
    let release = services.catalog.release(tenant, kept.flow_id, state.version).await;
    let release = release.map_err(|error| gone(error.to_string()))?;
    if state.fits(&release) {
        return Ok(release);
    }
    Err(gone(format!("the draft of {} was changed after the run began", kept.flow)))
}

/// What a flow's published version or draft is now.
async fn current(services: &Arc<Services>, hook: &Arc<Hook>, mode: Mode) -> Result<Arc<Release>, EngineError> {
    let name = &hook.name;
    match mode {
        Mode::Production => hook.published.clone().ok_or_else(|| {
            let reason = format!("the flow {name} has no published version that works; publish one, or use the draft");
            EngineError::NotRunnable(reason)
        }),
        Mode::Development => {
            let draft = services.catalog.draft(hook).await;
            draft.map_err(|error| EngineError::NotRunnable(format!("the draft of {name} does not run: {error}")))
        }
    }
}

/// A payload and the body that says it.
fn given(payload: Payload) -> (Payload, Bytes) {
    let body = Bytes::copy_from_slice(payload.json().text().as_bytes());
    (payload, body)
}

/// What a run started with: as its state has it, body included, else as its record has it.
async fn original(
    services: &Arc<Services>,
    tenant: &TenantId,
    run: RunId,
    trigger: Option<&TriggerRecord>,
) -> Result<(Payload, Bytes), EngineError> {
    if let Some(state) = state_of(services, tenant, run).await? {
        return Ok((state.payload()?, state.body));
    }
    let recorded = &trigger.ok_or(EngineError::NoPayload(run))?.payload;
    if let Some(bytes) = cut_from(recorded) {
        return Err(EngineError::PayloadCut { run, bytes });
    }
    let body = Bytes::copy_from_slice(recorded.text().as_bytes());
    Ok((Payload::from_json(&body).map_err(EngineError::checkpoint)?, body))
}

/// How long a recorded value was, where only its start was kept.
fn cut_from(recorded: &Json) -> Option<u64> {
    let Value::Object(marker) = recorded.to_value() else { return None };
    let (bytes, start) = (marker.get("bytes")?.as_u64()?, marker.get("start")?.as_str()?);
    let is_marker = marker.len() == 3 && marker.get("truncated") == Some(&Value::Bool(true));
    (is_marker && u64::try_from(start.len()).is_ok_and(|kept| kept < bytes)).then_some(bytes)
}

/// The head of a request that nobody sent, for a run of whose request nothing was kept.
fn plain_request(now: Timestamp) -> RequestInfo {
    RequestInfo {
        method: "POST".into(),
        path: "/".into(),
        query: String::new(),
        headers: Vec::new(),
        content_type: Some("application/json".into()),
        client_ip: None,
        received_at: now,
    }
}

/// Records without the tries after which a run failed at a step: the step begins anew, and so does what is said of it.
fn without_failed_tries(steps: Vec<StepRecord>, id: &str) -> Vec<StepRecord> {
    let failed = |step: &StepRecord| step.id == id && step.error.is_some();
    let Some(frame) = steps.iter().rfind(|step| failed(step)).map(|step| step.frame.clone()) else { return steps };
    let is_try = |step: &StepRecord| failed(step) && step.frame == frame;
    let first = steps.iter().rposition(|step| is_try(step) && step.attempt == 1).unwrap_or(steps.len());
    let numbered = steps.into_iter().enumerate();
    numbered.filter(|(at, step)| *at < first || !is_try(step)).map(|(_, step)| step).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_marker_of_a_cut_value_is_one() {
        let cut = |value: Value| cut_from(&Json::of(&value).unwrap());
        assert_eq!(cut(json!({ "truncated": true, "bytes": 300_000, "start": "{\"a" })), Some(300_000));
        for whole in [
            json!({ "truncated": true, "bytes": 2, "start": "long enough" }),
            json!({ "truncated": true, "bytes": 300, "start": "a", "more": 1 }),
            json!({ "truncated": false, "bytes": 300, "start": "a" }),
            json!([true, 300, "a"]),
            json!(null),
        ] {
            assert_eq!(cut(whole.clone()), None, "{whole}");
        }
    }

    #[test]
    fn the_tries_that_failed_go_and_all_before_them_stays() {
        let step = |id: &str, attempt: u32, frame: &[&str], failed: bool| {
            let error = failed.then(|| json!({ "code": "FAILED", "message": "no" }));
            serde_json::from_value::<StepRecord>(json!({
                "id": id, "uses": "fail", "exit": if failed { "error" } else { "next" }, "started_us": 0,
                "duration_us": 0, "attempt": attempt, "frame": frame, "output": null, "error": error,
            }))
            .unwrap()
        };
        let steps = vec![
            step("a", 1, &[], false),
            step("b", 1, &["each:1"], true),
            step("b", 2, &["each:1"], false),
            step("b", 1, &["each:2"], true),
            step("other", 1, &["each:3"], true),
            step("b", 2, &["each:2"], true),
        ];
        let left = without_failed_tries(steps, "b");
        let left: Vec<_> = left.iter().map(|step| (step.id.as_str(), step.attempt, step.frame.clone())).collect();
        let each = |n: u32| vec![format!("each:{n}")];
        assert_eq!(left, [("a", 1, vec![]), ("b", 1, each(1)), ("b", 2, each(1)), ("other", 1, each(3))]);
        assert_eq!(without_failed_tries(vec![step("a", 1, &[], false)], "a").len(), 1);
    }

    #[test]
    fn a_record_and_a_mere_summary_can_both_be_read() {
        let flow = "0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6c";
        let summary = json!({
            "id": flow, "flow": "f", "flow_id": flow, "version": 1, "mode": "production", "outcome": "failed",
            "started_at": "2026-11-24T09:00:00Z", "duration_us": 1, "step_count": 3,
            "error": { "code": "FAILED", "message": "no", "step": "b" },
        });
        let kept: Kept = serde_json::from_str(&summary.to_string()).unwrap();
        assert_eq!(kept.error.unwrap().step.as_deref(), Some("b"));
        assert!(kept.trigger.is_none());
    }
}
