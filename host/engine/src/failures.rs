//! What follows the failure of a production run: the flow that its flow names is started, and a flow that fails too often in
//! a row is switched off. It executes nothing and does not say what counts as a failure of a step.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use weir_cluster::RunFilter;
use weir_model::{
    Capture, ErrorInfo, FlowId, FlowName, Json, Mode, Origin, OriginKind, Outcome, RequestInfo, RunId, RunSummary,
    TenantId, Timestamp,
};

use crate::once::start_once;
use crate::payload::Payload;
use crate::run::{RunContext, Start};
use crate::{EngineError, History, Services};

/// How often, and with what pause, the end of the run that failed is looked for in the log.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);
/// Runs on one page, and pages read, in search of runs that ended.
const PAGE: usize = 200;
const MOST_PAGES: usize = 20;

/// Does what a flow wants done when a run of it ends. Called before the end is logged, so that a crash in between does it
/// again, which starts nothing twice.
pub(crate) async fn after_end(
    services: &Arc<Services>,
    context: &RunContext,
    outcome: Outcome,
    error: Option<&ErrorInfo>,
) {
    if context.mode != Mode::Production || !matches!(outcome, Outcome::Failed | Outcome::TimedOut) {
        return;
    }
    let plan = &context.release.plan;
    if let Some(name) = &plan.on_failure
        && let Err(reason) = Box::pin(start_failure_flow(services, context, name, outcome, error)).await
    {
        let (tenant, flow, run) = (&context.tenant, &context.flow, context.id);
        tracing::warn!(%tenant, %flow, %run, wanted = %name, reason, "The flow for failures was not started.");
    }
    if let Some(most) = plan.disable_after {
        let (services, tenant, flow, run) = (Arc::clone(services), context.tenant.clone(), context.flow_id, context.id);
        tokio::spawn(async move {
            if let Err(error) = judge(&services, &tenant, flow, run, most).await {
                tracing::error!(%tenant, %flow, %error, "It could not be judged whether a flow fails too often.");
            }
        });
    }
}

/// What the flow for failures starts with.
#[derive(Serialize)]
struct Told<'r> {
    run_id: RunId,
    flow: &'r FlowName,
    version: u32,
    outcome: Outcome,
    error: Option<ErrorInfo>,
    started_at: Timestamp,
    /// Left out where the flow keeps no payloads; cut as in records.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Json>,
}

async fn start_failure_flow(
    services: &Arc<Services>,
    context: &RunContext,
    name: &FlowName,
    outcome: Outcome,
    error: Option<&ErrorInfo>,
) -> Result<(), String> {
    let depth = context.limits.call_depth;
    if u64::from(context.depth) >= depth {
        return Err(format!("flows start each other more than {depth} deep"));
    }
    let hook = services.catalog.hook_by_name(&context.tenant, name).ok_or("there is no such flow")?;
    let release = hook.published.clone().ok_or("it is not published")?;
    if !hook.enabled {
        return Err("it is disabled".to_owned());
    }
    let payload = Payload::of(&told(context, outcome, error)).map_err(|error| error.to_string())?;
    let now = services.clock.now();
    let request = RequestInfo {
        method: "FAILURE".to_owned(),
        path: "/".to_owned(),
        query: format!("run={}", context.id),
        headers: Vec::new(),
        content_type: Some("application/json".to_owned()),
        client_ip: None,
        received_at: now,
    };
    let start = Start {
        tenant: context.tenant.clone(),
        flow: hook.name.clone(),
        flow_id: hook.flow,
        release,
        mode: Mode::Production,
        request: Arc::new(request),
        body: Bytes::copy_from_slice(payload.json().text().as_bytes()),
        payload,
        origin: Some(Origin { kind: OriginKind::Failure, run: Some(context.id) }),
    };
    let mut started = RunContext::new(Arc::clone(services), follower(context.id), start, None);
    (started.depth, started.started_at) = (context.depth + 1, now);
    start_once(services, started).await.map(drop).map_err(|error| error.to_string())
}

fn told<'r>(context: &'r RunContext, outcome: Outcome, error: Option<&ErrorInfo>) -> Told<'r> {
    let cap = usize::try_from(context.limits.record_value_bytes).unwrap_or(usize::MAX);
    let keeps_payloads = matches!(context.release.plan.capture, Capture::Full | Capture::Errors);
    Told {
        run_id: context.id,
        flow: &context.flow,
        version: context.version,
        outcome,
        error: error.map(|error| {
            let detail = error.detail.clone().filter(|detail| detail.text().len() <= cap);
            ErrorInfo { detail, ..error.clone() }
        }),
        started_at: context.started_at,
        payload: keeps_payloads.then(|| context.trigger_record().payload),
    }
}

