//! `weir action test`: runs a component here, in the sandbox that the server has, and tells all that a step would
//! record. It talks to no server and keeps nothing.

mod bench;
mod checks;
mod files;
mod json;
mod report;
mod usage;
mod watch;

use std::path::PathBuf;

use clap::Args;
use weir_model::{Coded, TenantId};

use crate::action::build;
use crate::action::origin::Origin;
use crate::failure::Failure;
use crate::listen::stopped;
use crate::output::Out;
use bench::Bench;
use files::Given;
use report::Report;

/// Run a component here and see what it does and uses
///
/// Runs the component on this machine, without a server, in the same sandbox and with the limits of a fresh server.
/// Prints its output and exit, what it logged, the variables it changed, and how much of every limit it used. Each run
/// starts with an empty key-value store. The same component with the same input uses the same fuel on every machine. In
/// the folder of a project it takes the component that `weir action build` left; with --watch it builds first, and again
/// whenever a source changes.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir action test --input input.json --config config.json
  weir action test --input input.json --watch
  weir action test lead_score.wasm --input lead.json --repeat 100
  echo '{\"n\":1}' | weir action test lead_score.wasm --input - --json | jq .usage.fuel")]
pub(crate) struct TestArgs {
    /// The component, or the folder of a project; the folder it runs in where nothing is said
    #[arg(value_name = "FILE.wasm|FOLDER")]
    component: Option<PathBuf>,

    /// Build the project first
    #[arg(long)]
    build: bool,

    /// The step's input, as JSON; - for standard input; {} where nothing is said
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,

    /// The step's settings, what a flow has under `with`, as YAML or JSON
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Variables that the run has, as YAML or JSON
    #[arg(long, value_name = "FILE")]
    variables: Option<PathBuf>,

    /// Other limits than the defaults, as YAML or JSON, such as `fuel: 50000000`
    #[arg(long, value_name = "FILE")]
    limits: Option<PathBuf>,

    /// Run it so often, and say whether it used the same fuel each time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    repeat: u32,

    /// Run it again whenever one of the files changes, until Ctrl-C
    #[arg(long)]
    watch: bool,

    /// Print long values whole
    #[arg(long)]
    full: bool,
}

impl TestArgs {
    /// All files named.
    fn files(&self) -> Vec<PathBuf> {
        let component = self.component.iter().filter(|path| !path.is_dir());
        let others = [&self.input, &self.config, &self.variables, &self.limits];
        component.chain(others.into_iter().flatten()).cloned().collect()
    }

    /// Standard input can be read once, by one of the options.
    fn check(&self) -> Result<(), Failure> {
        let from_stdin = self.files().iter().filter(|file| files::is_stdin(file)).count();
        if from_stdin > 1 {
            return Err(Failure::Usage("standard input can be only one of the files: name the others".into()));
        }
        if from_stdin > 0 && self.watch {
            return Err(Failure::Usage("standard input cannot be watched: name a file, or leave out --watch".into()));
        }
        Ok(())
    }
}

/// Carries out the command.
pub(crate) async fn run(args: &TestArgs, tenant: &TenantId, out: &Out) -> Result<(), Failure> {
    args.check()?;
    let origin = Origin::of(args.component.as_deref())?;
    if args.build && origin.project().is_none() {
        return Err(Failure::Usage("--build builds a project: name its folder rather than a component".into()));
    }
    let bench = Bench::open()?;
    let work = async {
        if args.watch {
            return watch::follow(args, &origin, &bench, tenant, out).await;
        }
        if let Some(project) = origin.project().filter(|_| args.build) {
            build::build(project, out).await?;
        }
        once(args, &origin, &bench, tenant, out).await
    };
    // Stopping in order rather than by the signal, so that the folder of compiled code goes too.
    tokio::select! {
        done = work => done,
        stopped = stopped() => match stopped {
            Ok(()) if !args.watch => Err(Failure::Check("the test was stopped before its end".into())),
            stopped => stopped,
        },
    }
}

/// Reads the files, runs the action and reports.
async fn once(args: &TestArgs, origin: &Origin, bench: &Bench, tenant: &TenantId, out: &Out) -> Result<(), Failure> {
    let given = Given::read(&origin.component(out)?, args)?;
    let ready = bench.admit(tenant, given.component.clone()).await?;
    let mut warnings = checks::before(&ready.admitted.info, &given)?;
    bench.validate(&ready, &given).await?;
    let series = bench.series(&ready, &given, tenant, args.repeat).await?;
    warnings.extend(checks::after(&ready.admitted.info, &series.shown));
    let report = Report { ready: &ready, series: &series, limits: &given.limits, warnings: &warnings, full: args.full };
    if out.json() {
        out.value(&json::Object::of(&report))?;
    } else {
        report.print(out)?;
    }
    let Err(failure) = &series.shown.result else { return Ok(()) };
    let often =
        if series.count > 1 { format!(" in {} of {} runs", series.failed, series.count) } else { String::new() };
    Err(Failure::Action {
        code: failure.code.clone(),
        message: format!("{} failed{often}", report.name()),
        findings: Vec::new(),
    })
}

/// A failure with the code that the server would give.
fn refused(error: &impl Coded) -> Failure {
    Failure::Action { code: error.code(), message: error.to_string(), findings: Vec::new() }
}
