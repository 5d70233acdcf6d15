//! Webhooks on a listener: its answers are those of hooks and of `/readyz`. Connections are the listener's.

use std::future::Future;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response};
use tokio::net::TcpListener;
use weir_engine::Engine;
use weir_listener::{Farewell, Service, Tls};

use crate::hooks::Hooks;
use crate::{Options, Refusal, ready, wire};

/// How long connections are still taken once the server is to stop.
const LAST_CALL: Duration = Duration::from_millis(300);

/// How long a connection may be without a request after that.
const QUIET: Duration = Duration::from_millis(500);

/// Serves hooks on a listener until `stop` is ready; then takes what comes within the last call, and lets open requests end
/// for up to `patience`. Connections that wait in the system's backlog when the socket is closed are taken before.
pub async fn serve(
    listener: TcpListener,
    engine: Engine,
    options: Options,
    tls: Option<Tls>,
    stop: impl Future<Output = ()> + Send,
    patience: Duration,
) {
    let connections = options.listener;
    let service = Webhooks { hooks: Hooks::new(engine.clone(), options), engine, is_leaving: AtomicBool::new(false) };
    let farewell = Farewell { last_call: LAST_CALL, quiet: QUIET, patience };
    weir_listener::serve(listener, service, connections, tls, farewell, stop).await;
}

/// What answers the listener's requests.
struct Webhooks {
    hooks: Hooks,
    engine: Engine,
    is_leaving: AtomicBool,
}

impl Service for Webhooks {
    type Body = Full<Bytes>;

    async fn answer(&self, request: Request<Incoming>, client: IpAddr) -> Response<Full<Bytes>> {
        if let Err(bad) = weir_listener::check(&request) {
            return wire::response(Refusal::from(bad).reply());
        }
        if ready::is_asked_for(&request) {
            return ready::answer(self.engine.is_healthy() && !self.is_leaving.load(Ordering::Relaxed));
        }
        self.hooks.answer(request, client).await
    }

    fn leave(&self) {
        self.is_leaving.store(true, Ordering::Relaxed);
    }
}
