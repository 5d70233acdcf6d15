//! The client side of the admin API: signs requests in, reads answers with a cap, turns errors into failures. It knows
//! HTTP and the API's shapes; it prints nothing.

mod connect;
mod sse;
mod trust;
mod views;

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use weir_model::{Code, Findings, TenantId};

use crate::args::Remote;
use crate::failure::Failure;

pub(crate) use sse::{COMMENT, Events};
pub(crate) use views::{ActionView, FlowView, LimitView, LimitsView, ScheduleView, VersionView};

/// The largest answer that is read; a run record is capped at 1 MiB, a page of them far below this.
const MOST_ANSWER: usize = 64 << 20;

/// How long an ordinary request may take; an upload waits for the server's compiler.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest silence of an event stream: three heartbeats of 15 seconds.
const SILENCE: Duration = Duration::from_secs(45);

/// A signed-in connection to one server, for one tenant.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    target: connect::Target,
    tenant: TenantId,
}

/// One page of a list.
#[derive(Deserialize)]
struct Page {
    items: Vec<Box<RawValue>>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorText,
}

/// An error as the server words it.
#[derive(Deserialize)]
pub(crate) struct ErrorText {
    code: String,
    message: String,
    #[serde(default)]
    findings: Findings,
}

impl ErrorText {
    /// The failure that it is, answered with this status.
    pub(crate) fn failure(self, status: u16) -> Failure {
        let Self { code, message, findings } = self;
        Failure::Server { status, code: Code::custom(code), message, findings }
    }
}

impl Client {
    /// Finds the server that the command line means; sends nothing yet.
    ///
    /// # Errors
    /// Where no server or no token can be found.
    pub(crate) fn new(remote: &Remote) -> Result<Self, Failure> {
        let target = connect::find(remote)?;
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("weir/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(SILENCE)
            // A token follows no redirect.
            .redirect(reqwest::redirect::Policy::none());
        if target.is_local() {
            http = http.no_proxy();
        }
        let http = trust::applied(http, &target)?;
        let http = http.build().map_err(|error| Failure::Other(error.into()))?;
        Ok(Self { http, target, tenant: remote.tenant.clone() })
    }

    /// A request below this tenant's part of the API.
    pub(crate) fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url: Url = self.target.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1", "tenants", self.tenant.as_str()]).extend(path);
        }
        self.http.request(method, url).bearer_auth(&self.target.token)
    }

    /// A request to the part of the API that is about the server as a whole.
    pub(crate) fn request_server(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url: Url = self.target.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        self.http.request(method, url).bearer_auth(&self.target.token)
    }

    /// Sends a request and gives the body of a good answer.
    ///
    /// # Errors
    /// Where nobody answers, or with an error.
    pub(crate) async fn text(&self, request: RequestBuilder) -> Result<String, Failure> {
        self.text_within(request, PATIENCE).await
    }

    /// The same with another patience.
    ///
    /// # Errors
    /// Where nobody answers, or with an error.
    pub(crate) async fn text_within(&self, request: RequestBuilder, most: Duration) -> Result<String, Failure> {
        let response = self.send(request.timeout(most)).await?;
        self.read(response).await
    }

    /// Sends a request and parses the body of a good answer.
    ///
    /// # Errors
    /// Where nobody answers, with an error, or with something else than expected.
    pub(crate) async fn parse<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure> {
        let text = self.text(request).await?;
        self.understand(&text)
    }

    /// Parses what this server said.
    ///
    /// # Errors
    /// Where it is something else than expected.
    pub(crate) fn understand<T: DeserializeOwned>(&self, text: &str) -> Result<T, Failure> {
        serde_json::from_str(text).map_err(|error| self.odd(error.to_string()))
    }

    /// The items of a list, page after page, at most `limit`; each as the server wrote it.
    ///
    /// # Errors
    /// Where a page cannot be had.
    pub(crate) async fn list(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        limit: usize,
    ) -> Result<Vec<Box<RawValue>>, Failure> {
        let mut items = Vec::new();
        let mut after: Option<String> = None;
        while items.len() < limit {
            let page = (limit - items.len()).min(100);
            let mut request = self.request(Method::GET, path).query(query).query(&[("limit", page)]);
            if let Some(after) = &after {
                request = request.query(&[("after", after)]);
            }
            let Page { items: more, next } = self.parse(request).await?;
            items.extend(more);
            // A page may be short, even empty, and still have a next one.
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        items.truncate(limit);
        Ok(items)
    }

    /// Sends a request and hands over each line of a good answer as it comes.
    ///
    /// # Errors
    /// Where nobody answers, with an error, or with lines that `see` does not take.
    pub(crate) async fn each_line(
        &self,
        request: RequestBuilder,
        mut see: impl FnMut(&str) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut response = self.send(request).await?;
        let mut held = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            held.extend_from_slice(&chunk);
            if held.len() > MOST_ANSWER {
                return Err(self.odd(format!("a line of it is longer than {} MiB", MOST_ANSWER >> 20)));
            }
            while let Some(end) = held.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = held.drain(..=end).collect();
                see(String::from_utf8_lossy(&line).trim_end())?;
            }
        }
        Ok(())
    }

    /// Opens a stream of server-sent events.
    ///
    /// # Errors
    /// Where nobody answers, or with an error.
    pub(crate) async fn events(&self, path: &[&str]) -> Result<Events, Failure> {
        let request = self.request(Method::GET, path).header("accept", "text/event-stream");
        Ok(Events::new(self.send(request).await?))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let text = self.read(response).await.unwrap_or_default();
        Err(match serde_json::from_str::<ErrorBody>(&text) {
            Ok(body) => body.error.failure(status.as_u16()),
            Err(_) => self.odd(format!("status {status} without weir's error body")),
        })
    }

    async fn read(&self, mut response: Response) -> Result<String, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            if body.len() + chunk.len() > MOST_ANSWER {
                return Err(self.odd(format!("its body is longer than {} MiB", MOST_ANSWER >> 20)));
            }
            body.extend_from_slice(&chunk);
        }
        String::from_utf8(body).map_err(|_| self.odd("its body is not UTF-8".into()))
    }

    /// The server's answer makes no sense.
    pub(crate) fn odd(&self, reason: String) -> Failure {
        Failure::Answer { server: self.target.base.to_string(), reason }
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let reason = if error.is_timeout() { "it took too long to answer".into() } else { innermost(error) };
        Failure::Unreachable { server: self.target.base.to_string(), reason, data: self.target.data.clone() }
    }
}

/// The last cause says what went wrong; those above it only say that something did.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
