//! The machine that the simulated server runs on: a disk that tells what is written from what is synced, and the moment at
//! which it fails or the process ends. What was done after that moment never happened.

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use weir_cluster::StoreError;
use weir_model::RunId;

use crate::content::{Content, Op};
use crate::ledger::Ledger;

/// Where in a life its fault comes, counted from the life's start.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Point {
    /// At a write of a run.
    Write(u32),
    /// At a step's effect.
    Effect(u32),
}

/// What a life ends with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) point: Point,
    /// Whether the write or effect at which it comes is still done.
    pub(crate) is_done: bool,
    /// Whether the process ends there; else the disk takes no more writes.
    pub(crate) ends: bool,
    /// Whether the machine loses its power when the life ends, and so what was not synced.
    pub(crate) power_cut: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Works,
    /// Writes fail.
    Failed,
    /// The process has ended; what still moves is a shadow whose deeds do not count.
    Over,
}

/// The machine. It outlives the servers that run on it.
pub(crate) struct Machine {
    pub(crate) ledger: Arc<Ledger>,
    /// Loses synced writes at a power cut: what the checks must notice.
    forgets_synced: bool,
    inner: Mutex<Inner>,
}

struct Inner {
    written: Content,
    synced: Content,
    /// Written after the last sync.
    unsynced: Vec<Op>,
    fault: Option<Fault>,
    writes: u32,
    effects: u32,
    state: State,
}

impl Machine {
    pub(crate) fn new(content: Content, ledger: Arc<Ledger>, forgets_synced: bool) -> Arc<Self> {
        let inner = Inner {
            synced: content.clone(),
            written: content,
            unsynced: Vec::new(),
            fault: None,
            writes: 0,
            effects: 0,
            state: State::Works,
        };
        Arc::new(Self { ledger, forgets_synced, inner: Mutex::new(inner) })
    }

    /// Starts the next life of the server, after the last one ended with or without a power cut.
    pub(crate) fn start(&self, power_was_cut: bool, fault: Option<Fault>) {
        let mut inner = self.inner.lock();
        if power_was_cut {
            inner.written = inner.synced.clone();
            inner.unsynced.clear();
        }
        (inner.fault, inner.writes, inner.effects, inner.state) = (fault, 0, 0, State::Works);
        self.ledger.life_begins();
    }

    /// Reads what is written.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Content) -> T) -> T {
        read(&self.inner.lock().written)
    }

    /// Makes a write, unless the disk or the process is gone.
    pub(crate) fn write(&self, op: Op, sync: bool) -> Result<(), StoreError> {
        let mut inner = self.inner.lock();
        match inner.state {
            State::Works => {}
            State::Failed => return Err(failed()),
            State::Over => return Err(StoreError::Closed),
        }
        let fault = if op.is_of_run() { inner.fault_at_write() } else { None };
        if fault.is_none_or(|fault| fault.is_done) {
            self.ledger.written(&op, sync);
            self.put(&mut inner, op, sync);
        }
        match fault {
            None => Ok(()),
            Some(fault) if fault.ends => {
                inner.state = State::Over;
                self.ledger.note("the process ends at a write".into());
                Err(StoreError::Closed)
            }
            Some(_) => {
                inner.state = State::Failed;
                self.ledger.note("the disk fails at a write".into());
                Err(failed())
            }
        }
    }

    fn put(&self, inner: &mut MutexGuard<'_, Inner>, op: Op, sync: bool) {
        inner.written.apply(&op);
        inner.unsynced.push(op);
        if sync && !self.forgets_synced {
            let Inner { synced, unsynced, .. } = &mut **inner;
            unsynced.drain(..).for_each(|op| synced.apply(&op));
        }
    }

    /// A step's effect: whether it succeeds; none where the process ended before it.
    pub(crate) fn effect(&self, run: RunId, act: impl FnOnce() -> bool) -> Option<bool> {
        let mut inner = self.inner.lock();
        if inner.state == State::Over {
            return None;
        }
        inner.effects += 1;
        let Some(fault) = inner.fault.filter(|fault| matches!(fault.point, Point::Effect(at) if at == inner.effects))
        else {
            drop(inner);
            return Some(act());
        };
        // Only a process ends at an effect; a disk fails at writes.
        inner.state = State::Over;
        drop(inner);
        if fault.is_done {
            act();
        }
        self.ledger.note(format!("the process ends at an effect of {}", self.ledger.name(run)));
        None
    }

    pub(crate) fn works(&self) -> bool {
        self.inner.lock().state == State::Works
    }

    pub(crate) fn is_over(&self) -> bool {
        self.inner.lock().state == State::Over
    }
}

impl Inner {
    fn fault_at_write(&mut self) -> Option<Fault> {
        self.writes += 1;
        self.fault.filter(|fault| matches!(fault.point, Point::Write(at) if at == self.writes))
    }
}

fn failed() -> StoreError {
    StoreError::Failed { reason: "simulated".into() }
}
