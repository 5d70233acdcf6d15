//! The `weir` binary: reads the command line, starts a runtime, and turns what came of it into an exit code. It decides
//! nothing else; each command group has its own file.

#![forbid(unsafe_code)]

mod action;
mod action_test;
mod args;
mod backup;
mod client;
mod compile;
mod confirm;
mod doctor;
mod egress;
mod failure;
mod flow;
#[cfg(test)]
mod help_tests;
mod key_file;
mod limits;
mod listen;
mod output;
mod restore;
mod retention;
mod run;
mod secret;
mod serve;
mod system;

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use args::{Cli, Command};
use failure::Failure;
use output::Out;
use serve::Successor;

/// How long tasks that cannot be interrupted may take once everything else has ended.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// Many short-lived values on many threads: measured against the system's allocator it is the faster one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Command::CompileComponent(args) = &cli.command {
        // No runtime, no other thread: it has little memory, and ends soon.
        return compile::run(args);
    }
    let out = Out::new(cli.json);
    let done = runtime(&cli.command).and_then(|runtime| {
        let done = runtime.block_on(dispatch(cli, &out));
        // Closes what tasks held, such as the store, but waits for none that is stuck.
        runtime.shutdown_timeout(SHUTDOWN);
        done
    });
    let done = done.and_then(|successor| successor.map_or(Ok(()), |successor| Err(Failure::Other(successor.start()))));
    let exit = match done {
        Ok(()) => failure::Exit::Done,
        Err(failure) => {
            out.failure(&failure);
            failure.exit()
        }
    };
    ExitCode::from(exit.code())
}

/// The server works on many threads; a client command needs only this one.
fn runtime(command: &Command) -> Result<tokio::runtime::Runtime, Failure> {
    let mut builder = match command {
        Command::Serve(args) => {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
            builder.worker_threads(args.workers.map_or(cores.max(2), NonZeroUsize::get));
            // How many tasks run before sockets and timers are looked at again: a call that computes takes a slice of up
            // to a millisecond of each, and with tokio's 61 of them a neighbour waits long to be heard.
            builder.event_interval(3);
            builder
        }
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    builder.enable_all().build().map_err(|error| Failure::Other(error.into()))
}

/// Does what was asked. A server that is to be followed by another gives that back, to be started once all of its own is gone.
async fn dispatch(cli: Cli, out: &Out) -> Result<Option<Successor>, Failure> {
    let remote = &cli.remote;
    let done = match cli.command {
        Command::Serve(args) => return Ok(serve::run(*args, out).await?),
        Command::Flow(args) => flow::run(args, remote, out).await,
        Command::Action(args) => action::run(args, remote, out).await,
        Command::Run(args) => run::run(args, remote, out).await,
        Command::Listen(args) => listen::run(args, remote, out).await,
        Command::Limits(args) => limits::run(args, remote, out).await,
        Command::Retention(args) => retention::run(args, remote, out).await,
        Command::Egress(args) => egress::run(args, remote, out).await,
        Command::Secret(args) => secret::run(args, remote, out).await,
        Command::Backup(args) => backup::run(args, remote, out).await,
        Command::Restore(args) => restore::run(&args, out),
        Command::Doctor(args) => doctor::run(&args, out),
        // Done before there is a runtime.
        Command::CompileComponent(_) => Ok(()),
    };
    done.map(|()| None)
}
