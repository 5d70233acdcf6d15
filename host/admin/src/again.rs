//! Runs that are done again or ended, one by one and in bulk. It maps; how it is done is the engine's, to which runs is
//! bulk's.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use weir_engine::{Payload, Replay};

use crate::access::{At, Edits, RunPath, TenantPath};
use crate::api::{Changing, Sending};
use crate::body::{Command, Laden};
use crate::bulk::{self, Job, Order};
use crate::error::{Answer, ApiError};
use crate::lines;
use crate::state::AdminState;
use crate::views::{BulkCommand, BulkDone, BulkView, ReplayCommand, RunStartedView, WhichView};

/// What is answered of one run.
type Started = (StatusCode, Json<RunStartedView>);

/// Goes on with a run where it failed
///
/// A new run in the background takes over what the failed, timed-out or cancelled one had done, and goes on at the step
/// that failed, in the version that it ran. Refused with 409 where the run completed or has not ended, and where its
/// state was not kept; it can be replayed then.
#[utoipa::path(
    post, path = "/tenants/{tenant}/runs/{run}/retry", tag = "runs", operation_id = "retry_run", params(RunPath),
    responses((status = 202, description = "The new run.", body = RunStartedView), Changing)
)]
pub(crate) async fn retry(State(state): State<AdminState>, at: At<Edits, RunPath>) -> Answer<Started> {
    started(&state, at, Order::Retry).await
}

/// Does a run again
///
/// A new run in the background starts with the payload and the request's head that were recorded, or with the payload
/// that is given, on the published version or the draft as they are now. Refused with 409 where the run has not ended,
/// and where its payload was not kept whole and none is given. Headers that were left out of the record stay so.
#[utoipa::path(
    post, path = "/tenants/{tenant}/runs/{run}/replay", tag = "runs", operation_id = "replay_run", params(RunPath),
    request_body(content = Option<ReplayCommand>, description = "With what and on what, at most 16 MiB; may be left out."),
    responses((status = 202, description = "The new run.", body = RunStartedView), Sending)
)]
pub(crate) async fn replay(
    State(state): State<AdminState>,
    at: At<Edits, RunPath>,
    Laden(command): Laden<ReplayCommand>,
) -> Answer<Started> {
    let payload = command.payload.map(|json| Payload::from_json(&Bytes::from(json.text().to_owned()))).transpose();
    let payload = payload.map_err(|error| {
        ApiError::malformed("WEIR-API-BODY", format!("`payload` was not understood: {error}; send other JSON"))
    })?;
    started(&state, at, Order::Replay(Replay { payload, on: WhichView::of(command.on) })).await
}

/// Ends a run
///
/// One that waits ends at once; one that runs ends as soon as it can, which the step it is at may delay by a moment.
/// Refused with 409 where it has ended.
#[utoipa::path(
    post, path = "/tenants/{tenant}/runs/{run}/cancel", tag = "runs", operation_id = "cancel_run", params(RunPath),
    responses((status = 202, description = "The run.", body = RunStartedView), Changing)
)]
pub(crate) async fn cancel(State(state): State<AdminState>, at: At<Edits, RunPath>) -> Answer<Started> {
    started(&state, at, Order::Cancel).await
}

async fn started(state: &AdminState, at: At<Edits, RunPath>, order: Order) -> Answer<Started> {
    let RunPath { tenant, run } = at.path;
    let run_id = bulk::carry_out(state, tenant, run, order, at.caller.name()).await?;
    Ok((StatusCode::ACCEPTED, Json(RunStartedView { run_id })))
}

/// Retries, replays or cancels all runs that a filter lets through
///
/// At most 10,000 a call, newest first; `next` leads to those that are left. Runs that start after the call are not
/// touched, so no order takes the runs that it makes. `dry_run` only counts. A filter that lets everything through is
/// refused for `replay` and `cancel`.
///
/// With `Accept: application/x-ndjson` the answer begins at once, and has a line of JSON as it goes on:
/// `{"matched":200,"done":17,"failed":1}`; the last line is `{"done":…}` with what came of it or `{"error":…}`. A
/// client that goes away ends the order.
#[utoipa::path(
    post, path = "/tenants/{tenant}/runs/bulk", tag = "runs", operation_id = "bulk_runs", params(TenantPath),
    request_body(content = BulkCommand, description = "What to do, and to which runs."),
    responses(
        (status = 200, description = "What came of it; with progress, one value to a line, where the client asks for it.",
            content((BulkDone = "application/json"), (BulkView = "application/x-ndjson"))),
        Sending,
    )
)]
pub(crate) async fn bulk(
    State(state): State<AdminState>,
    at: At<Edits, TenantPath>,
    headers: HeaderMap,
    Command(command): Command<BulkCommand>,
) -> Answer<Response> {
    let permit = state.bulks().try_acquire_owned().map_err(|_| {
        let message = "the server carries out as many orders for many runs as it does at one time: try again shortly";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "WEIR-API-BULKS", message)
    })?;
    let job = Arc::new(Job::new(&state, at.path.tenant, at.caller, &command)?);
    if !lines::are_wanted(&headers) {
        let done = bulk::work(&state, &job, |_| {}).await?;
        return Ok(Json(done).into_response());
    }
    Ok(lines::answer(|lines| async move {
        let _permit = permit;
        let tell = |line| {
            // Where nobody listens, this task is about to be ended.
            let _ = lines.send(line);
        };
        let last = match bulk::work(&state, &job, &tell).await {
            Ok(done) => BulkView::Done { done: Box::new(done) },
            Err(error) => BulkView::Failed { error: error.into_detail() },
        };
        tell(last);
    }))
}
