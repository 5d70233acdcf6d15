//! An upload whose client wants to know how far it is: the stages as lines of JSON. What they are is the catalog's.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::Instrument as _;
use weir_model::TenantId;

use crate::error::ApiError;
use crate::state::AdminState;
use crate::views::UploadView;

/// JSON values, one to a line.
const LINES: &str = "application/x-ndjson";

/// How often the last line is said again while nothing happens, so that nothing on the way takes it for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Whether a client asks for its upload's stages.
pub(crate) fn wants_lines(headers: &HeaderMap) -> bool {
    let named = |value: &str| value.split([',', ';']).any(|kind| kind.trim().eq_ignore_ascii_case(LINES));
    headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).any(named)
}

/// Answers with the stages of an upload, then with what came of it.
pub(crate) fn in_lines(state: AdminState, tenant: TenantId, bytes: Bytes, permit: OwnedSemaphorePermit) -> Response {
    let (lines, told) = unbounded_channel();
    let stages = lines.clone();
    let upload = async move {
        let _permit = permit;
        let tell = move |stage| {
            // Where nobody listens, this task is about to be ended.
            let _ = stages.send(UploadView::from(stage));
        };
        let last = match state.catalog().push_action(&tenant, bytes, tell).await {
            Ok(action) => UploadView::Done { done: Box::new(action.into()) },
            Err(error) => UploadView::Failed { error: ApiError::from(error).into_detail() },
        };
        let _ = lines.send(last);
    };
    // On a task of its own: a client that reads slowly must not hold up the compiler's queue.
    let task = tokio::spawn(upload.instrument(tracing::Span::current()));
    let progress = Progress { told, last: None, task };
    let lines = unfold(progress, |mut progress| async move {
        let line = progress.next().await?;
        Some((Ok::<_, Infallible>(line), progress))
    });
    let headers = [(header::CONTENT_TYPE, LINES), (HeaderName::from_static("x-accel-buffering"), "no")];
    (headers, Body::from_stream(lines)).into_response()
}

/// An upload that is under way. Dropping it ends the upload.
struct Progress {
    told: UnboundedReceiver<UploadView>,
    last: Option<Bytes>,
    task: JoinHandle<()>,
}

impl Progress {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            match timeout(HEARTBEAT, self.told.recv()).await {
                Ok(line) => {
                    let mut text = serde_json::to_vec(&line?).ok()?;
                    text.push(b'\n');
                    return self.last.insert(Bytes::from(text)).clone().into();
                }
                Err(_) if self.last.is_some() => return self.last.clone(),
                Err(_) => {}
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use weir_catalog::Stage;

    use super::*;

    #[test]
    fn stages_are_told_to_those_who_ask() {
        let asks = |value: &'static str| {
            wants_lines(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(value))]))
        };
        assert!(asks("application/x-ndjson") && asks("application/json;q=0.5, Application/X-NDJSON"));
        assert!(!asks("*/*") && !asks("application/json") && !wants_lines(&HeaderMap::new()));
        let line = |stage| serde_json::to_string(&UploadView::from(stage)).unwrap();
        assert_eq!(line(Stage::Waiting { ahead: 2 }), r#"{"stage":"waiting","ahead":2}"#);
        assert_eq!(line(Stage::Compiling), r#"{"stage":"compiling"}"#);
    }

    #[tokio::test]
    async fn lines_come_as_they_are_told_and_end_with_the_upload() {
        let (lines, told) = unbounded_channel();
        let mut progress = Progress { told, last: None, task: tokio::spawn(std::future::pending()) };
        lines.send(UploadView::from(Stage::Checking)).unwrap();
        assert_eq!(progress.next().await.unwrap(), "{\"stage\":\"checking\"}\n");
        drop(lines);
        assert_eq!(progress.next().await, None);
    }
}
