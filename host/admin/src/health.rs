//! Whether the server is up, and whether it wants work. It needs no token and tells nothing else.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::api::Open;
use crate::state::AdminState;
use crate::views::HealthView;

const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

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
    if state.engine().is_healthy() { view(StatusCode::OK, "ok") } else { view(UNAVAILABLE, "failed") }
}

/// Whether work should be sent to the server
///
/// As `health`, but 503 and `stopping` too from the moment the server is told to stop or to restart, while it still answers
/// what comes. The webhook address says the same at `/readyz`, for a load balancer that reaches no other.
#[utoipa::path(
    get, path = "/ready", tag = "server", operation_id = "ready", security(()),
    responses(
        (status = 200, description = "The server wants work.", body = HealthView),
        (status = 503, description = "The server is stopping, or cannot write to its disk.", body = HealthView),
        Open,
    )
)]
pub(crate) async fn ready(State(state): State<AdminState>) -> (StatusCode, Json<HealthView>) {
    if state.is_leaving() {
        return view(UNAVAILABLE, "stopping");
    }
    if state.engine().is_healthy() { view(StatusCode::OK, "ready") } else { view(UNAVAILABLE, "failed") }
}

fn view(code: StatusCode, status: &str) -> (StatusCode, Json<HealthView>) {
    (code, Json(HealthView { status: status.into(), version: env!("CARGO_PKG_VERSION").into() }))
}
