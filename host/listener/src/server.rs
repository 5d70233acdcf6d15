//! The listening socket: which connections are taken, and how all of them end at a shutdown. It reads no request.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioExecutor;
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::addresses::Addresses;
use crate::connection::builder;
use crate::{Options, Tls};

/// Pause after the socket could not be accepted from, so that a full table of descriptors does not become a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Who answers a listener's requests.
pub trait Service: Send + Sync + 'static {
    /// The body of an answer.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + Unpin + 'static;

    /// The answer to a request; there always is one.
    fn answer(&self, request: Request<Incoming>, client: IpAddr) -> impl Future<Output = Response<Self::Body>> + Send;

    /// Told when the listener is to stop, while it still takes connections.
    fn leave(&self) {}

    /// Whether answers end their connections already, before the listener is to stop.
    fn is_leaving(&self) -> bool {
        false
    }
}

/// How a listener ends.
#[derive(Clone, Copy, Debug)]
pub struct Farewell {
    /// How long connections are still taken once the listener is to stop. From then on every answer ends its connection, so
    /// that callers who keep theirs open learn of it from an answer, not from a socket that was closed on a request under way.
    pub last_call: Duration,
    /// How long a connection may be without a request after that. The last one that was taken needs it for its first.
    pub quiet: Duration,
    /// How long open requests may take to end.
    pub patience: Duration,
}

/// How far the listener is, as its connections see it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Open,
    /// Requests are taken, connections are not kept.
    LastCall,
    /// What is not in the middle of a request goes.
    Closing,
}

/// What all connections share.
pub(crate) struct Server<S> {
    pub(crate) service: S,
    pub(crate) builder: auto::Builder<TokioExecutor>,
    pub(crate) options: Options,
    pub(crate) tls: Option<Tls>,
    /// Whether answers end their connections.
    pub(crate) is_leaving: AtomicBool,
    slots: Arc<Semaphore>,
    addresses: Addresses,
}

/// Serves a listener until `stop` is ready; then takes what comes within the last call, and lets open requests end.
/// Connections that wait in the system's backlog when the socket is closed are taken before. Whether all requests ended.
pub async fn serve<S: Service>(
    listener: TcpListener,
    service: S,
    options: Options,
    tls: Option<Tls>,
    farewell: Farewell,
    stop: impl Future<Output = ()> + Send,
) -> bool {
    let server = Arc::new(Server {
        service,
        builder: builder(&options),
        options,
        tls,
        is_leaving: AtomicBool::new(false),
        slots: Arc::new(Semaphore::new(options.connections)),
        addresses: Addresses::new(options.connections_per_address),
    });
    let phase = watch::Sender::new(Phase::Open);
    server.take_until(&listener, &phase, stop).await;
    server.is_leaving.store(true, Ordering::Relaxed);
    server.service.leave();
    phase.send_replace(Phase::LastCall);
    if !farewell.last_call.is_zero() {
        server.take_until(&listener, &phase, tokio::time::sleep(farewell.last_call)).await;
    }
    let rest = tokio::time::timeout(farewell.patience, server.take_the_rest(listener, &phase)).await;
    if let Ok(Err(error)) | Err(error) = rest.map_err(io::Error::other) {
        tracing::warn!(%error, "Connections that waited to be accepted were turned away.");
    }
    // Each connection holds a receiver; once all are gone, nothing is left to wait for.
    let _ = tokio::time::timeout(farewell.quiet, phase.closed()).await;
    phase.send_replace(Phase::Closing);
    tokio::time::timeout(farewell.patience, phase.closed()).await.is_ok()
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

impl<S: Service> Server<S> {
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
        let Some(place) = self.addresses.enter(client) else {
            return tracing::debug!(%client, "A connection was closed: its address has as many as it may.");
        };
        let (server, phase) = (Arc::clone(self), phase.subscribe());
        tokio::spawn(async move {
            server.connection(stream, client, phase).await;
            drop((place, slot));
        });
    }
}

/// Ready once the listener is that far, and the runtime has looked at its sockets after that.
pub(crate) async fn reached(phase: &mut watch::Receiver<Phase>, wanted: Phase) {
    // An error means that the listener is gone, which is the end too.
    let _ = phase.wait_for(|phase| *phase >= wanted).await;
    tokio::task::yield_now().await;
}
