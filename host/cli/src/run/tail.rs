//! `weir run tail`: asks for new runs once a second and prints each when it is seen first and when its outcome changes.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::time::sleep;
use weir_model::{Clock, Outcome, RunId, RunSummary, Timestamp};

use super::{TailArgs, version};
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{Out, Tone, clean, duration, one_line};

const PAUSE: Duration = Duration::from_secs(1);

/// The most runs asked for at a time; above it the log is read better with `weir run list`.
const MOST: usize = 1_000;

/// How far back a run is looked for that had not ended when it was seen, or that comes into a list when it ends.
const LOOK_BACK: Duration = Duration::from_secs(600);

/// How long after its start a run may come into the log.
const SETTLING: Duration = Duration::from_secs(10);

pub(super) async fn tail(client: &Client, args: &TailArgs, clock: &dyn Clock, out: &Out) -> Result<(), Failure> {
    let query = args.filter.query();
    // With an outcome asked for, a run that began long ago comes into the list when it ends.
    let slack = if args.filter.outcome.is_some() { LOOK_BACK } else { SETTLING };
    let mut seen = Seen::default();
    let start = client.list(&["runs"], &query, args.limit.clamp(1, MOST)).await?;
    let skip = if args.limit == 0 { start.len() } else { 0 };
    seen.news(client, &start)?.into_iter().skip(skip).try_for_each(|(run, raw)| print(&run, raw, out))?;
    seen.begin = Some(seen.newest.unwrap_or_else(|| clock.now()));
    loop {
        tokio::select! {
            stopped = crate::listen::stopped() => return stopped,
            () = sleep(PAUSE) => {}
        }
        let floor = seen.floor(slack);
        let mut query = query.clone();
        query.push(("since", floor.to_string()));
        let items = client.list(&["runs"], &query, MOST).await?;
        if items.len() == MOST {
            out.note(format!("note: more than {MOST} runs since {floor}; some are left out here"));
        }
        seen.news(client, &items)?.into_iter().try_for_each(|(run, raw)| print(&run, raw, out))?;
        seen.forget(floor);
    }
}

/// What was printed already.
#[derive(Default)]
struct Seen {
    runs: HashMap<RunId, (Outcome, Timestamp)>,
    /// The start of the newest run.
    newest: Option<Timestamp>,
    /// When following began; runs that ended before it are no news.
    begin: Option<Timestamp>,
}

impl Seen {
    /// Runs that are new or whose outcome changed, oldest first.
    fn news<'a>(&mut self, client: &Client, items: &'a [Box<RawValue>]) -> Result<Vec<(RunSummary, &'a str)>, Failure> {
        let mut news = Vec::new();
        for item in items.iter().rev() {
            let run: RunSummary = client.understand(item.get())?;
            if self.is_news(&run) {
                news.push((run, item.get()));
            }
        }
        Ok(news)
    }

    fn is_news(&mut self, run: &RunSummary) -> bool {
        self.newest = self.newest.max(Some(run.started_at));
        match self.runs.insert(run.id, (run.outcome, run.started_at)) {
            Some((outcome, _)) => outcome != run.outcome,
            None => {
                let end = run.started_at.plus(Duration::from_micros(run.duration_us));
                !run.outcome.is_final() || self.begin.is_none_or(|begin| end >= begin)
            }
        }
    }

    /// From when on runs may still be news.
    fn floor(&self, slack: Duration) -> Timestamp {
        let newest = self.newest.or(self.begin).unwrap_or_default();
        let open = self.runs.values().filter(|(outcome, _)| !outcome.is_final()).map(|(_, at)| *at).min();
        let edge = newest.minus(slack);
        open.map_or(edge, |open| edge.min(open.max(newest.minus(LOOK_BACK))))
    }

    /// Drops what cannot come again.
    fn forget(&mut self, floor: Timestamp) {
        self.runs.retain(|_, (_, at)| *at >= floor);
    }
}

fn print(run: &RunSummary, raw: &str, out: &Out) -> Result<(), Failure> {
    if out.json() {
        return out.line(one_line(raw));
    }
    let outcome = out.paint(super::outcome_tone(run.outcome), format!("{:<9}", run.outcome.as_str()));
    let time = if run.outcome.is_final() { duration(run.duration_us) } else { String::new() };
    let status = run.status.map_or_else(|| "-".into(), |status| status.to_string());
    let error = run.error.as_ref().map(|error| format!("{}: {}", error.code, error.message)).unwrap_or_default();
    let line = format!(
        "{} {outcome} {status:<3} {} {} {time}  {}",
        out.paint(Tone::Quiet, run.started_at.to_string()),
        run.id,
        out.paint(Tone::Strong, format!("{} {}", run.flow, version(run.mode, run.version))),
        out.paint(Tone::Bad, clean(&error)),
    );
    out.line(line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_news_at_first_and_when_it_ends() {
        let mut run: RunSummary = serde_json::from_str(
            r#"{"id":"0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b","flow":"f","flow_id":"0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6c",
                "version":1,"mode":"production","outcome":"running","started_at":"2026-11-24T09:00:00Z","duration_us":0,
                "step_count":0}"#,
        )
        .unwrap();
        let start = run.started_at;
        let mut seen = Seen { begin: Some(start.plus(Duration::from_secs(60))), ..Seen::default() };
        assert!(seen.is_news(&run) && !seen.is_news(&run));
        seen.newest = Some(start.plus(Duration::from_secs(60)));
        assert_eq!(seen.floor(SETTLING), start);
        run.outcome = Outcome::Completed;
        assert!(seen.is_news(&run) && !seen.is_news(&run));
        assert_eq!(seen.floor(SETTLING), start.plus(Duration::from_secs(50)));
        seen.forget(seen.floor(SETTLING));
        assert!(seen.runs.is_empty());
        assert!(!seen.is_news(&run), "it ended before following began");
    }
}
