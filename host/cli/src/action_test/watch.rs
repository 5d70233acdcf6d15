//! Runs the test again whenever one of its files changes, and builds the project again whenever one of its sources does. It
//! looks at times and sizes of files; it never reads them.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio::time::sleep;
use weir_model::TenantId;

use super::bench::Bench;
use super::{TestArgs, once};
use crate::action::build;
use crate::action::origin::Origin;
use crate::failure::Failure;
use crate::output::Out;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_millis(250);

/// A file's time of change and its size; none while it is not there, as during a build.
type Stamp = Option<(SystemTime, u64)>;

/// The files as they were at one moment.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    /// Those that the command line names.
    named: Vec<Stamp>,
    /// Those of a project, which come and go.
    sources: Vec<(PathBuf, Stamp)>,
}

/// Runs and waits in turns until the output has no reader any more.
pub(super) async fn follow(
    args: &TestArgs,
    origin: &Origin,
    bench: &Bench,
    tenant: &TenantId,
    out: &Out,
) -> Result<(), Failure> {
    let files = args.files();
    let mut built = None;
    loop {
        // Taken before the files are read: a change during the run counts as one after it.
        let seen = look(&files, origin);
        let stale = origin.project().filter(|_| built.as_ref() != Some(&seen.sources));
        let made = match stale {
            Some(project) => build::build(project, out).await,
            None => Ok(()),
        };
        let done = match made {
            Ok(()) => {
                built = Some(seen.sources.clone());
                once(args, origin, bench, tenant, out).await
            }
            Err(failure) => Err(failure),
        };
        match done {
            Ok(()) => {}
            Err(Failure::Closed) => return Err(Failure::Closed),
            Err(failure) => out.failure(&failure),
        }
        out.note("\nWaiting for one of the files to change; Ctrl-C ends it.\n");
        changed(&files, origin, &seen).await;
    }
}

/// Waits until the files differ from what was seen, are all there, and have kept still for a moment.
async fn changed(files: &[PathBuf], origin: &Origin, seen: &Seen) {
    let mut last = look(files, origin);
    loop {
        sleep(LOOK).await;
        let now = look(files, origin);
        if now == last && now != *seen && now.named.iter().all(Option::is_some) {
            return;
        }
        last = now;
    }
}

fn look(files: &[PathBuf], origin: &Origin) -> Seen {
    let stamp = |file: &PathBuf| {
        let about = std::fs::metadata(file).ok()?;
        Some((about.modified().ok()?, about.len()))
    };
    let sources = origin.project().map(|project| project.sources()).unwrap_or_default();
    Seen {
        named: files.iter().map(stamp).collect(),
        sources: sources.into_iter().map(|file| (file.clone(), stamp(&file))).collect(),
    }
}
