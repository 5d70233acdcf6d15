//! Where exits lead and what can be reached. It connects steps; what a step does is its kind's business.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use weir_model::{Severity, StepDef};

use super::near::{listed, nearest};
use super::shape::{Report, escaped};
use crate::machine::MOST_FRAMES;
use crate::plan::{DONE, END, ERROR, Exit, ExitDefault, Plan, PlanStep, Role, Target};

/// How many places within frames are looked at in search of badly nested loops.
const MOST_PLACES: usize = 20_000;

/// The steps by id.
pub(super) struct Graph<'f> {
    steps: &'f [StepDef],
    places: &'f [usize],
    ids: &'f [String],
    index: HashMap<&'f str, usize>,
}

/// Where a step's exits lead.
pub(super) struct Route {
    pub(super) exits: Vec<(Arc<str>, Target)>,
    pub(super) on_error: Option<Target>,
}

impl<'f> Graph<'f> {
    pub(super) fn new(steps: &'f [StepDef], places: &'f [usize], ids: &'f [String]) -> Self {
        let index = steps.iter().enumerate().map(|(index, step)| (step.id.as_str(), index)).collect();
        Self { steps, places, ids, index }
    }

    /// Where the exits of every step lead. `exits` has the role and exits of each, none for a step that did not compile.
    pub(super) fn routes<'e>(
        &self,
        report: &mut Report<'_>,
        exits: impl Iterator<Item = Option<(Role, &'e [Exit])>>,
    ) -> Vec<Option<Route>> {
        exits
            .enumerate()
            .map(|(index, exits)| {
                let step = self.steps.get(index)?;
                let mut said = HashMap::with_capacity(step.on.len());
                for (exit, target) in &step.on {
                    said.insert(exit.as_str(), self.resolve(report, index, exit, target));
                }
                let (role, exits) = exits?;
                self.unknown_exits(report, index, role, exits);
                self.route(report, index, exits, &said)
            })
            .collect()
    }

    fn route(
        &self,
        report: &mut Report<'_>,
        index: usize,
        exits: &[Exit],
        said: &HashMap<&str, Option<Target>>,
    ) -> Option<Route> {
        let mut route = Route { exits: Vec::with_capacity(exits.len()), on_error: said.get(ERROR).copied().flatten() };
        let mut whole = true;
        for exit in exits.iter().filter(|exit| &*exit.name != ERROR) {
            let target = match said.get(&*exit.name) {
                Some(target) => *target,
                None => self.default(report, index, exit),
            };
            match target {
                Some(target) => route.exits.push((Arc::clone(&exit.name), target)),
                None => whole = false,
            }
        }
        whole.then_some(route)
    }

    fn resolve(&self, report: &mut Report<'_>, index: usize, exit: &str, target: &str) -> Option<Target> {
        if target == END {
            return Some(Target::End);
        }
        let found = self.index.get(target).copied().map(Target::Step);
        if found.is_none() && !self.ids.iter().any(|id| id == target) {
            let ids = self.ids.iter().map(String::as_str);
            let hint = match nearest(target, ids.clone().chain([END])) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write a step's id or `end`; {}", listed(ids)),
            };
            let shown: String = target.chars().take(80).collect();
            let message = format!("exit `{exit}` leads to `{shown}`, and no step has that id: {hint}");
            self.report(report, index, &format!("/on/{}", escaped(exit)), "WEIR-FLOW-TARGET", message);
        }
        found
    }

    fn default(&self, report: &mut Report<'_>, index: usize, exit: &Exit) -> Option<Target> {
        let name = &exit.name;
        match exit.default {
            ExitDefault::End => Some(Target::End),
            ExitDefault::Following => {
                let following = index.saturating_add(1);
                Some(if following < self.steps.len() { Target::Step(following) } else { Target::End })
            }
            ExitDefault::StepOfSameName => {
                let found = self.index.get(&**name).copied().map(Target::Step);
                if found.is_none() && !self.ids.iter().any(|id| *id == **name) {
                    let message = format!(
                        "exit `{name}` leads nowhere: no step has the id `{name}`; add one, or write `on: {{ {name}: … }}` \
                         with a step's id or `end`"
                    );
                    self.report(report, index, "", "WEIR-FLOW-EXIT-MISSING", message);
                }
                found
            }
            ExitDefault::Required => {
                let message =
                    format!("exit `{name}` leads nowhere: write `on: {{ {name}: … }}` with a step's id or `end`");
                self.report(report, index, "", "WEIR-FLOW-EXIT-MISSING", message);
                None
            }
        }
    }

    fn unknown_exits(&self, report: &mut Report<'_>, index: usize, role: Role, exits: &[Exit]) {
        let Some(step) = self.steps.get(index) else { return };
        let mut known: Vec<&str> = exits.iter().map(|exit| &*exit.name).collect();
        if role != Role::Ends && !known.contains(&ERROR) {
            known.push(ERROR);
        }
        for exit in step.on.keys().filter(|exit| !known.contains(&exit.as_str())) {
            let message = if known.is_empty() {
                format!("a `{}` step has no exits, it ends the run: take `{exit}` out", step.uses)
            } else {
                let all = listed(known.iter().copied());
                let near = nearest(exit, known.iter().copied());
                let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
                format!("step `{}` (`{}`) has no exit `{exit}`: {near}{all}", step.id, step.uses)
            };
            self.report(report, index, &format!("/on/{}", escaped(exit)), "WEIR-FLOW-EXIT", message);
        }
    }

    fn report(&self, report: &mut Report<'_>, index: usize, at: &str, code: &'static str, message: String) {
        let (Some(step), Some(place)) = (self.steps.get(index), self.places.get(index)) else { return };
        report.add(Severity::Error, code, format!("/steps/{place}{at}"), Some(&step.id), message);
    }
}

