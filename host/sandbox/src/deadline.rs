//! The wall time of a call. It ends the wait; whoever waited drops what is left.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use weir_model::Clock;

/// What `work` comes to, or none once its time is over. The runtime looks at its timers only now and then while tasks are
/// ready, and a guest that computes always is: so the clock is asked as well whenever it steps aside.
pub(crate) async fn within<T>(clock: &dyn Clock, time: Duration, work: impl Future<Output = T>) -> Option<T> {
    let end = clock.elapsed().saturating_add(time);
    let mut work = pin!(work);
    let watched = poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if clock.elapsed() >= end => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    });
    tokio::time::timeout(time, watched).await.ok().flatten()
}
