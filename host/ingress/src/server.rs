//! The listening socket and its connections: how many, how long, and how they end at a shutdown. It reads no request.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use weir_engine::Engine;

use crate::Options;
use crate::hooks::Hooks;

/// Pause after the socket could not be accepted from, so that a full table of descriptors does not become a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves hooks on a listener until `stop` is ready, then lets open requests end for up to `patience`.
pub async fn serve(
    listener: TcpListener,
    engine: Engine,
    options: Options,
    stop: impl Future<Output = ()> + Send,
    patience: Duration,
) {
    let server = Arc::new(Server { hooks: Hooks::new(engine, options), builder: builder(options), options });
    let slots = Arc::new(Semaphore::new(options.connections));
    let open = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        let Some((stream, client, slot)) = accepted else { continue };
        let (server, watcher) = (Arc::clone(&server), open.watcher());
        tokio::spawn(async move {
            server.connection(stream, client, watcher).await;
            drop(slot);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(patience, open.shutdown()).await;
}

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> Option<(TcpStream, IpAddr, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, client)) => Some((stream, client.ip(), slot)),
        Err(error) => {
            tracing::warn!(%error, "A connection could not be accepted.");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// What all connections share.
struct Server {
    hooks: Hooks,
    builder: auto::Builder<TokioExecutor>,
    options: Options,
}

impl Server {
    async fn connection(&self, stream: TcpStream, client: IpAddr, watcher: Watcher) {
        // hyper's protocol sniffing has no clock: without this a silent connection stays open for ever (measured).
        if !matches!(tokio::time::timeout(self.options.head_time, stream.peek(&mut [0])).await, Ok(Ok(1..))) {
            return;
        }
        // Answers are written whole; waiting to fill a packet would only delay them.
        let _ = stream.set_nodelay(true);
        let hooks = self.hooks.clone();
        let service = service_fn(move |request| {
            let hooks = hooks.clone();
            async move { Ok::<_, Infallible>(hooks.answer(request, client).await) }
        });
        let connection = watcher.watch(self.builder.serve_connection(TokioIo::new(stream), service));
        if let Err(error) = connection.await {
            tracing::debug!(%client, %error, "A connection ended with an error.");
        }
    }
}

fn builder(options: Options) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(options.head_time)
        .max_buf_size(options.head_bytes)
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        // hyper never closes an idle HTTP/2 connection by itself (measured).
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10))
        .max_concurrent_streams(128)
        .max_header_list_size(u32::try_from(options.head_bytes).unwrap_or(u32::MAX));
    builder
}
