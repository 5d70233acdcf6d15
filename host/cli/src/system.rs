//! The real clock and the real randomness: the one place where the program asks the system for either. Everything else
//! takes them as [`Clock`] and [`Entropy`].

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand::Rng as _;
use weir_model::{Clock, Entropy, Timestamp};

/// The system's clock.
#[derive(Debug)]
pub(crate) struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose elapsed time counts from now.
    #[expect(clippy::disallowed_methods, reason = "this is where time comes in")]
    pub(crate) fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where time comes in")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

/// The system's randomness.
#[derive(Debug)]
pub(crate) struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is where randomness comes in")]
    fn fill(&self, bytes: &mut [u8]) {
        // ChaCha12, seeded and reseeded by the system: fit for keys, and no system call for each run's id.
        rand::rng().fill_bytes(bytes);
    }
}
