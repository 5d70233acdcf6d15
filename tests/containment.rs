//! Promise: untrusted code stays in its box. Each guest of the hostile corpus fails alone, with its code; the server and a
//! neighbour do not notice, and nothing is left behind.
//!
//! `WEIR_ROUNDS` says how often each guest is sent; `cargo xtask soak containment` sends them more often, and more of them.

#[path = "containment/host.rs"]
mod host;
#[path = "guests/hostile/mod.rs"]
mod hostile;
#[path = "containment/neighbour.rs"]
mod neighbour;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::Client;
use serde_json::Value;
use tokio::task::JoinSet;
use weir_tests::component;

use host::{Host, Vitals, client};
use hostile::{ADMITTED, RUNS, Run, Times, UPLOADS, Upload};
use neighbour::{Figures, beside};

const HOSTILE: &str = "hostile";
const NEIGHBOUR: &str = "neighbour";

/// Hostile runs at a time.
const HANDS: usize = 4;

/// What the store may keep of what was written, and grows into whatever was written: its buffers and some of its cache.
const STORE_KIB: u64 = 48 << 10;

const ECHO: &str = r#"weir: 1
name: echo
trigger: { webhook: { methods: [POST] } }
steps:
  - { id: work, uses: echo@1, save: result }
  - { id: answer, uses: response, with: { status: 201, json: "{{ result }}" } }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_code_fails_alone_with_its_code_and_leaves_nothing_behind() -> Result<()> {
    let rounds = setting("WEIR_ROUNDS").unwrap_or(20);
    let soak = setting("WEIR_SOAK").is_some();
    let host = Arc::new(Host::start()?);
    let stage = Arc::new(Stage::set(&host, soak).await?);
    // Warm: the store's buffers and cache full, every guest a few times; then the neighbour alone.
    if soak {
        neighbour::fill(&stage.neighbour).await?;
        let read = host.read_all(&client()?, NEIGHBOUR).await?;
        ensure!(read >= neighbour::FILL, "only {read} runs are in the log");
    }
    let mut seen = attack(&host, &stage, if soak { 20 } else { 3 }, soak).await?;
    seen.judge()?;
    let alone = Duration::from_secs(if soak { 30 } else { 3 });
    let ((), alone) = beside(&stage.neighbour, tokio::time::sleep(alone)).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = host.vitals()?;

    let (attacked, besides) = beside(&stage.neighbour, attack(&host, &stage, rounds, true)).await?;
    seen.add(attacked?);
    // Allocators give back what they hold while they work, so the neighbour goes on.
    let (memory, _) =
        beside(&stage.neighbour, settled(&host, |now| now.resident_kib <= most_memory(&before, 0))).await?;
    let memory = memory?.resident_kib;
    let idle = |now: &Vitals| now.threads <= before.threads && now.descriptors <= before.descriptors;
    let after = Vitals { resident_kib: memory, ..settled(&host, idle).await? };
    report(&seen, [&alone, &besides], [&before, &after]);

    seen.judge()?;
    let complaints = host.complaints()?;
    ensure!(!complaints.contains("panicked"), "the server panicked: {complaints}");
    for figures in [&alone, &besides] {
        ensure!(figures.count() > 0 && figures.errors.is_empty(), "the neighbour suffered: {:?}", figures.errors);
    }
    ensure!(after.threads <= before.threads, "threads are left behind: {before:?}, {after:?}");
    ensure!(after.descriptors <= before.descriptors, "descriptors are left behind: {before:?}, {after:?}");
    ensure!(after.resident_kib <= most_memory(&before, STORE_KIB), "memory is left behind: {before:?}, {after:?}");
    Ok(())
}

fn setting(name: &str) -> Option<usize> {
    std::env::var_os(name)?.to_str()?.parse().ok()
}

