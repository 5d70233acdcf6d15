//! Answers to writes: futures that any executor can poll and anybody may drop. They hold no data of the write.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use tokio::sync::oneshot;

use crate::StoreError;
use crate::line::Line;

/// The answer to a write. The write happens whether or not anybody waits; waiting for it ends the writer's lingering.
///
/// It carries a number instead of a channel of its own, so that a write nobody waits for allocates nothing.
#[must_use = "a write that must be on disk is so only once its answer came; drop it with `let _ =` otherwise"]
pub struct Ack(State);

enum State {
    Pending { line: Arc<Line>, seq: u64 },
    Ready(Result<(), StoreError>),
}

impl Ack {
    /// An answer that is known already.
    pub const fn ready(result: Result<(), StoreError>) -> Self {
        Self(State::Ready(result))
    }

    pub(crate) const fn pending(line: Arc<Line>, seq: u64) -> Self {
        Self(State::Pending { line, seq })
    }

    /// Waits for the answer on this thread; not for use inside an async runtime.
    ///
    /// # Errors
    /// Where the write failed.
    pub fn wait(self) -> Result<(), StoreError> {
        block_on(self)
    }
}

impl Future for Ack {
    type Output = Result<(), StoreError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &self.0 {
            State::Pending { line, seq } => line.poll(*seq, cx.waker()),
            State::Ready(result) => Poll::Ready(result.clone()),
        }
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            State::Pending { seq, .. } => write!(f, "Ack(write {seq})"),
            State::Ready(result) => write!(f, "Ack({result:?})"),
        }
    }
}

/// The answer to a set of changes: the new revision of each.
pub type Applied = Answer<Vec<u64>>;

/// The answer to a change that the writer decides.
#[must_use = "the change is made only once the answer says so"]
pub struct Answer<T>(AnswerState<T>);

enum AnswerState<T> {
    Pending { line: Arc<Line>, answer: oneshot::Receiver<Result<T, StoreError>> },
    Ready(Result<T, StoreError>),
}

impl<T: Clone + Unpin> Answer<T> {
    pub(crate) const fn ready(result: Result<T, StoreError>) -> Self {
        Self(AnswerState::Ready(result))
    }

    pub(crate) const fn pending(line: Arc<Line>, answer: oneshot::Receiver<Result<T, StoreError>>) -> Self {
        Self(AnswerState::Pending { line, answer })
    }

    /// Waits for the answer on this thread; not for use inside an async runtime.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where an expectation did not hold; otherwise where the write failed.
    pub fn wait(self) -> Result<T, StoreError> {
        block_on(self)
    }
}

impl<T: Clone + Unpin> Future for Answer<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            AnswerState::Pending { line, answer } => {
                Pin::new(answer).poll(cx).map(|answer| answer.unwrap_or_else(|_| Err(line.why_dropped())))
            }
            AnswerState::Ready(result) => Poll::Ready(result.clone()),
        }
    }
}

/// Polls a future on this thread, parked in between.
fn block_on<F: Future + Unpin>(mut future: F) -> F::Output {
    struct Unpark(std::thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = Pin::new(&mut future).poll(&mut cx) {
            return output;
        }
        std::thread::park();
    }
}
