//! Steps that wait without doing anything: for a time, a moment, a call, or before another try. It keeps and judges them;
//! what follows is decided in the run's loop.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use weir_cluster::When;
use weir_flow::ThreadId;
use weir_model::{Json, Timestamp};

use super::step::Executing;
use crate::Services;

/// A step that waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Pause {
    pub(crate) thread: ThreadId,
    pub(crate) attempt: u32,
    /// Microseconds from the run's start to the step's.
    pub(crate) started_us: u64,
    pub(crate) what: WaitFor,
    /// When it is over at the latest: by the wall clock for a moment, by the steady clock otherwise.
    pub(crate) due: Timestamp,
}

/// What a step waits for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum WaitFor {
    /// The pause before another try.
    Retry,
    /// A length of time.
    After,
    /// A moment of the wall clock.
    At,
    /// A call of the run's resume URL; what it brought, once it came.
    Call(Option<Json>),
}

/// What a pause that is over asks for.
pub(super) enum Over {
    /// The step is tried again.
    TryAgain,
    /// The step ends with this output.
    Ended(Json),
    /// Nobody called in time.
    NotCalled,
}

impl Pause {
    pub(super) fn of(executing: &Executing, what: WaitFor, due: Timestamp) -> Self {
        Self { thread: executing.thread, attempt: executing.attempt, started_us: executing.started_us, what, due }
    }

    /// The clock that says when it is over.
    pub(crate) const fn when(&self) -> When {
        match self.what {
            WaitFor::At => When::At,
            _ => When::After,
        }
    }

    /// Whether a call may end it.
    pub(crate) const fn takes_call(&self) -> bool {
        matches!(self.what, WaitFor::Call(None))
    }

    /// How long it still takes; zero once it is over.
    pub(super) fn left(&self, services: &Services) -> Duration {
        match self.what {
            WaitFor::Call(Some(_)) => Duration::ZERO,
            WaitFor::At => self.due.since(services.clock.now()),
            _ => self.due.since(services.steady.now()),
        }
    }

    /// WaitFor follows once it is over.
    pub(super) fn over(self) -> Over {
        match self.what {
            WaitFor::Retry => Over::TryAgain,
            WaitFor::After | WaitFor::At => Over::Ended(Json::null()),
            WaitFor::Call(Some(payload)) => Over::Ended(payload),
            WaitFor::Call(None) => Over::NotCalled,
        }
    }
}
