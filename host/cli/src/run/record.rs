//! Lays a run's record out for reading, in parts that `weir listen` prints as they come. It fetches nothing.

use serde::Deserialize;
use weir_model::{
    Answer, ErrorInfo, FlowName, Json, LogLevel, LogLine, Mode, Origin, Outcome, RunId, StepRecord, Timestamp,
    TriggerRecord,
};

use super::usage::usage_line;
use super::{stand, version};
use crate::failure::Failure;
use crate::output::{Out, Tone, bytes, clean, cut, duration, one_line, pretty};

/// Characters of a value that are printed where not all is asked for.
const MOST_VALUE: usize = 4_000;

/// A value's text up to this length stands on one line.
const ONE_LINE: usize = 100;

/// A run's record as the server gives it: of some runs only the summary was kept.
#[derive(Debug, Deserialize)]
pub(crate) struct Record {
    id: RunId,
    flow: FlowName,
    version: u32,
    mode: Mode,
    outcome: Outcome,
    started_at: Timestamp,
    #[serde(default)]
    duration_us: u64,
    #[serde(default)]
    trigger: Option<TriggerRecord>,
    #[serde(default)]
    steps: Vec<StepRecord>,
    #[serde(default)]
    step_count: Option<u32>,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    answer: Option<Answer>,
    #[serde(default)]
    error: Option<ErrorInfo>,
    #[serde(default)]
    truncated: bool,
    #[serde(default)]
    origin: Option<Origin>,
    #[serde(default)]
    resumed: u32,
    #[serde(default)]
    waits_until: Option<Timestamp>,
}

/// The colour of an outcome.
pub(crate) const fn outcome_tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Completed => Tone::Good,
        Outcome::Failed | Outcome::TimedOut => Tone::Bad,
        Outcome::Running | Outcome::Waiting | Outcome::Cancelled => Tone::Warn,
    }
}

/// Prints the parts of a run.
#[derive(Debug)]
pub(crate) struct Sheet<'a> {
    out: &'a Out,
    full: bool,
}

impl<'a> Sheet<'a> {
    /// A sheet that cuts long values unless `full`.
    pub(crate) const fn new(out: &'a Out, full: bool) -> Self {
        Self { out, full }
    }

    /// The whole record; a run that has not ended stands as it does `now`.
    pub(crate) fn record(&self, run: &Record, now: Timestamp) -> Result<(), Failure> {
        let outcome = self.out.paint(outcome_tone(run.outcome), run.outcome.as_str());
        let time = if run.outcome.is_final() { format!(" in {}", duration(run.duration_us)) } else { String::new() };
        self.out.line(format!("Run {} {outcome}{time}", self.out.paint(Tone::Strong, run.id.to_string())))?;
        self.pair("flow", &format!("{} {}", run.flow, version(run.mode, run.version)))?;
        self.pair("started", &run.started_at.to_string())?;
        self.stand(run, now)?;
        if let Some(trigger) = &run.trigger {
            self.trigger(trigger)?;
        }
        self.steps(run)?;
        if let Some(error) = &run.error {
            self.heading("Error")?;
            self.error("  ", error)?;
        }
        match (&run.answer, run.status) {
            (Some(answer), _) => self.answer(answer)?,
            (None, Some(status)) => {
                self.heading("Answer")?;
                self.out.line(format!("  {status}"))?;
            }
            (None, None) => {}
        }
        if run.truncated {
            self.out.line("\nSomething was left out of this record: it reached its largest size.")?;
        }
        Ok(())
    }

    /// What a run waits for, where it came from, and how often it was taken up again.
    fn stand(&self, run: &Record, now: Timestamp) -> Result<(), Failure> {
        if run.outcome == Outcome::Waiting {
            self.pair("waits", &stand::waits(run.waits_until, now))?;
        }
        if let Some(origin) = run.origin {
            self.pair("origin", &stand::origin(origin))?;
        }
        match run.resumed {
            0 => Ok(()),
            1 => self.pair("resumed", "once, after it had waited or the server had stopped"),
            n => self.pair("resumed", &format!("{n} times, after it had waited or the server had stopped")),
        }
    }

