//! Promise: once the disk failed, no acknowledgement leaves any more; callers are told so at once, nothing crashes, and after
//! another start on a sound disk every run acknowledged before is there.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::time::Instant;
use weir_tests::{BACKGROUND, Called, Disk, Fault, Load, Scratch, Server, Tails, lost};

/// How long a caller may wait for the refusal.
const AT_ONCE: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_ends_acknowledgements_and_loses_nothing() -> Result<()> {
    fails_stop(Fault::Full(200_000)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_error_ends_acknowledgements_and_loses_nothing() -> Result<()> {
    fails_stop(Fault::WriteError).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_error_ends_acknowledgements_and_loses_nothing() -> Result<()> {
    fails_stop(Fault::SyncError).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_gone_read_only_ends_acknowledgements_and_loses_nothing() -> Result<()> {
    fails_stop(Fault::ReadOnly).await
}

async fn fails_stop(fault: Fault) -> Result<()> {
    if !Disk::possible() {
        println!("skipped: no file system can be mounted here");
        return Ok(());
    }
    let scratch = Scratch::new()?;
    let disk = Disk::mount(&scratch.path().join("disk"))?;
    // Later than the disk, so that it ends before.
    let mut server = Server::start_in(scratch.path().join("disk/data"), &[])?;
    let (url, _) = server.publish(BACKGROUND)?;
    let load = Load::start(&server.client, &url, 8, Duration::from_millis(1));
    load.acknowledged(50).await?;
    disk.fail(fault);
    let first = first_refusal(&disk).await?;
    ensure!(is_failed_within(&server, AT_ONCE).await?, "/health does not tell of {fault:?}");
    tokio::time::sleep(Duration::from_millis(500)).await;
    let calls = load.stop().await?;
    judge(&calls, first)?;

    // A start on the bad disk may work or not; it does not crash.
    server.kill()?;
    let _ = server.start_again(&[]);
    let _ = server.kill();
    disk.fail(Fault::None);
    // What was acknowledged was synced, so that even a power cut now takes nothing of it.
    disk.cut(Tails::Lost);
    server.start_again(&[]).with_context(|| server.complaints().unwrap_or_default())?;
    server.all_ended(Duration::from_secs(20)).await?;
    let acknowledged: Vec<_> = calls.iter().filter_map(Called::acknowledged).map(str::to_owned).collect();
    let runs = server.runs("").await?;
    let lost = lost(&acknowledged, &runs);
    ensure!(
        lost.is_empty(),
        "after {fault:?} {} of {} runs are lost: {:?}",
        lost.len(),
        acknowledged.len(),
        lost.get(..5).unwrap_or(&lost)
    );
    let url = server.production("background").await?;
    ensure!(server.post(&url, r#"{"n":0}"#).await?.status() == 202, "it takes no work after the fault");
    let complaints = server.complaints()?;
    ensure!(!complaints.contains("panicked"), "{complaints}");
    Ok(())
}

/// Whatever was sent after the disk first refused something was refused too, and quickly.
fn judge(calls: &[Called], first: Instant) -> Result<()> {
    let after: Vec<_> = calls.iter().filter(|call| call.sent > first).collect();
    ensure!(after.len() > 20, "only {} calls after the fault", after.len());
    for call in after {
        let refused = call.status == 503 && call.code.as_deref() == Some("WEIR-STORE-UNAVAILABLE");
        ensure!(refused, "{:?} after the fault: {call:?}", call.sent - first);
    }
    let slow = calls.iter().find(|call| call.took > AT_ONCE);
    ensure!(slow.is_none(), "{slow:?}");
    Ok(())
}

async fn first_refusal(disk: &Disk) -> Result<Instant> {
    for _ in 0..400 {
        if let Some(first) = disk.first_refusal() {
            return Ok(first);
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    anyhow::bail!("the fault did not show: {:?}", disk.counts())
}

async fn is_failed_within(server: &Server, time: Duration) -> Result<bool> {
    let started = Instant::now();
    while started.elapsed() < time {
        let health = server.client.get(format!("{}/api/v1/health", server.admin)).send().await?;
        if health.status() == 503 {
            let health: serde_json::Value = health.json().await?;
            return Ok(health["status"] == "failed");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(false)
}
