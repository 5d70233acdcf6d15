//! Whether the server is up. It needs no token and tells nothing else.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::api::Open;
use crate::state::AdminState;
use crate::views::HealthView;

/// Whether the server takes work
///
/// Answers 503 and `failed` once a write to the disk failed: the server then takes no more work until it is started again.
#[utoipa::path(
    get, path = "/health", tag = "server", operation_id = "health", security(()),
    responses(
        (status = 200, description = "The server takes work.", body = HealthView),
        (status = 503, description = "The server cannot write to its disk.", body = HealthView),
        Open,
    )
)]
pub(crate) async fn health(State(state): State<AdminState>) -> (StatusCode, Json<HealthView>) {
    let (code, status) =
        if state.engine().is_healthy() { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "failed") };
    (code, Json(HealthView { status: status.into(), version: env!("CARGO_PKG_VERSION").into() }))
}
