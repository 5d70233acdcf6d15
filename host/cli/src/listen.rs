//! `weir listen`: opens a flow's development URL and prints each run of its draft as it happens. It leaves the URL as
//! it found it: shut.

use std::time::Duration;

use clap::Args;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};
use weir_model::{Answer, ErrorInfo, FlowName, Mode, Outcome, RunId, Span, StepRecord, TriggerRecord};

use crate::args::Remote;
use crate::client::{COMMENT, Client, Events, FlowView};
use crate::failure::Failure;
use crate::flow::first_method;
use crate::output::{Out, Tone, clean, duration, one_line};
use crate::run::{Sheet, outcome_tone};

/// How often a broken stream is opened again, one second apart, before giving up.
const TRIES: u32 = 30;

/// How long the goodbye may take.
const GOODBYE: Duration = Duration::from_secs(3);

/// Watch a flow's draft run, live
///
/// Opens the flow's development URL, prints it with a curl line to copy, and then each run as it happens: the payload,
/// the steps in order, variables, logs, errors, the answer. Ctrl-C ends it and shuts the development URL again.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir listen orders
  weir listen orders --count 1          ends after one run
  weir listen orders --json             one JSON object a line")]
pub(crate) struct ListenArgs {
    /// The flow
    #[arg(value_name = "FLOW")]
    name: FlowName,

    /// End after so many runs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// How long the development URL stays open should this command be cut off
    #[arg(long = "for", value_name = "TIME", default_value = "15m")]
    open_for: Span,

    /// Print long values whole
    #[arg(long)]
    full: bool,
}

/// An event of a run, as the stream carries it; which fields are there depends on its name.
#[derive(Debug, Deserialize)]
struct Event {
    run: RunId,
    mode: Mode,
    event: String,
    trigger: Option<Box<TriggerRecord>>,
    step: Option<Box<StepRecord>>,
    answer: Option<Box<Answer>>,
    outcome: Option<Outcome>,
    error: Option<ErrorInfo>,
    #[serde(default)]
    duration_us: u64,
}

/// Carries out the command.
pub(crate) async fn run(args: ListenArgs, remote: &Remote, out: &Out) -> Result<(), Failure> {
    let client = Client::new(remote)?;
    let flow: FlowView = client.parse(client.request(Method::GET, &["flows", args.name.as_str()])).await?;
    arm(&client, &args).await?;
    let events = client.events(&["flows", args.name.as_str(), "events"]).await?;
    let mut listener = Listener { out, sheet: Sheet::new(out, args.full), left: args.count, current: None, steps: 0 };
    listener.welcome(&client, &flow).await?;
    let ended = tokio::select! {
        stopped = stopped() => stopped,
        ended = follow(&args, remote, events, &mut listener) => ended,
    };
    // The server shuts the URL by itself in the end; a goodbye that fails is no failure of what was asked.
    let goodbye = client.text(client.request(Method::DELETE, &["flows", args.name.as_str(), "arm"]));
    let said = tokio::select! {
        _ = stopped() => false,
        said = timeout(GOODBYE, goodbye) => matches!(said, Ok(Ok(_) | Err(Failure::Server { .. }))),
    };
    if !said {
        out.note(format!("note: the server was not told; the development URL shuts by itself after {}", args.open_for));
    }
    ended
}

async fn arm(client: &Client, args: &ListenArgs) -> Result<(), Failure> {
    let request = client.request(Method::POST, &["flows", args.name.as_str(), "arm"]);
    match client.text(request.json(&json!({ "for": args.open_for }))).await {
        // Who may only read may still listen: the open stream alone keeps the URL answering.
        Ok(_) | Err(Failure::Server { status: 403, .. }) => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// Resolves when Ctrl-C is pressed or the process is asked to end.
pub(crate) async fn stopped() -> Result<(), Failure> {
    let mut term = signal(SignalKind::terminate()).map_err(|error| Failure::Other(error.into()))?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.map_err(|error| Failure::Other(error.into())),
        _ = term.recv() => Ok(()),
    }
}

/// Prints events until enough runs ended; opens the stream again where it breaks.
async fn follow(
    args: &ListenArgs,
    remote: &Remote,
    mut events: Events,
    listener: &mut Listener<'_>,
) -> Result<(), Failure> {
    loop {
        while let Some(event) = events.next().await {
            if listener.event(&event.name, &event.data)? {
                return Ok(());
            }
        }
        listener.out.note("note: the connection broke; opening it again …");
        events = reopen(args, remote).await?;
        listener.out.note("note: connected again; runs in between are in `weir run list`");
    }
}

async fn reopen(args: &ListenArgs, remote: &Remote) -> Result<Events, Failure> {
    let mut tries = 0;
    loop {
        sleep(Duration::from_secs(1)).await;
        tries += 1;
        match open(args, remote).await {
            Err(Failure::Unreachable { .. } | Failure::NoServer { .. }) if tries < TRIES => {}
            // A local server that starts anew signs in with a new token, which it may be about to write.
            Err(Failure::Server { status: 401 | 503, .. }) if tries < TRIES => {}
            done => return done,
        }
    }
}

async fn open(args: &ListenArgs, remote: &Remote) -> Result<Events, Failure> {
    let client = Client::new(remote)?;
    arm(&client, args).await?;
    client.events(&["flows", args.name.as_str(), "events"]).await
}

/// What is printed and where in it we are.
struct Listener<'a> {
    out: &'a Out,
    sheet: Sheet<'a>,
    left: Option<u64>,
    current: Option<RunId>,
    steps: usize,
}

