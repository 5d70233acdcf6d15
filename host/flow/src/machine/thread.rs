//! The threads of a position and the bookkeeping of threads and frames by id. It decides no moves.

use serde::{Deserialize, Serialize};

use super::{Frame, MOST_FRAMES, Position, ThreadId};
use crate::{Data, Locals};

/// One path under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Thread {
    pub(super) id: ThreadId,
    /// The step it is at, or the one that opened the frame it waits for.
    pub(super) step: usize,
    pub(super) locals: Locals,
    /// Whether it waits for a frame it opened.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub(super) parked: bool,
    /// The frame it is in; none for the run's first thread.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) within: Option<Within>,
    /// The last output on its path.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) last: Option<Data>,
}

/// A place in a frame: the number of the item or branch, from 0.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Within {
    pub(super) frame: u32,
    pub(super) place: usize,
}

impl Position {
    pub(super) fn fresh_id(&mut self) -> u32 {
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        id
    }

    pub(super) fn spawn(&mut self, locals: Locals, step: usize, within: Option<Within>) -> ThreadId {
        let id = ThreadId(self.fresh_id());
        self.threads.push(Thread { id, step, locals, parked: false, within, last: None });
        id
    }

    pub(super) fn thread(&self, id: ThreadId) -> Option<&Thread> {
        self.threads.iter().find(|thread| thread.id == id)
    }

    pub(super) fn thread_mut(&mut self, id: ThreadId) -> Option<&mut Thread> {
        self.threads.iter_mut().find(|thread| thread.id == id)
    }

    pub(super) fn take_thread(&mut self, id: ThreadId) -> Option<Thread> {
        let place = self.threads.iter().position(|thread| thread.id == id)?;
        Some(self.threads.remove(place))
    }

    pub(super) fn frame(&self, id: u32) -> Option<&Frame> {
        self.frames.iter().find(|frame| frame.id == id)
    }

    pub(super) fn frame_mut(&mut self, id: u32) -> Option<&mut Frame> {
        self.frames.iter_mut().find(|frame| frame.id == id)
    }

    pub(super) fn take_frame(&mut self, id: u32) -> Option<Frame> {
        let place = self.frames.iter().position(|frame| frame.id == id)?;
        Some(self.frames.remove(place))
    }

    /// The frames around a thread, innermost first, and its place in each.
    pub(super) fn around(&self, thread: ThreadId) -> impl Iterator<Item = (&Frame, usize)> {
        let step_out = |thread: ThreadId| {
            let within = self.thread(thread)?.within?;
            Some((self.frame(within.frame)?, within.place))
        };
        // Bounded, so that a checkpoint that is not one of ours cannot lead round in circles.
        std::iter::successors(step_out(thread), move |(frame, _)| step_out(frame.owner)).take(MOST_FRAMES)
    }

    /// Drops every thread in a frame, and the frames that they opened.
    pub(super) fn drop_paths(&mut self, frame: u32) {
        let mut left = vec![frame];
        while let Some(id) = left.pop() {
            let inside = |thread: &Thread| thread.within.is_some_and(|within| within.frame == id);
            let gone: Vec<ThreadId> = self.threads.iter().filter(|t| inside(t)).map(|thread| thread.id).collect();
            self.threads.retain(|thread| !inside(thread));
            left.extend(self.frames.iter().filter(|frame| gone.contains(&frame.owner)).map(|frame| frame.id));
            self.frames.retain(|frame| !gone.contains(&frame.owner));
        }
    }
}
