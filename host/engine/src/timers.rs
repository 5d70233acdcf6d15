//! When to look at the timers: whenever one is due, something changed, or long enough passed that the wall clock may have
//! been set. What is due gets in line; the background lane sees to that.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use weir_cluster::{ClusterError, QueueKey, When};
use weir_model::{Clock, Timestamp};

use crate::Services;
use crate::background::Background;
use crate::steady::Steady;

/// The longest time between two looks, so that a jump of the wall clock is seen.
const LONGEST: Duration = Duration::from_millis(500);
/// The shortest: timers that are due within it are looked at together.
const SHORTEST: Duration = Duration::from_millis(5);
/// After the store could not be read.
const AFTER_ERROR: Duration = Duration::from_secs(5);

/// Wakes who watches the timers.
pub(crate) struct Alarm {
    /// Until when nothing is due by each clock, as far as is known.
    next_after: AtomicI64,
    next_at: AtomicI64,
    bell: Notify,
}

impl Default for Alarm {
    fn default() -> Self {
        Self { next_after: AtomicI64::new(i64::MAX), next_at: AtomicI64::new(i64::MAX), bell: Notify::new() }
    }
}

impl Alarm {
    /// A run began to wait.
    pub(crate) fn note(&self, key: &QueueKey) {
        if self.next(key.when).is_some_and(|next| key.due.as_millis() < next.load(Ordering::SeqCst)) {
            self.ring();
        }
    }

    /// Makes the watch look again.
    pub(crate) fn ring(&self) {
        self.bell.notify_one();
    }

    fn expect(&self, when: When, due: Option<Timestamp>) {
        if let Some(next) = self.next(when) {
            next.store(due.map_or(i64::MAX, Timestamp::as_millis), Ordering::SeqCst);
        }
    }

    const fn next(&self, when: When) -> Option<&AtomicI64> {
        match when {
            When::After => Some(&self.next_after),
            When::At => Some(&self.next_at),
            When::Ready | When::Held => None,
        }
    }
}

/// Lets runs go on whose time has come, until the lanes are closed.
pub(crate) async fn watch_timers(services: Arc<Services>) {
    let alarm = services.background.alarm();
    loop {
        let pause = match look(&services.background, &*services.clock, &services.steady).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::error!(%error, "The timers cannot be read.");
                AFTER_ERROR
            }
        };
        let quiet = async {
            tokio::time::sleep(SHORTEST.min(pause)).await;
            let _ = tokio::time::timeout(pause.saturating_sub(SHORTEST), alarm.bell.notified()).await;
        };
        tokio::select! {
            biased;
            () = services.lanes.closed() => return,
            () = quiet => {}
        }
    }
}

/// Gets in line what is due by its clock: how long nothing else is.
async fn look(background: &Background, clock: &dyn Clock, steady: &Steady) -> Result<Duration, ClusterError> {
    let mut pause = LONGEST;
    for when in [When::After, When::At] {
        // A run that begins to wait during the look may be missed by it, so each rings.
        background.alarm().expect(when, None);
        let wall = clock.now();
        let now = if when == When::At { wall } else { steady.now() };
        let next = background.fire(when, now, wall).await?;
        background.alarm().expect(when, next);
        pause = next.map_or(pause, |next| pause.min(next.since(now)));
    }
    Ok(pause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::background::tests::{Yard, tenant};

    const DAY: i64 = 86_400_000;

    #[test]
    fn a_jump_of_the_wall_clock_moves_moments_and_no_lengths_of_time() {
        let mut yard = Yard::new();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (id, minute) = (tenant(1), Duration::from_secs(60));
        let after = yard.park_new(&id, When::After, yard.steady.now().plus(minute));
        let at = yard.park_new(&id, When::At, yard.clock.now().plus(minute));
        let look = |yard: &Yard| {
            let pause = runtime.block_on(look(&yard.background, &*yard.clock, &yard.steady)).unwrap();
            let begun: Vec<_> = std::iter::from_fn(|| yard.turn()).collect();
            begun.iter().for_each(|run| yard.end(run));
            (pause, begun.iter().map(|run| run.key.run).collect::<Vec<_>>())
        };
        assert_eq!(look(&yard), (LONGEST, vec![]));
        yard.clock.jump(-DAY);
        yard.clock.pass(59_900);
        assert_eq!(look(&yard), (Duration::from_millis(100), vec![]), "set back, the length goes on");
        yard.clock.pass(100);
        assert_eq!(look(&yard), (LONGEST, vec![after]));
        yard.clock.jump(DAY);
        assert_eq!(look(&yard), (LONGEST, vec![at]), "set right again, the moment is past");

        let after = yard.park_new(&id, When::After, yard.steady.now().plus(minute));
        let at = yard.park_new(&id, When::At, yard.clock.now().plus(minute));
        yard.clock.jump(DAY);
        assert_eq!(look(&yard), (LONGEST, vec![at]), "set forward, the moment is past and the length is not");
        yard.clock.pass(60_000);
        assert_eq!(look(&yard), (LONGEST, vec![after]));
        yard.clock.pass(DAY);
        assert_eq!(look(&yard), (LONGEST, vec![]), "and nothing comes twice");
    }

    #[test]
    fn a_timer_that_is_earlier_than_all_known_rings() {
        let alarm = Alarm::default();
        let key = |due| QueueKey {
            when: When::After,
            due: Timestamp::from_millis(due),
            tenant: tenant(1),
            run: weir_model::RunId::from_bytes([1; 16]),
        };
        let mut rung = std::pin::pin!(alarm.bell.notified());
        alarm.expect(When::After, Some(Timestamp::from_millis(10)));
        alarm.note(&key(10));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(rung.as_mut().poll(&mut cx).is_pending());
        alarm.note(&key(9));
        assert!(rung.as_mut().poll(&mut cx).is_ready());
    }
}
