//! Secrets of a tenant: set, listed without their values, deleted; and the order to seal them under a new key.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use weir_catalog::NewSecret;

use crate::access::{At, By, Manages, Operates, Reads, SecretPath, TenantPath};
use crate::api::{Changing, Reading, Sending};
use crate::body::{Asked, Confidential};
use crate::error::Answer;
use crate::paging::{List, Page, PageQuery};
use crate::state::AdminState;
use crate::views::{KeyRotationView, SecretCommand, SecretView};

/// Lists a tenant's secrets, by name
///
/// Without their values: no route shows those.
#[utoipa::path(
    get, path = "/tenants/{tenant}/secrets", tag = "secrets", operation_id = "list_secrets",
    params(TenantPath, PageQuery),
    responses((status = 200, description = "A page of secrets.", body = Page<SecretView>), Reading)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    at: At<Reads, TenantPath>,
    Asked(query): Asked<PageQuery>,
) -> Answer<Json<Page<SecretView>>> {
    let window = List::Secrets.window(query.limit, query.after.as_deref())?;
    let all = state.catalog().secrets(&at.path.tenant)?;
    Ok(Json(List::Secrets.cut(all, &window, |secret| secret.name.to_string(), SecretView::from)))
}

/// Sets a secret
///
/// Needs the role admin. Makes it, or takes the place of the one that had the name, with all that the body says. It holds
/// from the next step of any run on.
#[utoipa::path(
    put, path = "/tenants/{tenant}/secrets/{name}", tag = "secrets", operation_id = "set_secret", params(SecretPath),
    request_body = SecretCommand,
    responses((status = 200, description = "The secret, without its value.", body = SecretView), Sending)
)]
pub(crate) async fn set(
    State(state): State<AdminState>,
    at: At<Manages, SecretPath>,
    Confidential(command): Confidential<SecretCommand>,
) -> Answer<Json<SecretView>> {
    let SecretCommand { value, hosts, reveal_to } = command;
    let secret = NewSecret { text: value, hosts, reveal_to };
    Ok(Json(state.catalog().set_secret(&at.path.tenant, &at.path.name, secret).await?.into()))
}

/// Deletes a secret
///
/// Needs the role admin. Steps that need it from then on fail.
#[utoipa::path(
    delete, path = "/tenants/{tenant}/secrets/{name}", tag = "secrets", operation_id = "delete_secret",
    params(SecretPath), responses((status = 204, description = "It is gone."), Changing)
)]
pub(crate) async fn delete(State(state): State<AdminState>, at: At<Manages, SecretPath>) -> Answer<StatusCode> {
    state.catalog().delete_secret(&at.path.tenant, &at.path.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Seals all secrets under the first of the secret keys
///
/// Needs the role operator. Reads the file of keys again; every tenant's data key that is sealed under another than its
/// first key is sealed anew. A start of the server does the same.
#[utoipa::path(
    post, path = "/secret-keys/rotate", tag = "secrets", operation_id = "rotate_secret_keys",
    responses((status = 200, description = "What was done.", body = KeyRotationView), Changing)
)]
pub(crate) async fn rotate(State(state): State<AdminState>, _: By<Operates>) -> Answer<Json<KeyRotationView>> {
    Ok(Json(state.catalog().rotate_secret_keys().await?.into()))
}
