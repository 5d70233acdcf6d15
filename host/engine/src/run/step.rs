//! One execution of one step: what it sees, what it changes, what its record says. The loop around it is drive.

use std::sync::Arc;

use serde_json::{Map, Value};
use weir_flow::{PlanStep, Scope, ThreadId};
use weir_model::{ErrorInfo, EventKind, Json, LogLine, StepRecord};

use super::Run;
use super::context::micros;
use super::pause::Pause;
use super::totals::Bound;
use crate::steps::{Begin, Failure, Finish, Notes, Step, StepContext};

/// A step under way.
pub(super) struct Executing {
    pub(super) thread: ThreadId,
    /// Its place in the plan.
    pub(super) step: usize,
    pub(super) attempt: u32,
    /// Microseconds from the run's start.
    pub(super) started_us: u64,
    frame: Vec<String>,
    input: Option<Json>,
    /// Which of its limits are what is left of the run's totals.
    pub(super) bound: Bound,
}

impl Run {
    /// What is noted when a step begins.
    pub(super) fn executing(&self, thread: ThreadId, attempt: u32) -> Option<Executing> {
        let step = self.position.step_of(thread)?;
        let frame = self.position.frame_path(thread);
        let started_us = self.context.elapsed_us();
        Some(Executing { thread, step, attempt, started_us, frame, input: None, bound: Bound::default() })
    }

    /// A step whose pause is over; none where its path is gone.
    pub(super) fn executing_since(&self, pause: &Pause) -> Option<Executing> {
        let executing = self.executing(pause.thread, pause.attempt)?;
        Some(Executing { started_us: pause.started_us, ..executing })
    }

    /// Asks the step what happens.
    pub(super) fn decide(&self, executing: &mut Executing, step: &PlanStep<Box<dyn Step>>) -> Result<Begin, Failure> {
        let locals = self.position.locals(executing.thread).cloned().unwrap_or_default();
        let scope = Scope::new(Arc::clone(&self.globals), locals);
        let input = match &step.input {
            None => None,
            Some(input) => Some(input.render(&scope).map_err(|error| Failure::template(&error))?.data),
        };
        executing.input = input.as_ref().map(weir_flow::Data::to_json);
        let mut limits = self.context.limits.clone();
        if let Some(own) = &step.limits {
            limits.lower(own);
        }
        if let Some(timeout) = step.timeout {
            limits.step_millis = limits.step_millis.min(micros(timeout).div_ceil(1_000));
        }
        executing.bound = self.bound_by_totals(&mut limits);
        step.code.begin(&StepContext {
            scope: &scope,
            input,
            step: &step.id,
            attempt: executing.attempt,
            frame: &executing.frame,
            limits,
            run: &self.context,
        })
    }

    /// Sets and deletes the variables a step asked for; what changed, as JSON for the record.
    pub(super) fn change_variables(
        &mut self,
        executing: &Executing,
        finish: &mut Finish,
    ) -> Result<Option<Json>, Failure> {
        let save = self.context.release.plan.steps.get(executing.step).and_then(|step| step.save.clone());
        if finish.variables.is_empty() && save.is_none() {
            return Ok(None);
        }
        let mut changed = Map::new();
        let mut note = |sizes: &mut std::collections::HashMap<Arc<str>, u64>, name: &Arc<str>, json: Option<Json>| {
            let size = json.as_ref().map_or(0, |json| json.text().len() as u64);
            sizes.insert(Arc::clone(name), size);
            changed.insert(name.to_string(), json.map_or(Value::Null, |json| json.to_value()));
        };
        for (name, value) in &finish.variables {
            note(&mut self.variable_bytes, name, value.as_ref().map(weir_flow::Data::to_json));
        }
        if let Some(name) = &save {
            note(&mut self.variable_bytes, name, Some(finish.output.to_json()));
        }
        let (total, most) = (self.variable_bytes.values().sum::<u64>(), self.context.limits.variable_bytes);
        if total > most {
            let message = format!("The run's variables have {total} bytes; {most} are allowed. Keep less in them.");
            return Err(Failure::new("WEIR-RUN-VARIABLES", message));
        }
        if let Some(locals) = self.position.locals_mut(executing.thread) {
            for (name, value) in finish.variables.drain(..) {
                match value {
                    Some(value) => locals.set_var(name, value),
                    None => {
                        locals.delete_var(&name);
                    }
                }
            }
        }
        Ok(Json::of(&changed).ok())
    }

    pub(super) fn record_finish(&mut self, executing: &Executing, finish: &mut Finish, changed: Option<Json>) {
        let notes = std::mem::take(&mut finish.notes);
        let output = self.recorder.value(&finish.output.to_json());
        self.record(executing, &finish.exit, output, changed, None, notes);
    }

    pub(super) fn record_failure(&mut self, executing: &Executing, error: &ErrorInfo, notes: Notes) {
        let detail = error.detail.as_ref().map(|detail| self.recorder.value(detail));
        let error = ErrorInfo { detail, ..error.clone() };
        self.record(executing, "error", Json::null(), None, Some(error), notes);
    }

    /// The record of a step that opened a frame; what its paths do has records of its own.
    pub(super) fn opened(&mut self, executing: &Executing, notes: Notes) {
        self.record(executing, "open", Json::null(), None, None, notes);
    }

    fn record(
        &mut self,
        executing: &Executing,
        exit: &str,
        output: Json,
        variables: Option<Json>,
        error: Option<ErrorInfo>,
        notes: Notes,
    ) {
        let context = Arc::clone(&self.context);
        let Some(step) = context.release.plan.steps.get(executing.step) else { return };
        let variables = variables.map(|variables| self.recorder.value(&variables));
        let record = StepRecord {
            id: step.id.to_string(),
            uses: step.uses.to_string(),
            exit: exit.to_owned(),
            started_us: executing.started_us,
            duration_us: context.elapsed_us().saturating_sub(executing.started_us),
            attempt: executing.attempt,
            usage: notes.usage.map(|usage| *usage),
            limits_reached: notes.limits_reached,
            frame: executing.frame.clone(),
            input: executing.input.as_ref().map(|input| self.recorder.value(input)),
            output,
            variables,
            why: notes.why.map(|why| self.recorder.value(&why)),
            logs: notes.logs.into_iter().map(|line| LogLine { step: Some(step.id.to_string()), ..line }).collect(),
            logs_dropped: notes.logs_dropped,
            missing: notes.missing,
            error,
        };
        self.tell_listeners(&record);
        self.recorder.push(record);
    }

    fn tell_listeners(&self, record: &StepRecord) {
        for line in &record.logs {
            self.context.emit(|| EventKind::Log { line: line.clone() });
        }
        if let Some(changed) = &record.variables {
            self.context.emit(|| EventKind::Variables { changed: changed.clone() });
        }
        self.context.emit(|| EventKind::StepFinished { step: Box::new(record.clone()) });
    }
}
