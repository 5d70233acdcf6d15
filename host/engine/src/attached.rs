//! A run that is polled by its caller's connection as long as that waits, and goes on by itself when it does not. It saves
//! a task per call; it knows nothing of runs.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future that is handed to the runtime, instead of being cancelled, when it is dropped unfinished.
pub(crate) struct Attached(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Attached {
    pub(crate) fn new(future: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some(Box::pin(future)))
    }

    /// Polls the future; ready once it has finished.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(future) = &mut self.0 else { return Poll::Ready(()) };
        let polled = future.as_mut().poll(cx);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        let Some(future) = self.0.take() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(future);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_its_caller_drops_goes_on() {
        let done = Arc::new(AtomicBool::new(false));
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let flag = Arc::clone(&done);
        let mut attached = Attached::new(async move {
            let _ = gone.await;
            flag.store(true, Ordering::SeqCst);
        });
        assert!(std::future::poll_fn(|cx| Poll::Ready(attached.poll(cx))).await.is_pending());
        drop(attached);
        go.send(()).unwrap();
        while !done.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
    }
}
