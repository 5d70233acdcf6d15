//! The admin on a listener: its answers are the router's. Connections are the listener's.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse as _;
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper::{Request, Response};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use weir_listener::{Farewell, Service, Tls};

use crate::api;
use crate::state::AdminState;

/// How long open requests may take once the server stops. Streams are told to end; nobody waits for a last call.
const FAREWELL: Farewell =
    Farewell { last_call: Duration::ZERO, quiet: Duration::ZERO, patience: Duration::from_secs(5) };

/// The admin API as a whole.
#[derive(Debug, Clone, Copy)]
pub struct Admin;

impl Admin {
    /// All routes, with everything that wraps them.
    pub fn router(state: AdminState) -> Router {
        api::router(state)
    }

    /// The OpenAPI document, as the server sends it.
    pub fn document() -> utoipa::openapi::OpenApi {
        api::document()
    }

    /// What holds for connections unless the operator says otherwise: fewer than of webhooks, with smaller heads, and slower
    /// readers among them.
    pub fn listener_options() -> weir_listener::Options {
        weir_listener::Options {
            connections: 1_024,
            connections_per_address: 512,
            unread_time: Duration::from_secs(60),
            head_bytes: 32 << 10,
            ..weir_listener::Options::default()
        }
    }

    /// Answers on a listener until `shutdown` is ready; then ends open streams and waits a short time for the rest. From
    /// [`AdminState::leave`] on every answer ends its connection, so that none is closed on a request under way.
    ///
    /// # Errors
    /// Where the listener broke for good.
    pub async fn serve(
        listener: TcpListener,
        state: AdminState,
        options: weir_listener::Options,
        tls: Option<Tls>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        let desk = Desk { router: TowerToHyperService::new(Self::router(state.clone())), state };
        if !weir_listener::serve(listener, desk, options, tls, FAREWELL, shutdown).await {
            tracing::warn!("some admin requests were cut off because the server stopped");
        }
        Ok(())
    }
}

/// What answers the listener's requests.
struct Desk {
    router: TowerToHyperService<Router>,
    state: AdminState,
}

impl Service for Desk {
    type Body = Body;

    async fn answer(&self, request: Request<Incoming>, _client: IpAddr) -> Response<Body> {
        self.router.call(request).await.unwrap_or_else(|never| never.into_response())
    }

    fn leave(&self) {
        self.state.leave();
        self.state.close();
    }

    fn is_leaving(&self) -> bool {
        self.state.is_leaving()
    }
}
