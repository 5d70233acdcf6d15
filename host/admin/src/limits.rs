//! What runs of a tenant may use: read by all of the tenant, set by operators alone.

use axum::Json;
use axum::extract::State;

use crate::access::{At, Operates, Reads, TenantPath};
use crate::api::{Reading, Sending};
use crate::body::Definition;
use crate::error::Answer;
use crate::state::AdminState;
use crate::views::LimitsView;

/// Shows what runs of a tenant may use
///
/// Of each number the lowest of all levels counts. A flow and its steps may lower it further, with `limits` in the
/// definition.
#[utoipa::path(
    get, path = "/tenants/{tenant}/limits", tag = "server", operation_id = "show_limits", params(TenantPath),
    responses((status = 200, description = "Every limit, and which level decided it.", body = LimitsView), Reading)
)]
pub(crate) async fn show(State(state): State<AdminState>, at: At<Reads, TenantPath>) -> Answer<Json<LimitsView>> {
    Ok(Json(state.catalog().tenant_limits(&at.path.tenant)?.into()))
}

/// Sets the limits of a tenant
///
/// Needs the role operator. Replaces all that was set for the tenant: what the body leaves out is the server's again. Runs
/// that began before keep what they had.
#[utoipa::path(
    put, path = "/tenants/{tenant}/limits", tag = "server", operation_id = "set_limits", params(TenantPath),
    request_body(
        description = "Names and numbers, such as `fuel: 50000000`.",
        content((String = "application/yaml"), (Object = "application/json"), (String = "text/plain"))
    ),
    responses((status = 200, description = "Every limit as it holds from now on.", body = LimitsView), Sending)
)]
pub(crate) async fn set(
    State(state): State<AdminState>,
    at: At<Operates, TenantPath>,
    Definition(text): Definition,
) -> Answer<Json<LimitsView>> {
    Ok(Json(state.catalog().set_tenant_limits(&at.path.tenant, &text).await?.into()))
}
