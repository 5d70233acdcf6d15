//! `weir backup`: has the server copy its store while it goes on. The server makes the copy; this shows how far it is.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::args::Remote;
use crate::client::{Client, ErrorText};
use crate::failure::Failure;
use crate::output::{Out, Tone, bytes, clean, duration, grouped};

/// The longest that a backup may take.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// Back up the server's data while it runs
///
/// Everything that was acknowledged before is in the backup: flows, actions, tokens, runs, waiting ones too. The server goes
/// on meanwhile. In a folder with earlier backups only what changed is copied, and each of them can be restored. Needs an
/// operator's token.
///
/// A backup holds what callers sent and hashes of tokens: keep it as safe as the server. Secrets are in it sealed; the file
/// of keys that opens them is not: keep a copy of that elsewhere, or a restored server has no secrets.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir backup /var/backups/weir
  weir backup /var/backups/weir --json | jq .id
  weir restore /var/backups/weir --list")]
pub(crate) struct BackupArgs {
    /// Folder on the server's machine, not inside its data folder: not there yet, empty, or with earlier backups
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// A line of the server's answer: a stage, or what came of it.
#[derive(Deserialize)]
struct Line {
    stage: Option<String>,
    done: Option<Box<RawValue>>,
    error: Option<ErrorText>,
}

/// A backup, as far as the text output needs it.
#[derive(Deserialize)]
struct Done {
    id: u32,
    folder: String,
    took_ms: u64,
    bytes: u64,
    runs: u64,
}

/// Has a backup made.
pub(crate) async fn run(args: BackupArgs, remote: &Remote, out: &Out) -> Result<(), Failure> {
    let client = Client::new(remote)?;
    let folder = std::path::absolute(&args.folder).map_err(|error| Failure::reading(&args.folder, error))?;
    let spinner = ProgressBar::new_spinner();
    // Without a terminal on standard error the spinner draws nothing.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        spinner.set_style(style);
    }
    spinner.set_message("The server begins");
    spinner.enable_steady_tick(Duration::from_millis(100));
    let request = client
        .request_server(Method::POST, &["backup"])
        .timeout(PATIENCE)
        .header("accept", "application/x-ndjson")
        .json(&json!({ "folder": folder }));
    let mut done = None;
    let made = client.each_line(request, |line| {
        let line: Line = client.understand(line)?;
        if let Some(error) = line.error {
            return Err(error.failure(422));
        }
        if let Some(words) = line.stage.as_deref().and_then(words) {
            spinner.set_message(words);
        }
        done = line.done.or(done.take());
        Ok(())
    });
    let made = made.await;
    spinner.finish_and_clear();
    made?;
    let answer = done.ok_or_else(|| client.odd("it ended before it said what came of the backup".into()))?;
    if out.json() {
        return out.value(&answer);
    }
    let done: Done = client.understand(answer.get())?;
    out.line(format!(
        "Backup {} in {}: {}, {} runs, made in {}.",
        done.id,
        out.paint(Tone::Strong, clean(&done.folder)),
        bytes(done.bytes),
        grouped(done.runs),
        duration(done.took_ms.saturating_mul(1_000)),
    ))?;
    out.line(format!("Try it out with `weir restore {} --data SCRATCH`.", clean(&done.folder)))
}

/// What a stage is called; none for one that this weir does not know.
fn words(stage: &str) -> Option<&'static str> {
    Some(match stage {
        "counting" => "The server counts its runs",
        "copying" => "The server copies its files",
        "verifying" => "The server looks at the copy",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_answer_are_understood() {
        let line = |text: &str| serde_json::from_str::<Line>(text).unwrap();
        assert_eq!(words(&line(r#"{"stage":"copying"}"#).stage.unwrap()), Some("The server copies its files"));
        assert_eq!(words("resting"), None);
        let done = r#"{"done":{"id":1,"folder":"/b","made_at":"x","took_ms":5,"bytes":7,"runs":2}}"#;
        assert_eq!(serde_json::from_str::<Done>(line(done).done.unwrap().get()).unwrap().runs, 2);
        let failed = line(r#"{"error":{"code":"WEIR-STORE-BACKUP","message":"no"}}"#).error.unwrap().failure(422);
        assert_eq!(failed.exit().code(), 1);
    }
}
