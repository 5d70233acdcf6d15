//! The position of a run in its plan: threads, the frames they opened, and the locals of each. It is pure and
//! serialisable, a checkpoint; it executes nothing, and each of its moves ends however the graph is wired.
//!
//! A run starts with one thread at the first step. A `Frame` step opens a frame: its thread is parked and child threads
//! walk the frame's paths. A path ends at [`Target::End`], at an exit that does not exist, or on entering the step that
//! opened its innermost frame. Once all paths ended, the parked thread leaves by `done`.

mod frame;
mod thread;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weir_model::{Code, Coded};

use self::frame::{Frame, Work};
use self::thread::{Thread, Within};
use crate::plan::{DONE, Plan, Target};
use crate::{Data, Locals};

/// Frames within frames, at most.
pub const MOST_FRAMES: usize = 16;
/// Items of one `for-each`, at most.
pub const MOST_ITEMS: usize = 100_000;
/// Items or branches of one frame that are under way at the same time, at most; a larger concurrency is cut to it.
pub const MOST_AT_ONCE: usize = 64;
/// Threads of a run at the same time, at most.
pub const MOST_THREADS: usize = 1_024;

/// One path that a run is on. Ids are never used again within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ThreadId(pub(crate) u32);

/// What a frame does.
#[derive(Clone, Debug)]
pub enum Open {
    /// The exit `item` once for each item.
    Each {
        /// The items.
        items: Vec<Data>,
        /// What a path calls its item.
        name: Arc<str>,
        /// How many paths may be under way at once. With 1 (or 0) they follow one another on the same locals, so that
        /// variables accumulate; with more, each has a copy, and changes are merged in item order once all ended.
        concurrency: usize,
    },
    /// The exits of these names, all at once, each on a copy of the locals; changes are merged in this order.
    Branches(Vec<Arc<str>>),
}

/// Why a frame cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MachineError {
    /// The thread is not there, or is parked.
    #[error("thread {0} of the run is not at a step: its path ended or its frame was left; start no work for it")]
    NoThread(u32),
    /// Frames within frames without end.
    #[error(
        "step {step:?} opens a frame inside {MOST_FRAMES} others, which is the limit: a path inside the loop probably \
         leads back to an outer loop; end it with `end` or lead it to the innermost loop"
    )]
    TooDeep {
        /// The step.
        step: String,
    },
    /// Too many items.
    #[error("step {step:?} has {count} items, at most {MOST_ITEMS} are allowed: split the list over several runs")]
    TooManyItems {
        /// The step.
        step: String,
        /// How many it has.
        count: usize,
    },
    /// Too many paths at once.
    #[error(
        "step {step:?} would bring the run to {count} paths at once, at most {MOST_THREADS} are allowed: lower the \
         concurrency of the loops around it"
    )]
    TooManyThreads {
        /// The step.
        step: String,
        /// How many there would be.
        count: usize,
    },
}

impl Coded for MachineError {
    fn code(&self) -> Code {
        Code::new(match self {
            Self::NoThread(_) => "WEIR-FLOW-NO-THREAD",
            Self::TooDeep { .. } => "WEIR-FLOW-FRAME-DEPTH",
            Self::TooManyItems { .. } => "WEIR-FLOW-ITEMS",
            Self::TooManyThreads { .. } => "WEIR-FLOW-CONCURRENCY",
        })
    }
}

/// Where a run is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Position {
    threads: Vec<Thread>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    frames: Vec<Frame>,
    next_id: u32,
}

impl Position {
    /// The start of a run: one thread at the first step.
    pub fn start<S>(plan: &Plan<S>, locals: Locals) -> Self {
        let mut position = Self { threads: Vec::with_capacity(1), frames: Vec::new(), next_id: 0 };
        if !plan.steps.is_empty() {
            position.spawn(locals, 0, None);
        }
        position
    }

    /// The first thread that can execute its step.
    pub fn ready(&self) -> Option<ThreadId> {
        self.threads.iter().find(|thread| !thread.parked).map(|thread| thread.id)
    }

    /// Every thread that can execute its step, oldest first.
    pub fn runnable(&self) -> Vec<ThreadId> {
        self.threads.iter().filter(|thread| !thread.parked).map(|thread| thread.id).collect()
    }

    /// Whether nothing is left to do.
    pub fn is_over(&self) -> bool {
        self.threads.is_empty()
    }

    /// The place in the plan of the step that a thread is at; none once its path ended or its frame was left.
    pub fn step_of(&self, thread: ThreadId) -> Option<usize> {
        self.thread(thread).map(|thread| thread.step)
    }

    /// A thread's variables, outputs and items.
    pub fn locals(&self, thread: ThreadId) -> Option<&Locals> {
        self.thread(thread).map(|thread| &thread.locals)
    }

