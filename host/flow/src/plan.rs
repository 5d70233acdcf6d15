//! The executable form of a flow and what a step kind hands in to make one. It holds the plan; check builds it and
//! machine walks it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use weir_model::{ActionVersion, Capture, FlowName, HostRule, LimitOverrides, ScheduleDef, StepDef, WebhookDef};

use crate::{Data, StepCheck, Template};

/// The exit that is taken where nothing else is said.
pub const NEXT: &str = "next";
/// The exit that takes a failure; every step has it that does not end the run itself.
pub const ERROR: &str = "error";
/// The exit of a `for-each` that starts a path for each item.
pub const ITEM: &str = "item";
/// The exit by which a frame is left once all its paths ended.
pub const DONE: &str = "done";
/// What a target is called that ends the path.
pub const END: &str = "end";

/// Where an exit leads if the step's `on` does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitDefault {
    /// To the following step; after the last step it ends the path.
    Following,
    /// It ends the path.
    End,
    /// To the step whose id is the exit's name; an error where there is none.
    StepOfSameName,
    /// Nowhere: the author has to say.
    Required,
}

/// One named way out of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Its name, as `on` spells it.
    pub name: Arc<str>,
    /// Where it leads without `on`.
    pub default: ExitDefault,
}

impl Exit {
    /// An exit and its default.
    pub fn new(name: impl Into<Arc<str>>, default: ExitDefault) -> Self {
        Self { name: name.into(), default }
    }

    /// `next`, which leads to the following step.
    pub fn next() -> Self {
        Self::new(NEXT, ExitDefault::Following)
    }
}

/// What a step is to the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It does something and goes on.
    Plain,
    /// It answers the caller, then goes on.
    Answers,
    /// It ends the run. It has only the exits it names itself; a kind that may fail names `error` for `on.error`.
    Ends,
    /// It opens a frame: every exit but `done` and `error` starts a path inside it.
    Frame,
}

/// A secret that a step names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretUse {
    /// The secret.
    pub name: Box<str>,
    /// The step.
    pub step: Box<str>,
    /// Where, as a JSON Pointer from the definition.
    pub path: Box<str>,
    /// The line, where it is known.
    pub line: Option<u32>,
}

/// What a kind made of a step.
#[derive(Clone, Debug)]
pub struct Compiled<S> {
    /// What the engine executes.
    pub code: S,
    /// The exits there are. `error` need not be named unless the role is [`Role::Ends`]; its default is not used.
    pub exits: Vec<Exit>,
    /// What it is to the graph.
    pub role: Role,
}

/// A built-in step kind.
pub trait Kind<S>: Send + Sync {
    /// The name that `uses` spells.
    fn name(&self) -> &'static str;

    /// What it does, in a sentence.
    fn summary(&self) -> &'static str;

    /// JSON Schema (2020-12) of `with`.
    fn schema(&self) -> serde_json::Value;

    /// Compiles a step. Reports what is wrong to `cx`, and gives none where it cannot go on.
    fn compile(&self, step: &StepDef, cx: &mut StepCheck<'_>) -> Option<Compiled<S>>;
}

/// Everything a step may use.
pub trait Kinds<S>: Send + Sync {
    /// The built-in kinds.
    fn kinds(&self) -> &[Box<dyn Kind<S>>];

    /// Compiles a step that uses a custom action.
    fn action(&self, step: &StepDef, version: &ActionVersion, cx: &mut StepCheck<'_>) -> Option<Compiled<S>>;
}

/// Where an exit leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// To a step, by its place in [`Plan::steps`].
    Step(usize),
    /// The path ends.
    End,
}

/// How often and how fast a step is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPlan {
    /// Tries in all, the first included.
    pub attempts: u32,
    /// The pause after the first try.
    pub first: Duration,
    /// The longest pause; pauses double up to it.
    pub most: Duration,
}

impl RetryPlan {
    /// The pause after try number `attempt` (from 1); none after the last.
    pub fn pause_after(&self, attempt: u32) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let factor = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        Some(self.first.saturating_mul(factor).min(self.most))
    }
}

/// One step, ready to execute.
#[derive(Debug)]
pub struct PlanStep<S> {
    /// Its id.
    pub id: Arc<str>,
    /// What it uses, as the author wrote it.
    pub uses: Arc<str>,
    /// What the engine executes.
    pub code: S,
    /// Every exit but `error`, and where it leads.
    pub exits: Vec<(Arc<str>, Target)>,
    /// Where a failure leads; none where it fails the path.
    pub on_error: Option<Target>,
    /// Its input; the payload where there is none.
    pub input: Option<Template>,
    /// The variable that takes its output.
    pub save: Option<Arc<str>>,
    /// When it is tried again.
    pub retry: Option<RetryPlan>,
    /// Its wall time.
    pub timeout: Option<Duration>,
    /// What it may use, where that is less than its run may.
    pub limits: Option<Box<LimitOverrides>>,
    /// What it is to the graph.
    pub role: Role,
}

impl<S> PlanStep<S> {
    /// Where an exit leads; none where the step has no such exit.
    pub fn target(&self, exit: &str) -> Option<Target> {
        if exit == ERROR {
            return self.on_error;
        }
        self.exits.iter().find(|(name, _)| &**name == exit).map(|(_, target)| *target)
    }
}

/// A flow, checked and ready to execute. A run starts at the first step.
#[derive(Debug)]
pub struct Plan<S> {
    /// The flow's name.
    pub name: FlowName,
    /// The steps in the order of the definition; never empty.
    pub steps: Vec<PlanStep<S>>,
    /// Variables every run starts with.
    pub variables: Arc<IndexMap<Arc<str>, Data>>,
    /// Whether a step that answers the caller can be reached.
    pub answers: bool,
    /// The hook's settings.
    pub webhook: WebhookDef,
    /// How much of a production run is recorded.
    pub capture: Capture,
    /// What its runs and their steps may use, where that is less than the tenant may.
    pub limits: Option<Box<LimitOverrides>>,
    /// Where its steps may send requests, where the flow says so.
    pub egress: Option<Arc<[HostRule]>>,
    /// The secrets that its steps name.
    pub secrets: Box<[SecretUse]>,
    /// How many production runs of the background lane may be alive at a time.
    pub concurrency: Option<u32>,
    /// Whether those are taken strictly one after another.
    pub ordered: bool,
    /// The flow that is started when a production run fails.
    pub on_failure: Option<FlowName>,
    /// Failures in a row that switch the flow off.
    pub disable_after: Option<u32>,
    /// When it starts by itself.
    pub schedule: Option<Box<ScheduleDef>>,
    pub(crate) index: HashMap<Arc<str>, usize>,
}

impl<S> Plan<S> {
    /// The place of a step by its id.
    pub fn step_index(&self, id: &str) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// The step at a place.
    pub fn step(&self, index: usize) -> Option<&PlanStep<S>> {
        self.steps.get(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let retry = RetryPlan { attempts: 40, first: Duration::from_secs(1), most: Duration::from_secs(5) };
        let pauses: Vec<u64> = (1..6).filter_map(|n| retry.pause_after(n)).map(|pause| pause.as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 5, 5]);
        assert_eq!(retry.pause_after(39), Some(Duration::from_secs(5)));
        assert_eq!(retry.pause_after(40), None);
    }
}
