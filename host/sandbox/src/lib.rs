//! Runs custom actions: WebAssembly components of world `weir:action/action`, each call in a fresh, metered instance.
//!
//! This room owns the engine, the pool, the component cache, the limits and the host imports. It must not open sockets,
//! touch files outside its cache folder, keep an instance between two calls, or know flows.

#![deny(unsafe_code)]

mod action;
mod admission;
mod bindings;
mod built_in;
mod cache;
mod call;
mod compile;
mod deadline;
mod door;
mod engine;
mod error;
mod failure;
mod grants;
mod host;
mod info;
mod kv;
mod limiter;
mod linker;
mod logs;
mod meter;
mod outbound;
mod sandbox;
mod scripts;
mod stack;
mod state;
#[cfg(test)]
mod tests;
mod wasi;
mod words;

pub use action::Action;
pub use built_in::BuiltIn;
pub use call::{BoxFuture, Call, Context, Failure, NoVariables, Output, Ran, Variables};
pub use compile::{Compiler, Stage, compile_child};
pub use error::{SandboxError, SourceError};
pub use kv::{Kv, KvEntry, KvError, KvKeys, KvWrite, MemoryKv, NoKv};
pub use outbound::{HttpAnswer, HttpError, HttpRequest, NoOutbound, Outbound, RevealError};
pub use sandbox::{Admitted, MAX_COMPONENT_BYTES, Options, Sandbox};
pub use scripts::{Language, Mistake, ScriptError, script_settings};

/// Looks at a component's bytes as an upload's: whether it is one, small and simple enough to compile, and imports only
/// what there is. Compiles nothing.
///
/// # Errors
/// Why it would not be admitted.
pub fn inspect(bytes: &[u8]) -> Result<(), SandboxError> {
    admission::inspect(bytes)
}
