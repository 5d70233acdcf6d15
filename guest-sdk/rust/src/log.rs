//! Lines in the run's log, seen in the debug panel, in the run's record and by `weir action test`. It must not buffer:
//! a line is with the host before the next one is written.
//!
//! ```
//! use weir_action::log;
//!
//! let (email, score) = ("ada@example.com", 70);
//! log::info!("{email} scores {score}");
//! log::warn!("{email} has no company"; email = email, score = score); // fields after the semicolon
//! ```

use serde::Serialize;

#[cfg(target_arch = "wasm32")]
use crate::bindings::weir::action::log as host;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::host::log as host;

/// How much a line matters.
pub use crate::bindings::weir::action::types::Level;

/// Writes one line without fields. The macros of this module are shorter.
pub fn write(level: Level, message: &str) {
    host::write(level, message, None);
}

/// Writes one line with fields, an object. Fields that are no JSON are left out.
pub fn write_with(level: Level, message: &str, fields: &impl Serialize) {
    host::write(level, message, serde_json::to_string(fields).ok().as_deref());
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log {
    ($level:ident, $format:literal $(, $arg:expr)* ; $($key:ident = $value:expr),+ $(,)?) => {
        $crate::log::write_with(
            $crate::log::Level::$level,
            &::std::format!($format $(, $arg)*),
            &$crate::serde_json::json!({ $(::std::stringify!($key): $value),+ }),
        )
    };
    ($level:ident, $($arg:tt)+) => {
        $crate::log::write($crate::log::Level::$level, &::std::format!($($arg)+))
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __trace { ($($arg:tt)+) => { $crate::__log!(Trace, $($arg)+) }; }
#[doc(hidden)]
#[macro_export]
macro_rules! __debug { ($($arg:tt)+) => { $crate::__log!(Debug, $($arg)+) }; }
#[doc(hidden)]
#[macro_export]
macro_rules! __info { ($($arg:tt)+) => { $crate::__log!(Info, $($arg)+) }; }
#[doc(hidden)]
#[macro_export]
macro_rules! __warn { ($($arg:tt)+) => { $crate::__log!(Warn, $($arg)+) }; }
#[doc(hidden)]
#[macro_export]
macro_rules! __error { ($($arg:tt)+) => { $crate::__log!(Error, $($arg)+) }; }

/// For whoever looks for a mistake: `debug!("…")`.
pub use crate::__debug as debug;
/// Something went wrong: `error!("…")`.
pub use crate::__error as error;
/// What happened: `info!("…")`.
pub use crate::__info as info;
/// The finest detail: `trace!("…")`.
pub use crate::__trace as trace;
/// Worth a look: `warn!("…")`.
pub use crate::__warn as warn;
