//! `weir doctor`: has a data folder read from end to end, and shows what is wrong with it. It changes nothing.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use weir_store::{CheckStage, FamilyReport, Fault, Report};

use crate::failure::Failure;
use crate::output::{Cell, Out, Table, Tone, bytes, clean, grouped};
use crate::serve::STORE;
use crate::serve::args::NoServer;

/// Faults of one kind that are shown in full; with --json all are.
const SHOWN: usize = 20;

/// Check a data folder for damage
///
/// Reads everything in the folder of a stopped server: every block with its checksum, every row with its meaning, every
/// component with its hash, and whether the rows fit together. It changes nothing. While a server runs, check a restored
/// backup instead.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir doctor
  weir doctor --data /var/lib/weir
  weir restore /var/backups/weir --data ./scratch && weir doctor --data ./scratch
  weir doctor --json | jq '.faults[].what'

The exit code is 0 where nothing is wrong, and 1 where something is.")]
pub(crate) struct DoctorArgs {
    /// The data folder
    #[arg(long, value_name = "DIR", default_value = "./weir-data", env = "WEIR_DATA", hide_env_values = true)]
    data: PathBuf,

    #[command(flatten)]
    unused: NoServer,
}

/// Checks the folder.
pub(crate) fn run(args: &DoctorArgs, out: &Out) -> Result<(), Failure> {
    let store = args.data.join(STORE);
    let shown = args.data.display().to_string();
    if !store.is_dir() {
        return Err(Failure::NotFound(format!("{shown} is no data folder of weir: name one with --data")));
    }
    let bar = ProgressBar::new(0);
    // Without a terminal on standard error the bar draws nothing.
    if let Ok(style) = ProgressStyle::with_template("{msg:20} [{bar:30}] {human_pos} rows {elapsed}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message("Reading the log");
    bar.enable_steady_tick(Duration::from_millis(100));
    let report = weir_store::examine(&store, |CheckStage { family, done, total }| {
        bar.set_message(format!("Reading {family}"));
        bar.set_length(total.max(done));
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let report = report?;
    if out.json() {
        out.value(&view(&report))?
    } else {
        show(&report, out)?
    }
    match report.total {
        0 => Ok(()),
        1 => Err(Failure::Check(format!("there is a fault in {shown}"))),
        total => Err(Failure::Check(format!("there are {} faults in {shown}", grouped(total)))),
    }
}

fn view(report: &Report) -> Value {
    let family = |family: &FamilyReport| json!({ "family": family.name, "rows": family.rows, "bytes": family.bytes, "faults": family.faults });
    let fault = |fault: &Fault| {
        json!({
            "kind": fault.kind.as_str(),
            "family": fault.family,
            "key": fault.key.as_deref().map(hex),
            "what": fault.what,
            "next": fault.kind.next(),
        })
    };
    json!({
        "format": report.format,
        "families": report.families.iter().map(family).collect::<Vec<_>>(),
        "total": report.total,
        "faults": report.faults.iter().map(fault).collect::<Vec<_>>(),
    })
}

fn hex(key: &[u8]) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn show(report: &Report, out: &Out) -> Result<(), Failure> {
    let mut table = Table::new(["FAMILY", "ROWS", "BYTES", "FAULTS"]);
    // Piped output is for programs, which want plain digits.
    let number = |number: u64| if out.terminal() { grouped(number) } else { number.to_string() };
    for family in &report.families {
        let size = if out.terminal() { bytes(family.bytes) } else { family.bytes.to_string() };
        let tone = if family.faults > 0 { Tone::Bad } else { Tone::Good };
        table.row([
            Cell::from(family.name.as_str()),
            Cell::from(number(family.rows)),
            Cell::from(size),
            Cell::new(number(family.faults), tone),
        ]);
    }
    table.print(out, "There is nothing in it.")?;
    let mut kinds: Vec<_> = report.faults.iter().map(|fault| fault.kind).collect();
    kinds.dedup();
    kinds.sort_by_key(|kind| kind.as_str());
    kinds.dedup();
    for kind in kinds {
        out.line("")?;
        let of_kind = report.faults.iter().filter(|fault| fault.kind == kind);
        for fault in of_kind.clone().take(SHOWN) {
            let key = fault.key.as_deref().map(|key| format!(" (key {})", hex(key))).unwrap_or_default();
            let family = out.paint(Tone::Bad, clean(&fault.family));
            out.line(format!("{family}: {}{}", clean(&fault.what), out.paint(Tone::Quiet, key)))?;
        }
        let more = of_kind.count().saturating_sub(SHOWN);
        if more > 0 {
            out.line(format!("… and {more} more like these; --json lists them."))?;
        }
        out.line(format!("{} {}.", out.paint(Tone::Strong, "next:"), kind.next()))?;
    }
    if report.total == 0 {
        out.line(out.paint(Tone::Good, "Nothing is wrong."))?;
    }
    Ok(())
}
