//! Somebody else's server, on this machine: it notes every request and answers as it is told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::HeaderMap;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpListener;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Seen {
    /// A header as text; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

type Answer = dyn Fn(&Seen) -> Response<Full<Bytes>> + Send + Sync;

/// A server that listens until it is dropped.
pub struct Peer {
    /// Where.
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Peer {
    /// A server on any free port of this address.
    ///
    /// # Errors
    /// Where it cannot listen.
    pub async fn at(
        address: &str,
        answer: impl Fn(&Seen) -> Response<Full<Bytes>> + Send + Sync + 'static,
    ) -> Result<Self> {
        let listener = TcpListener::bind((address, 0)).await?;
        let address = listener.local_addr()?;
        let (connections, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let task = tokio::spawn(listen(listener, Arc::new(answer), Arc::clone(&connections), Arc::clone(&seen)));
        Ok(Self { address, connections, seen, task })
    }

    /// One on 127.0.0.1 that answers 200 with this text.
    ///
    /// # Errors
    /// Where it cannot listen.
    pub async fn saying(text: &'static str) -> Result<Self> {
        Self::at("127.0.0.1", move |_| Response::new(Full::from(text))).await
    }

    /// Its URL with this path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Connections that anybody opened to it.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().clone()
    }

    /// The last request.
    ///
    /// # Panics
    /// Where there was none.
    pub fn last(&self) -> Seen {
        self.seen.lock().last().cloned().expect("nobody sent a request")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(
    listener: TcpListener,
    answer: Arc<Answer>,
    connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        connections.fetch_add(1, Ordering::SeqCst);
        let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await?.to_bytes();
                let target = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
                let came = Seen { method: head.method.to_string(), target, headers: head.headers, body };
                let answer = answer(&came);
                seen.lock().push(came);
                anyhow::Ok(answer)
            }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
