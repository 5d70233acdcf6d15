//! Actions for weir in Rust: one function, one attribute. This crate owns the way from a typed function to the contract
//! `weir:action@1.0.0` and back; it must not know anything of the server.
//!
//! ```
//! use weir_action::{Output, Result, log};
//!
//! /// How a lead is scored.
//! #[weir_action::data]
//! struct Config {
//!     /// The score from which a lead is hot.
//!     hot: u32,
//! }
//!
//! #[weir_action::data]
//! struct Lead {
//!     email: String,
//!     visits: u32,
//! }
//!
//! #[weir_action::data]
//! struct Score {
//!     score: u32,
//! }
//!
//! /// Scores a lead by its visits.
//! #[weir_action::action(title = "Score a lead", branches("hot", "cold"))]
//! fn lead_score(config: Config, input: Lead) -> Result<Output<Score>> {
//!     let score = input.visits * 10;
//!     log::info!("{} scores {score}", input.email);
//!     Ok(Output::to(if score >= config.hot { "hot" } else { "cold" }, Score { score }))
//! }
//! # fn main() {
//! let lead = Lead { email: "ada@example.com".into(), visits: 7 };
//! assert_eq!(lead_score(Config { hot: 50 }, lead).unwrap().branch(), Some("hot"));
//! # }
//! ```
//!
//! `cargo build --release --target wasm32-wasip2` makes the component, from a crate with `crate-type = ["cdylib"]`.
//! `cargo test` compiles the same code for your own machine: a test calls the function, and [`testing`] stands in for
//! weir where the function uses [`variables`], [`kv`], [`http`], [`secrets`] or [`payload`].

#![deny(unsafe_code)]

// Lets the attributes name this crate `weir_action` inside its own tests, too.
extern crate self as weir_action;

mod action;
#[doc(hidden)]
pub mod bindings;
mod codec;
mod context;
mod error;
pub mod http;
pub mod kv;
pub mod log;
mod output;
pub mod payload;
pub mod secrets;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod variables;

pub use action::{Action, Ignored, NoConfig};
pub use bindings::weir::action::manifest::{ActionInfo, Capability, HttpScope};
pub use context::Context;
pub use error::{Error, Result};
pub use output::{Answer, Output};
pub use weir_action_macros::{action, data};

/// Any JSON value.
pub use serde_json::Value;
pub use {schemars, serde, serde_json};

/// Makes a type that implements [`Action`] the one that the component exports. The attribute does it by itself.
#[macro_export]
macro_rules! export {
    ($action:ty) => {
        const _: () = {
            const NAME: &str = <$action as $crate::Action>::NAME;
            assert!(
                $crate::__private::is_name(NAME),
                "an action's name has a-z, 0-9 and `-`, begins with a letter and has at most 63 characters"
            );
            #[cfg(target_arch = "wasm32")]
            type Exported = $action;
            #[cfg(target_arch = "wasm32")]
    $crate::__private::export_action!(Exported with_types_in $crate::__private::bindings);
        };
    };
}

#[doc(hidden)]
pub mod __private {
    pub use crate::bindings::{self, export_action};

    /// Whether `name` is one that flows can use; checked while an action compiles.
    #[allow(clippy::indexing_slicing, reason = "constant evaluation has no iterators; the bounds are in the loop")]
    pub const fn is_name(name: &str) -> bool {
        let bytes = name.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b'a'..=b'z' => {}
                b'0'..=b'9' | b'-' if at > 0 => {}
                _ => return false,
            }
            at += 1;
        }
        at > 0 && at <= 63 && bytes[at - 1] != b'-'
    }

    /// The parts of a function's result.
    pub trait Returned {
        type Answer: crate::Answer;
        fn into_result(self) -> Result<Self::Answer, crate::Error>;
    }

    impl<A: crate::Answer, E: Into<crate::Error>> Returned for Result<A, E> {
        type Answer = A;
        fn into_result(self) -> Result<A, crate::Error> {
            self.map_err(Into::into)
        }
    }

    /// What a check of settings may return.
    pub trait Checked {
        fn into_findings(self) -> Vec<String>;
    }

    impl<F: Findings> Checked for Result<(), F> {
        fn into_findings(self) -> Vec<String> {
            self.err().map(Findings::into_list).unwrap_or_default()
        }
    }

    impl Checked for Vec<String> {
        fn into_findings(self) -> Vec<String> {
            self
        }
    }

    /// The error side of a check.
    pub trait Findings {
        fn into_list(self) -> Vec<String>;
    }

    impl Findings for Vec<String> {
        fn into_list(self) -> Vec<String> {
            self
        }
    }

    impl Findings for String {
        fn into_list(self) -> Vec<String> {
            vec![self]
        }
    }

    impl Findings for &str {
        fn into_list(self) -> Vec<String> {
            vec![self.to_owned()]
        }
    }

    impl Findings for crate::Error {
        fn into_list(self) -> Vec<String> {
            vec![self.to_string()]
        }
    }
}
