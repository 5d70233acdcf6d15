//! Everything that happened in a simulation, in its order, and the rules that it must keep to. It makes nothing happen.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use parking_lot::Mutex;
use weir_cluster::QueuedRun;
use weir_model::{Outcome, RunId};

use crate::content::Op;
use crate::random::Random;

/// An effect of a run: the step and where in its loops and branches.
type Place = (RunId, String);

/// One execution of an effect.
pub(crate) struct Execution {
    pub(crate) run: RunId,
    pub(crate) flow: String,
    /// The number of the request, where one started the run.
    pub(crate) n: Option<u64>,
    pub(crate) place: String,
    pub(crate) attempt: u32,
    /// Tries that the step may have.
    pub(crate) most: u32,
}

/// How an execution ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Done,
    FailsForNow,
    FailsForGood,
}

#[derive(Default)]
struct Inner {
    lines: Vec<String>,
    violations: Vec<String>,
    names: HashMap<RunId, usize>,
    /// Effects that ended well, and whether a checkpoint is behind them.
    done: BTreeMap<Place, bool>,
    executions: HashMap<Place, u32>,
    /// The same in this life alone.
    tries: HashMap<Place, u32>,
    runs: BTreeMap<RunId, (String, Option<u64>)>,
    furthest: HashMap<String, u64>,
}

/// The order of events, and what was wrong with it.
pub(crate) struct Ledger {
    seed: u64,
    inner: Mutex<Inner>,
}

impl Ledger {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, inner: Mutex::default() }
    }

    pub(crate) fn note(&self, line: String) {
        self.inner.lock().lines.push(line);
    }

    pub(crate) fn blame(&self, what: String) {
        let mut inner = self.inner.lock();
        inner.lines.push(format!("WRONG: {what}"));
        inner.violations.push(what);
    }

    /// What a run is called: ids hold the time, which differs from one simulation of a seed to the next.
    pub(crate) fn name(&self, run: RunId) -> String {
        self.inner.lock().name(run)
    }

    pub(crate) fn life_begins(&self) {
        self.inner.lock().tries.clear();
    }

    /// A write of a run that reached the disk.
    pub(crate) fn written(&self, op: &Op, sync: bool) {
        let mut inner = self.inner.lock();
        match op {
            Op::Push(QueuedRun { key, summary, .. }) => {
                let (name, outcome) = (inner.name(key.run), summary.outcome.as_str());
                inner.lines.push(format!("{name} is queued as {outcome}, {:?}", key.when));
                inner.checkpoint(key.run);
            }
            Op::Append(entry) => {
                let (name, outcome) = (inner.name(entry.summary.id), entry.summary.outcome.as_str());
                inner.lines.push(format!("{name} is logged as {outcome}{}", if sync { ", synced" } else { "" }));
                if sync {
                    inner.checkpoint(entry.summary.id);
                }
            }
            Op::Forget(done) => {
                let name = inner.name(done.key.run);
                inner.lines.push(format!("{name} is forgotten"));
            }
            _ => {}
        }
    }

    /// An effect happens: how it ends.
    pub(crate) fn execute(&self, execution: &Execution) -> Verdict {
        let Execution { run, flow, n, place, attempt, most } = execution;
        let mut inner = self.inner.lock();
        let name = inner.name(*run);
        let key = (*run, place.clone());
        // Done before without a checkpoint counts as not done: what is saved from now on is this execution.
        if inner.done.remove(&key) == Some(true) {
            inner.blame(format!("{name} does {place} again, though a checkpoint is behind it"));
        }
        let tries = *inner.tries.entry(key.clone()).and_modify(|tries| *tries += 1).or_insert(1);
        if tries > *most || attempt > most {
            inner.blame(format!("{name} tries {place} {tries} times (attempt {attempt}) of {most}"));
        }
        if let Some(n) = n {
            if flow == "ordered" && inner.furthest.get(flow).is_some_and(|furthest| furthest > n) {
                inner.blame(format!("request {n} of an ordered flow runs after a later one"));
            }
            inner.furthest.entry(flow.clone()).and_modify(|furthest| *furthest = (*furthest).max(*n)).or_insert(*n);
        }
        inner.runs.entry(*run).or_insert_with(|| (flow.clone(), *n));
        let nth = *inner.executions.entry(key).and_modify(|nth| *nth += 1).or_insert(1);
        let verdict = verdict(self.seed, &format!("{name} {place} {nth}"));
        inner.lines.push(format!("{name} ({flow}) does {place}, attempt {attempt}: {verdict:?}"));
        verdict
    }

    /// An effect has ended well, and its step is about to.
    pub(crate) fn done(&self, run: RunId, place: String) {
        self.inner.lock().done.insert((run, place), false);
    }

    /// The runs that a request started.
    pub(crate) fn runs_of(&self, request: u64) -> Vec<RunId> {
        self.runs(|_, n| n == Some(request))
    }

    /// The runs of a flow.
    pub(crate) fn runs_in(&self, flow: &str) -> Vec<RunId> {
        self.runs(|name, _| name == flow)
    }

    pub(crate) fn all_runs(&self) -> Vec<RunId> {
        self.runs(|_, _| true)
    }

    fn runs(&self, wanted: impl Fn(&str, Option<u64>) -> bool) -> Vec<RunId> {
        let inner = self.inner.lock();
        inner.runs.iter().filter(|(_, (flow, n))| wanted(flow, *n)).map(|(run, _)| *run).collect()
    }

    /// The effects of a run that ended well.
    pub(crate) fn places_of(&self, run: RunId) -> BTreeSet<String> {
        let inner = self.inner.lock();
        inner.done.keys().filter(|(of, _)| *of == run).map(|(_, place)| place.clone()).collect()
    }

    /// Holds a run's end to what it did.
    pub(crate) fn ended(&self, run: RunId, outcome: Option<Outcome>, effects: usize) {
        let (name, places) = (self.name(run), self.places_of(run));
        match outcome {
            Some(Outcome::Completed) if places.len() == effects => {}
            Some(Outcome::Completed) => self.blame(format!("{name} completed with {places:?}, not {effects} effects")),
            Some(Outcome::Failed) => {}
            other => self.blame(format!("{name} did not end: {other:?}")),
        }
    }

    /// All events and all violations.
    pub(crate) fn close(&self) -> (Vec<String>, Vec<String>) {
        let mut inner = self.inner.lock();
        (std::mem::take(&mut inner.lines), std::mem::take(&mut inner.violations))
    }
}

impl Inner {
    fn name(&mut self, run: RunId) -> String {
        let next = self.names.len() + 1;
        format!("run {}", self.names.entry(run).or_insert(next))
    }

    fn blame(&mut self, what: String) {
        self.lines.push(format!("WRONG: {what}"));
        self.violations.push(what);
    }

    /// What a run has done by now is behind a checkpoint.
    fn checkpoint(&mut self, run: RunId) {
        let of_run = self.done.iter_mut().filter(|((of, _), _)| *of == run);
        of_run.for_each(|(_, is_behind)| *is_behind = true);
    }
}

fn verdict(seed: u64, of: &str) -> Verdict {
    match Random::of(seed, of).below(100) {
        0..68 => Verdict::Done,
        68..94 => Verdict::FailsForNow,
        _ => Verdict::FailsForGood,
    }
}
