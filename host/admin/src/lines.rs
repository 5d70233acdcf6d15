//! Answers that come in lines of JSON while the work goes on. It carries the lines; what they say is up to who does the
//! work.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use serde::Serialize;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::Instrument as _;

/// JSON values, one to a line.
const LINES: &str = "application/x-ndjson";

/// How often the last line is said again while nothing happens, so that nothing on the way takes it for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Whether a client asks to be told how far the work is.
pub(crate) fn are_wanted(headers: &HeaderMap) -> bool {
    let named = |value: &str| value.split([',', ';']).any(|kind| kind.trim().eq_ignore_ascii_case(LINES));
    headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).any(named)
}

/// Answers with what the work tells, until it ends. A client that goes away ends the work.
pub(crate) fn answer<T, F>(work: impl FnOnce(UnboundedSender<T>) -> F) -> Response
where
    T: Serialize + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let (lines, told) = unbounded_channel();
    // On a task of its own: a client that reads slowly must not hold it up.
    let task = tokio::spawn(work(lines).instrument(tracing::Span::current()));
    let progress = Progress { told, last: None, task };
    let lines = unfold(progress, |mut progress| async move {
        let line = progress.next().await?;
        Some((Ok::<_, Infallible>(line), progress))
    });
    let headers = [(header::CONTENT_TYPE, LINES), (HeaderName::from_static("x-accel-buffering"), "no")];
    (headers, Body::from_stream(lines)).into_response()
}

/// Work that is under way. Dropping it ends the work.
struct Progress<T> {
    told: UnboundedReceiver<T>,
    last: Option<Bytes>,
    task: JoinHandle<()>,
}

impl<T: Serialize> Progress<T> {
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

impl<T> Drop for Progress<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn progress_is_told_to_those_who_ask() {
        let asks = |value: &'static str| {
            are_wanted(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(value))]))
        };
        assert!(asks("application/x-ndjson") && asks("application/json;q=0.5, Application/X-NDJSON"));
        assert!(!asks("*/*") && !asks("application/json") && !are_wanted(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn lines_come_as_they_are_told_and_end_with_the_work() {
        let (lines, told) = unbounded_channel();
        let mut progress = Progress { told, last: None, task: tokio::spawn(std::future::pending()) };
        lines.send(serde_json::json!({ "stage": "checking" })).unwrap();
        assert_eq!(progress.next().await.unwrap(), "{\"stage\":\"checking\"}\n");
        drop(lines);
        assert_eq!(progress.next().await, None);
    }
}
