//! Compilation apart: whose turn it is, and the process of its own in which it happens. Compiling takes time and memory
//! out of proportion to what is compiled, so it must be possible to end it. Nothing here runs what was compiled.

mod child;
mod process;
mod queue;
mod report;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::PathBuf;
use std::thread;

use bytes::Bytes;
use tokio::sync::oneshot;
use wasmtime::Engine;

use crate::SandboxError;
use crate::cache::Fresh;
pub use child::compile_child;
use process::{Bounds, Order};
pub(crate) use queue::{Queue, Turn};

/// Compilers recurse along the code they compile.
const COMPILER_STACK: usize = 64 << 20;

/// How components are compiled.
#[derive(Clone, Debug)]
pub enum Compiler {
    /// By a process of its own, which is held to limits of memory and time and ends with whoever waits for it.
    Child {
        /// A program of this same build that calls [`compile_child`] with its last argument.
        program: PathBuf,
        /// The arguments before that one.
        args: Vec<OsString>,
    },
    /// On a thread of this process, without limits; for components that nobody hostile made.
    InProcess,
}

/// How far an upload or a load is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It waits for its turn.
    Waiting {
        /// How many go first.
        ahead: usize,
    },
    /// Its bytes are looked at.
    Checking,
    /// It becomes machine code.
    Compiling,
    /// It is asked what it is.
    Describing,
}

impl Compiler {
    /// Compiles a checked component into a fresh file of the cache. The turn ends when whatever compiles has ended, even
    /// where nobody waits for it any more.
    pub(crate) async fn compile(
        &self,
        engine: &Engine,
        bytes: Bytes,
        fresh: Fresh,
        turn: Turn,
    ) -> Result<Fresh, SandboxError> {
        match self {
            Self::Child { program, args } => {
                let (program, args) = (program.clone(), args.clone());
                process::compile(Order { program, args, bounds: Bounds::default(), bytes, fresh }, turn).await
            }
            Self::InProcess => {
                let engine = engine.clone();
                on_thread(turn, move || child::write(&engine, &bytes, fresh.path()).map(|()| fresh)).await
            }
        }
    }
}

/// Does work on a thread of its own with a large stack; gives the turn back when the work has ended.
async fn on_thread<T: Send + 'static>(
    turn: Turn,
    work: impl FnOnce() -> Result<T, SandboxError> + Send + 'static,
) -> Result<T, SandboxError> {
    let failed = |reason: String| SandboxError::Compile { reason };
    let (answer, answered) = oneshot::channel();
    let job = move || {
        let done = work();
        drop(turn);
        // Whoever asked may be gone by now.
        let _ = answer.send(done);
    };
    let thread = thread::Builder::new().name("weir-compile".into()).stack_size(COMPILER_STACK).spawn(job);
    thread.map_err(|error| failed(format!("there is no thread for the compiler: {error}")))?;
    answered.await.map_err(|_| failed("the compiler stopped without an answer".into()))?
}
