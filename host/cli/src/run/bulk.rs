//! `weir run retry`, `replay` and `cancel` for many runs: counts them, asks, and shows how far the server is. Which
//! runs a filter means and what is done to each is the server's.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use weir_model::{RunId, Timestamp};

use crate::client::{Client, ErrorText};
use crate::confirm::Confirm;
use crate::failure::Failure;
use crate::output::{Out, Tone, clean, grouped};

/// The most runs of one call; more are taken in several.
const MOST: u64 = 10_000;

/// The longest that one call may take.
const PATIENCE: Duration = Duration::from_secs(3600);

/// What is done to runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Retry,
    Replay,
    Cancel,
}

impl Action {
    /// The word of the API.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Replay => "replay",
            Self::Cancel => "cancel",
        }
    }

    /// What it does, what is under way, and what was done.
    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Retry => ("retries", "Retrying", "Retried"),
            Self::Replay => ("replays", "Replaying", "Replayed"),
            Self::Cancel => ("cancels", "Cancelling", "Cancelled"),
        }
    }
}

/// An order for many runs.
pub(super) struct Order {
    pub(super) action: Action,
    /// Which runs, as the server takes it.
    pub(super) filter: Map<String, Value>,
    pub(super) on: Option<Value>,
    pub(super) limit: Option<u64>,
    pub(super) confirm: Confirm,
}

/// A line of the server's answer: how far it is, or what came of it.
#[derive(Deserialize)]
struct Line {
    matched: Option<u64>,
    done: Option<Value>,
    #[serde(default)]
    failed: u64,
    error: Option<ErrorText>,
}

/// What came of one call.
#[derive(Deserialize)]
struct Done {
    matched: u64,
    done: u64,
    failed: u64,
    errors: Vec<RunError>,
    until: Timestamp,
    next: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct RunError {
    run: RunId,
    code: String,
    message: String,
}

/// What came of all calls.
#[derive(Default, Serialize)]
struct Totals {
    matched: u64,
    done: u64,
    failed: u64,
    errors: Vec<RunError>,
}

/// Carries an order out, once it was counted and allowed.
pub(super) async fn carry_out(client: &Client, mut order: Order, out: &Out) -> Result<(), Failure> {
    let bar = progress("{spinner} Counting … {pos}", None);
    let counted = walk(client, &mut order, true, &bar).await;
    bar.finish_and_clear();
    let counted = counted?.matched;
    if counted == 0 {
        if out.json() {
            return out.value(&Totals::default());
        }
        out.note("No such runs.");
        return Ok(());
    }
    let (does, doing, _) = order.action.words();
    order.confirm.ask(&format!("this {does} {}", runs(counted)))?;
    let bar = progress("{msg:10} [{bar:30}] {pos}/{len} {elapsed}", Some(counted));
    bar.set_message(doing);
    let totals = walk(client, &mut order, false, &bar).await;
    bar.finish_and_clear();
    report(order.action, &totals?, out)
}

/// A bar; without a terminal on standard error it draws nothing.
fn progress(template: &str, length: Option<u64>) -> ProgressBar {
    let bar = length.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Sends an order, in as many calls as it takes, and moves the bar. Leaves the moment in the filter up to which runs
/// were looked at, so that they are the same ones next time.
async fn walk(client: &Client, order: &mut Order, dry_run: bool, bar: &ProgressBar) -> Result<Totals, Failure> {
    let mut totals = Totals::default();
    let mut after: Option<String> = None;
    loop {
        let limit = order.limit.map_or(MOST, |limit| (limit - totals.matched.min(limit)).min(MOST));
        let request = client
            .request(Method::POST, &["runs", "bulk"])
            .timeout(PATIENCE)
            .header("accept", "application/x-ndjson")
            .json(&json!({
                "action": order.action.as_str(), "filter": order.filter, "on": order.on, "limit": limit, "after": after,
                "dry_run": dry_run,
            }));
        let before = if dry_run { totals.matched } else { totals.done + totals.failed };
        let mut last = None;
        client
            .each_line(request, |line| {
                let line: Line = client.understand(line)?;
                if let Some(error) = line.error {
                    return Err(error.failure(503));
                }
                match (line.matched, line.done) {
                    (Some(matched), done) => {
                        let done = done.and_then(|done| done.as_u64()).unwrap_or(0) + line.failed;
                        bar.set_position(before + if dry_run { matched } else { done });
                    }
                    (None, Some(done)) => last = Some(client.understand::<Done>(&done.to_string())?),
                    (None, None) => {}
                }
                Ok(())
            })
            .await?;
        let call = last.ok_or_else(|| client.odd("it ended before it said what came of the order".into()))?;
        totals.matched += call.matched;
        totals.done += call.done;
        totals.failed += call.failed;
        totals.errors.extend(call.errors);
        order.filter.insert("until".into(), call.until.to_string().into());
        after = call.next;
        if after.is_none() || order.limit.is_some_and(|limit| totals.matched >= limit) {
            return Ok(totals);
        }
    }
}

fn report(action: Action, totals: &Totals, out: &Out) -> Result<(), Failure> {
    let Totals { matched, done, failed, errors } = totals;
    let (_, _, was) = action.words();
    if out.json() {
        out.value(totals)?;
    } else {
        out.line(format!("{was} {}.", runs(*done)))?;
        for RunError { run, code, message } in errors {
            let why = out.paint(Tone::Bad, clean(&format!("{code}: {message}")));
            out.line(format!("  {run}  {why}"))?;
        }
        let untold = failed.saturating_sub(u64::try_from(errors.len()).unwrap_or(u64::MAX));
        if untold > 0 {
            out.line(format!("  … and {} more", grouped(untold)))?;
        }
    }
    match failed {
        0 => Ok(()),
        failed => {
            let was = was.to_lowercase();
            Err(Failure::Check(format!("{} of {} could not be {was}", grouped(*failed), runs(*matched))))
        }
    }
}

/// `1 run`, `1,234 runs`.
fn runs(n: u64) -> String {
    format!("{} run{}", grouped(n), if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_answer_are_understood() {
        let line = |text: &str| serde_json::from_str::<Line>(text).unwrap();
        let step = line(r#"{"matched":200,"done":17,"failed":1}"#);
        assert_eq!((step.matched, step.done.unwrap().as_u64(), step.failed), (Some(200), Some(17), 1));
        let last = line(
            r#"{"done":{"matched":1,"done":0,"failed":1,"errors":[{"run":"0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b",
                "code":"WEIR-X","message":"no"}],"until":"2026-11-24T09:00:00Z","next":null}}"#,
        );
        let done: Done = serde_json::from_value(last.done.unwrap()).unwrap();
        assert_eq!((last.matched, done.failed, done.errors[0].code.as_str()), (None, 1, "WEIR-X"));
        assert!(line(r#"{"error":{"code":"WEIR-X","message":"no"}}"#).error.is_some());
    }

    #[test]
    fn failures_make_the_command_fail() {
        let out = Out::new(true);
        let mut totals = Totals { matched: 2, done: 2, ..Totals::default() };
        assert!(report(Action::Retry, &totals, &out).is_ok());
        (totals.done, totals.failed) = (1, 1);
        let failure = report(Action::Retry, &totals, &out).unwrap_err();
        assert_eq!(failure.to_string(), "1 of 2 runs could not be retried");
    }
}