/// What is attacked with, and who lives beside it.
struct Stage {
    runs: Vec<(&'static Run, String)>,
    uploads: Vec<(&'static Upload, Vec<u8>)>,
    neighbour: String,
}

impl Stage {
    async fn set(host: &Host, soak: bool) -> Result<Self> {
        let client = client()?;
        for tenant in [HOSTILE, NEIGHBOUR] {
            host.make_tenant(&client, tenant).await?;
        }
        let refused = host.upload(&client, NEIGHBOUR, std::fs::read(component("echo"))?).await?;
        ensure!(refused.is_none(), "echo: {refused:?}");
        let neighbour = host.publish(&client, NEIGHBOUR, "echo", ECHO.to_owned()).await?;
        let mut runs = Vec::new();
        for (at, run) in RUNS.iter().enumerate() {
            // The same bytes a second time, for a guest with two flows, change nothing.
            let refused = host.upload(&client, HOSTILE, hostile::bytes(run.guest)?).await?;
            ensure!(refused.is_none(), "{} was to be admitted: {refused:?}", run.guest);
            let name = format!("hostile-{at}");
            runs.push((run, host.publish(&client, HOSTILE, &name, flow(&name, run)).await?));
        }
        let mut uploads = Vec::new();
        for upload in UPLOADS.iter().filter(|upload| soak || upload.times != Times::Soak) {
            uploads.push((upload, hostile::bytes(upload.guest)?));
        }
        Ok(Self { runs, uploads, neighbour })
    }
}

fn flow(name: &str, run: &Run) -> String {
    let (guest, limits) = (run.guest, run.limits());
    format!(
        r#"weir: 1
name: {name}
trigger: {{ webhook: {{ methods: [POST] }} }}
limits: {limits}
steps:
  - {{ id: work, uses: {guest}@1, on: {{ error: caught }} }}
  - {{ id: answer, uses: response, with: {{ status: 200, json: {{ run: "{{{{ run.id }}}}" }} }}, on: {{ next: end }} }}
  - id: caught
    uses: response
    with: {{ status: 502, json: {{ code: "{{{{ error.code }}}}", run: "{{{{ run.id }}}}" }} }}
"#
    )
}

/// What the guests got.
#[derive(Default)]
struct Seen {
    sent: usize,
    /// The first thing that was wrong with each guest.
    wrong: BTreeMap<&'static str, String>,
    /// Fuel that each guest used whose end no clock decides.
    fuel: BTreeMap<&'static str, BTreeSet<u64>>,
    /// Microseconds from the deadline of a step to its end.
    late: Vec<u64>,
}

impl Seen {
    fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.wrong.extend(other.wrong);
        for (guest, fuel) in other.fuel {
            self.fuel.entry(guest).or_default().extend(fuel);
        }
        self.late.extend(other.late);
    }

    fn note(&mut self, guest: &'static str, verdict: Result<()>) {
        self.sent += 1;
        if let Err(error) = verdict {
            self.wrong.entry(guest).or_insert_with(|| format!("{error:#}"));
        }
    }

    fn judge(&self) -> Result<()> {
        ensure!(self.wrong.is_empty(), "guests got something else than they must: {:#?}", self.wrong);
        let differ: Vec<_> = self.fuel.iter().filter(|(_, fuel)| fuel.len() > 1).collect();
        ensure!(differ.is_empty(), "the same guest used different fuel: {differ:?}");
        Ok(())
    }
}

/// Sends every guest so many times: the runs by several hands, the uploads by one more.
async fn attack(host: &Arc<Host>, stage: &Arc<Stage>, rounds: usize, rare: bool) -> Result<Seen> {
    // The client, and with it its connections, goes with the attack.
    let client = client()?;
    let next = Arc::new(AtomicUsize::new(0));
    let mut hands = JoinSet::new();
    for _ in 0..HANDS {
        let (host, stage, client, next) = (Arc::clone(host), Arc::clone(stage), client.clone(), Arc::clone(&next));
        hands.spawn(async move {
            let mut seen = Seen::default();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= rounds * stage.runs.len() {
                    return seen;
                }
                let (run, url) = &stage.runs[at % stage.runs.len()];
                let verdict = called(&host, &client, run, url, &mut seen).await;
                seen.note(run.guest, verdict);
            }
        });
    }
    let (host, stage) = (Arc::clone(host), Arc::clone(stage));
    hands.spawn(async move {
        let mut seen = Seen::default();
        for round in 0..rounds {
            for (upload, bytes) in &stage.uploads {
                if upload.times == Times::Each || (rare && round == 0) {
                    let verdict = refused(&host, &client, upload, bytes.clone()).await;
                    seen.note(upload.guest, verdict);
                }
            }
        }
        seen
    });
    let mut seen = Seen::default();
    while let Some(done) = hands.join_next().await {
        seen.add(done?);
    }
    Ok(seen)
}

