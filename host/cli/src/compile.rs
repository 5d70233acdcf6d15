//! `weir compile-component`: the process in which the server has a component compiled, under limits that the server sets.
//! Nobody calls it by hand; it decides nothing.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use weir_sandbox::Compiler;

/// The subcommand's name.
const NAME: &str = "compile-component";

/// Compile a component for the server
///
/// Reads a component from standard input and writes machine code to a new file. The server starts it, and sets its limits.
#[derive(Args, Debug)]
pub(crate) struct CompileArgs {
    /// The file to write, which must not exist
    #[arg(value_name = "FILE")]
    out: PathBuf,
}

/// Compiles what comes in.
pub(crate) fn run(args: &CompileArgs) -> ExitCode {
    match weir_sandbox::compile_child(&args.out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// The compiler of this very program, in a process of its own.
pub(crate) fn compiler() -> Result<Compiler> {
    // On Linux this names the running program even after its file was replaced by another version.
    let own = Path::new("/proc/self/exe");
    let program = match own.exists() {
        true => own.to_owned(),
        false => std::env::current_exe().context("this program's own file cannot be found")?,
    };
    Ok(Compiler::Child { program, args: vec![NAME.into()] })
}
