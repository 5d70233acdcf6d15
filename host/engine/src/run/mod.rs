//! One run from its first step to its record. It owns the run's state while the run is alive; it must not decide when a
//! run may start (lanes) or what its URL answers (answer).

mod checkpoint;
mod close;
mod context;
mod drive;
mod park;
mod pause;
mod recorder;
mod step;
mod totals;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use weir_cluster::QueueKey;
use weir_flow::{Data, Globals, Locals, Position};
use weir_model::{ErrorInfo, Outcome, Usage};

pub(crate) use checkpoint::Checkpoint;
pub use context::{RunContext, Start};
pub(crate) use pause::Pause;
pub use pause::WaitFor;
use recorder::Recorder;

use crate::reply::Reply;

/// WaitFor a caller who waits is told.
#[derive(Debug)]
pub(crate) enum Told {
    /// A Response step's answer.
    Reply(Reply),
    /// The run failed before one was reached.
    Failed(ErrorInfo),
    /// The run ended without reaching one.
    Ended,
    /// The rest of the run could not be made durable, so nothing may be acknowledged.
    Unavailable,
}

/// How a run ended, for whoever called it from another flow.
pub(crate) struct End {
    /// How.
    pub(crate) outcome: Outcome,
    /// Why, where it failed.
    pub(crate) error: Option<ErrorInfo>,
    /// The answer of its Response step as data, else its last output.
    pub(crate) output: Data,
}

/// How a run left memory.
pub(crate) enum Left {
    /// It is over.
    Ended(End),
    /// It waits on disk, at this place.
    Parked(QueueKey),
}

impl Left {
    /// The end of a run that could not be parked.
    pub(crate) fn end(self) -> Option<End> {
        match self {
            Self::Ended(end) => Some(end),
            Self::Parked(_) => None,
        }
    }
}

/// A run that is alive.
pub(crate) struct Run {
    context: Arc<RunContext>,
    globals: Arc<Globals>,
    position: Position,
    recorder: Recorder,
    /// Where the caller waits; gone once it was told.
    caller: Option<oneshot::Sender<Told>>,
    /// The answer that was given.
    answered: Option<Reply>,
    /// The run's place in the queue, once it is durable.
    durable: Option<QueueKey>,
    /// Whether the background lane gave it its turn, and so looks after what it took up.
    is_dispatched: bool,
    /// Whether it is executed within a step of the run that called it, and so must not leave memory.
    is_inner: bool,
    /// Steps that wait.
    pauses: Vec<Pause>,
    /// Whether something was done outside since the last checkpoint.
    has_news: bool,
    /// How often it was taken up again.
    resumed: u32,
    /// How long it was alive before it was taken up again, without waits.
    active_before: Duration,
    /// How long it waited since then with nothing to do.
    idle: Duration,
    /// Bytes of each variable as JSON, for the limit.
    variable_bytes: HashMap<Arc<str>, u64>,
    steps_taken: u64,
    /// WaitFor its components used so far, summed up.
    used: Usage,
    last_output: Data,
}

impl Run {
    /// A run at its first step.
    pub(crate) fn new(context: Arc<RunContext>, caller: Option<oneshot::Sender<Told>>) -> Self {
        let plan = &context.release.plan;
        let locals = Locals { vars: Arc::clone(&plan.variables), ..Locals::default() };
        let position = Position::start(plan, locals);
        Self {
            globals: Arc::new(context.globals()),
            recorder: Recorder::new(&context),
            position,
            caller,
            answered: None,
            durable: None,
            is_dispatched: false,
            is_inner: false,
            pauses: Vec::new(),
            has_news: false,
            resumed: 0,
            active_before: Duration::ZERO,
            idle: Duration::ZERO,
            variable_bytes: HashMap::new(),
            steps_taken: 0,
            used: Usage::default(),
            last_output: Data::null(),
            context,
        }
    }

    /// A run at its first step that has its place in the queue and was given its turn.
    pub(crate) fn fresh(context: Arc<RunContext>, key: QueueKey) -> Self {
        Self { durable: Some(key), is_dispatched: true, ..Self::new(context, None) }
    }

    /// Its unchanging facts.
    pub(crate) const fn context(&self) -> &Arc<RunContext> {
        &self.context
    }

    /// A run of a flow that another run called and waits for.
    pub(crate) fn inner(context: Arc<RunContext>) -> Self {
        Self { is_inner: true, ..Self::new(context, None) }
    }

    /// A run in the queue that goes on from where it stood.
    pub(crate) fn resume(context: Arc<RunContext>, key: QueueKey, checkpoint: Checkpoint) -> Self {
        let mut run = Self::fresh(context, key);
        if let Some(position) = checkpoint.position {
            run.position = position;
            run.steps_taken = checkpoint.steps_taken;
            run.used = checkpoint.used;
            run.answered = checkpoint.answered.map(Into::into);
            run.recorder.restore(checkpoint.steps);
            // States of older versions have no count.
            run.recorder.count = run.recorder.count.max(checkpoint.step_count);
            run.recorder.truncated |= checkpoint.truncated;
            run.variable_bytes = checkpoint.variable_bytes;
            run.pauses = checkpoint.pauses;
            run.resumed = checkpoint.resumed.saturating_add(u32::from(!checkpoint.is_new));
            run.active_before = Duration::from_micros(checkpoint.active_us);
        }
        run
    }

    /// Executes the run to its end and logs it, or until it leaves memory to wait.
    pub(crate) async fn execute(mut self) -> Left {
        if self.durable.is_some() {
            self.context.services.live.register(&self.context);
        }
        // Time in line is none of the run's.
        self.idle = self.context.alive();
        match self.drive().await {
            Ending::Parked(place) => {
                if !self.is_dispatched {
                    self.context.services.background.offer(place.clone(), self.context.flow_id, None);
                }
                if self.context.caller_left.load(std::sync::atomic::Ordering::Relaxed) {
                    self.context.services.live.hide(self.context.id);
                }
                Left::Parked(place)
            }
            ending => Left::Ended(self.close(ending).await),
        }
    }
}

/// Why a run ended before its last step.
enum Ending {
    /// It did not: every path came to its end.
    Completed,
    /// A failure that nothing took.
    Failed(ErrorInfo),
    /// It used up its time.
    TimedOut(ErrorInfo),
    /// Somebody ended it.
    Cancelled(ErrorInfo),
    /// It did not end: it waits on disk at this place.
    Parked(QueueKey),
}