    fn steps(&self, run: &Record) -> Result<(), Failure> {
        self.heading("Steps")?;
        if run.steps.is_empty() {
            return self.out.line(match run.step_count {
                Some(n) if n > 0 && !run.outcome.is_final() => format!("  {n} so far; shown once the run has ended"),
                Some(n) if n > 0 => format!("  {n}, not recorded: the flow's capture level keeps the summary alone"),
                _ if !run.outcome.is_final() => "  none so far".into(),
                _ => "  none".into(),
            });
        }
        run.steps.iter().zip(1..).try_for_each(|(step, number)| self.step(number, step))
    }

    /// What started the run: the request's head and the payload.
    pub(crate) fn trigger(&self, trigger: &TriggerRecord) -> Result<(), Failure> {
        let request = &trigger.request;
        let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
        let ip = request.client_ip.map(|ip| format!(" from {ip}")).unwrap_or_default();
        let kind = request.content_type.as_ref().map(|kind| format!(", {kind}")).unwrap_or_default();
        self.pair("request", &clean(&format!("{} {}{query}{ip}{kind}", request.method, request.path)))?;
        if let Some(run) = trigger.called_by {
            self.pair("called by", &format!("run {run}"))?;
        }
        self.heading("Payload")?;
        self.out.line(format!("  {}", self.block(&trigger.payload, 2)))
    }

    /// One step: what it used and took, then what came of it.
    pub(crate) fn step(&self, number: usize, step: &StepRecord) -> Result<(), Failure> {
        let frame = if step.frame.is_empty() { String::new() } else { format!(" [{}]", step.frame.join(" › ")) };
        let attempt = if step.attempt > 1 { format!(", try {}", step.attempt) } else { String::new() };
        let tone = if step.error.is_some() { Tone::Bad } else { Tone::Good };
        self.out.line(format!(
            "  {number:>2}  {}  {}{}  {} {}  {}{attempt}",
            self.out.paint(Tone::Strong, clean(&step.id)),
            clean(&step.uses),
            clean(&frame),
            self.out.paint(Tone::Quiet, "→"),
            self.out.paint(tone, clean(&step.exit)),
            duration(step.duration_us),
        ))?;
        self.used(step)?;
        if let Some(input) = &step.input {
            self.detail("input", &self.block(input, 18))?;
        }
        if let Some(why) = &step.why {
            self.detail("why", &self.block(why, 18))?;
        }
        if step.output.text() != "null" {
            self.detail("output", &self.block(&step.output, 18))?;
        }
        if let Some(variables) = &step.variables {
            self.variables(variables)?;
        }
        step.logs.iter().try_for_each(|line| self.detail("log", &self.log(line)))?;
        if step.logs_dropped > 0 {
            self.detail("log", &format!("… {} more, over the limit", bytes(step.logs_dropped)))?;
        }
        if !step.missing.is_empty() {
            let names = step.missing.join(", ");
            self.detail("missing", &self.out.paint(Tone::Warn, format!("{} (null was used)", clean(&names))))?;
        }
        step.error.as_ref().map_or(Ok(()), |error| self.error("      ", error))
    }

    /// What its component used, and the limits that it came up against.
    fn used(&self, step: &StepRecord) -> Result<(), Failure> {
        let used = step.usage.as_ref().map(usage_line).unwrap_or_default();
        if !used.is_empty() {
            self.detail("used", &used)?;
        }
        if step.limits_reached.is_empty() {
            return Ok(());
        }
        let names = step.limits_reached.join(", ");
        self.detail("limits", &self.out.paint(Tone::Warn, format!("{} reached", clean(&names))))
    }

    /// Variables that changed, one a line; null stands for one that was deleted.
    pub(crate) fn variables(&self, changed: &Json) -> Result<(), Failure> {
        match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(changed.text()) {
            Ok(names) => names.iter().try_for_each(|(name, value)| {
                let value = self.block(&Json::of(value).unwrap_or_default(), 18);
                self.detail("variable", &format!("{} = {value}", clean(name)))
            }),
            Err(_) => self.detail("variable", &self.block(changed, 18)),
        }
    }

