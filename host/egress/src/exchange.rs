//! One request and its answer: writes the request with secrets in place, reads the answer within its bounds, and takes
//! the secrets out again. Redirects are not its business.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};

use crate::pool::Pool;
use crate::secrets::{Form, Swap};
use crate::target::Target;
use crate::{EgressError, Outgoing};

/// Headers that belong to the connection (RFC 9110 §7.6.1) or are made when a request is sent.
const OF_THE_CONNECTION: [HeaderName; 9] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// The answer of one hop.
pub(crate) struct Hop {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) truncated: bool,
    /// Bytes of heads and bodies, both ways.
    pub(crate) bytes: u64,
}

/// Sends one request and reads its answer; both together have `left` bytes at most.
pub(crate) async fn exchange(
    pool: &Pool,
    request: &Outgoing,
    target: &Target,
    swap: &mut Swap<'_>,
    left: u64,
) -> Result<Hop, EgressError> {
    let message = write(request, target, swap)?;
    let sent = size(message.headers(), message.uri()).saturating_add(request.body.len() as u64);
    if sent > left {
        return Err(EgressError::TooLarge { size: sent, limit: left });
    }
    let response = pool.client.request(message).await.map_err(|error| trouble(&error, &target.host))?;
    read(response, request, target, swap, sent, left).await
}

fn write(request: &Outgoing, target: &Target, swap: &mut Swap<'_>) -> Result<Request<Full<Bytes>>, EgressError> {
    let (host, port) = (target.host.as_str(), target.port);
    let mut fill = |text: &[u8], form| swap.fill(text, form, host, port);
    let url = fill(target.url.as_str().as_bytes(), Form::Percent)?;
    let url = url.unwrap_or_else(|| target.url.as_str().as_bytes().to_vec());
    let uri =
        Uri::try_from(url).map_err(|_| EgressError::Url("the URL has characters that HTTP cannot carry".into()))?;
    let mut message = Request::new(Full::new(Bytes::new()));
    *message.method_mut() = request.method.clone();
    for (name, value) in &request.headers {
        if OF_THE_CONNECTION.contains(name) {
            continue;
        }
        let value = match fill(value.as_bytes(), Form::Plain)? {
            None => value.clone(),
            Some(filled) => sensitive(name, &filled)?,
        };
        message.headers_mut().append(name.clone(), value);
    }
    let is_json = content_type(&request.headers).is_some_and(|kind| kind.contains("json"));
    let is_form =
        content_type(&request.headers).is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let form = if is_json {
        Form::Json
    } else if is_form {
        Form::Percent
    } else {
        Form::Plain
    };
    let body = fill(&request.body, form)?.map_or_else(|| request.body.clone(), Bytes::from);
    if let Some(basic) = &request.basic {
        let stand_in = format!("{}:{}", basic.user, basic.password);
        let filled = fill(stand_in.as_bytes(), Form::Plain)?;
        let credentials = BASE64.encode(filled.as_deref().unwrap_or(stand_in.as_bytes()));
        if filled.is_some() {
            swap.also(credentials.clone().into_bytes(), "[credentials]".to_owned());
        }
        let value = sensitive(&header::AUTHORIZATION, format!("Basic {credentials}").as_bytes())?;
        message.headers_mut().insert(header::AUTHORIZATION, value);
    }
    *message.uri_mut() = uri;
    *message.body_mut() = Full::new(body);
    Ok(message)
}

fn sensitive(name: &HeaderName, value: &[u8]) -> Result<HeaderValue, EgressError> {
    let mut value = HeaderValue::from_bytes(value).map_err(|_| {
        EgressError::Request(format!("the secret in the header {name} has characters that headers cannot carry"))
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok().map(str::to_ascii_lowercase)
}

fn size(headers: &HeaderMap, uri: &Uri) -> u64 {
    let headers: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    (headers + uri.path().len() + uri.query().map_or(0, str::len)) as u64
}

async fn read(
    response: Response<Incoming>,
    request: &Outgoing,
    target: &Target,
    swap: &Swap<'_>,
    sent: u64,
    left: u64,
) -> Result<Hop, EgressError> {
    let (head, mut incoming) = response.into_parts();
    let head_bytes = size(&head.headers, &Uri::default());
    let most = left.saturating_sub(sent).saturating_sub(head_bytes);
    let too_large = || EgressError::AnswerTooLarge { host: target.host.clone(), limit: most };
    let expected = incoming.size_hint().lower();
    if request.whole && expected > most {
        return Err(too_large());
    }
    let mut body = Vec::with_capacity(usize::try_from(expected.min(most).min(1 << 20)).unwrap_or(0));
    let mut truncated = false;
    while let Some(frame) = incoming.frame().await {
        let frame =
            frame.map_err(|error| EgressError::Protocol { host: target.host.clone(), reason: error.to_string() })?;
        let Ok(data) = frame.into_data() else { continue };
        let room = usize::try_from(most).unwrap_or(usize::MAX) - body.len();
        body.extend_from_slice(data.get(..room.min(data.len())).unwrap_or_default());
        if data.len() > room {
            truncated = true;
            break;
        }
    }
    if truncated && request.whole {
        return Err(too_large());
    }
    let bytes = sent.saturating_add(head_bytes).saturating_add(body.len() as u64);
    let mut headers = head.headers;
    if !swap.is_idle() {
        swap.scrub_headers(&mut headers);
        if let Some(clean) = swap.scrub(&body, truncated) {
            body = clean;
        }
    }
    Ok(Hop { status: head.status, headers, body: body.into(), truncated, bytes })
}

/// The connector's own error, where there is one behind the client's.
fn trouble(error: &hyper_util::client::legacy::Error, host: &str) -> EgressError {
    let mut at: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut last = String::new();
    while let Some(error) = at {
        if let Some(own) = error.downcast_ref::<EgressError>() {
            return own.clone();
        }
        last = error.to_string();
        at = error.source();
    }
    EgressError::Protocol { host: host.to_owned(), reason: last }
}
