//! Tokens: list, make, revoke. A secret leaves the server once, in the answer that made it.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use weir_model::TenantId;
use weir_vault::{Role, TokenId};

use crate::access::{By, Caller, Manages, misread, no_tenant};
use crate::api::{Changing, Reading, Sending};
use crate::body::{Asked, Command};
use crate::error::{Answer, ApiError};
use crate::paging::{List, Page, PageQuery};
use crate::state::AdminState;
use crate::views::{NewTokenView, TokenCommand, TokenView};

/// Lists tokens, oldest first
///
/// An admin's token that is bound to a tenant lists that tenant's. Secrets are not shown; the server does not have them.
#[utoipa::path(
    get, path = "/tokens", tag = "server", operation_id = "list_tokens", params(PageQuery),
    responses((status = 200, description = "A page of tokens.", body = Page<TokenView>), Reading)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    By { caller, .. }: By<Manages>,
    Asked(query): Asked<PageQuery>,
) -> Answer<Json<Page<TokenView>>> {
    let window = List::Tokens.window(query.limit, query.after.as_deref())?;
    let all = state.catalog().tokens(caller.identity.tenant.as_ref());
    let key = |token: &weir_catalog::TokenView| format!("{:020}/{}", token.created_at.as_millis(), token.id);
    Ok(Json(List::Tokens.cut(all, &window, key, TokenView::from)))
}

/// Makes a token
///
/// An admin makes tokens up to its own role and, where its token is bound to a tenant, for that tenant alone. The answer is
/// the only place where the secret is ever shown.
#[utoipa::path(
    post, path = "/tokens", tag = "server", operation_id = "create_token", request_body = TokenCommand,
    responses((status = 201, description = "The token; keep it now.", body = NewTokenView), Sending)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    By { caller, .. }: By<Manages>,
    Command(command): Command<TokenCommand>,
) -> Answer<(StatusCode, Json<NewTokenView>)> {
    let role = command.role.into();
    caller.must_be(role)?;
    let tenant = command.tenant.as_deref().map(TenantId::new).transpose()?.or_else(|| caller.identity.tenant.clone());
    if let Some(tenant) = tenant.as_ref().filter(|tenant| !caller.sees(tenant)) {
        return Err(no_tenant(tenant));
    }
    let expires_at = command.expires_in.map(|span| state.clock().now().plus(span.duration()));
    let made = state.catalog().create_token(role, tenant, command.label.as_deref().unwrap_or(""), expires_at).await?;
    let secret = made.token.reveal().to_owned();
    Ok((StatusCode::CREATED, Json(NewTokenView { token: secret, info: made.view.into() })))
}

/// Revokes a token
///
/// It opens nothing from then on, and streams that it opened end within 15 seconds.
#[utoipa::path(
    delete, path = "/tokens/{id}", tag = "server", operation_id = "revoke_token",
    params(("id" = String, Path, description = "The token's id.", example = "0123456789abcdef")),
    responses((status = 204, description = "It is revoked."), Changing)
)]
pub(crate) async fn revoke(
    State(state): State<AdminState>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Answer<StatusCode> {
    let Path(id) = path.map_err(|rejection| misread(&rejection))?;
    let own = caller.identity.token.as_str() == id;
    let found =
        state.catalog().tokens(caller.identity.tenant.as_ref()).into_iter().find(|token| token.id.as_str() == id);
    if !own {
        caller.must_be(Role::Admin)?;
        let found = found.ok_or_else(|| {
            ApiError::absent("WEIR-CATALOG-TOKEN-UNKNOWN", "there is no such token: list the tokens for their ids")
        })?;
        caller.must_be(found.role)?;
    }
    let id = TokenId::new(&id).map_err(weir_catalog::CatalogError::from)?;
    state.catalog().revoke_token(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<weir_catalog::TokenView> for TokenView {
    fn from(token: weir_catalog::TokenView) -> Self {
        Self {
            id: token.id.to_string(),
            role: token.role.into(),
            tenant: token.tenant.map(|tenant| tenant.to_string()),
            label: token.label,
            created_at: token.created_at,
            expires_at: token.expires_at,
        }
    }
}
