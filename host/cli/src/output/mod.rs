//! What the commands print, and how: text for people, JSON for programs. It knows terminals; it does not know flows or
//! runs.

mod human;
mod json;
mod safe;
mod spinner;
mod table;

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use weir_model::{Coded, Finding, Severity};

use crate::failure::Failure;

pub(crate) use human::{bytes, cut, duration, grouped, moment};
pub(crate) use json::{one_line, pretty};
pub(crate) use safe::clean;
pub(crate) use spinner::spinner;
pub(crate) use table::{Cell, Table};

/// What a piece of text means; a terminal shows it as a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing in particular.
    Plain,
    /// A heading or a name.
    Strong,
    /// It went well.
    Good,
    /// Worth a look.
    Warn,
    /// It failed.
    Bad,
    /// Beside the point.
    Quiet,
}

impl Tone {
    /// The SGR parameters (ECMA-48 §8.3.117).
    const fn sgr(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Good => Some("32"),
            Self::Warn => Some("33"),
            Self::Bad => Some("31"),
            Self::Quiet => Some("2"),
        }
    }
}

/// Where output goes and how it is dressed.
#[derive(Debug)]
pub(crate) struct Out {
    json: bool,
    terminal: bool,
    colour: bool,
    colour_err: bool,
}

impl Out {
    /// Output for this process. Colours only on a terminal, and not where `NO_COLOR` is set (<https://no-color.org>).
    pub(crate) fn new(json: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let wanted = set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb");
        let terminal = io::stdout().is_terminal();
        Self { json, terminal, colour: wanted && terminal, colour_err: wanted && io::stderr().is_terminal() }
    }

    /// Whether a program reads along: print JSON.
    pub(crate) const fn json(&self) -> bool {
        self.json
    }

    /// Whether a person reads along.
    pub(crate) const fn terminal(&self) -> bool {
        self.terminal
    }

    /// Prints a line.
    ///
    /// # Errors
    /// Where nobody reads any more.
    pub(crate) fn line(&self, text: impl AsRef<str>) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(text.as_ref().as_bytes()).and_then(|()| stdout.write_all(b"\n"));
        written.and_then(|()| stdout.flush()).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::writing("standard output", error),
        })
    }

    /// Prints a value as JSON.
    ///
    /// # Errors
    /// Where nobody reads any more.
    pub(crate) fn value<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), Failure> {
        let text = serde_json::to_string(value).map_err(|error| Failure::Other(error.into()))?;
        self.line(pretty(&text, 0))
    }

    /// Says something beside the output, on standard error.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        // Where standard error is closed there is nobody left to tell.
        let _ = writeln!(io::stderr(), "{}", text.as_ref());
    }

    /// Text in its colour, on a terminal.
    pub(crate) fn paint(&self, tone: Tone, text: impl AsRef<str>) -> String {
        paint(self.colour, tone, text.as_ref())
    }

    /// Prints why a command failed; with `--json` the findings of a refusal also go to standard output.
    pub(crate) fn failure(&self, failure: &Failure) {
        if matches!(failure, Failure::Closed) {
            return;
        }
        let code = failure.code();
        if self.json && !failure.findings().is_empty() {
            let error = serde_json::json!({
                "error": { "code": code, "message": failure.to_string(), "findings": failure.findings() }
            });
            // The error itself is reported below either way.
            let _ = self.value(&error);
        }
        for finding in failure.findings() {
            self.note(self.finding(None, finding, self.colour_err));
        }
        let label = paint(self.colour_err, Tone::Bad, "error:");
        self.note(format!("{label} {} ({})", clean(&failure.to_string()), clean(code.as_str())));
        if let Some(next) = failure.next() {
            self.note(format!("{} {}", paint(self.colour_err, Tone::Strong, " next:"), clean(&next)));
        }
    }

    /// One finding on standard error.
    pub(crate) fn note_finding(&self, file: Option<&str>, finding: &Finding) {
        self.note(self.finding(file, finding, self.colour_err));
    }

    /// One finding as a compiler prints it: `file:line: error[CODE]: message`, then where in the definition.
    fn finding(&self, file: Option<&str>, finding: &Finding, colour: bool) -> String {
        let (tone, severity) = match finding.severity {
            Severity::Error => (Tone::Bad, "error"),
            Severity::Warning => (Tone::Warn, "warning"),
        };
        let place = match (file, finding.line) {
            (Some(file), Some(line)) => format!("{}:{line}: ", clean(file)),
            (Some(file), None) => format!("{}: ", clean(file)),
            (None, Some(line)) => format!("line {line}: "),
            (None, None) => String::new(),
        };
        let severity = paint(colour, tone, &format!("{severity}[{}]", clean(finding.code.as_str())));
        let mut text = format!("{place}{severity}: {}", clean(&finding.message));
        if !finding.path.is_empty() {
            let step = finding.step.as_ref().map(|id| format!(" (step {})", clean(id))).unwrap_or_default();
            text.push_str(&paint(colour, Tone::Quiet, &format!("\n    at {}{step}", clean(&finding.path))));
        }
        text
    }

    /// One finding for standard output.
    pub(crate) fn show_finding(&self, file: &str, finding: &Finding) -> Result<(), Failure> {
        self.line(self.finding(Some(file), finding, self.colour))
    }
}

fn paint(colour: bool, tone: Tone, text: &str) -> String {
    match tone.sgr() {
        Some(sgr) if colour && !text.is_empty() => format!("\u{1b}[{sgr}m{text}\u{1b}[0m"),
        _ => text.to_owned(),
    }
}
