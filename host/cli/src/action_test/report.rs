//! The outcome of a test for people: what came out, what was logged and changed, what was used. It runs nothing.

use weir_model::{ErrorInfo, Json, Limits};
use weir_sandbox::{Failure as CallFailure, Ran};

use super::bench::{Ready, Series};
use super::usage;
use crate::failure::Failure;
use crate::output::{Out, Tone, bytes, clean, duration, grouped};
use crate::run::Sheet;

/// What is reported.
pub(super) struct Report<'a> {
    pub(super) ready: &'a Ready,
    pub(super) series: &'a Series,
    pub(super) limits: &'a Limits,
    pub(super) warnings: &'a [String],
    pub(super) full: bool,
}

impl Report<'_> {
    /// The action's full name.
    pub(super) fn name(&self) -> String {
        let info = &self.ready.admitted.info;
        format!("{}@{}", info.name, info.version)
    }

    /// The exit that the step would take.
    pub(super) fn exit(&self) -> &str {
        match &self.series.shown.result {
            Ok(output) => output.branch.as_deref().unwrap_or("next"),
            Err(_) => "error",
        }
    }

    /// Prints it.
    pub(super) fn print(&self, out: &Out) -> Result<(), Failure> {
        let sheet = Sheet::new(out, self.full);
        let ran = &self.series.shown;
        self.head(&sheet, out)?;
        match &ran.result {
            Ok(output) => {
                sheet.heading("Output")?;
                out.line(format!("  {}", sheet.block(&output.payload, 2)))?;
            }
            Err(failure) => error(failure, &sheet, out)?,
        }
        changes(ran, &sheet, out)?;
        logs(ran, &sheet, out)?;
        sheet.heading("Limits")?;
        usage::print(&usage::rows(ran, self.limits), out)?;
        if !ran.limits_reached.is_empty() {
            let names = ran.limits_reached.join(", ");
            out.line(format!("{} {names}", out.paint(Tone::Bad, "Limits reached:")))?;
        }
        if self.series.count > 1 {
            self.runs(&sheet, out)?;
        }
        self.warnings.iter().for_each(|warning| out.note(format!("warning: {}", clean(warning))));
        Ok(())
    }

    fn head(&self, sheet: &Sheet<'_>, out: &Out) -> Result<(), Failure> {
        let (admitted, ran) = (&self.ready.admitted, &self.series.shown);
        let name = out.paint(Tone::Strong, clean(&self.name()));
        out.line(format!("{name}  {}", clean(&admitted.info.title)).trim_end())?;
        let size = bytes(admitted.size);
        sheet.pair("component", &format!("{size}, ready to run after {}", duration(self.ready.ready_us)))?;
        let tone = if ran.result.is_ok() { Tone::Good } else { Tone::Bad };
        sheet.pair("exit", &out.paint(tone, clean(self.exit())))?;
        sheet.pair("took", &format!("{}, fuel {}", duration(ran.usage.micros), grouped(ran.usage.fuel)))
    }

    /// What several runs had in common.
    fn runs(&self, sheet: &Sheet<'_>, out: &Out) -> Result<(), Failure> {
        let series = self.series;
        sheet.heading("Runs")?;
        let failed = match series.failed {
            0 => String::new(),
            failed => out.paint(Tone::Bad, format!(", {failed} failed")),
        };
        sheet.pair("count", &format!("{}{failed}", series.count))?;
        let (least, most) = (grouped(series.fuel.0), grouped(series.fuel.1));
        let fuel = if series.same_fuel() {
            out.paint(Tone::Good, format!("the same each time, {least}"))
        } else {
            let why = "it hangs on something besides input and settings, such as the clock or random bytes";
            format!("{} {why}", out.paint(Tone::Warn, format!("differs, {least} to {most}:")))
        };
        sheet.pair("fuel", &fuel)?;
        let output = if series.same_output { "the same each time" } else { "differs" };
        sheet.pair("output", &out.paint(if series.same_output { Tone::Good } else { Tone::Warn }, output))?;
        let [shortest, median, longest] = series.times().map(duration);
        sheet.pair("time", &format!("{shortest} to {longest}, median {median}"))
    }
}

fn error(failure: &CallFailure, sheet: &Sheet<'_>, out: &Out) -> Result<(), Failure> {
    let CallFailure { code, message, detail, retry_after_ms, retryable } = failure;
    sheet.heading("Error")?;
    let info = ErrorInfo { code: code.clone(), message: message.clone(), step: None, detail: detail.clone() };
    sheet.error("  ", &info)?;
    match (retryable, retry_after_ms) {
        (false, _) => Ok(()),
        (true, None) => out.line("  A step with `retry` would try again."),
        (true, Some(after)) => out.line(format!("  A step with `retry` would try again, after {after} ms or more.")),
    }
}

fn changes(ran: &Ran, sheet: &Sheet<'_>, out: &Out) -> Result<(), Failure> {
    if ran.variables.is_empty() {
        return Ok(());
    }
    sheet.heading("Variables")?;
    let text = |name: &str, value: &Option<Json>| match value {
        Some(value) => format!("  {} = {}", clean(name), sheet.block(value, 4)),
        None => format!("  {} {}", clean(name), out.paint(Tone::Quiet, "removed")),
    };
    ran.variables.iter().try_for_each(|(name, value)| out.line(text(name, value)))
}

fn logs(ran: &Ran, sheet: &Sheet<'_>, out: &Out) -> Result<(), Failure> {
    if ran.logs.is_empty() && ran.logs_dropped == 0 {
        return Ok(());
    }
    sheet.heading("Log")?;
    ran.logs.iter().try_for_each(|line| out.line(format!("  {}", sheet.log(line))))?;
    match ran.logs_dropped {
        0 => Ok(()),
        dropped => out.line(format!("  … {} more, over the limit", bytes(dropped))),
    }
}
