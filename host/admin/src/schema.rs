//! Documents about the API and the definition format, made from the code. They are the same for every caller.

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use bytes::Bytes;

use crate::api::{self, Open};
use crate::state::AdminState;

static OPENAPI: LazyLock<Bytes> = LazyLock::new(|| serde_json::to_vec(&api::document()).unwrap_or_default().into());

/// The OpenAPI document of this API
#[utoipa::path(
    get, path = "/openapi.json", tag = "server", operation_id = "openapi", security(()),
    responses((status = 200, description = "OpenAPI 3.1.", body = Object), Open)
)]
pub(crate) async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI.clone())
}

/// The JSON Schema of a flow's definition
///
/// JSON Schema 2020-12; editors that know it complete and check definitions while they are written.
#[utoipa::path(
    get, path = "/schema/flow.json", tag = "server", operation_id = "flow_schema", security(()),
    responses((status = 200, description = "The schema.", body = Object, content_type = "application/schema+json"), Open)
)]
pub(crate) async fn flow(State(state): State<AdminState>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/schema+json")], state.flow_schema())
}
