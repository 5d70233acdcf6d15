//! Promise: a power cut loses no acknowledged run, and repeats no step that has a checkpoint behind it. A disk that forgets
//! what was not synced stands in for the cut; that the test would notice a loss is shown on a disk that lies about its syncs.

// Makes the component that counts, as it does the hostile ones.
#[path = "guests/hostile/frame.rs"]
mod frame;

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use weir_tests::{BACKGROUND, Called, Disk, Load, Scratch, Server, Tails, lost, soaking};

/// Counts, then waits: by then the count has a checkpoint behind it.
const WAITS: &str = r#"weir: 1
name: waits
steps:
  - { id: count, uses: counts@1, input: "{{ payload.n }}" }
  - { id: pause, uses: wait, with: { for: 400ms } }
  - { id: after, uses: set, with: { done: true } }
"#;

/// How long runs may take to end after the last start.
const END: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_loses_no_acknowledged_run_and_repeats_no_kept_step() -> Result<()> {
    let Some(mut stage) = Stage::set().await? else { return Ok(()) };
    let rounds = if soaking() { 50 } else { 5 };
    for round in 0..rounds {
        stage.round(round).await?;
    }
    let ended = stage.server.all_ended(END).await?;
    let runs = stage.server.runs("").await?;
    let lost = lost(&stage.acknowledged, &runs);
    println!(
        "{rounds} power cuts: {} acknowledged, {} lost, all ended {ended:?} after the last start",
        stage.acknowledged.len(),
        lost.len()
    );
    ensure!(
        lost.is_empty(),
        "of {} acknowledged runs these are lost: {:?}",
        stage.acknowledged.len(),
        lost.get(..5).unwrap_or(&lost)
    );
    let (kept, again) = stage.counted().await?;
    println!("{kept} runs were seen behind their checkpoint; {again} others did a step without one again");
    ensure!(!stage.server.complaints()?.contains("panicked"), "{}", stage.server.complaints()?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_syncs_are_a_lie_the_same_check_finds_losses() -> Result<()> {
    let Some(mut stage) = Stage::set().await? else { return Ok(()) };
    // An honest round first, so that what is lost afterwards is lost to the lie.
    stage.round(0).await?;
    stage.server.all_ended(END).await?;
    let sound = lost(&stage.acknowledged, &stage.server.runs("").await?).len();
    ensure!(sound == 0, "{sound} runs are lost before the disk lied");
    stage.disk.sync_is_a_lie(true);
    stage.round(2).await?;
    stage.server.all_ended(END).await?;
    let runs = stage.server.runs("").await?;
    let lost = lost(&stage.acknowledged, &runs).len();
    ensure!(lost > 40, "{lost} of {} acknowledged runs are lost: the check is blind", stage.acknowledged.len());
    Ok(())
}

struct Stage {
    // First, so that it ends before its disk goes.
    server: Server,
    disk: Disk,
    _scratch: Scratch,
    acknowledged: HashSet<String>,
    waits: HashSet<String>,
    /// Runs that were seen waiting before a cut.
    kept: HashSet<String>,
}

impl Stage {
    async fn set() -> Result<Option<Self>> {
        if !Disk::possible() {
            println!("skipped: no file system can be mounted here");
            return Ok(None);
        }
        let scratch = Scratch::new()?;
        let at = scratch.path().join("disk");
        let disk = Disk::mount(&at)?;
        let server = Server::start_in(at.join("data"), &[])?;
        let counts = frame::component("counts", include_str!("guests/counts.wat"))?;
        let upload = server.api(Method::POST, "/tenants/default/actions").header("content-type", "application/wasm");
        let uploaded = upload.body(counts).send().await?;
        ensure!(uploaded.status() == 201, "{}", uploaded.text().await?);
        server.publish(BACKGROUND)?;
        server.publish(WAITS)?;
        let empty = HashSet::new;
        Ok(Some(Self { server, disk, _scratch: scratch, acknowledged: empty(), waits: empty(), kept: empty() }))
    }

    /// Load, a cut at another moment in each round, and another start.
    async fn round(&mut self, round: usize) -> Result<()> {
        let (background, waits) = (self.server.production("background").await?, self.server.production("waits").await?);
        let newest = self.server.get("/tenants/default/runs?limit=1").await?;
        let newest = newest["items"][0]["id"].as_str().unwrap_or_default().to_owned();
        let client = &self.server.client;
        let background = Load::start(client, &background, 8, Duration::ZERO);
        let waits = Load::start(client, &waits, 2, Duration::from_millis(10));
        background.acknowledged(50).await?;
        tokio::time::sleep(Duration::from_millis((round as u64 * 137) % 400)).await;
        self.see_some_waiting(&newest).await?;
        self.server.kill()?;
        self.disk.cut(if round.is_multiple_of(2) { Tails::Lost } else { Tails::Torn(round as u64) });
        let ids = |calls: &[Called]| -> Vec<String> {
            calls.iter().filter_map(Called::acknowledged).map(str::to_owned).collect()
        };
        self.acknowledged.extend(ids(&background.ended().await?));
        let waits = ids(&waits.ended().await?);
        self.acknowledged.extend(waits.iter().cloned());
        self.waits.extend(waits);
        self.server.start_again(&[]).with_context(|| self.server.complaints().unwrap_or_default())
    }

    /// Of this round's runs alone it is known that they counted once so far: an older one may have counted again, before it
    /// came to a checkpoint. Ids grow with time.
    async fn see_some_waiting(&mut self, newest_before: &str) -> Result<()> {
        for _ in 0..200 {
            let waiting = self.server.runs("flow=waits&outcome=waiting").await?.into_keys();
            let waiting: Vec<_> = waiting.filter(|id| id.as_str() > newest_before).collect();
            if waiting.len() >= 3 {
                self.kept.extend(waiting);
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        anyhow::bail!("no runs were seen waiting")
    }

    /// How many runs were seen behind their checkpoint, none of which may have counted twice, and how many others did.
    async fn counted(&self) -> Result<(usize, usize)> {
        let mut again = 0;
        for id in &self.waits {
            let run = self.server.get(&format!("/tenants/default/runs/{id}")).await?;
            let count = &run["steps"][0]["output"];
            ensure!(count.is_u64(), "the first step counted nothing: {run}");
            if *count != 1 {
                ensure!(!self.kept.contains(id), "a step with a checkpoint behind it was done again: {run}");
                again += 1;
            }
        }
        Ok((self.kept.len(), again))
    }
}
