//! Runs the test again whenever one of its files changes. It looks at times and sizes of files; it never reads them.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio::time::sleep;
use weir_model::TenantId;

use super::bench::Bench;
use super::{TestArgs, once};
use crate::failure::Failure;
use crate::output::Out;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_millis(250);

/// A file's time of change and its size; none while it is not there, as during a build.
type Stamp = Option<(SystemTime, u64)>;

/// Runs and waits in turns until the output has no reader any more.
pub(super) async fn follow(args: &TestArgs, bench: &Bench, tenant: &TenantId, out: &Out) -> Result<(), Failure> {
    let files = args.files();
    loop {
        // Taken before the files are read: a change during the run counts as one after it.
        let seen = stamps(&files);
        match once(args, bench, tenant, out).await {
            Ok(()) => {}
            Err(Failure::Closed) => return Err(Failure::Closed),
            Err(failure) => out.failure(&failure),
        }
        out.note("\nWaiting for one of the files to change; Ctrl-C ends it.\n");
        changed(&files, &seen).await;
    }
}

/// Waits until the files differ from what was seen, are all there, and have kept still for a moment.
async fn changed(files: &[PathBuf], seen: &[Stamp]) {
    let mut last = stamps(files);
    loop {
        sleep(LOOK).await;
        let now = stamps(files);
        if now == last && now != seen && now.iter().all(Option::is_some) {
            return;
        }
        last = now;
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Stamp> {
    let stamp = |file: &PathBuf| {
        let about = std::fs::metadata(file).ok()?;
        Some((about.modified().ok()?, about.len()))
    };
    files.iter().map(stamp).collect()
}
