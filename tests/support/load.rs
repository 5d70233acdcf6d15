//! Callers that call a hook over and over, what they were told, and what the run log says of it afterwards. It judges nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use reqwest::Client;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::Server;

/// A call and what came of it.
#[derive(Clone, Debug)]
pub struct Called {
    /// The number in its payload, which no other call of this process has.
    pub n: u64,
    /// When it was sent.
    pub sent: Instant,
    /// How long it took.
    pub took: Duration,
    /// The answer's status; 0 where no whole answer came.
    pub status: u16,
    /// The run's id, where the answer names one.
    pub run: Option<String>,
    /// The error's code, where the answer names one.
    pub code: Option<String>,
}

impl Called {
    /// The run, where it was acknowledged.
    pub fn acknowledged(&self) -> Option<&str> {
        self.run.as_deref().filter(|_| self.status == 202)
    }
}

/// Callers at work.
pub struct Load {
    callers: Vec<JoinHandle<Vec<Called>>>,
    shared: Arc<Shared>,
}

/// What callers and whoever set them to work tell each other.
#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    acknowledged: AtomicU64,
    answered: AtomicU64,
}

impl Load {
    /// So many callers, each calling again `pause` after its answer.
    pub fn start(client: &Client, url: &str, callers: usize, pause: Duration) -> Self {
        let shared = Arc::new(Shared::default());
        let caller = || tokio::spawn(call(client.clone(), url.to_owned(), pause, Arc::clone(&shared)));
        Self { callers: (0..callers).map(|_| caller()).collect(), shared }
    }

    /// Waits until so many runs were acknowledged, so that a slow machine has as much to show as a quick one.
    ///
    /// # Errors
    /// Where that takes too long.
    pub async fn acknowledged(&self, runs: u64) -> Result<()> {
        for _ in 0..3_000 {
            if self.shared.acknowledged.load(Ordering::Relaxed) >= runs {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("{} runs were acknowledged within 30 s, not {runs}", self.shared.acknowledged.load(Ordering::Relaxed))
    }

    /// Waits until so many calls were answered, however.
    ///
    /// # Errors
    /// Where that takes too long.
    pub async fn answered(&self, calls: u64) -> Result<()> {
        for _ in 0..6_000 {
            if self.shared.answered.load(Ordering::Relaxed) >= calls {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("{} calls were answered within 60 s, not {calls}", self.shared.answered.load(Ordering::Relaxed))
    }

    /// What they were told until the server went away.
    ///
    /// # Errors
    /// Where a caller did not end well.
    pub async fn ended(self) -> Result<Vec<Called>> {
        let mut calls = Vec::new();
        for caller in self.callers {
            calls.extend(caller.await?);
        }
        Ok(calls)
    }

    /// Stops them; what they were told.
    ///
    /// # Errors
    /// Where a caller did not end well.
    pub async fn stop(self) -> Result<Vec<Called>> {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.ended().await
    }
}

async fn call(client: Client, url: String, pause: Duration, shared: Arc<Shared>) -> Vec<Called> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let mut calls = Vec::new();
    while !shared.stop.load(Ordering::Relaxed) {
        let n = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut called = Called { n, sent: Instant::now(), took: Duration::ZERO, status: 0, run: None, code: None };
        let request = client.post(&url).header("content-type", "application/json").body(format!("{{\"n\":{n}}}"));
        // Only a whole answer counts as one.
        let answer = match request.send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                answer.json::<Value>().await.ok().map(|body| (status, body))
            }
            Err(_) => None,
        };
        called.took = called.sent.elapsed();
        let Some((status, body)) = answer else {
            calls.push(called);
            break;
        };
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        (called.status, called.run, called.code) = (status, text("/run_id"), text("/error/code"));
        if called.acknowledged().is_some() {
            shared.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        shared.answered.fetch_add(1, Ordering::Relaxed);
        calls.push(called);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    calls
}

impl Server {
    /// The production URL of a published flow, which another start changes.
    ///
    /// # Errors
    /// Where there is no such flow.
    pub async fn production(&self, flow: &str) -> Result<String> {
        let flow = self.get(&format!("/tenants/default/flows/{flow}")).await?;
        Ok(flow.pointer("/urls/production").and_then(Value::as_str).context("no URL")?.to_owned())
    }

    /// The summaries of the runs that `filter` asks for, such as `outcome=running`, by their ids.
    ///
    /// # Errors
    /// Where the run log does not answer.
    pub async fn runs(&self, filter: &str) -> Result<HashMap<String, Value>> {
        let (mut runs, mut after) = (HashMap::new(), String::new());
        loop {
            let page = self.get(&format!("/tenants/default/runs?limit=200&{filter}{after}")).await?;
            for run in page["items"].as_array().with_context(|| format!("no items: {page}"))? {
                runs.insert(run["id"].as_str().context("a run without an id")?.to_owned(), run.clone());
            }
            let Some(next) = page["next"].as_str() else { return Ok(runs) };
            after = format!("&after={next}");
        }
    }

    /// Waits until no run is running or waiting any more; how long that took.
    ///
    /// # Errors
    /// Where some still are after that time.
    pub async fn all_ended(&self, within: Duration) -> Result<Duration> {
        let (started, mut quiet) = (Instant::now(), 0);
        // Twice, since a run may go from one list to the other between two looks.
        while quiet < 2 {
            let mut alive = self.runs("outcome=waiting").await?;
            alive.extend(self.runs("outcome=running").await?);
            quiet = if alive.is_empty() { quiet + 1 } else { 0 };
            if started.elapsed() > within {
                bail!("{} runs did not end within {within:?}: {:?}", alive.len(), alive.keys().take(3));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(started.elapsed())
    }
}

/// Which of the acknowledged runs the log does not have as completed, and what it has instead.
pub fn lost<'a>(acknowledged: impl IntoIterator<Item = &'a String>, runs: &HashMap<String, Value>) -> Vec<String> {
    let lost = |id: &String| match runs.get(id) {
        Some(run) if run["outcome"] == "completed" => None,
        Some(run) => Some(run.to_string()),
        None => Some(format!("{id} is not there")),
    };
    acknowledged.into_iter().filter_map(lost).collect()
}

/// Whether this is the long form, which `cargo xtask soak` asks for.
pub fn soaking() -> bool {
    std::env::var_os("WEIR_SOAK").is_some()
}
