//! One connection from its first byte to its end: the handshake, HTTP, and why it is closed. It accepts none.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::{HeaderValue, Version, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::activity::{Activity, Overdue};
use crate::options::{ERROR_RESETS, GOODBYE, HEADERS, Options, PENDING_RESETS, PING_EVERY, PONG_WITHIN, STREAMS};
use crate::server::{Phase, Server, Service, reached};
use crate::stream::{Io, Stream};
use crate::tracked::Tracked;

/// hyper with this room's bounds. The times of heads and of idle connections are kept by `Activity`, for both protocols alike.
pub(crate) fn builder(options: &Options) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_headers(HEADERS)
        .max_buf_size(options.head_bytes)
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        // Finds callers that are gone; hyper never closes an idle connection by itself (measured).
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PONG_WITHIN)
        .max_concurrent_streams(STREAMS)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(ERROR_RESETS)
        // From this follows how many CONTINUATION frames a head may have.
        .max_header_list_size(u32::try_from(options.head_bytes).unwrap_or(u32::MAX));
    builder
}

impl<S: Service> Server<S> {
    pub(crate) async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        client: IpAddr,
        mut phase: watch::Receiver<Phase>,
    ) {
        // Before anything is made for it: a connection without a byte costs little more than its socket.
        let mut byte = [0];
        let first = tokio::select! {
            biased;
            first = tokio::time::timeout(self.options.first_byte_time, stream.peek(&mut byte)) => first,
            () = reached(&mut phase, Phase::Closing) => return,
        };
        if !matches!(first, Ok(Ok(1..))) {
            return;
        }
        // Answers are written whole; waiting to fill a packet would only delay them.
        let _ = stream.set_nodelay(true);
        let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(self.options.unread_time));
        let io = match &self.tls {
            None => Io::Plain(stream),
            Some(tls) => match tokio::time::timeout(self.options.handshake_time, tls.accept(stream)).await {
                Ok(Ok(stream)) => Io::Tls(Box::new(stream)),
                Ok(Err(error)) => return tracing::debug!(%client, %error, "A TLS handshake failed."),
                Err(_) => return tracing::debug!(%client, "A TLS handshake took too long."),
            },
        };
        self.http(io, client, phase).await;
    }

    async fn http(self: Arc<Self>, io: Io, client: IpAddr, mut phase: watch::Receiver<Phase>) {
        let activity = Arc::new(Activity::new());
        let stream = TokioIo::new(Stream { io, activity: Arc::clone(&activity) });
        let (server, seen) = (Arc::clone(&self), Arc::clone(&activity));
        let service = service_fn(move |request: Request<Incoming>| {
            let open = seen.request(request.version() == Version::HTTP_2);
            let server = Arc::clone(&server);
            async move {
                let response = server.answer(request, client).await;
                Ok::<_, Infallible>(response.map(|body| Tracked::new(body, open)))
            }
        });
        let mut connection = pin!(self.builder.serve_connection(stream, service));
        // In this order: what has arrived is read before an idle connection is told to close. A socket closed over unread
        // bytes is reset, and the caller could not tell whether its request was taken.
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => return say(client, ended),
            () = time_to_leave(&mut phase, &activity) => false,
            overdue = activity.overdue(&self.options) => overdue == Overdue::Stuck,
            () = of_age(&self.options, &activity) => false,
        };
        if ended {
            return tracing::debug!(%client, "A connection was closed: it kept the server waiting.");
        }
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            biased;
            ended = connection.as_mut() => say(client, ended),
            () = activity.over(GOODBYE, &self.options) => {}
        }
    }

    async fn answer(&self, request: Request<Incoming>, client: IpAddr) -> Response<S::Body> {
        let is_http1 = request.version() < Version::HTTP_2;
        let mut response = self.service.answer(request, client).await;
        // Over HTTP/2 the connection itself says so.
        if is_http1 && (self.is_leaving.load(Ordering::Relaxed) || self.service.is_leaving()) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

fn say(client: IpAddr, ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = ended {
        tracing::debug!(%client, %error, "A connection ended with an error.");
    }
}

/// Ready when a connection has to be told to close because the server stops. HTTP/2 says so without losing a request, so it
/// is told at once; over HTTP/1 the next answer says it, and only a connection without a request is closed in the end.
async fn time_to_leave(phase: &mut watch::Receiver<Phase>, activity: &Activity) {
    reached(phase, Phase::LastCall).await;
    if !activity.is_http2() {
        reached(phase, Phase::Closing).await;
    }
}

/// Ready once an HTTP/2 connection is as old as any may become.
async fn of_age(options: &Options, activity: &Activity) {
    tokio::time::sleep(options.age).await;
    if !activity.is_http2() {
        std::future::pending::<()>().await;
    }
}
