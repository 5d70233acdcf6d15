//! The admin's listener: connections within bounds, and an orderly end. What is answered is the router's.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response_with_state;
use axum::response::Response;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::api;
use crate::state::AdminState;

/// How long a caller may leave an answer unread. Neither hyper nor the system has a bound of its own (measured).
const UNREAD: Duration = Duration::from_secs(60);
/// Connections open at one time; more wait in the system's backlog.
const CONNECTIONS: usize = 1024;
/// How long the head of a request may take to arrive, and how long a connection may idle.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Bytes of a request's head.
const HEAD_BYTES: usize = 32 << 10;
/// Headers of a request.
const HEADERS: usize = 100;
/// How long open requests may take once the server stops.
const FAREWELL: Duration = Duration::from_secs(5);
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

    /// Answers on a listener until `shutdown` is ready; then ends open streams and waits a short time for the rest. From
    /// [`AdminState::leave`] on every answer ends its connection, so that none is closed on a request under way.
    ///
    /// # Errors
    /// Where the listener broke for good.
    pub async fn serve(listener: TcpListener, state: AdminState, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let last_word = map_response_with_state(state.clone(), last_word);
        let door = Door {
            router: Self::router(state.clone()).layer(last_word),
            places: Arc::new(Semaphore::new(CONNECTIONS)),
            closing: watch::Sender::new(false),
        };
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = async {
                let place = Arc::clone(&door.places).acquire_owned().await.map_err(io::Error::other)?;
                listener.accept().await.map(|(stream, _)| (place, stream))
            };
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = accepted => match accepted {
                    Ok((place, stream)) => door.open(stream, place),
                    Err(error) => {
                        tracing::warn!(%error, "a connection to the admin was not accepted");
                        tokio::time::sleep(BREATH).await;
                    }
                },
            }
        }
        state.leave();
        state.close();
        door.take_the_rest(listener)?;
        door.closing.send_replace(true);
        // Each connection holds a receiver.
        if tokio::time::timeout(FAREWELL, door.closing.closed()).await.is_err() {
            tracing::warn!("some admin requests were cut off because the server stopped");
        }
        Ok(())
    }
}

/// What all connections share.
struct Door {
    router: Router,
    places: Arc<Semaphore>,
    closing: watch::Sender<bool>,
}

impl Door {
    fn open(&self, stream: TcpStream, place: OwnedSemaphorePermit) {
        let connection = connection(stream, self.router.clone());
        let mut closing = self.closing.subscribe();
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            // In this order: what has arrived is read before an idle connection is closed. A peer that went away is no news.
            tokio::select! {
                biased;
                _ = connection.as_mut() => {}
                () = time_to_close(&mut closing) => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
            drop(place);
        });
    }

    /// Takes what the system accepted for this socket already, and closes it.
    fn take_the_rest(&self, listener: TcpListener) -> io::Result<()> {
        // The system itself is asked: the runtime only knows what it was told some time ago.
        let listener = listener.into_std()?;
        while let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            let Ok((stream, _)) = listener.accept() else { break };
            stream.set_nonblocking(true)?;
            self.open(TcpStream::from_std(stream)?, place);
        }
        Ok(())
    }
}

/// Ready once connections are to close, and the runtime has looked at its sockets after that.
async fn time_to_close(closing: &mut watch::Receiver<bool>) {
    // An error means that the listener is gone, which is the end too.
    let _ = closing.wait_for(|closing| *closing).await;
    tokio::task::yield_now().await;
}

/// Ends connections by their answers once the server is about to stop.
async fn last_word(State(state): State<AdminState>, mut response: Response) -> Response {
    if state.is_leaving() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn connection(stream: TcpStream, router: Router) -> http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>> {
    // Small answers and events should leave at once; where the option is refused they leave a little later.
    let _ = stream.set_nodelay(true);
    let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(UNREAD));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
}