async fn refused(host: &Host, client: &Client, upload: &Upload, bytes: Vec<u8>) -> Result<()> {
    let code = host.upload(client, HOSTILE, bytes).await?;
    let right = upload.codes.contains(&code.as_deref().unwrap_or(ADMITTED));
    ensure!(right, "must be refused with {:?}, got {code:?}", upload.codes);
    Ok(())
}

async fn called(host: &Host, client: &Client, run: &Run, url: &str, seen: &mut Seen) -> Result<()> {
    let request = client.post(url).header("content-type", "application/json").body(r#"{"name":"Ada"}"#);
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    let answer: Value = answer.json().await?;
    let id = answer["run"].as_str().with_context(|| format!("answered {status} {answer}"))?;
    let record = host.record(client, HOSTILE, id).await?;
    let step = &record["steps"][0];
    let got = (status, answer["code"].as_str(), step["error"]["code"].as_str());
    let must = (if run.code.is_some() { 502 } else { 200 }, run.code, run.code);
    ensure!(got == must, "must get {must:?}, got {got:?}: {}", step["error"]["message"]);
    let logs = step["logs"].as_array().into_iter().flatten().map(|line| &line["message"]);
    for text in logs.chain([&step["error"]["message"]]).filter_map(Value::as_str) {
        ensure!(!text.chars().any(steers), "steers whoever reads it: {text:?}");
    }
    if run.code == Some("WEIR-STEP-TIMEOUT") {
        let took = step["duration_us"].as_u64().context("no duration")?;
        seen.late.push(took.saturating_sub(run.step_millis() * 1_000));
    } else {
        let fuel = step["usage"]["fuel"].as_u64().context("no fuel in the record")?;
        seen.fuel.entry(run.guest).or_default().insert(fuel);
    }
    Ok(())
}

/// Whether a character steers a terminal or turns the direction of reading.
fn steers(c: char) -> bool {
    (c.is_control() && c != '\t' && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What may be resident afterwards: a tenth more than before, and what is granted on top.
const fn most_memory(before: &Vitals, more_kib: u64) -> u64 {
    before.resident_kib + before.resident_kib / 10 + more_kib
}

/// What the server holds once it has let go of what it keeps for a while, such as idle threads.
async fn settled(host: &Host, is: impl Fn(&Vitals) -> bool) -> Result<Vitals> {
    let mut now = host.vitals()?;
    for _ in 0..60 {
        if is(&now) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        now = host.vitals()?;
    }
    Ok(now)
}

/// Prints the figures, and whether they meet the aims. Only a quiet machine says anything by them, so nothing fails.
fn report(seen: &Seen, [alone, besides]: [&Figures; 2], [before, after]: [&Vitals; 2]) {
    let said = |met: bool| if met { "met" } else { "MISSED" };
    println!("{} hostile guests sent, {} of them wrong", seen.sent, seen.wrong.len());
    for (name, figures) in [("alone", alone), ("beside them", besides)] {
        let [p50, p99, most] = [500, 990, 1_000].map(|permille| figures.within(permille));
        let (count, errors) = (figures.count(), figures.errors.len());
        println!("neighbour {name}: {count} calls, {errors} errors, p50 {p50:.1?}, p99 {p99:.1?}, most {most:.1?}");
    }
    let (p99, most) = (alone.within(990), besides.within(990));
    let aim = (p99 * 3 / 2).max(p99 + Duration::from_millis(10));
    println!("  p99 beside them at most {aim:.1?}: {}", said(most <= aim));
    let mut late = seen.late.clone();
    late.sort_unstable();
    let p99 = late.get((late.len() * 99 / 100).min(late.len().saturating_sub(1))).copied().unwrap_or_default();
    println!("from deadline to freed slot: p99 {:.1?} of {}", Duration::from_micros(p99), late.len());
    println!("  at most 50 ms: {}", said(p99 <= 50_000));
    println!("server before {before:?}, after {after:?}");
    println!("  memory within 10 %: {}", said(after.resident_kib <= before.resident_kib + before.resident_kib / 10));
}
