//! Custom actions: list, upload, show, delete.

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::access::{ActionPath, ActionVersionPath, At, Edits, Reads, TenantPath};
use crate::api::{Changing, Reading, Sending};
use crate::body::{Asked, Component};
use crate::error::{Answer, ApiError};
use crate::lines;
use crate::paging::{List, Page, PageQuery};
use crate::state::AdminState;
use crate::upload;
use crate::views::{ActionView, ComponentBody, UploadView};

/// Lists a tenant's actions, every version of each
#[utoipa::path(
    get, path = "/tenants/{tenant}/actions", tag = "actions", operation_id = "list_actions", params(TenantPath, PageQuery),
    responses((status = 200, description = "A page of actions by name and version.", body = Page<ActionView>), Reading)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    at: At<Reads, TenantPath>,
    Asked(query): Asked<PageQuery>,
) -> Answer<Json<Page<ActionView>>> {
    let window = List::Actions.window(query.limit, query.after.as_deref())?;
    let page = state.catalog().actions(&at.path.tenant, window.after.as_deref(), window.limit)?;
    Ok(Json(List::Actions.page(page.items, page.next, ActionView::from)))
}

/// Uploads a version of an action
///
/// The body is a WebAssembly component that exports the world `weir:action/action`; its name and version are the ones it
/// states itself. The same bytes again are no error; other bytes under the same name and version are refused with 409.
///
/// With `Accept: application/x-ndjson` the answer is 200 as soon as all has arrived, and has a line of JSON for each stage:
/// `{"stage":"waiting","ahead":2}`, `checking`, `compiling`, `describing`; the last line is `{"done":…}` with the action or
/// `{"error":…}`. A client that goes away ends the upload.
#[utoipa::path(
    post, path = "/tenants/{tenant}/actions", tag = "actions", operation_id = "push_action", params(TenantPath),
    request_body(content = inline(ComponentBody), content_type = "application/wasm", description = "The component, at most 32 MiB."),
    responses(
        (status = 201, description = "Flows may use it.", body = ActionView),
        (status = 200, description = "Its stages, one to a line, where the client asks for them.", body = UploadView,
            content_type = "application/x-ndjson"),
        Sending,
    )
)]
pub(crate) async fn push(
    State(state): State<AdminState>,
    at: At<Edits, TenantPath>,
    request: Request,
) -> Answer<Response> {
    // The permit comes before the body, which is held in memory whole.
    let permit = state.uploads().try_acquire_owned().map_err(|_| {
        let message = "the server takes as many components at one time as it can: try again in a few seconds";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "WEIR-API-UPLOADS", message)
    })?;
    let told = lines::are_wanted(request.headers());
    let Component(bytes) = Component::from_request(request, &state).await?;
    if told {
        return Ok(upload::in_lines(state, at.path.tenant, bytes, permit));
    }
    let action = state.catalog().push_action(&at.path.tenant, bytes, |_| {}).await?;
    Ok((StatusCode::CREATED, Json(ActionView::from(action))).into_response())
}

/// Lists the versions of an action, newest first
#[utoipa::path(
    get, path = "/tenants/{tenant}/actions/{name}", tag = "actions", operation_id = "show_action", params(ActionPath),
    responses((status = 200, description = "All its versions on one page.", body = Page<ActionView>), Reading)
)]
pub(crate) async fn show(State(state): State<AdminState>, at: At<Reads, ActionPath>) -> Answer<Json<Page<ActionView>>> {
    let versions = state.catalog().action(&at.path.tenant, &at.path.name)?;
    Ok(Json(List::Actions.page(versions, None, ActionView::from)))
}

/// Deletes a version of an action
///
/// Refused with 409 while a flow's draft or published version uses it.
#[utoipa::path(
    delete, path = "/tenants/{tenant}/actions/{name}/{version}", tag = "actions", operation_id = "delete_action",
    params(ActionVersionPath),
    responses((status = 204, description = "It is gone."), Changing)
)]
pub(crate) async fn delete(State(state): State<AdminState>, at: At<Edits, ActionVersionPath>) -> Answer<StatusCode> {
    state.catalog().delete_action(&at.path.tenant, &at.path.name, &at.path.version).await?;
    Ok(StatusCode::NO_CONTENT)
}
