//! `weir run retry`, `replay` and `cancel` for one run; for many, it hands over to bulk. What each does is the
//! server's.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use clap::{Args, ValueEnum};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::time::sleep;
use weir_model::{Clock, Json, Outcome, RunId};

use super::bulk::{self, Action, Order};
use super::{Filter, Since, since};
use crate::client::Client;
use crate::confirm::Confirm;
use crate::failure::Failure;
use crate::output::{Out, Tone, bytes};

/// The largest payload that is read; the server takes as much.
const MOST_PAYLOAD: u64 = 16 << 20;

/// How often a run is looked at that is waited for, at first and at last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Go on with runs where they failed
///
/// Starts a new run that takes over what the failed, timed-out or cancelled one had done, and goes on at the step that
/// failed, in the version that it ran. Without an ID it takes all runs that failed or ran out of time and that the
/// filter lets through; they are counted first. A run stays failed after its retry, so a second order with the same
/// filter takes it again: narrow it by --since.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir run retry 0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b
  weir run retry 0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b --wait
  weir run retry --flow orders --since 1h
  weir run retry --flow orders --outcome timed_out --limit 100 --yes")]
pub(super) struct RetryArgs {
    #[command(flatten)]
    target: Target,

    /// Wait for the new run's end and show it
    #[arg(long, requires = "id")]
    wait: bool,
}

/// Do runs again from their first step
///
/// Starts a new run with the payload that was recorded, or with another one, on the published version or the draft as
/// they are now; where nothing is said, on the draft for a run of a draft. Without an ID it takes all runs that ended
/// and that the filter lets through; they are counted first.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir run replay 0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b
  weir run replay 0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b --on draft --wait
  weir run replay 0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b --payload '{\"name\":\"Ada\"}'
  weir run replay --flow orders --outcome failed --since 1h")]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    target: Target,

    /// What the new run starts with: a file, JSON text, or - for standard input
    #[arg(long, value_name = "FILE|JSON", requires = "id")]
    payload: Option<String>,

    /// What the new run executes
    #[arg(long, value_name = "WHICH", value_enum)]
    on: Option<On>,

    /// Wait for the new run's end and show it
    #[arg(long, requires = "id")]
    wait: bool,
}

/// End runs that run or wait
///
/// A run that waits ends at once, one that runs as soon as it can. Without an ID it takes all runs that run or wait and
/// that the filter lets through; they are counted first.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir run cancel 0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b
  weir run cancel --flow reminders --outcome waiting
  weir run cancel --flow reminders --until 2d --yes")]
pub(super) struct CancelArgs {
    #[command(flatten)]
    target: Target,
}

/// Which run, or which runs.
#[derive(Args, Debug)]
struct Target {
    /// The run; without it, the runs that the filter lets through
    #[arg(value_name = "ID", conflicts_with_all = ["flow", "outcome", "mode", "since", "until", "limit"])]
    id: Option<RunId>,

    #[command(flatten)]
    filter: Filter,

    /// Only runs started since then: 1h, or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Since>,

    /// Only runs started before then: 1h, or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = since)]
    until: Option<Since>,

    /// At most so many, newest first
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,

    #[command(flatten)]
    confirm: Confirm,
}

/// Which definition a replay executes.
#[derive(Clone, Copy, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum On {
    /// The version that is published now
    Published,
    /// The draft as it is now
    Draft,
}

/// How a run is done again, as the server takes it.
#[derive(Serialize)]
struct Again {
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<On>,
}

/// What the server says of a run that it started or told to end.
#[derive(Deserialize, Serialize)]
struct Started {
    run_id: RunId,
}

impl Target {
    /// The order for many runs that the filter means.
    fn order(&self, action: Action, on: Option<On>, clock: &dyn Clock) -> Result<Order, Failure> {
        let mut filter: Map<String, Value> = Map::new();
        filter.extend(self.filter.query().into_iter().map(|(name, value)| (name.to_owned(), value.into())));
        for (name, time) in [("since", self.since), ("until", self.until)] {
            filter.extend(time.map(|time| (name.to_owned(), time.moment(clock).to_string().into())));
        }
        if filter.is_empty() {
            let message = "name a run, or say which ones with --flow, --outcome, --mode, --since or --until";
            return Err(Failure::Usage(message.into()));
        }
        let on = on.and_then(|on| serde_json::to_value(on).ok());
        Ok(Order { action, filter, on, limit: self.limit, confirm: self.confirm })
    }
}

pub(super) async fn retry(client: &Client, args: &RetryArgs, clock: &dyn Clock, out: &Out) -> Result<(), Failure> {
    let Some(id) = args.target.id else {
        return bulk::carry_out(client, args.target.order(Action::Retry, None, clock)?, out).await;
    };
    let started = start(client, id, Action::Retry, None).await?;
    tell(client, "Retried", &started, args.wait, clock, out).await
}

