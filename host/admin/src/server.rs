//! The admin's listener: connections within bounds, and an orderly end. What is answered is the router's.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::api;
use crate::state::AdminState;

/// Connections open at one time; more wait in the system's backlog.
const CONNECTIONS: usize = 1024;
/// How long the head of a request may take to arrive, and how long a connection may idle.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Bytes of a request's head.
const HEAD_BYTES: usize = 32 << 10;
/// Headers of a request.
const HEADERS: usize = 100;
/// How long open requests may take once the server stops.
const FAREWELL: Duration = Duration::from_secs(10);
/// How long to wait where the system has no more sockets.
const BREATH: Duration = Duration::from_millis(100);

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

    /// Answers on a listener until `shutdown` is ready; then ends open streams and waits a short time for the rest.
    ///
    /// # Errors
    /// Where the listener broke for good.
    pub async fn serve(listener: TcpListener, state: AdminState, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let router = Self::router(state.clone());
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let graceful = GracefulShutdown::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = async {
                let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
                listener.accept().await.map(|(stream, _)| (place, stream))
            };
            let (place, stream) = tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = accepted => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "a connection to the admin was not accepted");
                        tokio::time::sleep(BREATH).await;
                        continue;
                    }
                },
            };
            let connection = graceful.watch(connection(stream, router.clone()));
            tokio::spawn(async move {
                // A peer that went away is no news.
                let _ = connection.await;
                drop(place);
            });
        }
        drop(listener);
        state.close();
        if tokio::time::timeout(FAREWELL, graceful.shutdown()).await.is_err() {
            tracing::warn!("some admin requests were cut off because the server stopped");
        }
        Ok(())
    }
}

fn connection(stream: TcpStream, router: Router) -> http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>> {
    // Small answers and events should leave at once; where the option is refused they leave a little later.
    let _ = stream.set_nodelay(true);
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
}
