//! Live events of a flow's development runs, as server-sent events. An open stream is a listener: while there is one,
//! the flow's development URL answers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderName, StatusCode};
use axum::response::IntoResponse;
use axum::response::sse::{Event, Sse};
use futures_util::stream::{Stream, unfold};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Interval, MissedTickBehavior, interval};
use weir_engine::Subscription;
use weir_model::{DebugEvent, EventKind, FlowId, TenantId};

use crate::access::{At, Caller, FlowPath, Reads};
use crate::api::Reading;
use crate::error::{Answer, ApiError};
use crate::state::AdminState;
use crate::views::EventView;

/// How often a stream says that it is alive, and looks whether its token still is.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Follows a flow's development runs live
///
/// Server-sent events: `event` is the kind of what happened, `id` the run and the count within it, `data` a DebugEvent as
/// JSON. The development URL answers while the stream is open. A comment comes every 15 seconds; one that says `dropped`
/// means that the client was too slow and missed events. The stream ends when its token or its flow does, or the server stops.
#[utoipa::path(
    get, path = "/tenants/{tenant}/flows/{name}/events", tag = "runs", operation_id = "listen", params(FlowPath),
    responses(
        (status = 200, description = "The stream; each event's data is a DebugEvent.", body = EventView,
            content_type = "text/event-stream"),
        Reading,
    )
)]
pub(crate) async fn listen(State(state): State<AdminState>, at: At<Reads, FlowPath>) -> Answer<impl IntoResponse> {
    let FlowPath { tenant, name } = &at.path;
    let flow = state.catalog().flow(tenant, name)?;
    let permit = state.streams().try_acquire_owned().map_err(|_| {
        let message = "the server has as many open event streams as it takes: close one, or try again later";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "WEIR-API-STREAMS", message)
    })?;
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let listener = Listener {
        subscription: state.engine().subscribe(tenant, flow.id),
        flow: flow.id,
        closing: state.closing(),
        heartbeat,
        dropped: 0,
        tenant: at.path.tenant,
        caller: at.caller,
        state,
        _permit: permit,
    };
    // Proxies that buffer answers would hold events back.
    Ok(([(HeaderName::from_static("x-accel-buffering"), "no")], Sse::new(listener.stream())))
}

/// One open stream. Its subscription is what counts as a listener; dropping it ends both.
struct Listener {
    subscription: Subscription,
    flow: FlowId,
    closing: watch::Receiver<bool>,
    heartbeat: Interval,
    dropped: u64,
    tenant: TenantId,
    caller: Caller,
    state: AdminState,
    _permit: OwnedSemaphorePermit,
}

impl Listener {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        unfold(self, |mut listener| async { listener.next().await.map(|event| (Ok(event), listener)) })
    }

    async fn next(&mut self) -> Option<Event> {
        let happened = tokio::select! {
            biased;
            _ = self.closing.wait_for(|closing| *closing) => return None,
            _ = self.heartbeat.tick() => None,
            event = self.subscription.recv() => Some(event?),
        };
        happened.map_or_else(|| self.beat(), |event| Some(written(&event)))
    }

    fn beat(&mut self) -> Option<Event> {
        let there = self.state.catalog().hook_by_flow(&self.tenant, self.flow).is_some();
        if !there || !self.caller.still_holds(&self.state) {
            return None;
        }
        let dropped = self.subscription.dropped();
        let missed = dropped.saturating_sub(std::mem::replace(&mut self.dropped, dropped));
        Some(match missed {
            0 => Event::default().comment("listening"),
            missed => Event::default().comment(format!("dropped {missed} events: the client is too slow")),
        })
    }
}

fn written(event: &Arc<DebugEvent>) -> Event {
    let head = || Event::default().event(name(&event.kind)).id(format!("{}-{}", event.run, event.seq));
    head().json_data(event).unwrap_or_else(|error| {
        tracing::error!(%error, run = %event.run, "a debug event could not be written as JSON");
        head().comment("this event could not be written")
    })
}

/// An event's name in the stream: the same word as `event` in its data.
pub(crate) const fn name(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::RunStarted { .. } => "run_started",
        EventKind::StepStarted { .. } => "step_started",
        EventKind::StepFinished { .. } => "step_finished",
        EventKind::Log { .. } => "log",
        EventKind::Variables { .. } => "variables",
        EventKind::Answered { .. } => "answered",
        EventKind::RunFinished { .. } => "run_finished",
    }
}
