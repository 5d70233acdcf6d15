//! How long a tenant's runs are kept: read by all of the tenant, set by operators alone.

use axum::Json;
use axum::extract::State;

use crate::access::{At, Operates, Reads, TenantPath};
use crate::api::{Reading, Sending};
use crate::body::Command;
use crate::error::Answer;
use crate::state::AdminState;
use crate::views::{RetentionBoundsView, RetentionView};

/// Shows how long a tenant's runs are kept
///
/// Of the server's and the tenant's numbers the lower one counts. Whole days go, the oldest first; runs that wait stay.
#[utoipa::path(
    get, path = "/tenants/{tenant}/retention", tag = "server", operation_id = "show_retention", params(TenantPath),
    responses((status = 200, description = "What holds, and who set it.", body = RetentionView), Reading)
)]
pub(crate) async fn show(State(state): State<AdminState>, at: At<Reads, TenantPath>) -> Answer<Json<RetentionView>> {
    Ok(Json(state.catalog().retention(&at.path.tenant)?.into()))
}

/// Sets how long a tenant's runs are kept
///
/// Needs the role operator. Replaces both numbers: one that the body leaves out is the server's again. What is over the new
/// bounds is removed within the next seconds.
#[utoipa::path(
    put, path = "/tenants/{tenant}/retention", tag = "server", operation_id = "set_retention", params(TenantPath),
    request_body = RetentionBoundsView,
    responses((status = 200, description = "What holds from now on.", body = RetentionView), Sending)
)]
pub(crate) async fn set(
    State(state): State<AdminState>,
    at: At<Operates, TenantPath>,
    Command(bounds): Command<RetentionBoundsView>,
) -> Answer<Json<RetentionView>> {
    Ok(Json(state.catalog().set_retention(&at.path.tenant, bounds.into()).await?.into()))
}