    /// Level, message and fields of a line that a step logged.
    pub(crate) fn log(&self, line: &LogLine) -> String {
        let (level, tone) = match line.level {
            LogLevel::Trace => ("trace", Tone::Quiet),
            LogLevel::Debug => ("debug", Tone::Quiet),
            LogLevel::Info => ("info", Tone::Plain),
            LogLevel::Warn => ("warn", Tone::Warn),
            LogLevel::Error => ("error", Tone::Bad),
        };
        let fields = line.fields.as_ref().map(|fields| format!("  {}", one_line(fields.text()))).unwrap_or_default();
        self.shorten(&format!("{}  {}{fields}", self.out.paint(tone, level), clean(&line.message)))
    }

    /// The answer: status, headers, body.
    pub(crate) fn answer(&self, answer: &Answer) -> Result<(), Failure> {
        self.heading("Answer")?;
        let tone = if answer.status < 400 { Tone::Good } else { Tone::Bad };
        self.out.line(format!("  {}", self.out.paint(tone, answer.status.to_string())))?;
        for (name, value) in &answer.headers {
            self.out.line(format!(
                "  {} {}",
                self.out.paint(Tone::Quiet, format!("{}:", clean(name))),
                clean(value)
            ))?;
        }
        match serde_json::from_str::<String>(answer.body.text()) {
            Ok(text) if text.contains('\n') => {
                self.shorten(&text).lines().try_for_each(|line| self.out.line(format!("  {}", clean(line))))
            }
            _ if answer.body.text() == "null" => Ok(()),
            _ => self.out.line(format!("  {}", self.block(&answer.body, 2))),
        }
    }

    /// Code, message and detail of an error.
    pub(crate) fn error(&self, margin: &str, error: &ErrorInfo) -> Result<(), Failure> {
        let step = error.step.as_ref().map(|step| format!(" in step {step}")).unwrap_or_default();
        let code = self.out.paint(Tone::Bad, clean(error.code.as_str()));
        self.out.line(format!("{margin}{code}{}: {}", clean(&step), self.shorten(&clean(&error.message))))?;
        match &error.detail {
            Some(detail) if detail.text() != "null" => {
                self.out.line(format!("{margin}  {}", self.block(detail, margin.len() + 2)))
            }
            _ => Ok(()),
        }
    }

    /// A heading after an empty line.
    pub(crate) fn heading(&self, text: &str) -> Result<(), Failure> {
        self.out.line(format!("\n{}", self.out.paint(Tone::Strong, text)))
    }

    /// A label and what it labels.
    pub(crate) fn pair(&self, label: &str, text: &str) -> Result<(), Failure> {
        self.out.line(format!("  {} {text}", self.out.paint(Tone::Quiet, format!("{label:<9}"))))
    }

    /// A line below a step.
    fn detail(&self, label: &str, text: &str) -> Result<(), Failure> {
        self.out.line(format!("      {} {text}", self.out.paint(Tone::Quiet, format!("{label:<9}"))))
    }

    /// JSON on one line where it is short, else over several; made harmless and cut.
    pub(crate) fn block(&self, json: &Json, margin: usize) -> String {
        let text = json.text();
        if text.len() <= ONE_LINE { one_line(text) } else { self.shorten(&pretty(text, margin)) }
    }

    fn shorten(&self, text: &str) -> String {
        if self.full { text.to_owned() } else { cut(text, MOST_VALUE) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_and_a_mere_summary_can_both_be_read() {
        let summary = r#"{"id":"0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b","flow":"f","version":1,"mode":"production",
            "flow_id":"0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6c","outcome":"completed","started_at":"2026-11-24T09:00:00Z",
            "duration_us":1200,"step_count":3,"status":201}"#;
        let run: Record = serde_json::from_str(summary).unwrap();
        assert_eq!((run.step_count, run.status, run.steps.len()), (Some(3), Some(201), 0));
    }

    #[test]
    fn long_values_are_cut_unless_all_is_asked_for() {
        let out = Out::new(false);
        let long = Json::of(&"x".repeat(5_000)).unwrap();
        assert!(Sheet::new(&out, false).block(&long, 2).ends_with("more characters)"));
        assert_eq!(Sheet::new(&out, true).block(&long, 2).len(), 5_002);
        let hostile = Json::of("\u{9b}31m\u{1b}").unwrap();
        assert_eq!(Sheet::new(&out, true).block(&hostile, 2), "\"\\u009b31m\\u001b\"");
    }
}
