//! Reading paths, queries and bodies: each extractor carries its own limit and turns every refusal into the API's error.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;

use crate::error::{Answer, ApiError};

/// Bytes of a flow's definition.
pub(crate) const DEFINITION_BYTES: usize = 1 << 20;
/// Bytes of a component.
pub(crate) const COMPONENT_BYTES: usize = 32 << 20;
/// Bytes of the small JSON bodies of commands.
const COMMAND_BYTES: usize = 64 << 10;
/// Bytes of a command that brings a secret's value, each of whose bytes JSON may write as six.
const CONFIDENTIAL_BYTES: usize = 512 << 10;
/// Bytes of a command that brings a run's payload.
const PAYLOAD_BYTES: usize = 16 << 20;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long and how much of a body that is too large is read and dropped.
const FAREWELL: Duration = Duration::from_secs(5);
const MOST_DROPPED: usize = 128 << 20;

/// The text of a definition, YAML or JSON.
pub(crate) struct Definition(pub(crate) String);

/// A component's bytes.
pub(crate) struct Component(pub(crate) Bytes);

/// A command as JSON.
pub(crate) struct Command<T>(pub(crate) T);

/// A command that may be left out.
pub(crate) struct Optional<T>(pub(crate) T);

/// A command that may be left out, or bring a run's payload.
pub(crate) struct Laden<T>(pub(crate) T);

/// A command as JSON of which no answer and no log may repeat a word.
pub(crate) struct Confidential<T>(pub(crate) T);

/// The query, every name in it known.
pub(crate) struct Asked<T>(pub(crate) T);

impl<S: Send + Sync> FromRequest<S> for Definition {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Answer<Self> {
        match media_type(request.headers()).as_deref() {
            None
            | Some("application/json" | "application/yaml" | "application/x-yaml" | "application/octet-stream") => {}
            Some(kind) if kind.starts_with("text/") => {}
            Some(kind) => return Err(wrong_type(kind, "a definition as application/yaml or application/json")),
        }
        let body = read(request, DEFINITION_BYTES).await?;
        String::from_utf8(body.into()).map(Self).map_err(|_| {
            ApiError::malformed("WEIR-API-BODY", "the definition is not UTF-8 text: save it as UTF-8 and send it again")
        })
    }
}

impl<S: Send + Sync> FromRequest<S> for Component {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Answer<Self> {
        match media_type(request.headers()).as_deref() {
            Some("application/wasm") => read(request, COMPONENT_BYTES).await.map(Self),
            other => Err(wrong_type(other.unwrap_or("nothing"), "a component as application/wasm")),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Command<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Answer<Self> {
        command(request, COMMAND_BYTES).await?.map(Self).ok_or_else(|| {
            ApiError::malformed("WEIR-API-BODY", "the body is empty: send the JSON object that this route describes")
        })
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for Optional<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Answer<Self> {
        Ok(Self(command(request, COMMAND_BYTES).await?.unwrap_or_default()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for Laden<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Answer<Self> {
        Ok(Self(command(request, PAYLOAD_BYTES).await?.unwrap_or_default()))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Confidential<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Answer<Self> {
        let kind = media_type(request.headers());
        let body = read(request, CONFIDENTIAL_BYTES).await?;
        if kind.as_deref() != Some("application/json") {
            return Err(wrong_type(kind.as_deref().unwrap_or("nothing"), "a JSON object as application/json"));
        }
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            // The error's own words would show what it stands before.
            let (line, column) = (error.line(), error.column());
            let message = format!(
                "the JSON body was not understood at line {line}, column {column}: send the object that this route describes"
            );
            ApiError::malformed("WEIR-API-BODY", message)
        })
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        Query::try_from_uri(&parts.uri).map(|Query(asked)| Self(asked)).map_err(|rejection| {
            let message = format!("the query was not understood: {}", reason(&rejection));
            ApiError::malformed("WEIR-API-QUERY", message)
        })
    }
}

/// A JSON body; none where it is empty.
async fn command<T: DeserializeOwned>(request: Request, limit: usize) -> Answer<Option<T>> {
    let kind = media_type(request.headers());
    let body = read(request, limit).await?;
    if body.is_empty() {
        return Ok(None);
    }
    match kind.as_deref() {
        Some("application/json") => {}
        other => return Err(wrong_type(other.unwrap_or("nothing"), "a JSON object as application/json")),
    }
    serde_json::from_slice(&body)
        .map(Some)
        .map_err(|error| ApiError::malformed("WEIR-API-BODY", format!("the JSON body was not understood: {error}")))
}

/// The whole body within its limit and the time it may take.
async fn read(request: Request, limit: usize) -> Answer<Bytes> {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let body = request.into_body();
    if announced.is_some_and(|length| length > limit as u64) {
        // Most clients look for an answer only after they have sent all: what they send is read and dropped, for a while.
        let _ = tokio::time::timeout(FAREWELL, drop_all(body)).await;
        return Err(too_large(limit));
    }
    match tokio::time::timeout(PATIENCE, to_bytes(body, limit)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if is_length_error(&error) => Err(too_large(limit)),
        Ok(Err(_)) => Err(ApiError::malformed("WEIR-API-BODY", "the body broke off: send the request again")),
        Err(_) => {
            let message = format!("the body did not arrive within {} seconds: send it again", PATIENCE.as_secs());
            Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "WEIR-API-BODY-SLOW", message))
        }
    }
}

async fn drop_all(body: Body) {
    let mut left = MOST_DROPPED;
    let mut data = body.into_data_stream();
    while let Some(Ok(bytes)) = data.next().await {
        left = left.saturating_sub(bytes.len());
        if left == 0 {
            return;
        }
    }
}

fn is_length_error(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.is::<http_body_util::LengthLimitError>())
}

fn too_large(limit: usize) -> ApiError {
    let message = format!("the body is larger than the {limit} bytes that this route takes: send less");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "WEIR-API-BODY-SIZE", message)
}

fn wrong_type(got: &str, wanted: &str) -> ApiError {
    let got: String = got.chars().take(80).collect();
    let message = format!("the content type is {got}: send {wanted}");
    ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "WEIR-API-CONTENT-TYPE", message)
}

