//! A flow's hook: whether it answers, its key, and for how long its development URL is armed.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::access::{At, Edits, FlowPath};
use crate::api::{Changing, Sending};
use crate::body::Optional;
use crate::convert::flow_view;
use crate::error::Answer;
use crate::state::AdminState;
use crate::views::{ArmCommand, ArmedView, FlowView};

/// For how long a flow is armed where nothing is said.
const ARMED: Duration = Duration::from_secs(15 * 60);

/// Lets a flow's hook answer
///
/// The flow starts anew: failures before are not counted towards `disable_after`, and times of its schedule that passed are
/// not made up for.
#[utoipa::path(
    post, path = "/tenants/{tenant}/flows/{name}/enable", tag = "flows", operation_id = "enable_flow", params(FlowPath),
    responses((status = 200, description = "The flow.", body = FlowView), Changing)
)]
pub(crate) async fn enable(State(state): State<AdminState>, at: At<Edits, FlowPath>) -> Answer<Json<FlowView>> {
    switch(&state, &at.path, true).await
}

/// Makes a flow's hook refuse every call
///
/// Callers get 422 until the flow is enabled again, and its schedule rests; runs that have begun go on.
#[utoipa::path(
    post, path = "/tenants/{tenant}/flows/{name}/disable", tag = "flows", operation_id = "disable_flow", params(FlowPath),
    responses((status = 200, description = "The flow.", body = FlowView), Changing)
)]
pub(crate) async fn disable(State(state): State<AdminState>, at: At<Edits, FlowPath>) -> Answer<Json<FlowView>> {
    switch(&state, &at.path, false).await
}

async fn switch(state: &AdminState, path: &FlowPath, enabled: bool) -> Answer<Json<FlowView>> {
    let flow = state.catalog().set_enabled(&path.tenant, &path.name, enabled).await?;
    Ok(Json(flow_view(state, flow)))
}

/// Gives a flow's hook a new key
///
/// Both URLs change at once; calls to the old ones get 404.
#[utoipa::path(
    post, path = "/tenants/{tenant}/flows/{name}/key", tag = "flows", operation_id = "renew_flow_key", params(FlowPath),
    responses((status = 200, description = "The flow with its new URLs.", body = FlowView), Changing)
)]
pub(crate) async fn renew_key(State(state): State<AdminState>, at: At<Edits, FlowPath>) -> Answer<Json<FlowView>> {
    let flow = state.catalog().regenerate_key(&at.path.tenant, &at.path.name).await?;
    Ok(Json(flow_view(&state, flow)))
}

/// Lets the development URL answer for a time
///
/// Without this it answers only while somebody listens to the flow's events. Arming again sets the time anew.
#[utoipa::path(
    post, path = "/tenants/{tenant}/flows/{name}/arm", tag = "flows", operation_id = "arm_flow", params(FlowPath),
    request_body(content = Option<ArmCommand>, description = "For how long; may be left out."),
    responses((status = 200, description = "Until when.", body = ArmedView), Sending)
)]
pub(crate) async fn arm(
    State(state): State<AdminState>,
    at: At<Edits, FlowPath>,
    Optional(command): Optional<ArmCommand>,
) -> Answer<Json<ArmedView>> {
    let span = command.span.map_or(ARMED, weir_model::Span::duration);
    let armed_until = state.catalog().arm(&at.path.tenant, &at.path.name, span)?;
    Ok(Json(ArmedView { armed_until }))
}

/// Ends the time for which the development URL answers
///
/// It goes on answering while somebody listens.
#[utoipa::path(
    delete, path = "/tenants/{tenant}/flows/{name}/arm", tag = "flows", operation_id = "disarm_flow", params(FlowPath),
    responses((status = 204, description = "It is not armed."), Changing)
)]
pub(crate) async fn disarm(State(state): State<AdminState>, at: At<Edits, FlowPath>) -> Answer<StatusCode> {
    state.catalog().disarm(&at.path.tenant, &at.path.name)?;
    Ok(StatusCode::NO_CONTENT)
}