/// The id of the run that follows the failure of another: always the same, and never one that came before in the row.
fn follower(run: RunId) -> RunId {
    let [_, _, _, _, _, _, head @ .., a, b, c, d] = *run.as_bytes();
    let [e, f, g, h] = u32::from_be_bytes([a, b, c, d]).wrapping_add(0x9e37_79b9).to_be_bytes();
    let [i, j, k, l, m, n] = head;
    RunId::derived(run.made_at(), [i, j, k, l, m, n, e, f, g, h])
}

/// Switches a flow off if its last `most` runs that ended all failed, since it was enabled or published.
async fn judge(
    services: &Arc<Services>,
    tenant: &TenantId,
    flow: FlowId,
    run: RunId,
    most: u32,
) -> Result<(), EngineError> {
    let Some(hook) = services.catalog.hook_by_flow(tenant, flow).filter(|hook| hook.enabled) else { return Ok(()) };
    let since = hook.fresh_since();
    let most = usize::try_from(most).unwrap_or(usize::MAX).max(1);
    let filter = RunFilter {
        flow: Some(flow),
        mode: Some(Mode::Production),
        since: Some(since),
        ..RunFilter::of(tenant.clone())
    };
    let mut ended = Vec::new();
    for look in 0..LOOKS {
        if look > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        ended = last_ended(services, &filter, most).await?;
        // Of runs that fail at the same time, the last to be logged sees all of them.
        if ended.iter().any(|summary| summary.id == run) {
            break;
        }
    }
    let Some(reason) = reason(&ended, most) else { return Ok(()) };
    match services.catalog.switch_off(tenant, flow, since, reason.clone()).await {
        Ok(true) => tracing::warn!(%tenant, flow = %hook.name, reason, "A flow was switched off."),
        Ok(false) => {}
        Err(error) => return Err(EngineError::Store(error.to_string())),
    }
    Ok(())
}

/// The newest runs that completed, failed or ran out of time; at most `most`.
async fn last_ended(services: &Arc<Services>, filter: &RunFilter, most: usize) -> Result<Vec<RunSummary>, EngineError> {
    let history = History::new(Arc::clone(services));
    let mut ended = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let page = history.list(filter, after.as_deref(), PAGE).await?;
        let counts = |summary: &RunSummary| summary.outcome.is_final() && summary.outcome != Outcome::Cancelled;
        ended.extend(page.items.into_iter().filter(counts));
        after = page.next;
        if ended.len() >= most || after.is_none() {
            break;
        }
    }
    ended.truncate(most);
    Ok(ended)
}

/// Why a flow is switched off; none where it is not. `ended`: the newest first.
fn reason(ended: &[RunSummary], most: usize) -> Option<String> {
    let failed = |summary: &RunSummary| matches!(summary.outcome, Outcome::Failed | Outcome::TimedOut);
    if ended.len() < most || !ended.iter().all(failed) {
        return None;
    }
    let last = ended.first()?;
    let code = last.error.as_ref().map_or(last.outcome.as_str(), |error| error.code.as_str());
    let at = last.started_at.plus(Duration::from_micros(last.duration_us));
    let what = if most == 1 { "a run failed,".to_owned() } else { format!("{most} runs in a row failed, the last") };
    Some(format!("{what} with {code} at {at}; run {}", last.id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ended(outcome: &str) -> RunSummary {
        let summary = json!({
            "id": "0192f3c8-5b5e-7000-8000-000000000001", "flow": "lead", "flow_id": "0192f3c8-5b5e-7000-8000-000000000002",
            "version": 3, "mode": "production", "outcome": outcome, "started_at": "2026-11-24T09:30:00Z",
            "duration_us": 1_500_000, "step_count": 1, "error": { "code": "REFUSED", "message": "m" },
        });
        serde_json::from_value(summary).unwrap()
    }

    #[test]
    fn a_flow_is_switched_off_once_enough_runs_in_a_row_failed() {
        let runs: Vec<RunSummary> = ["failed", "timed_out", "failed"].map(ended).into();
        assert_eq!(
            reason(&runs, 3).unwrap(),
            "3 runs in a row failed, the last with REFUSED at 2026-11-24T09:30:01.500Z; run \
             0192f3c8-5b5e-7000-8000-000000000001"
        );
        assert!(reason(&runs, 4).is_none(), "there were not so many yet");
        assert!(reason(&runs[..1], 1).unwrap().starts_with("a run failed, with REFUSED at "));
        let mended: Vec<RunSummary> = ["failed", "completed", "failed"].map(ended).into();
        assert!(reason(&mended, 3).is_none() && reason(&[], 1).is_none());
    }

    #[test]
    fn runs_that_follow_each_other_have_ids_of_their_own() {
        let mut runs = vec![ended("failed").id];
        for _ in 0..100 {
            let next = follower(*runs.last().unwrap());
            assert!(!runs.contains(&next) && next.made_at() == runs[0].made_at());
            assert_eq!(next, follower(*runs.last().unwrap()));
            runs.push(next);
        }
    }
}
