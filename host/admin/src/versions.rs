//! Versions: publish the draft, list and read what was published, go back.

use axum::Json;
use axum::extract::State;

use crate::access::{At, Edits, FlowPath, Reads, VersionPath};
use crate::api::{Reading, Sending};
use crate::body::{Asked, Command, Optional};
use crate::convert::{flow_view, published_view, version_view};
use crate::error::Answer;
use crate::paging::{List, Page, PageQuery};
use crate::state::AdminState;
use crate::views::{FlowView, PublishCommand, PublishedView, RollbackCommand, VersionDetail, VersionView};

/// Publishes a flow's draft as its next version
///
/// Production runs it from then on. A draft with errors is refused with 422 and all findings. Actions are pinned to the
/// exact versions that its references mean now.
#[utoipa::path(
    post, path = "/tenants/{tenant}/flows/{name}/publish", tag = "versions", operation_id = "publish_flow", params(FlowPath),
    request_body(content = Option<PublishCommand>, description = "A note; may be left out."),
    responses((status = 200, description = "It is published.", body = PublishedView), Sending)
)]
pub(crate) async fn publish(
    State(state): State<AdminState>,
    at: At<Edits, FlowPath>,
    Optional(command): Optional<PublishCommand>,
) -> Answer<Json<PublishedView>> {
    let published = state.catalog().publish(&at.path.tenant, &at.path.name, command.note).await?;
    Ok(Json(published_view(&state, published)))
}

/// Makes an earlier version the published one
///
/// The draft stays as it is.
#[utoipa::path(
    post, path = "/tenants/{tenant}/flows/{name}/rollback", tag = "versions", operation_id = "rollback_flow",
    params(FlowPath), request_body = RollbackCommand,
    responses((status = 200, description = "Production runs that version.", body = FlowView), Sending)
)]
pub(crate) async fn rollback(
    State(state): State<AdminState>,
    at: At<Edits, FlowPath>,
    Command(command): Command<RollbackCommand>,
) -> Answer<Json<FlowView>> {
    let flow = state.catalog().rollback(&at.path.tenant, &at.path.name, command.version).await?;
    Ok(Json(flow_view(&state, flow)))
}

/// Lists a flow's versions, newest first
#[utoipa::path(
    get, path = "/tenants/{tenant}/flows/{name}/versions", tag = "versions", operation_id = "list_versions",
    params(FlowPath, PageQuery),
    responses((status = 200, description = "A page of versions.", body = Page<VersionView>), Reading)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    at: At<Reads, FlowPath>,
    Asked(query): Asked<PageQuery>,
) -> Answer<Json<Page<VersionView>>> {
    let window = List::Versions.window(query.limit, query.after.as_deref())?;
    let page = state.catalog().versions(&at.path.tenant, &at.path.name, window.after.as_deref(), window.limit)?;
    Ok(Json(List::Versions.page(page.items, page.next, version_view)))
}

/// Reads a version
#[utoipa::path(
    get, path = "/tenants/{tenant}/flows/{name}/versions/{version}", tag = "versions", operation_id = "show_version",
    params(VersionPath),
    responses((status = 200, description = "The version and its definition.", body = VersionDetail), Reading)
)]
pub(crate) async fn show(State(state): State<AdminState>, at: At<Reads, VersionPath>) -> Answer<Json<VersionDetail>> {
    let found = state.catalog().version_text(&at.path.tenant, &at.path.name, at.path.version)?;
    let weir_catalog::VersionText { version, text, note, created_at, published } = found;
    Ok(Json(VersionDetail { version, text, note, created_at, published }))
}