/// Warns of steps that no path reaches, of circles without a way out and of loops that are entered from inside
/// themselves. Says whether a step that answers the caller can be reached.
pub(super) fn walk<S>(report: &mut Report<'_>, plan: &Plan<S>, places: &[usize]) -> bool {
    let reached = reach(plan.steps.len(), [0], |index| plan.step(index).into_iter().flat_map(targets).collect());
    let mut backward: Vec<Vec<usize>> = vec![Vec::new(); plan.steps.len()];
    let mut ends = Vec::new();
    for (index, step) in plan.steps.iter().enumerate() {
        let all = || step.exits.iter().map(|(_, target)| target).chain(&step.on_error);
        if step.role == Role::Ends || all().any(|target| *target == Target::End) {
            ends.push(index);
        }
        for target in targets(step) {
            if let Some(sources) = backward.get_mut(target) {
                sources.push(index);
            }
        }
    }
    let ending = reach(plan.steps.len(), ends, |index| backward.get(index).cloned().unwrap_or_default());
    let mut warn = |index: usize, code: &'static str, message: String| {
        if let (Some(step), Some(place)) = (plan.step(index), places.get(index)) {
            report.add(Severity::Warning, code, format!("/steps/{place}"), Some(&step.id), message);
        }
    };
    for (index, step) in plan.steps.iter().enumerate() {
        if !reached.contains(&index) {
            let lost = if step.role == Role::Answers { ", so no caller gets its answer" } else { "" };
            let message =
                format!("no path leads to this step{lost}: lead an exit to `{}`, or take the step out", step.id);
            warn(index, "WEIR-FLOW-UNREACHABLE", message);
        } else if !ending.contains(&index) {
            let message = "from here the flow goes round without a way out, until the limit of steps fails the run: lead \
                           an exit of one of these steps to `end`";
            warn(index, "WEIR-FLOW-ENDLESS", message.to_owned());
        }
    }
    for (index, frame) in crossings(plan) {
        let frame = plan.step(frame).map_or("", |step| &*step.id);
        let message = format!(
            "this step can lead back to `{frame}` from inside another frame within it, which opens `{frame}` once more \
             instead of going on with it: lead it to `end` or to the innermost frame's own step"
        );
        warn(index, "WEIR-FLOW-FRAME-CROSSED", message);
    }
    reached.iter().filter_map(|index| plan.step(*index)).any(|step| step.role == Role::Answers)
}

/// Every step that an exit leads to; the paths inside a frame included.
fn targets<S>(step: &PlanStep<S>) -> impl Iterator<Item = usize> + '_ {
    step.exits.iter().map(|(_, target)| target).chain(&step.on_error).filter_map(|target| match target {
        Target::Step(index) => Some(*index),
        Target::End => None,
    })
}

fn reach(count: usize, from: impl IntoIterator<Item = usize>, next: impl Fn(usize) -> Vec<usize>) -> HashSet<usize> {
    let mut reached: HashSet<usize> = from.into_iter().filter(|index| *index < count).collect();
    let mut left: Vec<usize> = reached.iter().copied().collect();
    while let Some(index) = left.pop() {
        left.extend(next(index).into_iter().filter(|index| reached.insert(*index)));
    }
    reached
}

/// Steps that lead to a frame's step from inside that frame, though another frame is nearer.
fn crossings<S>(plan: &Plan<S>) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut seen: HashSet<(usize, Arc<[usize]>)> = HashSet::new();
    let mut left: VecDeque<(usize, Arc<[usize]>)> = VecDeque::from([(0, Arc::from([]))]);
    while let Some((index, frames)) = left.pop_front() {
        let Some(step) = plan.step(index) else { continue };
        if seen.len() >= MOST_PLACES || !seen.insert((index, Arc::clone(&frames))) {
            continue;
        }
        let exits = step.exits.iter().map(|(name, target)| (&**name, *target));
        for (exit, target) in exits.chain(step.on_error.map(|target| (ERROR, target))) {
            let Target::Step(target) = target else { continue };
            let inside = step.role == Role::Frame && exit != DONE && exit != ERROR;
            let around: Arc<[usize]> =
                if inside { frames.iter().copied().chain([index]).collect() } else { Arc::clone(&frames) };
            if around.last() == Some(&target) || around.len() > MOST_FRAMES {
                continue;
            }
            if around.contains(&target) {
                if !found.contains(&(index, target)) {
                    found.push((index, target));
                }
                continue;
            }
            left.push_back((target, around));
        }
    }
    found
}
