//! Past and present runs: list and show. The records are the engine's; this file passes them on unread.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::IntoParams;
use weir_engine::{EngineError, RunFilter};
use weir_model::{FlowId, FlowName, Mode, Outcome, RunSummary, Span, TenantId, Timestamp};

use crate::access::{At, Reads, RunPath, TenantPath};
use crate::api::Reading;
use crate::body::Asked;
use crate::error::{Answer, ApiError};
use crate::paging::{List, Page};
use crate::state::AdminState;
use crate::views::{ModeView, OutcomeView, RunSummaryView, RunView};

/// Which runs of a tenant.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunQuery {
    /// Only runs of this flow: its name, or its id where it was deleted.
    #[param(example = "new-lead")]
    flow: Option<String>,
    /// Only runs that stand or ended so.
    #[param(value_type = Option<OutcomeView>)]
    outcome: Option<Outcome>,
    /// Only runs of published versions, or of drafts.
    #[param(value_type = Option<ModeView>)]
    mode: Option<Mode>,
    /// Only runs that started at or after this moment, in RFC 3339, or this long ago, such as `15m`.
    #[param(example = "2026-11-24T09:30:00Z")]
    since: Option<String>,
    /// Only runs that started before this moment, or longer ago.
    until: Option<String>,
    /// How many runs, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before; without it the first page.
    #[param(max_length = 512)]
    after: Option<String>,
}

/// Lists runs, newest first
///
/// A page may hold fewer runs than asked for, even none, and still have a next one.
#[utoipa::path(
    get, path = "/tenants/{tenant}/runs", tag = "runs", operation_id = "list_runs", params(TenantPath, RunQuery),
    responses((status = 200, description = "A page of runs.", body = Page<RunSummaryView>), Reading)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    at: At<Reads, TenantPath>,
    Asked(query): Asked<RunQuery>,
) -> Answer<Json<Page<RunSummary>>> {
    let window = List::Runs.window(query.limit, query.after.as_deref())?;
    let wanted = Wanted {
        flow: query.flow.as_deref(),
        outcome: query.outcome,
        mode: query.mode,
        since: query.since.as_deref(),
        until: query.until.as_deref(),
    };
    let filter = filter_of(&state, at.path.tenant, &wanted)?;
    let page = state.engine().history().list(&filter, window.after.as_deref(), window.limit).await?;
    Ok(Json(List::Runs.page(page.items, page.next, |run| run)))
}

/// Shows a run
///
/// What it started from, what each step did, the answer sent, and why it failed. Where the flow's capture level kept
/// only the summary, or the run has not ended, the answer is the summary.
#[utoipa::path(
    get, path = "/tenants/{tenant}/runs/{run}", tag = "runs", operation_id = "show_run", params(RunPath),
    responses((status = 200, description = "The run's record, or its summary.", body = RunView), Reading)
)]
pub(crate) async fn show(State(state): State<AdminState>, at: At<Reads, RunPath>) -> Answer<impl IntoResponse> {
    let RunPath { tenant, run } = at.path;
    let record = state.engine().history().get(&tenant, run).await?.ok_or(EngineError::UnknownRun(run))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], record.text().to_owned()))
}

/// Which runs of a tenant, as a caller writes it.
pub(crate) struct Wanted<'a> {
    pub(crate) flow: Option<&'a str>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) mode: Option<Mode>,
    pub(crate) since: Option<&'a str>,
    pub(crate) until: Option<&'a str>,
}

/// The same as the engine takes it.
pub(crate) fn filter_of(state: &AdminState, tenant: TenantId, wanted: &Wanted<'_>) -> Answer<RunFilter> {
    let now = state.clock().now();
    Ok(RunFilter {
        flow: wanted.flow.map(|flow| flow_id(state, &tenant, flow)).transpose()?,
        outcome: wanted.outcome,
        mode: wanted.mode,
        since: wanted.since.map(|text| moment("since", text, now)).transpose()?,
        until: wanted.until.map(|text| moment("until", text, now)).transpose()?,
        ..RunFilter::of(tenant)
    })
}

/// The flow that a query means: by name, or by id, which outlives the flow.
fn flow_id(state: &AdminState, tenant: &TenantId, text: &str) -> Answer<FlowId> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let name = FlowName::new(text)?;
    let flow = state.catalog().hook_by_name(tenant, &name).map(|hook| hook.flow);
    flow.ok_or_else(|| {
        let message = format!(
            "there is no flow {name} in {tenant}: check the name; where the flow was deleted, its runs are listed by its id, \
             which each of them has as `flow_id`"
        );
        ApiError::absent("WEIR-CATALOG-FLOW-UNKNOWN", message)
    })
}

/// A moment, or a length of time before now.
fn moment(name: &str, text: &str, now: Timestamp) -> Answer<Timestamp> {
    if let Ok(span) = text.parse::<Span>() {
        return Ok(now.minus(span.duration()));
    }
    Timestamp::parse(text).map_err(|_| {
        let text: String = text.chars().take(80).collect();
        let message = format!(
            "`{name}` is {text:?}: write a moment such as 2026-11-24T09:30:00Z, or a length of time before now such as 15m"
        );
        ApiError::malformed("WEIR-API-QUERY", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_absolute_or_before_now() {
        let now = Timestamp::parse("2026-11-24T10:00:00Z").unwrap();
        assert_eq!(moment("since", "15m", now).unwrap().to_string(), "2026-11-24T09:45:00.000Z");
        assert_eq!(moment("since", "2026-11-24T09:30:00+01:00", now).unwrap().to_string(), "2026-11-24T08:30:00.000Z");
        for wrong in ["", "yesterday", "2026-11-24", "-15m"] {
            assert_eq!(moment("since", wrong, now).unwrap_err().status().as_u16(), 400, "{wrong}");
        }
    }
}
