//! The clock of waits: it starts as the wall clock and follows it in small steps, but does not jump with it. It wakes nobody.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use weir_model::{Clock, Timestamp};

/// A difference as large as this is a jump of the wall clock; smaller ones are how clocks are set right.
const JUMP_MILLIS: i64 = 2_000;

/// A clock that shows wall time but goes on evenly where the wall clock is set forward or back.
pub(crate) struct Steady {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

/// Both in milliseconds.
struct State {
    /// The steady clock less the time elapsed.
    steady: i64,
    /// The wall clock less the time elapsed, as it was last seen.
    wall: i64,
}

impl Steady {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let wall = clock.now().as_millis().saturating_sub(millis(clock.elapsed()));
        Self { clock, state: Mutex::new(State { steady: wall, wall }) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let mut state = self.state.lock();
        let elapsed = millis(self.clock.elapsed());
        let wall = self.clock.now().as_millis().saturating_sub(elapsed);
        let moved = wall.saturating_sub(state.wall);
        state.wall = wall;
        if moved.saturating_abs() < JUMP_MILLIS {
            state.steady = state.steady.saturating_add(moved);
        }
        Timestamp::from_millis(state.steady.saturating_add(elapsed))
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    /// A clock whose wall time can be set apart from the time elapsed.
    #[derive(Default)]
    pub(crate) struct TwoClocks {
        elapsed: AtomicI64,
        wall: AtomicI64,
    }

    impl TwoClocks {
        pub(crate) fn pass(&self, millis: i64) {
            self.elapsed.fetch_add(millis, Ordering::SeqCst);
            self.wall.fetch_add(millis, Ordering::SeqCst);
        }

        pub(crate) fn jump(&self, millis: i64) {
            self.wall.fetch_add(millis, Ordering::SeqCst);
        }
    }

    impl Clock for TwoClocks {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(1_795_512_345_678 + self.wall.load(Ordering::SeqCst))
        }

        fn elapsed(&self) -> Duration {
            Duration::from_millis(u64::try_from(self.elapsed.load(Ordering::SeqCst)).unwrap())
        }
    }

    #[test]
    fn the_steady_clock_follows_small_steps_and_no_jumps() {
        let clock = Arc::new(TwoClocks::default());
        let steady = Steady::new(Arc::clone(&clock) as Arc<dyn Clock>);
        let start = clock.now().as_millis();
        let since = |at: Timestamp| at.as_millis() - start;
        clock.pass(1_000);
        assert_eq!(since(steady.now()), 1_000);
        clock.jump(-1_500);
        assert_eq!((since(steady.now()), steady.now()), (-500, clock.now()), "a clock that is set right is followed");
        clock.jump(86_400_000);
        clock.pass(500);
        assert_eq!(since(steady.now()), 0, "a jump is not");
        clock.jump(300);
        assert_eq!(since(steady.now()), 300, "and after one, small steps are again");
        clock.jump(-2 * 86_400_000);
        assert_eq!(since(steady.now()), 300);
    }
}
