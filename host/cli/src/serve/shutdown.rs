//! The signals that stop the server. A second one while it is stopping ends the process at once.

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};

/// Ready once somebody asked the server to stop.
pub(super) async fn asked_for() -> Result<()> {
    let mut term = signal(SignalKind::terminate()).context("SIGTERM cannot be listened to")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be listened to")?;
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    tokio::spawn(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
        std::process::exit(130);
    });
    Ok(())
}
