//! `wasi:http` 0.2, outgoing only: what a guest writes as a stream becomes one request through the call's door, and its
//! answer a stream again. It has no connections.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpHooks};

use crate::door::{Door, Parts, Refused};
use crate::{HttpAnswer, HttpError};

/// Bytes of all header fields of one message.
const FIELD_BYTES: usize = 64 << 10;

/// What `wasi:http` keeps of one call.
pub(crate) struct WasiHttpState {
    pub(crate) ctx: WasiHttpCtx,
    pub(crate) hooks: Hooks,
}

impl WasiHttpState {
    pub(crate) fn new(door: Door) -> Self {
        let mut ctx = WasiHttpCtx::new();
        ctx.set_field_size_limit(FIELD_BYTES);
        Self { ctx, hooks: Hooks(door) }
    }
}

/// Requests of a guest go through the door.
pub(crate) struct Hooks(Door);

type Sent = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _fut: Sent,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Sent), Error>> + Send> {
        let door = self.0.clone();
        Box::new(async move {
            let answer = send(&door, request, options).await?;
            Ok((answer, Box::new(std::future::ready(Ok(()))) as Sent))
        })
    }
}

async fn send(
    door: &Door,
    request: Request<WasiBody>,
    options: Option<RequestOptions>,
) -> Result<Response<WasiBody>, Error> {
    let (head, mut incoming) = request.into_parts();
    let most = door.bytes_left();
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if (body.len() + data.len()) as u64 > most {
            return Err(Error::HttpRequestBodySize(Some(most)));
        }
        body.extend_from_slice(&data);
    }
    let headers = head.headers.iter().filter(|(name, _)| *name != header::HOST);
    let headers = headers.map(|(name, value)| (name.to_string(), Bytes::copy_from_slice(value.as_bytes()))).collect();
    let timeout = options.and_then(|options| options.first_byte_timeout);
    let (method, url) = (head.method.to_string(), head.uri.to_string());
    let answer = door.send(Parts { method, url, headers, body: body.into(), timeout }).await.map_err(error)?;
    if answer.truncated {
        return Err(Error::HttpResponseBodySize(Some(most)));
    }
    response(answer).ok_or(Error::HttpProtocolError)
}

fn response(answer: HttpAnswer) -> Option<Response<WasiBody>> {
    let body = Full::new(answer.body).map_err(Into::into).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(answer.status).ok()?;
    for (name, value) in answer.headers {
        let name = HeaderName::try_from(name).ok()?;
        // The body is whole by now: how it was framed on the wire is no longer true.
        if name == header::TRANSFER_ENCODING || name == header::CONNECTION {
            continue;
        }
        response.headers_mut().append(name, HeaderValue::from_maybe_shared(value).ok()?);
    }
    Some(response)
}

fn error(refused: Refused) -> Error {
    match refused {
        Refused::Quota => Error::ConnectionLimitReached,
        Refused::Failed(HttpError::Denied(_)) => Error::HttpRequestDenied,
        Refused::Failed(HttpError::Timeout(_)) => Error::HttpResponseTimeout,
        Refused::Failed(HttpError::TooLarge(_)) => Error::HttpRequestBodySize(None),
        Refused::Failed(HttpError::Dns(_)) => Error::DnsError { rcode: None, info_code: None },
        Refused::Failed(HttpError::Connect(_)) => Error::ConnectionRefused,
        Refused::Failed(HttpError::Tls(_)) => Error::TlsProtocolError,
        Refused::Failed(HttpError::Protocol(_)) => Error::HttpProtocolError,
        Refused::Failed(HttpError::Invalid(_)) => Error::HttpRequestUriInvalid,
    }
}
