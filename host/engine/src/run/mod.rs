//! One run from its first step to its record. It owns the run's state while the run is alive; it must not decide when a
//! run may start (lanes) or what its URL answers (answer).

mod checkpoint;
mod close;
mod context;
mod drive;
mod recorder;
mod step;
mod totals;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::oneshot;
use weir_cluster::QueueKey;
use weir_flow::{Data, Globals, Locals, Position};
use weir_model::{ErrorInfo, Outcome, Usage};

pub(crate) use checkpoint::Checkpoint;
pub use context::{RunContext, Start};
use recorder::Recorder;

use crate::reply::Reply;

/// What a caller who waits is told.
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
    /// The run's entry in the queue, once it is durable.
    durable: Option<QueueKey>,
    /// Bytes of each variable as JSON, for the limit.
    variable_bytes: HashMap<Arc<str>, u64>,
    steps_taken: u64,
    /// What its components used so far, summed up.
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
            variable_bytes: HashMap::new(),
            steps_taken: 0,
            used: Usage::default(),
            last_output: Data::null(),
            context,
        }
    }

    /// A run that has its entry in the queue: a fresh one, or one that goes on from a checkpoint.
    pub(crate) fn resume(context: Arc<RunContext>, key: QueueKey, checkpoint: Checkpoint) -> Self {
        let mut run = Self::new(context, None);
        run.durable = Some(key);
        if let Some(position) = checkpoint.position {
            run.position = position;
            run.steps_taken = checkpoint.steps_taken;
            run.used = checkpoint.used;
            run.answered = checkpoint.answered.map(Into::into);
            run.recorder.restore(checkpoint.steps);
        }
        run
    }

    /// Executes the run to its end and logs it.
    pub(crate) async fn execute(mut self) -> End {
        let ending = self.drive().await;
        self.close(ending).await
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
}
