//! Runs custom actions: WebAssembly components of world `weir:action/action`, each call in a fresh, metered instance.
//!
//! This room owns the engine, the pool, the component cache, the limits and the host imports. It must not open sockets,
//! touch files outside its cache folder, keep an instance between two calls, or know flows.

#![deny(unsafe_code)]

mod action;
mod admission;
mod bindings;
mod cache;
mod call;
mod engine;
mod error;
mod failure;
mod host;
mod limiter;
mod linker;
mod logs;
mod sandbox;
mod state;
#[cfg(test)]
mod tests;
mod wasi;

pub use action::Action;
pub use call::{Call, Context, Failure, NoVariables, Output, Ran, Variables};
pub use error::{SandboxError, SourceError};
pub use sandbox::{Admitted, MAX_COMPONENT_BYTES, Options, Sandbox};
