//! Flows that let only some of their runs be alive at a time: who is inside, and who waits in front. Keys only; it starts
//! nothing.

use std::collections::{HashMap, VecDeque};

use weir_cluster::QueueKey;
use weir_model::FlowId;

/// A run that waits for something of its flow; only its key, for there may be many.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) key: QueueKey,
    pub(super) stamp: u64,
}

#[derive(Default)]
struct Gate {
    inside: usize,
    most: usize,
    held: VecDeque<Held>,
}

/// The gates of all flows that have one.
#[derive(Default)]
pub(super) struct Gates(HashMap<FlowId, Gate>);

impl Gates {
    /// Takes a place in a flow; false where there is none.
    pub(super) fn enter(&mut self, flow: FlowId, most: u32) -> bool {
        let gate = self.0.entry(flow).or_default();
        gate.most = usize::try_from(most.max(1)).unwrap_or(usize::MAX);
        let has_room = gate.inside < gate.most;
        gate.inside += usize::from(has_room);
        has_room
    }

    /// Whether a flow has no place, as far as its bound is known.
    pub(super) fn is_full(&self, flow: FlowId) -> bool {
        self.0.get(&flow).is_some_and(|gate| gate.inside >= gate.most)
    }

    /// Makes a run wait for a place.
    pub(super) fn hold(&mut self, flow: FlowId, held: Held) {
        self.0.entry(flow).or_default().held.push_back(held);
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives a place back.
    pub(super) fn leave(&mut self, flow: FlowId) {
        if let Some(gate) = self.0.get_mut(&flow) {
            gate.inside = gate.inside.saturating_sub(1);
        }
    }

    /// The next run that waits, where there is a place; the place is its own from now on.
    pub(super) fn call(&mut self, flow: FlowId) -> Option<Held> {
        let gate = self.0.get_mut(&flow)?;
        let next = if gate.inside < gate.most { gate.held.pop_front() } else { None };
        if next.is_some() {
            gate.inside += 1;
        } else if gate.inside == 0 && gate.held.is_empty() {
            self.0.remove(&flow);
        }
        next
    }
}
