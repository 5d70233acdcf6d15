//! Where requests of a tenant may go: read by all of the tenant, set by operators alone.

use axum::Json;
use axum::extract::State;

use crate::access::{At, Operates, Reads, TenantPath};
use crate::api::{Reading, Sending};
use crate::body::Command;
use crate::error::Answer;
use crate::state::AdminState;
use crate::views::EgressView;

/// Shows where a tenant's requests may go
///
/// Public addresses may be reached where nothing else is said; private, loopback, link-local and other special ones only
/// where a block of `allow` has them.
#[utoipa::path(
    get, path = "/tenants/{tenant}/egress", tag = "server", operation_id = "show_egress", params(TenantPath),
    responses((status = 200, description = "What is set for the tenant.", body = EgressView), Reading)
)]
pub(crate) async fn show(State(state): State<AdminState>, at: At<Reads, TenantPath>) -> Answer<Json<EgressView>> {
    Ok(Json(state.catalog().egress_rules(&at.path.tenant)?.into()))
}

/// Sets where a tenant's requests may go
///
/// Needs the role operator. Replaces both lists. Connections that an earlier list allowed are not used again.
#[utoipa::path(
    put, path = "/tenants/{tenant}/egress", tag = "server", operation_id = "set_egress", params(TenantPath),
    request_body = EgressView,
    responses((status = 200, description = "What holds from now on.", body = EgressView), Sending)
)]
pub(crate) async fn set(
    State(state): State<AdminState>,
    at: At<Operates, TenantPath>,
    Command(egress): Command<EgressView>,
) -> Answer<Json<EgressView>> {
    Ok(Json(state.catalog().set_egress(&at.path.tenant, egress.rules()?).await?.into()))
}
