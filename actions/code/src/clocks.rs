//! The clocks that QuickJS reads, by the names that `c/quickjs.h` gives them. They stand still while the
//! interpreter is being prepared, when there is no host to ask.
#![allow(unsafe_code, reason = "functions that C calls")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

static PREPARED: AtomicBool = AtomicBool::new(false);

/// From here on there is a host to ask.
pub(crate) fn start_clocks() {
    PREPARED.store(true, Ordering::Relaxed);
}

fn now() -> Duration {
    match PREPARED.load(Ordering::Relaxed) {
        true => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        false => Duration::ZERO,
    }
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// wasi-libc's `struct timeval`.
#[repr(C)]
struct TimeVal {
    seconds: i64,
    micros: i64,
}

/// The wall clock, to the microsecond.
#[unsafe(no_mangle)]
extern "C" fn code_gettimeofday(out: Option<&mut TimeVal>, _zone: *mut u8) -> i32 {
    let now = now();
    if let Some(out) = out {
        *out = TimeVal { seconds: seconds(now), micros: now.subsec_micros().into() };
    }
    0
}

/// wasi-libc's `struct timespec`.
#[repr(C)]
struct TimeSpec {
    seconds: i64,
    nanos: i32,
}

/// Whatever clock is asked for, the wall clock.
#[unsafe(no_mangle)]
extern "C" fn code_clock_gettime(_clock: *const u8, out: Option<&mut TimeSpec>) -> i32 {
    let now = now();
    if let Some(out) = out {
        *out = TimeSpec { seconds: seconds(now), nanos: i32::try_from(now.subsec_nanos()).unwrap_or(0) };
    }
    0
}
