//! From a definition's text to its plan, with everything that is wrong on the way. It compiles and connects; it neither
//! executes steps nor knows the kinds, which are handed in.

mod egress;
mod flow;
mod graph;
mod idempotency;
mod limits;
mod names;
mod near;
mod retry;
mod running;
mod schedule;
mod secrets;
mod shape;
mod step;
mod webhook;
mod webhook_auth;
mod webhook_signature;

use std::sync::Arc;

use weir_model::{ActionRef, ActionVersion, Finding, Findings, FlowDef, Severity, StepDef};

use self::graph::{Graph, Route};
use self::secrets::Secrets;
use self::shape::Report;
use crate::document::Document;
use crate::plan::{Compiled, Kinds, Plan, PlanStep};
use crate::{Data, Escape, Template};

pub use limits::read_limits;
pub(crate) use limits::{is_never_zero, is_of_run, is_of_tenant};
pub use names::variable_trouble;
pub(crate) use near::{instead, nearest};
pub use shape::escaped as pointer_token;
pub use step::StepCheck;

/// Steps of a flow, at most.
pub const MOST_STEPS: usize = 500;

/// What a check found.
#[derive(Debug)]
pub struct Checked<S> {
    /// The definition, as far as it could be read; none where the text is no definition at all. Parts that are reported
    /// as errors may be missing from it.
    pub def: Option<FlowDef>,
    /// The plan; there is one if and only if no finding is an error.
    pub plan: Option<Plan<S>>,
    /// What is wrong or worth a look, by line.
    pub findings: Findings,
}

impl<S> Checked<S> {
    fn new(def: Option<FlowDef>, plan: Option<Plan<S>>, mut findings: Findings) -> Self {
        findings.sort_by_key(|finding| finding.line);
        Self { def, plan, findings }
    }
}

/// What a step was made into.
struct Made<S> {
    compiled: Compiled<S>,
    input: Option<Template>,
}

/// Checks a definition and compiles it. `actions` resolves a custom action's reference to the version that would run.
pub fn check<S>(text: &str, kinds: &dyn Kinds<S>, actions: &dyn Fn(&ActionRef) -> Option<ActionVersion>) -> Checked<S> {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(finding) => return Checked::new(None, None, vec![finding]),
    };
    let mut report = Report { document: &document, findings: Findings::new() };
    let mut secrets = Secrets::default();
    let Some((def, places)) = report.flow() else { return Checked::new(None, None, report.findings) };
    let ids = step_ids(&document);
    let mut made = Vec::with_capacity(def.steps.len());
    for (step, place) in def.steps.iter().zip(&places) {
        let mut cx = StepCheck::new(&document, &mut report.findings, &mut secrets, *place, &step.id, &ids);
        made.push(compile(step, kinds, actions, &mut cx));
    }
    let graph = Graph::new(&def.steps, &places, &ids);
    let exits = made.iter().map(|made| made.as_ref().map(|made| (made.compiled.role, made.compiled.exits.as_slice())));
    let routes = graph.routes(&mut report, exits);
    if report.findings.iter().any(is_error) {
        return Checked::new(Some(def), None, report.findings);
    }
    let plan = assemble(&def, made, routes).map(|mut plan| {
        plan.secrets = secrets.into_uses();
        plan.answers = graph::walk(&mut report, &plan, &places);
        plan
    });
    Checked::new(Some(def), plan, report.findings)
}

fn is_error(finding: &Finding) -> bool {
    finding.severity == Severity::Error
}

/// The id of every step of the document, those that cannot be read further included.
fn step_ids(document: &Document) -> Vec<String> {
    let steps = document.value().get("steps").and_then(|steps| steps.as_array());
    let ids = steps.into_iter().flatten().filter_map(|step| step.get("id")?.as_str());
    ids.take(MOST_STEPS).map(ToOwned::to_owned).collect()
}

fn compile<S>(
    step: &StepDef,
    kinds: &dyn Kinds<S>,
    actions: &dyn Fn(&ActionRef) -> Option<ActionVersion>,
    cx: &mut StepCheck<'_>,
) -> Option<Made<S>> {
    let input = step.input.as_ref().map(|input| cx.template(input, "/input", Escape::None));
    let compiled = if let Some(kind) = kinds.kinds().iter().find(|kind| kind.name() == step.uses) {
        kind.compile(step, cx)
    } else if let Some(version) = step.uses.parse::<ActionRef>().ok().and_then(|action| actions(&action)) {
        kinds.action(step, &version, cx)
    } else {
        let names: Vec<&str> = kinds.kinds().iter().map(|kind| kind.name()).collect();
        cx.error("WEIR-FLOW-USES", "/uses", unknown_uses(&step.uses, &names));
        None
    };
    let compiled = compiled?;
    match input {
        None => Some(Made { compiled, input: None }),
        Some(input) => Some(Made { compiled, input: Some(input?) }),
    }
}

fn unknown_uses(uses: &str, kinds: &[&str]) -> String {
    let shown: String = uses.chars().take(130).collect();
    if let Some(near) = near::nearest(uses, kinds.iter().copied()) {
        return format!("`{shown}` is neither a built-in kind nor an uploaded action: did you mean `{near}`?");
    }
    let kinds = near::listed(kinds.iter().copied());
    match uses.parse::<ActionRef>() {
        Ok(action) if action.version.is_some() => {
            format!(
                "no uploaded action is `{shown}`: upload it with `weir action push`, or correct its name or version"
            )
        }
        Ok(_) => format!(
            "`{shown}` is neither a built-in kind nor an uploaded action: upload it with `weir action push`, or use a kind \
             ({kinds})"
        ),
        Err(error) => format!("{error}; use a built-in kind ({kinds}) or an action such as `lead-score@1`"),
    }
}

/// The plan of a definition without errors; none where a part of it is missing after all.
fn assemble<S>(def: &FlowDef, made: Vec<Option<Made<S>>>, routes: Vec<Option<Route>>) -> Option<Plan<S>> {
    let mut steps = Vec::with_capacity(def.steps.len());
    for ((step, made), route) in def.steps.iter().zip(made).zip(routes) {
        let (made, route) = (made?, route?);
        steps.push(PlanStep {
            id: step.id.as_str().into(),
            uses: step.uses.as_str().into(),
            code: made.compiled.code,
            exits: route.exits,
            on_error: route.on_error,
            input: made.input,
            save: step.save.as_deref().map(Into::into),
            retry: step.retry.as_ref().and_then(retry::retry_plan),
            timeout: step.timeout.map(weir_model::Span::duration),
            limits: step.limits.clone().map(Box::new),
            role: made.compiled.role,
        });
    }
    let index = steps.iter().enumerate().map(|(place, step)| (Arc::clone(&step.id), place)).collect();
    let variables = def.variables.iter().map(|(name, value)| (name.as_str().into(), Data::from(value))).collect();
    Some(Plan {
        name: def.name.clone(),
        steps,
        variables: Arc::new(variables),
        answers: false,
        webhook: def.trigger.webhook.clone(),
        capture: def.capture.unwrap_or_default(),
        limits: def.limits.clone().map(Box::new),
        egress: def.egress.as_ref().map(|egress| egress.hosts.iter().cloned().map(Into::into).collect()),
        secrets: Box::default(),
        concurrency: def.concurrency,
        ordered: def.ordered,
        on_failure: def.on_failure.clone(),
        disable_after: def.disable_after,
        schedule: def.trigger.schedule.clone().map(Box::new),
        index,
    })
}

#[cfg(test)]
mod tests;
