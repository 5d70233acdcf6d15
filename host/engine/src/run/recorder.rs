//! Gathers what the run's record will say, within its caps. It does not write to the store.

use std::sync::Arc;

use serde_json::json;
use weir_model::{Json, StepRecord};

use super::RunContext;
use crate::text::cut;

/// The step records of a run so far.
pub(super) struct Recorder {
    steps: Vec<StepRecord>,
    /// All steps, those that did not fit included.
    pub(super) count: u32,
    value_cap: usize,
    left: u64,
    pub(super) truncated: bool,
}

impl Recorder {
    pub(super) fn new(context: &Arc<RunContext>) -> Self {
        let limits = &context.limits;
        Self {
            steps: Vec::with_capacity(context.release.plan.steps.len().min(16)),
            count: 0,
            value_cap: usize::try_from(limits.record_value_bytes).unwrap_or(usize::MAX),
            left: limits.record_bytes,
            truncated: false,
        }
    }

    /// Takes over the records of the steps before a checkpoint.
    pub(super) fn restore(&mut self, steps: Vec<StepRecord>) {
        steps.into_iter().for_each(|step| self.push(step));
    }

    /// A value for the record, cut where it is above the cap.
    pub(super) fn value(&mut self, json: &Json) -> Json {
        let (kept, is_cut) = capped(json, self.value_cap);
        self.truncated |= is_cut;
        kept
    }

    /// Adds a step's record, or only counts it once the record is full.
    pub(super) fn push(&mut self, step: StepRecord) {
        self.count = self.count.saturating_add(1);
        let size = size_of_step(&step);
        if size > self.left {
            self.truncated = true;
            return;
        }
        self.left -= size;
        self.steps.push(step);
    }

    pub(super) fn steps(&self) -> &[StepRecord] {
        &self.steps
    }

    pub(super) fn take_steps(&mut self) -> Vec<StepRecord> {
        std::mem::take(&mut self.steps)
    }

    pub(super) const fn value_cap(&self) -> usize {
        self.value_cap
    }
}

/// A rough size: the parts that may be large, and what the rest usually takes.
fn size_of_step(step: &StepRecord) -> u64 {
    let json = |json: &Option<Json>| json.as_ref().map_or(0, |json| json.text().len());
    let logs: usize = step.logs.iter().map(|line| line.message.len() + json(&line.fields) + 40).sum();
    let missing: usize = step.missing.iter().map(|name| name.len() + 4).sum();
    let size = step.output.text().len() + json(&step.input) + json(&step.variables) + json(&step.why);
    // The names and numbers of what a component used.
    let error = step.error.as_ref().map_or(0, |error| error.message.len() + json(&error.detail));
    let usage = if step.usage.is_some() { 260 } else { 0 };
    (size + error + logs + missing + usage + 220) as u64
}

/// The value, or where it is above `cap` bytes its size and start; the second value says which.
pub(super) fn capped(json: &Json, cap: usize) -> (Json, bool) {
    let text = json.text();
    if text.len() <= cap {
        return (json.clone(), false);
    }
    let marker = json!({ "truncated": true, "bytes": text.len(), "start": cut(text, cap / 2) });
    (Json::of(&marker).unwrap_or_default(), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_becomes_a_marker_with_its_size() {
        let long = Json::of(&"é".repeat(100)).unwrap();
        let (kept, is_cut) = capped(&long, 50);
        assert!(is_cut);
        assert_eq!(kept.to_value()["bytes"], 202);
        assert!(!capped(&Json::null(), 50).1);
    }
}
