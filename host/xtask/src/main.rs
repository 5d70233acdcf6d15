//! `cargo xtask …`: set-up, tools, demo, test, lint, actions, fuzz, soak, bench. It starts other programs and depends on nothing
//! heavy, so that it builds in seconds on a machine that has nothing but Rust.

#![forbid(unsafe_code)]

mod actions;
mod api;
mod bench;
mod demo;
mod fuzz;
mod lint;
mod sdks;
mod setup;
mod shell;
mod soak;
mod test;
mod tools;

use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Tasks of the weir workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what the build needs and this machine lacks
    Setup,
    /// Install the compilers of other languages, which the tests and the committed components are built with
    Tools,
    /// Build, start a server on a scratch folder, deploy the examples, send a webhook and show its run
    Demo {
        /// End after the run was shown, instead of serving until interrupted
        #[arg(long)]
        once: bool,
    },
    /// Set up, build and run every test
    Test {
        /// Passed on to nextest, such as a filter
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Try what takes bytes from strangers with inputs that nobody thought of
    Fuzz {
        /// One target of tests/fuzz; all where none is named
        target: Option<String>,
        /// Seconds for each target
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// What the inputs follow from, to try the same again
        #[arg(long, env = "WEIR_FUZZ_SEED")]
        seed: Option<u64>,
    },
    /// Check formatting, clippy and the rules of the house
    Lint,
    /// Build the committed components again
    Actions {
        /// Change nothing; fail where the committed bytes differ
        #[arg(long)]
        check: bool,
    },
    /// Run tests with more rounds than the suite has time for
    Soak {
        #[command(subcommand)]
        what: Soak,
    },
    /// Measure throughput, CPU per request, latency and memory beside a bare server
    Bench {
        /// Rounds; medians are reported
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// Seconds of load per case and round
        #[arg(long, default_value_t = 8)]
        seconds: u64,
    },
}

#[derive(Subcommand)]
enum Soak {
    /// Every operation of the API with what its document allows and what it does not, by Schemathesis
    Api {
        /// Examples an operation
        #[arg(long, default_value_t = 20)]
        examples: u32,
        /// What the examples follow from
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Every hostile guest beside a well-behaved neighbour, compile bombs too; prints latencies, memory and verdicts
    Containment {
        /// How often each guest is sent
        #[arg(long, default_value_t = 200)]
        rounds: u32,
    },
    /// 200 kills and 50 power cuts under load, 700 damaged folders, a restart over a million stored runs; prints what was
    /// lost (nothing) and how long things took
    Durability,
    /// Mixed load at 70 % of what the server can do, with retention on; prints how memory and disk fared
    Steady {
        /// How long
        #[arg(long, default_value_t = 60)]
        minutes: u32,
    },
}

fn main() -> Result<()> {
    match Cli::parse().task {
        Task::Setup => setup::run(),
        Task::Tools => tools::run(),
        Task::Demo { once } => demo::run(once),
        Task::Test { args } => test::run(&args.iter().map(String::as_str).collect::<Vec<_>>()),
        Task::Fuzz { target, seconds, seed } => fuzz::run(&fuzz::Options { target, seconds, seed }),
        Task::Lint => lint::run(),
        Task::Actions { check } => actions::run(check),
        Task::Soak { what: Soak::Api { examples, seed } } => api::run(examples, seed),
        Task::Soak { what: Soak::Containment { rounds } } => soak::containment(rounds),
        Task::Soak { what: Soak::Durability } => soak::durability(),
        Task::Soak { what: Soak::Steady { minutes } } => soak::steady(minutes),
        Task::Bench { rounds, seconds } => bench::run(&bench::Options { rounds, time: Duration::from_secs(seconds) }),
    }
}
