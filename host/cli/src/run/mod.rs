//! `weir run`: the command line of the run log, its list and its one record, and of what can be done with runs. It reads
//! itself; what changes something is in `again` and `bulk`.

mod again;
mod bulk;
mod record;
mod stand;
mod tail;
mod usage;

use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::value::RawValue;
use weir_model::{Clock, FlowName, Mode, Outcome, RunId, RunSummary, Span, Timestamp};

use crate::args::Remote;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{Cell, Out, Table, Tone, duration, moment};
use crate::system::SystemClock;

use again::{CancelArgs, ReplayArgs, RetryArgs};
pub(crate) use record::{Sheet, outcome_tone};

/// See what ran, how, and why, and run it again
///
/// Every call of a flow is a run, and every run leaves a record: what started it, each step with its time, exit, output
/// and variables, and the answer that was sent. A run that failed can go on where it failed, any run can be done again,
/// and one that runs or waits can be ended.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir run list --flow orders --outcome failed --since 1h
  weir run show 0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b
  weir run retry 0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b
  weir run tail")]
pub(crate) struct RunArgs {
    #[command(subcommand)]
    command: RunCommand,
}

#[derive(Debug, Subcommand)]
enum RunCommand {
    List(ListArgs),
    Show(ShowArgs),
    Tail(TailArgs),
    Retry(RetryArgs),
    Replay(ReplayArgs),
    Cancel(CancelArgs),
}

/// Which runs.
#[derive(Args, Clone, Debug)]
struct Filter {
    /// Only runs of this flow; of a deleted one by its id, the flow_id of its runs
    #[arg(long, value_name = "FLOW")]
    flow: Option<FlowName>,

    /// Only runs that stand or ended like this
    #[arg(long, value_name = "OUTCOME", value_enum)]
    outcome: Option<OutcomeArg>,

    /// Only runs of published versions, or of drafts
    #[arg(long, value_name = "MODE", value_enum)]
    mode: Option<ModeArg>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum OutcomeArg {
    Running,
    Waiting,
    Completed,
    Failed,
    TimedOut,
    Cancelled,
}

impl OutcomeArg {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Running => Outcome::Running,
            Self::Waiting => Outcome::Waiting,
            Self::Completed => Outcome::Completed,
            Self::Failed => Outcome::Failed,
            Self::TimedOut => Outcome::TimedOut,
            Self::Cancelled => Outcome::Cancelled,
        }
        .as_str()
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModeArg {
    Production,
    Development,
}

/// List runs, newest first
///
/// One line a run. --since takes a length of time back from now, such as 90s, 15m, 4h or 2d, or a moment such as
/// 2026-11-24T09:30:00Z.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir run list
  weir run list --flow orders --outcome failed --since 1h --limit 100
  weir run list --json | jq -r '.[] | select(.status == 500) | .id'")]
struct ListArgs {
    #[command(flatten)]
    filter: Filter,

    /// Only runs started since then: 1h, or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Since>,

    /// At most so many
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    limit: usize,
}

/// Show one run
///
/// Prints the payload, the steps in the order they ended with time, fuel and memory, what each logged and which
/// variables it changed, and the answer that was sent. Long values are cut; --full prints them whole.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir run show 0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b
  weir run show \"$(weir run list -n 1 --json | jq -r '.[0].id')\" --full
  weir run show 0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b --json | jq .answer.body")]
struct ShowArgs {
    /// The run, as `weir run list` or an answer's run_id gives it
    #[arg(value_name = "ID")]
    id: RunId,

    /// Print long values whole
    #[arg(long)]
    full: bool,
}

/// Follow runs as they come
///
/// Prints the latest runs and then each new one, and again when it ends. Ctrl-C stops it. For what happens inside a
/// run of a draft, use `weir listen`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir run tail
  weir run tail --flow orders --outcome failed
  weir run tail -n 0 --json                     one JSON object a line")]
struct TailArgs {
    #[command(flatten)]
    filter: Filter,

    /// How many of the latest runs to begin with
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    limit: usize,
}

/// A time to look back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    Ago(Span),
    At(Timestamp),
}

impl Since {
    fn moment(self, clock: &dyn Clock) -> Timestamp {
        match self {
            Self::Ago(span) => clock.now().minus(span.duration()),
            Self::At(at) => at,
        }
    }
}

fn since(text: &str) -> Result<Since, String> {
    if let Ok(span) = text.parse() {
        return Ok(Since::Ago(span));
    }
    let hint = "write a length of time such as 90s, 15m, 4h or 2d, or a moment such as 2026-11-24T09:30:00Z";
    Timestamp::parse(text).map(Since::At).map_err(|_| hint.into())
}

