//! The admin address's front door: a few lines of text that say what answers here. It knows no state.

use axum::http::header;
use axum::response::IntoResponse;

const TEXT: &str = concat!(
    "weir ",
    env!("CARGO_PKG_VERSION"),
    "

This address answers weir's REST API; it has no web page.

  GET /api/v1/openapi.json       every route, as OpenAPI 3.1
  GET /api/v1/schema/flow.json   the JSON Schema of a flow's definition
  GET /api/v1/health             whether the server is up

Every other route wants the header `Authorization: Bearer <token>`.
From a terminal, `weir --help` lists the commands that call this API for you.
"
);

/// `GET /`.
pub(crate) async fn home() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], TEXT)
}
