//! Who calls, and which tenants the caller may see.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use weir_model::TenantId;

use crate::access::{By, Caller, Operates};
use crate::api::{Reading, Sending};
use crate::body::{Asked, Command};
use crate::error::Answer;
use crate::paging::{List, Page, PageQuery};
use crate::state::AdminState;
use crate::views::{IdentityView, TenantCommand, TenantView};

/// Whom the token stands for
#[utoipa::path(
    get, path = "/me", tag = "server", operation_id = "me",
    responses((status = 200, description = "The token's identity.", body = IdentityView), Reading)
)]
pub(crate) async fn me(caller: Caller) -> Json<IdentityView> {
    let identity = caller.identity;
    Json(IdentityView {
        token: identity.token.to_string(),
        role: identity.role.into(),
        tenant: identity.tenant.map(|tenant| tenant.to_string()),
    })
}

/// Lists the tenants that the token may see
#[utoipa::path(
    get, path = "/tenants", tag = "server", operation_id = "list_tenants", params(PageQuery),
    responses((status = 200, description = "A page of tenants by name.", body = Page<TenantView>), Reading)
)]
pub(crate) async fn tenants(
    State(state): State<AdminState>,
    caller: Caller,
    Asked(query): Asked<PageQuery>,
) -> Answer<Json<Page<TenantView>>> {
    let window = List::Tenants.window(query.limit, query.after.as_deref())?;
    let seen = state.catalog().tenants().into_iter().filter(|tenant| caller.sees(&tenant.id)).collect();
    Ok(Json(List::Tenants.cut(seen, &window, |tenant| tenant.id.to_string(), TenantView::from)))
}

/// Makes a tenant
///
/// Needs the role operator.
#[utoipa::path(
    post, path = "/tenants", tag = "server", operation_id = "create_tenant", request_body = TenantCommand,
    responses((status = 201, description = "The tenant, empty.", body = TenantView), Sending)
)]
pub(crate) async fn create_tenant(
    State(state): State<AdminState>,
    _: By<Operates>,
    Command(command): Command<TenantCommand>,
) -> Answer<(StatusCode, Json<TenantView>)> {
    let made = state.catalog().create_tenant(&TenantId::new(&command.name)?).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}