/// The content type without parameters, in lower case.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?;
    let text = String::from_utf8_lossy(value.as_bytes());
    text.split(';').next().map(|kind| kind.trim().to_ascii_lowercase())
}

/// The innermost cause of an extractor's refusal: the part that says what is wrong.
pub(crate) fn reason(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use weir_model::Coded;

    use super::*;

    fn request(kind: Option<&str>, body: impl Into<Body>) -> Request {
        let request = Request::post("/");
        let request = kind.into_iter().fold(request, |request, kind| request.header(header::CONTENT_TYPE, kind));
        request.body(body.into()).unwrap()
    }

    fn outcome<T>(result: Answer<T>) -> (u16, String) {
        result.err().map_or((200, String::new()), |error| (error.status().as_u16(), error.code().to_string()))
    }

    #[tokio::test]
    async fn bodies_are_held_to_their_size_and_type() {
        let exact = "a".repeat(DEFINITION_BYTES);
        assert_eq!(outcome(Definition::from_request(request(Some("text/plain"), exact.clone()), &()).await).0, 200);
        let over = Definition::from_request(request(None, exact + "a"), &()).await;
        assert_eq!(outcome(over), (413, "WEIR-API-BODY-SIZE".into()));
        let form = Definition::from_request(request(Some("multipart/form-data; boundary=x"), "a"), &()).await;
        assert_eq!(outcome(form), (415, "WEIR-API-CONTENT-TYPE".into()));
        let latin = Definition::from_request(request(Some("application/yaml; charset=latin1"), vec![0xe9]), &()).await;
        assert_eq!(outcome(latin), (400, "WEIR-API-BODY".into()));
        let text = Component::from_request(request(Some("text/plain"), "(component)"), &()).await;
        assert_eq!(outcome(text).0, 415);
    }

    #[tokio::test]
    async fn an_announced_length_is_refused_before_the_body_is_read() {
        let never = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        let mut huge = request(Some("application/wasm"), never);
        huge.headers_mut().insert(header::CONTENT_LENGTH, (COMPONENT_BYTES + 1).into());
        assert_eq!(outcome(Component::from_request(huge, &()).await), (413, "WEIR-API-BODY-SIZE".into()));
    }

    #[tokio::test]
    async fn commands_may_be_left_out_only_where_the_route_says_so() {
        #[derive(Debug, Default, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Note {
            #[allow(dead_code)]
            note: Option<String>,
        }
        assert_eq!(outcome(Optional::<Note>::from_request(request(None, ""), &()).await).0, 200);
        assert_eq!(outcome(Command::<Note>::from_request(request(None, ""), &()).await).0, 400);
        let unknown = Optional::<Note>::from_request(request(Some("application/json"), r#"{"nite":"x"}"#), &()).await;
        assert_eq!(outcome(unknown), (400, "WEIR-API-BODY".into()));
        let untyped = Optional::<Note>::from_request(request(None, r#"{"note":"x"}"#), &()).await;
        assert_eq!(outcome(untyped).0, 415);
    }
}
