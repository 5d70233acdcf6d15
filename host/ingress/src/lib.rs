//! The listener for webhooks: takes requests within limits and deadlines, makes of them what a flow sees, and puts answers
//! on the wire by the response contract.
//!
//! It must not execute flows (engine) or know how they are kept (catalog), and never shows what went wrong inside.

#![forbid(unsafe_code)]

mod auth;
mod cors;
mod error;
mod hooks;
mod idempotency;
mod options;
mod payload;
mod ready;
mod resume;
mod route;
mod server;
mod wire;

pub use error::Refusal;
pub use options::Options;
/// For fuzzing.
#[doc(hidden)]
pub use payload::of as payload_of;
pub use server::serve;