pub(super) async fn replay(client: &Client, args: &ReplayArgs, clock: &dyn Clock, out: &Out) -> Result<(), Failure> {
    let Some(id) = args.target.id else {
        return bulk::carry_out(client, args.target.order(Action::Replay, args.on, clock)?, out).await;
    };
    let payload = args.payload.as_deref().map(payload).transpose()?;
    let started = start(client, id, Action::Replay, Some(Again { payload, on: args.on })).await?;
    tell(client, "Replayed", &started, args.wait, clock, out).await
}

pub(super) async fn cancel(client: &Client, args: &CancelArgs, clock: &dyn Clock, out: &Out) -> Result<(), Failure> {
    let Some(id) = args.target.id else {
        return bulk::carry_out(client, args.target.order(Action::Cancel, None, clock)?, out).await;
    };
    let started = start(client, id, Action::Cancel, None).await?;
    if out.json() {
        return out.value(&started);
    }
    out.line(format!("Run {} was told to end.", out.paint(Tone::Strong, id.to_string())))
}

async fn start(client: &Client, id: RunId, action: Action, again: Option<Again>) -> Result<Started, Failure> {
    let request = client.request(Method::POST, &["runs", &id.to_string(), action.as_str()]);
    client
        .parse(match again {
            Some(again) => request.json(&again),
            None => request,
        })
        .await
}

/// Says which run began, or waits for its end and shows it.
async fn tell(
    client: &Client,
    done: &str,
    started: &Started,
    wait: bool,
    clock: &dyn Clock,
    out: &Out,
) -> Result<(), Failure> {
    let id = started.run_id;
    if !wait {
        if out.json() {
            return out.value(started);
        }
        out.line(format!("{done} as run {}.", out.paint(Tone::Strong, id.to_string())))?;
        return out.line(format!("See what comes of it with `weir run show {id}`."));
    }
    let (raw, outcome) = ended(client, id, out).await?;
    super::print(client, &raw, false, clock, out)?;
    match outcome {
        Outcome::Completed => Ok(()),
        outcome => Err(Failure::Check(format!("the new run {id} did not complete: {}", outcome.as_str()))),
    }
}

/// The record of a run, once it has ended.
async fn ended(client: &Client, id: RunId, out: &Out) -> Result<(String, Outcome), Failure> {
    #[derive(Deserialize)]
    struct Stand {
        outcome: Outcome,
    }
    let (mut pause, longest) = PAUSES;
    let mut said = false;
    loop {
        let raw = client.text(client.request(Method::GET, &["runs", &id.to_string()])).await?;
        let Stand { outcome } = client.understand(&raw)?;
        if outcome.is_final() {
            return Ok((raw, outcome));
        }
        if outcome == Outcome::Waiting && !said {
            out.note(format!(
                "note: run {id} waits; Ctrl-C stops waiting for it, and `weir run show {id}` says until when"
            ));
            said = true;
        }
        sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}

/// A payload: standard input, a file, or the text itself.
fn payload(given: &str) -> Result<Json, Failure> {
    let path = Path::new(given);
    if given != "-" && !path.is_file() {
        let neither = |error: serde_json::Error| {
            Failure::Usage(format!("--payload is neither a file nor JSON ({error}): {given}"))
        };
        return Json::parse(given.to_owned()).map_err(neither);
    }
    let mut read = Vec::new();
    let done = if given == "-" {
        io::stdin().lock().take(MOST_PAYLOAD + 1).read_to_end(&mut read)
    } else {
        File::open(path).and_then(|file| file.take(MOST_PAYLOAD + 1).read_to_end(&mut read))
    };
    let size = done.map_err(|error| Failure::reading(path, error))?;
    let name = if given == "-" { "standard input" } else { given };
    if u64::try_from(size).unwrap_or(u64::MAX) > MOST_PAYLOAD {
        return Err(Failure::Usage(format!("{name} is larger than {}: send less", bytes(MOST_PAYLOAD))));
    }
    let text = read.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&read);
    let wrong = |reason: String| Failure::Usage(format!("{name} is no JSON: {reason}"));
    let text = String::from_utf8(text.to_vec()).map_err(|error| wrong(error.to_string()))?;
    Json::parse(text).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_a_file_or_json() {
        assert_eq!(payload(r#"{"a":10000000000000000000001}"#).unwrap().text(), r#"{"a":10000000000000000000001}"#);
        assert_eq!(payload("7").unwrap().text(), "7");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("body.json");
        std::fs::write(&path, "\u{feff} [1]\n").unwrap();
        assert_eq!(payload(path.to_str().unwrap()).unwrap().text(), "[1]");
        std::fs::write(&path, "{").unwrap();
        for wrong in [path.to_str().unwrap(), "no-such-file.json"] {
            assert!(matches!(payload(wrong), Err(Failure::Usage(message)) if message.contains(wrong)));
        }
    }
}
