//! Promise: a fire-and-forget request that was acknowledged is run, whatever kills the server, and soon after it is started
//! again. `cargo xtask soak durability` kills it more often, and restarts it over a million stored runs.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::time::Instant;
use weir_tests::{BACKGROUND, Called, Load, Server, lost, soaking};

/// Callers at a time.
const CALLERS: usize = 16;
/// How long runs may take to end after the last start.
const END: Duration = Duration::from_secs(30);
/// Stored runs over which a restart is timed, and how long it may take.
const STORED: usize = 1_000_000;
const RESTART: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_under_load_loses_no_acknowledged_run() -> Result<()> {
    let (rounds, least) = if soaking() { (200, 50_000) } else { (20, 500) };
    let mut server = Server::start()?;
    server.publish(BACKGROUND)?;
    let mut acknowledged = HashSet::new();
    for round in 0..rounds {
        let url = server.production("background").await?;
        let load = Load::start(&server.client, &url, CALLERS, Duration::ZERO);
        load.acknowledged(least / rounds).await?;
        // Another moment in each round, from the first calls to the middle of the load.
        tokio::time::sleep(Duration::from_millis(round * 37 % 300)).await;
        server.kill()?;
        acknowledged.extend(load.ended().await?.iter().filter_map(Called::acknowledged).map(str::to_owned));
        server.start_again(&[])?;
    }
    let ended = server.all_ended(END).await?;
    let runs = server.runs("").await?;
    let lost = lost(&acknowledged, &runs);
    println!(
        "{rounds} kills: {} runs acknowledged, {} lost, {} in the log, all ended {ended:?} after the last start",
        acknowledged.len(),
        lost.len(),
        runs.len()
    );
    ensure!(
        lost.is_empty(),
        "{} of {} acknowledged runs are lost: {:?}",
        lost.len(),
        acknowledged.len(),
        lost.get(..5).unwrap_or(&lost)
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_a_million_stored_runs_is_soon_back() -> Result<()> {
    if !soaking() {
        println!("skipped: `cargo xtask soak durability` stores a million runs");
        return Ok(());
    }
    let mut server = Server::start()?;
    let (url, _) = server.publish(BACKGROUND)?;
    let started = Instant::now();
    let mut stored = 0;
    while stored < STORED {
        let load = Load::start(&server.client, &url, 64, Duration::ZERO);
        tokio::time::sleep(Duration::from_secs(10)).await;
        stored += load.stop().await?.iter().filter_map(Called::acknowledged).count();
    }
    println!("{stored} runs stored within {:?}", started.elapsed());
    // Killed in the middle of work, which leaves the most to be read again; then ended as it should be.
    let load = Load::start(&server.client, &url, CALLERS, Duration::ZERO);
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.kill()?;
    load.ended().await?;
    let killed = restarted(&mut server).await?;
    server.stop()?;
    let stopped = restarted(&mut server).await?;
    println!("Restart over {stored} stored runs: {killed:?} after a kill, {stopped:?} after a stop");
    ensure!(killed.max(stopped) <= RESTART, "a restart took longer than {RESTART:?}");
    Ok(())
}

/// How long a start takes until the server acknowledges a run.
async fn restarted(server: &mut Server) -> Result<Duration> {
    let started = Instant::now();
    server.start_again(&[])?;
    let url = server.production("background").await?;
    ensure!(server.post(&url, r#"{"n":0}"#).await?.status() == 202, "it takes no work");
    Ok(started.elapsed())
}

#[tokio::test]
async fn the_rest_of_a_run_goes_on_after_a_restart() -> Result<()> {
    let mut server = Server::start()?;
    server.push_action("spin")?;
    // `slow` keeps the run alive while the server is killed; `last` shows that it went on from behind the answer.
    let (url, _) = server.publish(
        r#"weir: 1
name: rest
steps:
  - { id: answer, uses: response, with: { status: 201 } }
  - { id: slow, uses: spin@1, timeout: 700ms, on: { error: last } }
  - { id: last, uses: set, with: { done: "{{ payload.n }}" } }
"#,
    )?;
    assert_eq!(server.post(&url, r#"{"n":7}"#).await?.status(), 201);
    server.kill()?;
    server.start_again(&[])?;
    let run = server.last_run().await?;
    assert_eq!((&run["outcome"], &run["answer"]["status"]), (&"completed".into(), &201.into()));
    let ids: Vec<_> = run["steps"].as_array().context("no steps")?.iter().map(|step| step["id"].clone()).collect();
    assert_eq!(ids, ["answer", "slow", "last"], "the answer is not given twice, the rest is run");
    Ok(())
}
