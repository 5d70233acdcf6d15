//! Checks how a flow's runs are taken and what follows when they fail. It reads settings; the engine acts on them.

use weir_model::{Capture, FlowName};

use super::shape::{Part, Report};

const MOST_AT_ONCE: u64 = 10_000;
const MOST_FAILURES: u64 = 1_000;

/// What a definition says of its runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) concurrency: Option<u32>,
    pub(super) ordered: bool,
    pub(super) on_failure: Option<FlowName>,
    pub(super) disable_after: Option<u32>,
}

impl Report<'_> {
    pub(super) fn running(&mut self, flow: &Part<'_>, name: Option<&FlowName>, capture: Option<Capture>) -> Running {
        let concurrency = self.count(flow, "concurrency", MOST_AT_ONCE, "WEIR-FLOW-CONCURRENCY", "runs at a time");
        let ordered = self.flag(flow, "ordered").unwrap_or(false);
        if ordered && concurrency.is_some_and(|concurrency| concurrency > 1) {
            let message = "an ordered flow takes one run at a time, so this says nothing: take one of both out";
            self.warn("WEIR-FLOW-CONCURRENCY", flow, "concurrency", message.to_owned());
        }
        let on_failure: Option<FlowName> = self.parsed(flow, "on_failure", "WEIR-FLOW-ON-FAILURE");
        if on_failure.is_some() && on_failure.as_ref() == name {
            let message = "the flow would be started again by its own failure: name another flow".to_owned();
            self.error("WEIR-FLOW-ON-FAILURE", flow, "on_failure", message);
        }
        let disable_after =
            self.count(flow, "disable_after", MOST_FAILURES, "WEIR-FLOW-DISABLE-AFTER", "failures in a row");
        if disable_after.is_some() && capture == Some(Capture::None) {
            let message = "with `capture: none` no run is kept, so failures cannot be counted: write `capture: summary`, or \
                           take this out";
            self.error("WEIR-FLOW-DISABLE-AFTER", flow, "disable_after", message.to_owned());
        }
        Running { concurrency, ordered, on_failure, disable_after }
    }

    fn count(&mut self, flow: &Part<'_>, key: &str, most: u64, code: &'static str, what: &str) -> Option<u32> {
        let count = self.number(flow, key)?;
        if !(1..=most).contains(&count) {
            let message = format!("{count} {what} are not possible: write 1 to {most}, or take the line out");
            self.error(code, flow, key, message);
        }
        u32::try_from(count).ok()
    }
}