    /// A thread's variables, outputs and items, to change them.
    pub fn locals_mut(&mut self, thread: ThreadId) -> Option<&mut Locals> {
        self.thread_mut(thread).map(|thread| &mut thread.locals)
    }

    /// The frames around a thread, outermost first, each as its step and the item's number from 1 or the branch's name:
    /// `["each:2", "both:left"]`.
    pub fn frame_path(&self, thread: ThreadId) -> Vec<String> {
        let mut path: Vec<String> = self.around(thread).map(|(frame, place)| frame.label(place)).collect();
        path.reverse();
        path
    }

    /// Keeps the output of the step a thread is at: as the step's output, as the variable its `save` names, and as the
    /// last output of the thread's path.
    pub fn put_output<S>(&mut self, plan: &Plan<S>, thread: ThreadId, output: Data) {
        let Some(thread) = self.thread_mut(thread) else { return };
        let Some(step) = plan.step(thread.step) else { return };
        if let Some(name) = &step.save {
            thread.locals.set_var(Arc::clone(name), output.clone());
        }
        thread.locals.set_output(Arc::clone(&step.id), output.clone());
        thread.last = Some(output);
    }

    /// Leaves a thread's step by an exit. An exit that the step does not have ends the path.
    pub fn leave<S>(&mut self, plan: &Plan<S>, thread: ThreadId, exit: &str) {
        let Some(at) = self.thread(thread).filter(|thread| !thread.parked) else { return };
        let target = plan.step(at.step).and_then(|step| step.target(exit));
        self.go(plan, thread, target);
    }

    /// Hands a failure to the `on.error` of the thread's step or, where it has none, of the steps that opened the frames
    /// around it, innermost first; those frames are left, and their other paths dropped. Says whether any took it;
    /// where none did, nothing changes.
    ///
    /// A `for-each` whose items follow one another keeps the variables as the failed path left them; other frames keep
    /// the changes of the paths that had ended.
    pub fn fail<S>(&mut self, plan: &Plan<S>, thread: ThreadId, error: Data) -> bool {
        let Some((taker, target)) = self.taker(plan, thread) else { return false };
        let mut at = thread;
        while at != taker {
            match self.abandon(at) {
                Some(owner) => at = owner,
                None => return false,
            }
        }
        if let Some(thread) = self.thread_mut(taker) {
            thread.locals.error = Some(error);
        }
        self.go(plan, taker, Some(target));
        true
    }

    /// Opens a frame at the step of a thread, which is parked until every path of the frame ended. With nothing to do the
    /// thread leaves by `done` at once.
    ///
    /// # Errors
    /// Where a limit is reached; nothing changed then.
    pub fn open<S>(&mut self, plan: &Plan<S>, thread: ThreadId, open: Open) -> Result<(), MachineError> {
        let Some(at) = self.thread(thread).filter(|thread| !thread.parked) else {
            return Err(MachineError::NoThread(thread.0));
        };
        let index = at.step;
        let step = plan.step(index).map_or_else(|| Arc::from(""), |step| Arc::clone(&step.id));
        if self.around(thread).count() >= MOST_FRAMES {
            return Err(MachineError::TooDeep { step: step.to_string() });
        }
        let work = Work::from(open);
        if work.len() > MOST_ITEMS {
            return Err(MachineError::TooManyItems { step: step.to_string(), count: work.len() });
        }
        let count = self.threads.len().saturating_add(work.at_once().min(work.len()));
        if count > MOST_THREADS {
            return Err(MachineError::TooManyThreads { step: step.to_string(), count });
        }
        let frame = Frame::new(self.fresh_id(), thread, index, step, work);
        let id = frame.id;
        self.frames.push(frame);
        if let Some(thread) = self.thread_mut(thread) {
            thread.parked = true;
        }
        let moves = self.advance(plan, id);
        self.settle(plan, moves);
        Ok(())
    }

    /// Ends the run here and now.
    pub fn stop(&mut self) {
        self.threads.clear();
        self.frames.clear();
    }

    /// Whether the run would be over once a thread left its step by an exit.
    pub fn rest_is_empty_after<S>(&self, plan: &Plan<S>, thread: ThreadId, exit: &str) -> bool {
        let Some(at) = self.thread(thread).filter(|thread| !thread.parked) else { return self.is_over() };
        if self.frames.is_empty() {
            let target = plan.step(at.step).and_then(|step| step.target(exit));
            return !matches!(target, Some(Target::Step(index)) if index < plan.steps.len());
        }
        let mut after = self.clone();
        after.leave(plan, thread, exit);
        after.is_over()
    }

    /// Who takes a failure of a thread, and where it leads.
    fn taker<S>(&self, plan: &Plan<S>, thread: ThreadId) -> Option<(ThreadId, Target)> {
        let at = self.thread(thread).filter(|thread| !thread.parked)?;
        let owners = self.around(thread).map(|(frame, _)| (frame.owner, frame.step));
        std::iter::once((at.id, at.step))
            .chain(owners)
            .find_map(|(thread, step)| Some((thread, plan.step(step)?.on_error?)))
    }

