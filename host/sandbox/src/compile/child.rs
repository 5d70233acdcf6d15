//! The child's side: reads a component, compiles it, writes the machine code to a file. It must not run any of it, nor
//! open anything else.

use std::fs::OpenOptions;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::thread;

use wasmtime::Engine;

use super::COMPILER_STACK;
use super::report::Report;
use crate::sandbox::MAX_COMPONENT_BYTES;
use crate::{SandboxError, engine};

/// Compiles the component on standard input into `out`, which must not exist, and says on standard output what came of
/// it: the whole work of a program that [`crate::Compiler::Child`] names. Its limits are set from outside.
///
/// # Errors
/// Where even that could not be said.
pub fn compile_child(out: &Path) -> io::Result<()> {
    // Where the server is killed, nobody waits for this any more.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    let report = thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(COMPILER_STACK);
        let worker = thread.spawn_scoped(scope, || report(work(out)))?;
        Ok::<_, io::Error>(worker.join().unwrap_or_else(|_| Report::Refused("the compiler panicked".into())))
    });
    let report =
        report.unwrap_or_else(|error| Report::Refused(format!("there is no thread for the compiler: {error}")));
    let mut line = serde_json::to_string(&report)?;
    line.push('\n');
    io::stdout().lock().write_all(line.as_bytes())
}

fn work(out: &Path) -> Result<(), SandboxError> {
    let engine = engine::on_demand()?;
    let mut bytes = Vec::new();
    let most = MAX_COMPONENT_BYTES as u64;
    let read = io::stdin().lock().take(most + 1).read_to_end(&mut bytes);
    read.map_err(|error| SandboxError::Compile { reason: format!("the component did not arrive: {error}") })?;
    write(&engine, &bytes, out)
}

fn report(done: Result<(), SandboxError>) -> Report {
    match done {
        Ok(()) => Report::Done,
        Err(SandboxError::Compile { reason }) if is_about_memory(&reason) => Report::OutOfMemory,
        Err(SandboxError::Compile { reason }) => Report::Refused(reason),
        Err(other) => Report::Refused(other.to_string()),
    }
}

/// The system's words for ENOMEM, and wasmtime's.
fn is_about_memory(reason: &str) -> bool {
    ["Cannot allocate memory", "out of memory"].iter().any(|words| reason.contains(words))
}

/// Compiles a component into a new file that only this user can read.
pub(super) fn write(engine: &Engine, bytes: &[u8], out: &Path) -> Result<(), SandboxError> {
    let code = engine.precompile_component(bytes);
    let code = code.map_err(|error| SandboxError::Compile { reason: format!("{error:#}") })?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(out);
    let written = file.and_then(|mut file| file.write_all(&code));
    written.map_err(|source| SandboxError::Cache { path: out.to_owned(), source })
}
