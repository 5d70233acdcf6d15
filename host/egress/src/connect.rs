//! The connection: resolves the host, decides for each address, and connects to one that was decided on, with nothing in
//! between. Every outgoing socket of the server is opened here.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::address::{canonical, special};
use crate::{BoxFuture, EgressError, Resolve};

/// For one address of several.
const PER_ADDRESS: Duration = Duration::from_secs(4);

/// What all connections share.
pub(crate) struct Ground {
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) tls: TlsConnector,
    pub(crate) allow: Vec<IpNet>,
    pub(crate) own_ports: Vec<u16>,
    pub(crate) connect_time: Duration,
}

/// Connects for one owner.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) ground: Arc<Ground>,
    pub(crate) exceptions: Arc<[IpNet]>,
}

impl Connector {
    async fn connect(self, uri: Uri) -> Result<Stream, EgressError> {
        let host = uri.host().unwrap_or_default();
        let host = host.strip_suffix('.').unwrap_or(host);
        let is_secure = uri.scheme() == Some(&http::uri::Scheme::HTTPS);
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let connecting = async {
            let addresses = self.addresses(host, port).await?;
            let tcp = tcp(host, port, &addresses).await?;
            if is_secure { self.secure(host, tcp).await } else { Ok(Stream::Plain(TokioIo::new(tcp))) }
        };
        let limit = self.ground.connect_time;
        tokio::time::timeout(limit, connecting).await.unwrap_or_else(|_| {
            Err(EgressError::Connect { host: host.to_owned(), reason: format!("it took longer than {limit:?}") })
        })
    }

    /// The addresses of a host that may be reached; at least one.
    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<IpAddr>, EgressError> {
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let found = match literal {
            Ok(address) => vec![address],
            Err(_) => {
                let found = self.ground.resolver.addresses(host).await;
                tracing::debug!(host, ?found, "A name was looked up.");
                found.map_err(|reason| EgressError::Dns { host: host.to_owned(), reason })?
            }
        };
        let mut allowed = Vec::with_capacity(found.len());
        let mut refused = None;
        for address in found.into_iter().map(canonical) {
            match self.check(host, port, address) {
                Ok(()) => allowed.push(address),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        match refused {
            _ if !allowed.is_empty() => Ok(allowed),
            Some(error) => Err(error),
            None => Err(EgressError::Dns { host: host.to_owned(), reason: "it has no address".to_owned() }),
        }
    }

    fn check(&self, host: &str, port: u16, address: IpAddr) -> Result<(), EgressError> {
        if self.ground.own_ports.contains(&port) && is_here(address) {
            return Err(EgressError::Own { host: host.to_owned(), port });
        }
        let Some(block) = special(address) else { return Ok(()) };
        let mut exceptions = self.ground.allow.iter().chain(&*self.exceptions);
        if exceptions.any(|exception| exception.contains(&address)) {
            return Ok(());
        }
        Err(EgressError::Address { host: host.to_owned(), address, block })
    }

    async fn secure(&self, host: &str, tcp: TcpStream) -> Result<Stream, EgressError> {
        let trouble = |reason: String| EgressError::Tls { host: host.to_owned(), reason };
        let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(name).map_err(|error| trouble(error.to_string()))?;
        let tls = self.ground.tls.connect(name, tcp).await.map_err(|error| trouble(error.to_string()))?;
        Ok(Stream::Secure(Box::new(TokioIo::new(tls))))
    }
}

/// Whether an address is one of this machine: only those can be bound.
fn is_here(address: IpAddr) -> bool {
    address.is_unspecified() || address.is_loopback() || UdpSocket::bind((address, 0)).is_ok()
}

/// A connection to the first of the addresses that takes one.
#[allow(clippy::disallowed_methods)] // The one place for outgoing sockets.
async fn tcp(host: &str, port: u16, addresses: &[IpAddr]) -> Result<TcpStream, EgressError> {
    let mut last = String::from("it has no address");
    for address in addresses {
        let connecting = TcpStream::connect(SocketAddr::new(*address, port));
        match tokio::time::timeout(PER_ADDRESS, connecting).await {
            Ok(Ok(stream)) => {
                // Requests are written whole; waiting to fill a packet would only delay them.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = format!("{address}: {error}"),
            Err(_) => last = format!("{address}: no answer within {PER_ADDRESS:?}"),
        }
    }
    Err(EgressError::Connect { host: host.to_owned(), reason: last })
}

impl tower_service::Service<Uri> for Connector {
    type Response = Stream;
    type Error = EgressError;
    type Future = BoxFuture<'static, Result<Stream, EgressError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), EgressError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

/// A connection, plain or secure.
pub(crate) enum Stream {
    Plain(TokioIo<TcpStream>),
    Secure(Box<TokioIo<TlsStream<TcpStream>>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        match self {
            Self::Secure(stream) if stream.inner().get_ref().1.alpn_protocol() == Some(b"h2") => {
                Connected::new().negotiated_h2()
            }
            _ => Connected::new(),
        }
    }
}

impl Read for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Secure(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl Write for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Secure(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Secure(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
