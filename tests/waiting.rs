//! Promise: runs that wait cost no memory of their own, and go on at their time, however many they are.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use weir_tests::{Server, soaking};

/// Callers at a time.
const CALLERS: usize = 64;
/// Runs that are due in one second.
const A_SECOND: usize = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_runs_wait_on_disk_and_go_on_at_their_time() -> Result<()> {
    let count = if soaking() { 100_000 } else { 2_000 };
    let server = Server::start()?;
    let (url, _) = server.publish(
        r#"weir: 1
name: sleeper
steps:
  - { id: sleep, uses: wait, with: { until: "{{ payload.at }}" } }
  - { id: done, uses: set, with: { done: true } }
"#,
    )?;
    let before = resident(server.pid())?;
    // Far enough ahead that all are accepted by then.
    let first = now_millis()? + if soaking() { 90_000 } else { 6_000 };
    let due = |n: usize| first + (n * 1_000 / A_SECOND) as i64;
    let ids = start_all(&server, &url, count, due).await?;
    let began = now_millis()?;
    assert!(began < first, "the runs were accepted too late, by {} ms", began - first);
    // The last of them park.
    tokio::time::sleep(Duration::from_millis(700)).await;
    let each = (resident(server.pid())?.saturating_sub(before)) / count as u64;
    let until = Duration::from_millis(u64::try_from(due(count) - now_millis()?)?);
    tokio::time::sleep(until + Duration::from_secs(2)).await;

    let mut late = Vec::new();
    // Every run has ended; of some it is looked at when they went on.
    for n in (0..count).step_by(count / 1_000) {
        let run = server.ended(&ids[n]).await?;
        assert_eq!(run["outcome"], "completed", "{run}");
        let step = &run["steps"][1];
        let started = millis(run["started_at"].as_str().context("no start")?)?;
        let went_on = started + step["started_us"].as_i64().context("no time")? / 1_000;
        assert!(went_on >= due(n), "a run went on {} ms before its time", due(n) - went_on);
        late.push(went_on - due(n));
    }
    late.sort_unstable();
    let at = |share: usize| late[(late.len() - 1) * share / 100];
    println!(
        "{count} runs waited, {each} bytes of memory each; they went on {} ms after their time at the median, {} ms at p99, \
         {} ms at most",
        at(50),
        at(99),
        at(100)
    );
    let waiting = server.get("/tenants/default/runs?outcome=waiting&limit=1").await?;
    assert_eq!(waiting["items"], json!([]), "no run waits any more");
    Ok(())
}

/// Starts runs, each with its time: their ids in the same order.
async fn start_all(server: &Server, url: &str, count: usize, due: impl Fn(usize) -> i64) -> Result<Vec<String>> {
    let mut ids = vec![String::new(); count];
    let mut callers = Vec::new();
    for caller in 0..CALLERS {
        let mine: Vec<(usize, String)> =
            (caller..count).step_by(CALLERS).map(|n| Ok((n, moment(due(n))?))).collect::<Result<_>>()?;
        let (client, url) = (server.client.clone(), url.to_owned());
        callers.push(tokio::spawn(async move {
            let mut ids = Vec::with_capacity(mine.len());
            for (n, at) in mine {
                let answer = client.post(&url).json(&json!({ "at": at })).send().await?.error_for_status()?;
                let body: Value = answer.json().await?;
                ids.push((n, body["run_id"].as_str().context("no id")?.to_owned()));
            }
            anyhow::Ok(ids)
        }));
    }
    for caller in callers {
        for (n, id) in caller.await?? {
            ids[n] = id;
        }
    }
    Ok(ids)
}

/// Bytes of memory that a process holds.
fn resident(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kib: u64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
    Ok(kib << 10)
}

fn now_millis() -> Result<i64> {
    let output = std::process::Command::new("date").arg("+%s%3N").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

fn moment(millis: i64) -> Result<String> {
    Ok(weir_model::Timestamp::from_millis(millis).to_string())
}

fn millis(moment: &str) -> Result<i64> {
    weir_model::Timestamp::parse(moment).map(weir_model::Timestamp::as_millis).map_err(anyhow::Error::msg)
}
