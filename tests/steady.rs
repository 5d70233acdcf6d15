//! Promise: under steady mixed load with retention on, memory does not grow and the disk holds little more than the runs that
//! are kept. It takes an hour, so only `cargo xtask soak steady` runs it; `WEIR_MINUTES` says how long.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::{Client, Method};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;
use weir_tests::{BACKGROUND, HELLO, Server};

/// A run that leaves memory and comes back.
const WAITS: &str = r#"weir: 1
name: waits
steps:
  - { id: pause, uses: wait, with: { for: 2s } }
  - { id: after, uses: set, with: { seen: "{{ payload.n }}" } }
"#;
/// Callers at a time, and how long they are let loose to see what the server can do.
const CALLERS: u32 = 24;
const MEASURE: Duration = Duration::from_secs(20);
/// The part of that which is then asked of it.
const SHARE: f64 = 0.7;
/// Little enough that each hour goes as soon as it is over.
const KEPT_BYTES: u64 = 16 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_of_steady_load_neither_grows_memory_nor_keeps_the_disk() -> Result<()> {
    let minutes = std::env::var_os("WEIR_MINUTES").and_then(|text| text.to_str()?.parse::<usize>().ok());
    let Some(minutes) = minutes else {
        println!("skipped: `cargo xtask soak steady` takes an hour");
        return Ok(());
    };
    let server = Server::start()?;
    let ((hello, _), (background, _)) = (server.publish(HELLO)?, server.publish(BACKGROUND)?);
    let (waits, _) = server.publish(WAITS)?;
    // Of ten calls five are answered, four are left to the background, one waits.
    let urls = [&hello, &background, &hello, &background, &hello, &waits, &hello, &background, &hello, &background];
    let load = Arc::new(Load::new(server.client.clone(), urls.map(String::clone)));
    let capacity = load.clone().during(MEASURE, Duration::ZERO).await? as f64 / MEASURE.as_secs_f64();
    let pause = Duration::from_secs_f64(f64::from(CALLERS) / (capacity * SHARE));
    println!("{capacity:.0} calls a second are possible, {:.0} are made", capacity * SHARE);

    let time = Duration::from_secs(60 * minutes as u64);
    let calling = tokio::spawn(load.clone().during(time, pause));
    let mut watch =
        Watch { server, load: load.clone(), started: Instant::now(), made: Vec::new(), samples: Vec::new() };
    while !calling.is_finished() {
        watch.half_a_minute().await?;
    }
    let made = calling.await??;
    ensure!(load.failed.load(Ordering::Relaxed) == 0, "{} calls failed", load.failed.load(Ordering::Relaxed));
    let (slope, spare) = (watch.slope(), watch.spare());
    println!("{made} calls in {minutes} minutes; memory: {slope:+.2} % an hour; disk beside what is kept: {spare:?}");
    if minutes >= 60 {
        ensure!(slope <= 1.0, "memory grows by {slope:.2} % an hour");
        ensure!(spare.context("no hour was removed")? <= 1.2, "the disk holds {spare:?} of what is kept");
    }
    Ok(())
}

/// Callers, each after its pause.
struct Load {
    client: Client,
    urls: [String; 10],
    calls: AtomicU64,
    failed: AtomicU64,
}

impl Load {
    fn new(client: Client, urls: [String; 10]) -> Self {
        Self { client, urls, calls: AtomicU64::new(0), failed: AtomicU64::new(0) }
    }

