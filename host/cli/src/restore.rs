//! `weir restore`: makes a data folder from a backup, and lists backups. It needs no server and touches none.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use weir_store::{BackupInfo, RestoreStage};

use crate::failure::Failure;
use crate::output::{Cell, Out, Table, Tone, bytes, clean, grouped, moment};
use crate::serve::STORE;
use crate::serve::args::NoServer;

/// Restore a backup into a new data folder
///
/// Every file is compared with its checksum first, and the restored store is opened once to prove it. A server that runs
/// goes on: it has a folder of its own. Runs that waited when the backup was made go on once a server is started on the
/// restored folder, even where the old server did them meanwhile.
///
/// Secrets open with the keys of the server that was backed up: copy its `secret-keys` into the new folder, or name the file
/// with `weir serve --secret-keys`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir restore /var/backups/weir --list
  weir restore /var/backups/weir --data ./restored
  weir restore /var/backups/weir --at 3 --data ./restored && weir serve --data ./restored")]
pub(crate) struct RestoreArgs {
    /// The folder that `weir backup` wrote
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// The data folder to make: one that is not there yet, or is empty
    #[arg(long, value_name = "NEW", default_value = "./weir-data", env = "WEIR_DATA", hide_env_values = true)]
    data: PathBuf,

    /// List the backups in the folder, and restore none
    #[arg(long)]
    list: bool,

    /// The number of the backup to restore; the newest where nothing is said
    #[arg(long, value_name = "ID", conflicts_with = "list")]
    at: Option<u32>,

    #[command(flatten)]
    unused: NoServer,
}

/// Lists or restores.
pub(crate) fn run(args: &RestoreArgs, out: &Out) -> Result<(), Failure> {
    if args.list { list(&args.folder, out) } else { restore(args, out) }
}

fn list(folder: &Path, out: &Out) -> Result<(), Failure> {
    let backups = weir_store::backups(folder)?;
    if out.json() {
        return out.value(&backups.iter().map(view).collect::<Vec<_>>());
    }
    let mut table = Table::new(["ID", "MADE AT", "SIZE", "RUNS", "WEIR"]);
    for backup in &backups {
        let size = if out.terminal() { bytes(backup.bytes) } else { backup.bytes.to_string() };
        let number = |number: u64| if out.terminal() { grouped(number) } else { number.to_string() };
        table.row([
            Cell::new(backup.id.to_string(), Tone::Strong),
            Cell::from(moment(Some(backup.at))),
            Cell::from(size),
            Cell::from(backup.runs.map_or_else(|| "-".into(), number)),
            Cell::from(backup.version.as_deref().unwrap_or("-")),
        ]);
    }
    table.print(out, "There are no backups in it.")
}

fn view(backup: &BackupInfo) -> Value {
    json!({
        "id": backup.id,
        "made_at": backup.at,
        "bytes": backup.bytes,
        "runs": backup.runs,
        "weir": backup.version,
        "format": backup.format,
    })
}

fn restore(args: &RestoreArgs, out: &Out) -> Result<(), Failure> {
    let data = &args.data;
    let was_there = data.is_dir();
    if std::fs::read_dir(data).is_ok_and(|mut inside| inside.next().is_some()) {
        return Err(Failure::Usage(format!(
            "the data folder {} is not empty: name one that is not there yet with --data",
            data.display()
        )));
    }
    let bar = ProgressBar::new(0);
    // Without a terminal on standard error the bar draws nothing.
    if let Ok(style) = ProgressStyle::with_template("{msg:20} [{bar:30}] {bytes}/{total_bytes}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message("Comparing checksums");
    let restored = weir_store::restore(&args.folder, args.at, &data.join(STORE), |stage| show(&bar, stage));
    bar.finish_and_clear();
    let (backup, runs) = restored.inspect_err(|_| {
        if !was_there {
            // Made for the store that did not come; where something else is in it by now, it stays.
            let _ = std::fs::remove_dir(data);
        }
    })?;
    if out.json() {
        let mut answer = view(&backup);
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("runs".into(), runs.into());
            answer.insert("data".into(), data.display().to_string().into());
        }
        return out.value(&answer);
    }
    let folder = data.display().to_string();
    out.line(format!(
        "Restored backup {} of {} into {}: {} runs.",
        backup.id,
        moment(Some(backup.at)),
        out.paint(Tone::Strong, clean(&folder)),
        grouped(runs),
    ))?;
    out.line(format!("Serve it with `weir serve --data {}`.", clean(&folder)))
}

fn show(bar: &ProgressBar, stage: RestoreStage) {
    let words = match stage {
        RestoreStage::Verifying { done, total } => {
            bar.set_length(total);
            bar.set_position(done);
            return;
        }
        RestoreStage::Copying => "Copying files",
        RestoreStage::Opening => "Opening the copy",
    };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(words);
    bar.enable_steady_tick(Duration::from_millis(100));
}
