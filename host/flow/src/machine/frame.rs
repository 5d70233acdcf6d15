//! Frames: the items or branches of a step, and what their paths leave behind. It merges locals; it moves no threads.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::thread::Thread;
use super::{MOST_AT_ONCE, Open, ThreadId};
use crate::plan::ITEM;
use crate::{Data, Item, Locals};

/// A frame that a parked thread waits for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Frame {
    pub(super) id: u32,
    pub(super) owner: ThreadId,
    /// The step that opened it.
    pub(super) step: usize,
    step_id: Arc<str>,
    pub(super) work: Work,
    /// How many paths were started.
    started: usize,
    /// What ended paths left, by their place.
    ended: IndexMap<usize, Ended>,
}

/// What a frame goes through.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Work {
    Each { items: Arc<Vec<Data>>, name: Arc<str>, at_once: usize },
    Branches(Vec<Arc<str>>),
}

/// What a path left behind.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Ended {
    last: Option<Data>,
    #[serde(skip_serializing_if = "Changes::is_empty", default)]
    changes: Changes,
}

/// How a copy of locals came to differ; none for a value that is gone.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Changes {
    vars: Vec<(Arc<str>, Option<Data>)>,
    outputs: Vec<(Arc<str>, Data)>,
}

impl From<Open> for Work {
    fn from(open: Open) -> Self {
        match open {
            Open::Each { items, name, concurrency } => {
                Self::Each { items: Arc::new(items), name, at_once: concurrency.clamp(1, MOST_AT_ONCE) }
            }
            Open::Branches(names) => Self::Branches(names),
        }
    }
}

impl Work {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Each { items, .. } => items.len(),
            Self::Branches(names) => names.len(),
        }
    }

    /// How many paths may be under way at the same time.
    pub(super) fn at_once(&self) -> usize {
        match self {
            Self::Each { at_once, .. } => *at_once,
            Self::Branches(_) => MOST_AT_ONCE,
        }
    }

    /// Whether paths follow one another on the owner's own locals.
    pub(super) fn shares(&self) -> bool {
        matches!(self, Self::Each { at_once: 1, .. })
    }

    /// The item that the path at a place adds to its locals.
    pub(super) fn item(&self, place: usize) -> Option<Item> {
        match self {
            Self::Each { items, name, .. } => Some(Item {
                name: Arc::clone(name),
                value: items.get(place).cloned().unwrap_or_default(),
                index: place,
                length: items.len(),
            }),
            Self::Branches(_) => None,
        }
    }
}

impl Frame {
    pub(super) fn new(id: u32, owner: ThreadId, step: usize, step_id: Arc<str>, work: Work) -> Self {
        Self { id, owner, step, step_id, work, started: 0, ended: IndexMap::new() }
    }

    /// What a place in the frame is called in records.
    pub(super) fn label(&self, place: usize) -> String {
        match &self.work {
            Work::Each { .. } => format!("{}:{}", self.step_id, place.saturating_add(1)),
            Work::Branches(names) => format!("{}:{}", self.step_id, names.get(place).map_or("", |name| name)),
        }
    }

    /// Counts the next path as started, where one may start now: its place and the exit it takes.
    pub(super) fn next_place(&mut self) -> Option<(usize, Arc<str>)> {
        let place = self.started;
        if place.saturating_sub(self.ended.len()) >= self.work.at_once() {
            return None;
        }
        let exit = match &self.work {
            Work::Each { items, .. } => (place < items.len()).then(|| Arc::from(ITEM))?,
            Work::Branches(names) => Arc::clone(names.get(place)?),
        };
        self.started = place.saturating_add(1);
        Some((place, exit))
    }

    /// Whether every path ended.
    pub(super) fn is_done(&self) -> bool {
        self.ended.len() >= self.work.len()
    }

    /// Keeps what a path left. `base` are the owner's locals.
    pub(super) fn path_ended(&mut self, thread: Thread, place: usize, base: &mut Locals) {
        let changes = if self.work.shares() {
            hand_back(thread.locals, base);
            Changes::default()
        } else {
            Changes::between(base, &thread.locals)
        };
        self.ended.insert(place, Ended { last: thread.last, changes });
    }

    /// Merges what all paths left into the owner's locals, and gives the frame's output.
    pub(super) fn close(mut self, base: &mut Locals) -> Data {
        self.ended.sort_unstable_keys();
        let mut outputs = Vec::with_capacity(self.ended.len());
        for (_, ended) in self.ended {
            ended.changes.apply(base);
            outputs.push(ended.last.unwrap_or_default());
        }
        match self.work {
            Work::Each { .. } => Data::list(outputs),
            Work::Branches(names) => Data::object(names.iter().map(|name| name.to_string()).zip(outputs)),
        }
    }

    /// Leaves the frame early because of a failed path: keeps what [`super::Position::fail`] says is kept.
    pub(super) fn give_up(mut self, failed: Thread, base: &mut Locals) {
        if self.work.shares() {
            hand_back(failed.locals, base);
        }
        self.ended.sort_unstable_keys();
        for (_, ended) in self.ended {
            ended.changes.apply(base);
        }
    }
}

/// Gives shared locals back to the owner, without the item and with the owner's own failure.
fn hand_back(mut shared: Locals, base: &mut Locals) {
    shared.error = base.error.take();
    shared.items.pop();
    *base = shared;
}

impl Changes {
    fn is_empty(&self) -> bool {
        self.vars.is_empty() && self.outputs.is_empty()
    }

    /// Setting a value to what it was is no change.
    fn between(base: &Locals, copy: &Locals) -> Self {
        let mut vars: Vec<_> = differing(&base.vars, &copy.vars).map(|(name, value)| (name, Some(value))).collect();
        let gone = base.vars.keys().filter(|name| !copy.vars.contains_key(&***name));
        vars.extend(gone.map(|name| (Arc::clone(name), None)));
        Self { vars, outputs: differing(&base.outputs, &copy.outputs).collect() }
    }

    fn apply(self, base: &mut Locals) {
        for (name, value) in self.vars {
            match value {
                Some(value) => base.set_var(name, value),
                None => {
                    base.delete_var(&name);
                }
            }
        }
        for (step, output) in self.outputs {
            base.set_output(step, output);
        }
    }
}

type Values = Arc<IndexMap<Arc<str>, Data>>;

/// The entries of `copy` that are new or differ from `base`.
fn differing<'a>(base: &'a Values, copy: &'a Values) -> impl Iterator<Item = (Arc<str>, Data)> + 'a {
    // An untouched copy still is the same map.
    let touched = !Arc::ptr_eq(base, copy);
    let entries = touched.then(|| copy.iter()).into_iter().flatten();
    entries
        .filter(|(name, value)| base.get(*name) != Some(*value))
        .map(|(name, value)| (Arc::clone(name), value.clone()))
}
