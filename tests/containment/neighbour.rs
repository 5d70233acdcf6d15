//! The well-behaved neighbour: calls its flow at a steady rate and notes how long each answer took and what was wrong with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use reqwest::Client;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::host::client;

/// Calls a second.
const RATE: u32 = 100;

/// What it sends and must get back.
const PAYLOAD: &str = r#"{"name":"Ada","total":42}"#;

/// What the neighbour saw.
#[derive(Debug, Default)]
pub struct Figures {
    /// How long each answer took, from when the call was due.
    times: Vec<Duration>,
    /// What went wrong.
    pub errors: Vec<String>,
}

impl Figures {
    /// How many answers there were.
    pub fn count(&self) -> usize {
        self.times.len()
    }

    /// The time within which so many of a thousand answers came.
    pub fn within(&self, permille: usize) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        times.get((times.len() * permille / 1_000).min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

/// Calls the neighbour's flow for as long as the other work goes on.
///
/// # Errors
/// Where the client does not work; what is wrong with answers is in the figures.
pub async fn beside<T>(url: &str, work: impl Future<Output = T>) -> Result<(T, Figures)> {
    let over = Arc::new(AtomicBool::new(false));
    let calling = tokio::spawn(calls(url.to_owned(), Arc::clone(&over)));
    let worked = work.await;
    over.store(true, Ordering::Relaxed);
    Ok((worked, calling.await??))
}

/// Calls that fill what the store keeps in memory: each record is some 25 KB, and there are 64 MiB of cache.
pub const FILL: usize = 8_000;

/// Calls the flow as fast as it goes, so that the store holds in memory as much as it ever will.
///
/// # Errors
/// Where an answer is not what it must be.
pub async fn fill(url: &str) -> Result<()> {
    let client = client()?;
    let body = format!("[\"{}\"]", "x".repeat(8_000));
    let mut open = JoinSet::new();
    for _ in 0..8 {
        let (client, url, body) = (client.clone(), url.to_owned(), body.clone());
        open.spawn(async move {
            for _ in 0..FILL / 8 {
                let request = client.post(&url).header("content-type", "application/json").body(body.clone());
                ensure!(request.send().await?.text().await? == body, "another answer than what was sent");
            }
            Ok(())
        });
    }
    while let Some(done) = open.join_next().await {
        done??;
    }
    Ok(())
}

async fn calls(url: String, over: Arc<AtomicBool>) -> Result<Figures> {
    let client = client()?;
    let mut figures = Figures::default();
    let mut note = |(time, error): (Duration, Option<String>)| {
        figures.times.push(time);
        figures.errors.extend(error);
    };
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / RATE);
    let mut open = JoinSet::new();
    while !over.load(Ordering::Relaxed) {
        // Ticks that come late keep the moment they were due, so that a stall counts for all calls that it delayed.
        let due = ticks.tick().await;
        let (client, url) = (client.clone(), url.clone());
        open.spawn(async move {
            let error = call(&client, &url).await.err();
            (due.elapsed(), error.map(|error| format!("{error:#}")))
        });
        while let Some(done) = open.try_join_next() {
            note(done?);
        }
    }
    while let Some(done) = open.join_next().await {
        note(done?);
    }
    Ok(figures)
}

async fn call(client: &Client, url: &str) -> Result<()> {
    let answer = client.post(url).header("content-type", "application/json").body(PAYLOAD).send().await?;
    let (status, body) = (answer.status(), answer.text().await?);
    let right = status == 201 && serde_json::from_str::<Value>(&body)? == serde_json::from_str::<Value>(PAYLOAD)?;
    ensure!(right, "{status}: {body}");
    Ok(())
}
