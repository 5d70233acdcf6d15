//! The listening socket and its connections: how many, how long, and how they end at a shutdown. It reads no request.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Version, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use weir_engine::Engine;

use crate::Options;
use crate::hooks::Hooks;
use crate::ready;

/// Pause after the socket could not be accepted from, so that a full table of descriptors does not become a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long a caller may leave an answer unread. Neither hyper nor the system has a bound of its own (measured).
const UNREAD: Duration = Duration::from_secs(30);

/// How long connections are still taken once the server is to stop. From then on every answer ends its connection, so that
/// callers who keep theirs open learn of it from an answer, not from a socket that was closed on a request under way.
const LAST_CALL: Duration = Duration::from_millis(300);

/// How long a connection may be without a request after that. The last one that was taken needs it for its first.
const QUIET: Duration = Duration::from_millis(500);

/// How far the listener is, as its connections see it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Open,
    /// Requests are taken, connections are not kept.
    LastCall,
    /// What is not in the middle of a request goes.
    Closing,
}

/// Serves hooks on a listener until `stop` is ready; then takes what comes within the last call, and lets open requests end
/// for up to `patience`. Connections that wait in the system's backlog when the socket is closed are taken before.
pub async fn serve(
    listener: TcpListener,
    engine: Engine,
    options: Options,
    stop: impl Future<Output = ()> + Send,
    patience: Duration,
) {
    let server = Arc::new(Server {
        hooks: Hooks::new(engine.clone(), options.clone()),
        builder: builder(&options),
        slots: Arc::new(Semaphore::new(options.connections)),
        options,
        engine,
        is_leaving: AtomicBool::new(false),
    });
    let phase = watch::Sender::new(Phase::Open);
    server.take_until(&listener, &phase, stop).await;
    server.is_leaving.store(true, Ordering::Relaxed);
    phase.send_replace(Phase::LastCall);
    server.take_until(&listener, &phase, tokio::time::sleep(LAST_CALL)).await;
    let rest = tokio::time::timeout(patience, server.take_the_rest(listener, &phase)).await;
    if let Ok(Err(error)) | Err(error) = rest.map_err(io::Error::other) {
        tracing::warn!(%error, "Connections that waited to be accepted were turned away.");
    }
    // Each connection holds a receiver; once all are gone, nothing is left to wait for.
    let _ = tokio::time::timeout(QUIET, phase.closed()).await;
    phase.send_replace(Phase::Closing);
    let _ = tokio::time::timeout(patience, phase.closed()).await;
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
    engine: Engine,
    builder: auto::Builder<TokioExecutor>,
    options: Options,
    slots: Arc<Semaphore>,
    /// Whether answers end their connections.
    is_leaving: AtomicBool,
}

impl Server {
    /// Takes connections until `end` is ready.
    async fn take_until(
        self: &Arc<Self>,
        listener: &TcpListener,
        phase: &watch::Sender<Phase>,
        end: impl Future<Output = ()>,
    ) {
        let mut end = pin!(end);
        loop {
            let accepted = tokio::select! {
                () = &mut end => return,
                accepted = accept(listener, &self.slots) => accepted,
            };
            if let Some((stream, client, slot)) = accepted {
                self.start(stream, client, slot, phase);
            }
        }
    }

    /// Takes what the system accepted for this socket already, and closes it.
    async fn take_the_rest(self: &Arc<Self>, listener: TcpListener, phase: &watch::Sender<Phase>) -> io::Result<()> {
        // The system itself is asked: the runtime only knows what it was told some time ago.
        let listener = listener.into_std()?;
        loop {
            let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(io::Error::other)?;
            match listener.accept() {
                Ok((stream, client)) => {
                    stream.set_nonblocking(true)?;
                    self.start(TcpStream::from_std(stream)?, client.ip(), slot, phase);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // A caller who has gone already.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn start(
        self: &Arc<Self>,
        stream: TcpStream,
        client: IpAddr,
        slot: OwnedSemaphorePermit,
        phase: &watch::Sender<Phase>,
    ) {
        let (server, phase) = (Arc::clone(self), phase.subscribe());
        tokio::spawn(async move {
            server.connection(stream, client, phase).await;
            drop(slot);
        });
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, client: IpAddr, mut phase: watch::Receiver<Phase>) {
        // hyper's protocol sniffing has no clock: without this a silent connection stays open for ever (measured).
        let mut byte = [0];
        let first = tokio::select! {
            biased;
            first = tokio::time::timeout(self.options.head_time, stream.peek(&mut byte)) => first,
            () = reached(&mut phase, Phase::Closing) => return,
        };
        if !matches!(first, Ok(Ok(1..))) {
            return;
        }
        // Answers are written whole; waiting to fill a packet would only delay them.
        let _ = stream.set_nodelay(true);
        let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(UNREAD));
        let is_http2 = Arc::new(AtomicBool::new(false));
        let is_heard = Arc::new(AtomicBool::new(false));
        let (server, seen, heard) = (Arc::clone(&self), Arc::clone(&is_http2), Arc::clone(&is_heard));
        let service = service_fn(move |request: Request<Incoming>| {
            heard.store(true, Ordering::Relaxed);
            seen.store(request.version() == Version::HTTP_2, Ordering::Relaxed);
            Arc::clone(&server).answer(request, client)
        });
        let mut connection = pin!(self.builder.serve_connection(TokioIo::new(stream), service));
        // In this order: what has arrived is read before an idle connection is told to close. A socket closed over unread
        // bytes is reset, and the caller could not tell whether its request was taken.
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => ended,
            () = time_to_leave(&mut phase, &is_http2) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            // The sniffing of `PRI * HTTP/2.0` has no clock either: `P` and silence would hold the slot for ever (measured).
            () = unheard(self.options.head_time, &is_heard) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%client, %error, "A connection ended with an error.");
        }
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        client: IpAddr,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let is_http1 = request.version() < Version::HTTP_2;
        let mut response = if ready::is_asked_for(&request) {
            ready::answer(self.engine.is_healthy() && !self.is_leaving.load(Ordering::Relaxed))
        } else {
            self.hooks.answer(request, client).await
        };
        if is_http1 && self.is_leaving.load(Ordering::Relaxed) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }
}

/// Ready once the listener is that far, and the runtime has looked at its sockets after that.
async fn reached(phase: &mut watch::Receiver<Phase>, wanted: Phase) {
    // An error means that the listener is gone, which is the end too.
    let _ = phase.wait_for(|phase| *phase >= wanted).await;
    tokio::task::yield_now().await;
}

/// Ready when a connection has to be told to close. HTTP/2 says so without losing a request, so it is told at once; over
/// HTTP/1 the next answer says it, and only a connection without a request is closed in the end.
async fn time_to_leave(phase: &mut watch::Receiver<Phase>, is_http2: &AtomicBool) {
    reached(phase, Phase::LastCall).await;
    if !is_http2.load(Ordering::Relaxed) {
        reached(phase, Phase::Closing).await;
    }
}

fn builder(options: &Options) -> auto::Builder<TokioExecutor> {
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

/// Ready where a connection brought no request in time; never where it did.
async fn unheard(time: Duration, is_heard: &AtomicBool) {
    tokio::time::sleep(time).await;
    if is_heard.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}