impl Listener<'_> {
    async fn welcome(&self, client: &Client, flow: &FlowView) -> Result<(), Failure> {
        let url = &flow.urls.development;
        if self.out.json() {
            return self.out.line(one_line(&json!({ "event": "listening", "url": url }).to_string()));
        }
        let request = client.request(Method::GET, &["flows", flow.name.as_str(), "draft"]);
        let draft: Value = client.parse(request).await.unwrap_or_default();
        let method = first_method(draft.get("text").and_then(Value::as_str).unwrap_or_default());
        let errors = flow.draft.as_ref().map_or(0, |draft| draft.errors);
        self.out.line(format!(
            "Listening to the draft of {}. Call it:",
            self.out.paint(Tone::Strong, flow.name.as_str())
        ))?;
        self.out.line(format!("\n  {}\n", clean(url)))?;
        self.out.line(format!("  {}\n", clean(&curl(&method, url))))?;
        if errors > 0 {
            self.out.line(self.out.paint(
                Tone::Warn,
                format!(
                    "The draft has errors and does not run: `weir flow validate` or `weir flow show {}`.\n",
                    flow.name
                ),
            ))?;
        }
        self.out.line(self.out.paint(Tone::Quiet, "Ctrl-C ends this and shuts the URL."))
    }

    /// Prints one event; true where it was the end of the last run asked for.
    fn event(&mut self, name: &str, data: &str) -> Result<bool, Failure> {
        if name == COMMENT {
            if data != "listening" {
                self.out.note(format!("note: {}", clean(data)));
            }
            return Ok(false);
        }
        let Ok(event) = serde_json::from_str::<Event>(data) else {
            self.out.note(format!("note: this weir does not understand an event named {}", clean(name)));
            return Ok(false);
        };
        if event.mode == Mode::Production {
            return Ok(false);
        }
        if self.out.json() {
            // A line is one event; the stream's data may itself have several lines.
            self.out.line(one_line(data))?;
        } else {
            self.print(&event)?;
        }
        Ok(event.event == "run_finished" && self.counted())
    }

    fn counted(&mut self) -> bool {
        self.left = self.left.map(|left| left.saturating_sub(1));
        self.left == Some(0)
    }

    fn print(&mut self, event: &Event) -> Result<(), Failure> {
        // A step's lines and variables come again with its record, in their place.
        if matches!(event.event.as_str(), "step_started" | "log" | "variables") {
            return Ok(());
        }
        if self.current != Some(event.run) {
            // Events of runs at the same time come interleaved: say whose they are.
            self.current = Some(event.run);
            self.steps = 0;
            self.out.line(format!("\n{} {}", self.out.paint(Tone::Strong, "Run"), event.run))?;
        }
        match event.event.as_str() {
            "run_started" => match &event.trigger {
                Some(trigger) => self.sheet.trigger(trigger).and_then(|()| self.sheet.heading("Steps")),
                None => Ok(()),
            },
            "step_finished" => {
                self.steps += 1;
                event.step.as_ref().map_or(Ok(()), |step| self.sheet.step(self.steps, step))
            }
            "answered" => event.answer.as_ref().map_or(Ok(()), |answer| self.sheet.answer(answer)),
            "run_finished" => self.finished(event),
            // What a newer server says is left out here; --json has it.
            _ => Ok(()),
        }
    }

    fn finished(&mut self, event: &Event) -> Result<(), Failure> {
        if let Some(error) = &event.error {
            self.sheet.heading("Error")?;
            self.sheet.error("  ", error)?;
        }
        let outcome = event.outcome.map(|outcome| self.out.paint(outcome_tone(outcome), outcome.as_str()));
        let outcome = outcome.unwrap_or_else(|| "ended".into());
        self.current = None;
        self.out.line(format!("\n{outcome} in {}", duration(event.duration_us)))
    }
}

/// A line to paste into a shell. The URL is the server's word: it is quoted.
fn curl(method: &str, url: &str) -> String {
    let url = format!("'{}'", url.replace('\'', "'\\''"));
    match method {
        "GET" => format!("curl -i {url}"),
        "HEAD" => format!("curl -I {url}"),
        "POST" => format!("curl -i {url} -H 'content-type: application/json' -d '{{\"name\":\"Ada\"}}'"),
        other => format!("curl -i -X {other} {url} -H 'content-type: application/json' -d '{{\"name\":\"Ada\"}}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curl_line_cannot_be_broken_out_of() {
        assert_eq!(curl("GET", "http://h/a'; id'"), r"curl -i 'http://h/a'\''; id'\'''");
        assert!(curl("PUT", "http://h/").starts_with("curl -i -X PUT 'http://h/' -H"));
    }

    #[test]
    fn events_are_read_as_the_model_writes_them() {
        let id = "0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b";
        let event = weir_model::DebugEvent {
            tenant: "default".parse().unwrap(),
            flow: "orders".parse().unwrap(),
            run: id.parse().unwrap(),
            mode: Mode::Development,
            seq: 1,
            at: weir_model::Timestamp::default(),
            kind: weir_model::EventKind::RunFinished { outcome: Outcome::Completed, error: None, duration_us: 7 },
        };
        let read: Event = serde_json::from_str(&serde_json::to_string(&event).unwrap()).unwrap();
        assert_eq!(
            (read.event.as_str(), read.outcome, read.duration_us),
            ("run_finished", Some(Outcome::Completed), 7)
        );
    }

    #[test]
    fn it_ends_after_the_runs_asked_for() {
        let out = Out::new(true);
        let mut listener =
            Listener { out: &out, sheet: Sheet::new(&out, false), left: Some(2), current: None, steps: 0 };
        assert!(!listener.counted() && listener.counted());
        listener.left = None;
        assert!(!listener.counted());
    }
}
