//! The one door for requests of a call, whichever interface they come through: it counts them, bounds them, and sends
//! them through the server's outbound. It is made when a call first asks for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use weir_model::{Limits, Usage};

use crate::grants::Grants;
use crate::{HttpAnswer, HttpError, HttpRequest, Outbound};

/// The door of one call; clones count together.
#[derive(Clone)]
pub(crate) struct Door(Arc<Shared>);

struct Shared {
    outbound: Arc<dyn Outbound>,
    grants: Arc<Grants>,
    most_calls: u64,
    most_bytes: u64,
    step_millis: u64,
    calls: AtomicU64,
    bytes: AtomicU64,
    /// Requests that were refused because one of both was used up.
    refused_calls: AtomicU64,
    refused_bytes: AtomicU64,
}

/// A request that the count has room for.
pub(crate) struct Parts {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, Bytes)>,
    pub(crate) body: Bytes,
    pub(crate) timeout: Option<Duration>,
}

/// Why a request brought no answer.
pub(crate) enum Refused {
    /// Calls or bytes of the step are used up.
    Quota,
    /// Anything else.
    Failed(HttpError),
}

impl Door {
    pub(crate) fn new(outbound: Arc<dyn Outbound>, grants: Arc<Grants>, limits: &Limits) -> Self {
        Self(Arc::new(Shared {
            outbound,
            grants,
            most_calls: limits.http_calls,
            most_bytes: limits.http_bytes,
            step_millis: limits.step_millis,
            calls: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            refused_calls: AtomicU64::new(0),
            refused_bytes: AtomicU64::new(0),
        }))
    }

    /// Bytes that requests and answers may still have.
    pub(crate) fn bytes_left(&self) -> u64 {
        self.0.most_bytes.saturating_sub(self.0.bytes.load(Ordering::Relaxed))
    }

    /// Sends a request, where there is one left.
    pub(crate) async fn send(&self, parts: Parts) -> Result<HttpAnswer, Refused> {
        let shared = &*self.0;
        let take = |calls: u64| (calls < shared.most_calls).then_some(calls + 1);
        if shared.calls.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err() {
            shared.refused_calls.fetch_add(1, Ordering::Relaxed);
            return Err(Refused::Quota);
        }
        let left = self.bytes_left();
        if left < parts.body.len() as u64 || left == 0 {
            shared.refused_bytes.fetch_add(1, Ordering::Relaxed);
            return Err(Refused::Quota);
        }
        let step = Duration::from_millis(shared.step_millis);
        let Parts { method, url, headers, body, timeout } = parts;
        let timeout = timeout.map_or(step, |timeout| timeout.min(step));
        // Taken before it is sent, so that requests at the same time cannot share what is left.
        let reserved = body.len() as u64;
        shared.bytes.fetch_add(reserved, Ordering::Relaxed);
        let request = HttpRequest { method, url, headers, body, timeout, most_bytes: left };
        let answer = shared.outbound.send(request, shared.grants.hosts()).await.map_err(Refused::Failed)?;
        shared.bytes.fetch_add(answer.bytes.saturating_sub(reserved), Ordering::Relaxed);
        if answer.truncated {
            shared.refused_bytes.fetch_add(1, Ordering::Relaxed);
        }
        Ok(answer)
    }

    /// Adds what was used, and names the limits that refused something.
    pub(crate) fn settle(&self, usage: &mut Usage) -> impl Iterator<Item = &'static str> + use<> {
        usage.http_calls = self.0.calls.load(Ordering::Relaxed);
        usage.http_bytes = self.0.bytes.load(Ordering::Relaxed);
        let calls = self.0.refused_calls.load(Ordering::Relaxed) > 0;
        let bytes = self.0.refused_bytes.load(Ordering::Relaxed) > 0;
        [("http_calls", calls), ("http_bytes", bytes)].into_iter().filter(|(_, hit)| *hit).map(|(name, _)| name)
    }
}
