//! Flows: list, show, delete.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::access::{At, Edits, FlowPath, Reads, TenantPath};
use crate::api::{Changing, Reading};
use crate::body::Asked;
use crate::convert::flow_view;
use crate::error::Answer;
use crate::paging::{List, Page, PageQuery};
use crate::state::AdminState;
use crate::views::FlowView;

/// Lists a tenant's flows
#[utoipa::path(
    get, path = "/tenants/{tenant}/flows", tag = "flows", operation_id = "list_flows", params(TenantPath, PageQuery),
    responses((status = 200, description = "A page of flows by name.", body = Page<FlowView>), Reading)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    at: At<Reads, TenantPath>,
    Asked(query): Asked<PageQuery>,
) -> Answer<Json<Page<FlowView>>> {
    let window = List::Flows.window(query.limit, query.after.as_deref())?;
    let page = state.catalog().flows(&at.path.tenant, window.after.as_deref(), window.limit)?;
    Ok(Json(List::Flows.page(page.items, page.next, |flow| flow_view(&state, flow))))
}

/// Shows a flow
#[utoipa::path(
    get, path = "/tenants/{tenant}/flows/{name}", tag = "flows", operation_id = "show_flow", params(FlowPath),
    responses((status = 200, description = "The flow.", body = FlowView), Reading)
)]
pub(crate) async fn show(State(state): State<AdminState>, at: At<Reads, FlowPath>) -> Answer<Json<FlowView>> {
    let flow = state.catalog().flow(&at.path.tenant, &at.path.name)?;
    Ok(Json(flow_view(&state, flow)))
}

/// Deletes a flow
///
/// Its draft, its versions and its URLs go with it; records of its runs stay. A new flow may take the name, and gets other
/// URLs.
#[utoipa::path(
    delete, path = "/tenants/{tenant}/flows/{name}", tag = "flows", operation_id = "delete_flow", params(FlowPath),
    responses((status = 204, description = "It is gone."), Changing)
)]
pub(crate) async fn delete(State(state): State<AdminState>, at: At<Edits, FlowPath>) -> Answer<StatusCode> {
    state.catalog().delete_flow(&at.path.tenant, &at.path.name).await?;
    Ok(StatusCode::NO_CONTENT)
}