    /// Calls for a time; how many calls were made in it.
    async fn during(self: Arc<Self>, time: Duration, pause: Duration) -> Result<u64> {
        let before = self.calls.load(Ordering::Relaxed);
        let stop = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let (load, stop) = (Arc::clone(&self), Arc::clone(&stop));
            // Spread over the pause, so that they do not call all at once.
            let first = Instant::now() + pause * caller / CALLERS;
            callers.spawn(async move { load.call(first, pause, &stop).await });
        }
        tokio::time::sleep(time).await;
        stop.store(true, Ordering::Relaxed);
        while let Some(caller) = callers.join_next().await {
            caller?;
        }
        Ok(self.calls.load(Ordering::Relaxed) - before)
    }

    async fn call(&self, mut next: Instant, pause: Duration, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            tokio::time::sleep_until(next).await;
            next += pause;
            let n = self.calls.fetch_add(1, Ordering::Relaxed);
            let url = &self.urls[(n % 10) as usize];
            let request = self.client.post(url).header("content-type", "application/json");
            let body = format!(r#"{{"n":{n},"name":"{n:032}"}}"#);
            let went_well = match request.body(body).send().await {
                Ok(answer) => answer.status().is_success() && answer.bytes().await.is_ok(),
                Err(_) => false,
            };
            if !went_well {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// What there is at a moment.
#[derive(Clone, Copy, Debug)]
struct Sample {
    hours: f64,
    resident_mib: f64,
    disk_mib: f64,
    /// Runs made so far, and how many of them the log still has.
    made: f64,
    kept: f64,
}

/// Looks at the server from outside.
struct Watch {
    server: Server,
    load: Arc<Load>,
    started: Instant,
    /// How many runs there had been when the newest was of that time.
    made: Vec<(String, f64)>,
    samples: Vec<Sample>,
}

impl Watch {
    async fn half_a_minute(&mut self) -> Result<()> {
        // What holds is looked at whenever it is set, and else each hour.
        let retention = json!({ "bytes": KEPT_BYTES });
        let set = self.server.api(Method::PUT, "/tenants/default/retention").json(&retention).send().await?;
        ensure!(set.status() == 200, "{}", set.text().await?);
        for _ in 0..30 {
            let made = self.load.calls.load(Ordering::Relaxed) as f64;
            let newest = self.server.get("/tenants/default/runs?limit=1").await?;
            let newest = newest["items"][0]["started_at"].as_str().context("no run")?.to_owned();
            self.made.push((newest, made));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.pid()))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the server is gone")?;
        let (newest, made) = self.made.last().context("nothing was seen")?.clone();
        let sample = Sample {
            hours: self.started.elapsed().as_secs_f64() / 3600.0,
            resident_mib: resident.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0,
            disk_mib: size(&self.server.data().join("store"))? as f64 / f64::from(1 << 20),
            made,
            kept: self.kept(&newest, made).await?,
        };
        println!("{sample:.3?}");
        self.samples.push(sample);
        Ok(())
    }

    /// Runs go by the hour: either all are there, or those of the hour that runs now.
    async fn kept(&self, newest: &str, made: f64) -> Result<f64> {
        let hour = format!("{}:00:00Z", newest.get(..13).context("no time")?);
        let before = self.server.get(&format!("/tenants/default/runs?limit=1&until={hour}")).await?;
        let none_before = before["items"].as_array().is_some_and(Vec::is_empty) && before["next"].is_null();
        let gone = self.made.iter().rfind(|(time, _)| *time < hour).map_or(0.0, |(_, made)| *made);
        Ok(if none_before { made - gone } else { made })
    }

    /// By how many percent memory grows an hour, after a warm-up, by least squares.
    fn slope(&self) -> f64 {
        let warm = self.samples.get(self.samples.len() / 4..).unwrap_or_default();
        let mean = |of: fn(&Sample) -> f64| warm.iter().map(of).sum::<f64>() / warm.len() as f64;
        let (hours, memory) = (mean(|sample| sample.hours), mean(|sample| sample.resident_mib));
        let both: f64 = warm.iter().map(|at| (at.hours - hours) * (at.resident_mib - memory)).sum();
        let time: f64 = warm.iter().map(|at| (at.hours - hours).powi(2)).sum();
        both / time / memory * 100.0
    }

    /// How many times the bytes of the kept runs the disk holds at the end, where an hour was removed. What a run weighs is
    /// taken from before, when nothing had been removed.
    fn spare(&self) -> Option<f64> {
        let before = self.samples.iter().rfind(|sample| sample.kept >= sample.made)?;
        let last = self.samples.last().filter(|last| last.kept < last.made)?;
        Some(last.disk_mib / (last.kept * before.disk_mib / before.made))
    }
}

/// Bytes of a folder's files.
fn size(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        // A file that goes meanwhile has no bytes.
        bytes += entry?.metadata().map_or(0, |data| data.len());
    }
    Ok(bytes)
}