    /// Moves a thread to a target and does whatever follows from it.
    fn go<S>(&mut self, plan: &Plan<S>, thread: ThreadId, target: Option<Target>) {
        self.settle(plan, vec![(thread, target)]);
    }

    /// Works off moves, last one first, until every thread stands at a step. A path that ends may start the next item or
    /// finish its frame, which moves another thread; since no frame opens here, the work is bounded by the items left.
    fn settle<S>(&mut self, plan: &Plan<S>, mut moves: Vec<(ThreadId, Option<Target>)>) {
        while let Some((thread, target)) = moves.pop() {
            if !self.arrive(plan, thread, target) {
                moves.extend(self.end_path(plan, thread));
            }
        }
    }

    /// Puts a thread at its target; false where its path ends instead.
    fn arrive<S>(&mut self, plan: &Plan<S>, thread: ThreadId, target: Option<Target>) -> bool {
        let Some(Target::Step(index)) = target else { return false };
        let opener = self.thread(thread).and_then(|thread| self.frame(thread.within?.frame)).map(|frame| frame.step);
        if opener == Some(index) || index >= plan.steps.len() {
            return false;
        }
        if let Some(thread) = self.thread_mut(thread) {
            thread.step = index;
            thread.parked = false;
        }
        true
    }

    /// Takes a thread away whose path ended; what its frame does next is returned as moves.
    fn end_path<S>(&mut self, plan: &Plan<S>, thread: ThreadId) -> Vec<(ThreadId, Option<Target>)> {
        let Some(thread) = self.take_thread(thread) else { return Vec::new() };
        let Some(within) = thread.within else { return Vec::new() };
        let Some(owner) = self.frame(within.frame).map(|frame| frame.owner) else { return Vec::new() };
        let Some(base) = self.threads.iter_mut().find(|thread| thread.id == owner) else { return Vec::new() };
        let Some(frame) = self.frames.iter_mut().find(|frame| frame.id == within.frame) else { return Vec::new() };
        frame.path_ended(thread, within.place, &mut base.locals);
        self.advance(plan, within.frame)
    }

    /// Starts the paths of a frame that may start now, or finishes it; the moves that follow are returned.
    fn advance<S>(&mut self, plan: &Plan<S>, id: u32) -> Vec<(ThreadId, Option<Target>)> {
        let mut moves = Vec::new();
        let Some((owner, index)) = self.frame(id).map(|frame| (frame.owner, frame.step)) else { return moves };
        while let Some((place, exit)) = self.frame_mut(id).and_then(Frame::next_place) {
            let Some(locals) = self.child_locals(id, owner, place) else { break };
            let child = self.spawn(locals, index, Some(Within { frame: id, place }));
            moves.push((child, plan.step(index).and_then(|step| step.target(&exit))));
        }
        // Moves are taken from the end: the first path goes first.
        moves.reverse();
        if self.frame(id).is_some_and(Frame::is_done) {
            moves.extend(self.finish(plan, id));
        }
        moves
    }

    /// The locals that a path starts with.
    fn child_locals(&mut self, id: u32, owner: ThreadId, place: usize) -> Option<Locals> {
        let owner = self.threads.iter_mut().find(|thread| thread.id == owner)?;
        let frame = self.frames.iter().find(|frame| frame.id == id)?;
        let mut locals = if frame.work.shares() {
            let error = owner.locals.error.clone();
            std::mem::replace(&mut owner.locals, Locals { error, ..Locals::default() })
        } else {
            owner.locals.clone()
        };
        locals.items.extend(frame.work.item(place));
        Some(locals)
    }

    /// Closes a frame all of whose paths ended; its owner leaves by `done`.
    fn finish<S>(&mut self, plan: &Plan<S>, id: u32) -> Option<(ThreadId, Option<Target>)> {
        let frame = self.take_frame(id)?;
        let owner = frame.owner;
        let target = plan.step(frame.step).and_then(|step| step.target(DONE));
        let thread = self.thread_mut(owner)?;
        let output = frame.close(&mut thread.locals);
        thread.parked = false;
        self.put_output(plan, owner, output);
        Some((owner, target))
    }

    /// Leaves the frame around a thread because of a failure: every path in it is dropped. Gives its owner.
    fn abandon(&mut self, thread: ThreadId) -> Option<ThreadId> {
        let failed = self.take_thread(thread)?;
        let frame = self.take_frame(failed.within?.frame)?;
        self.drop_paths(frame.id);
        let owner = self.thread_mut(frame.owner)?;
        owner.parked = false;
        let id = owner.id;
        frame.give_up(failed, &mut owner.locals);
        Some(id)
    }
}

#[cfg(test)]
mod tests;