impl Filter {
    fn query(&self) -> Vec<(&'static str, String)> {
        let flow = self.flow.iter().map(|flow| ("flow", flow.to_string()));
        let outcome = self.outcome.iter().map(|outcome| ("outcome", outcome.as_str().to_owned()));
        let mode = self.mode.iter().map(|mode| match mode {
            ModeArg::Production => ("mode", "production".to_owned()),
            ModeArg::Development => ("mode", "development".to_owned()),
        });
        flow.chain(outcome).chain(mode).collect()
    }
}

/// Carries out one command.
pub(crate) async fn run(args: RunArgs, remote: &Remote, out: &Out) -> Result<(), Failure> {
    let client = Client::new(remote)?;
    let clock = SystemClock::new();
    match args.command {
        RunCommand::List(args) => list(&client, &args, &clock, out).await,
        RunCommand::Show(args) => show(&client, &args, &clock, out).await,
        RunCommand::Tail(args) => tail::tail(&client, &args, &clock, out).await,
        RunCommand::Retry(args) => again::retry(&client, &args, &clock, out).await,
        RunCommand::Replay(args) => again::replay(&client, &args, &clock, out).await,
        RunCommand::Cancel(args) => again::cancel(&client, &args, &clock, out).await,
    }
}

async fn list(client: &Client, args: &ListArgs, clock: &dyn Clock, out: &Out) -> Result<(), Failure> {
    let mut query = args.filter.query();
    query.extend(args.since.map(|since| ("since", since.moment(clock).to_string())));
    let items = client.list(&["runs"], &query, args.limit).await?;
    if out.json() {
        return out.value(&items);
    }
    let mut table =
        Table::new(["ID", "FLOW", "VERSION", "OUTCOME", "STATUS", "STARTED", "TIME", "STEPS", "ORIGIN", "ERROR"]);
    let now = clock.now();
    for item in &items {
        let run: RunSummary = client.understand(item.get())?;
        table.row(cells(&run, now));
    }
    table.print(out, "No such runs.")
}

/// One run as a row of a list.
fn cells(run: &RunSummary, now: Timestamp) -> Vec<Cell> {
    let time = match (run.outcome, run.waits_until) {
        (Outcome::Waiting, Some(until)) => stand::left(until, now),
        (outcome, _) if outcome.is_final() => duration(run.duration_us),
        _ => "-".into(),
    };
    let origin = run.origin.map_or("-", |origin| stand::origin_kind(origin.kind));
    let status = run.status.map_or_else(|| "-".into(), |status| status.to_string());
    let error = run.error.as_ref().map(|error| match &error.step {
        Some(step) => format!("{} in {step}", error.code),
        None => error.code.to_string(),
    });
    vec![
        run.id.to_string().into(),
        Cell::new(run.flow.as_str(), Tone::Strong),
        version(run.mode, run.version).into(),
        Cell::new(run.outcome.as_str(), outcome_tone(run.outcome)),
        status.into(),
        moment(Some(run.started_at)).into(),
        time.into(),
        run.step_count.to_string().into(),
        origin.into(),
        Cell::new(error.unwrap_or_default(), Tone::Bad),
    ]
}

fn version(mode: Mode, version: u32) -> String {
    match mode {
        Mode::Production => format!("v{version}"),
        Mode::Development => "draft".into(),
    }
}

async fn show(client: &Client, args: &ShowArgs, clock: &dyn Clock, out: &Out) -> Result<(), Failure> {
    let raw = client.text(client.request(Method::GET, &["runs", &args.id.to_string()])).await?;
    print(client, &raw, args.full, clock, out)
}

/// Prints a record as the server gave it.
fn print(client: &Client, raw: &str, full: bool, clock: &dyn Clock, out: &Out) -> Result<(), Failure> {
    if out.json() {
        return out.value(&client.understand::<Box<RawValue>>(raw)?);
    }
    Sheet::new(out, full).record(&client.understand(raw)?, clock.now())
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_model::ManualClock;

    #[test]
    fn since_takes_spans_and_moments() {
        let clock = ManualClock::at(Timestamp::parse("2026-11-24T10:00:00Z").unwrap());
        let moment = |text| since(text).unwrap().moment(&clock).to_string();
        assert_eq!(moment("1h"), "2026-11-24T09:00:00.000Z");
        assert_eq!(moment("2026-11-24T09:30:00+01:00"), "2026-11-24T08:30:00.000Z");
        assert!(since("yesterday").is_err());
    }
}
