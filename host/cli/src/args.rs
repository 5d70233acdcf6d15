//! The top of the command line: the command groups, what all of them share, and the exit codes. It parses; the groups
//! act.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use weir_model::TenantId;

use crate::action::ActionArgs;
use crate::backup::BackupArgs;
use crate::compile::CompileArgs;
use crate::doctor::DoctorArgs;
use crate::egress::EgressArgs;
use crate::flow::FlowArgs;
use crate::limits::LimitsArgs;
use crate::listen::ListenArgs;
use crate::restore::RestoreArgs;
use crate::retention::RetentionArgs;
use crate::run::RunArgs;
use crate::secret::SecretArgs;
use crate::serve::args::ServeArgs;

const EXIT_CODES: &str = "\
First steps:
  weir serve                        start a server here
  weir flow init hello              write a starter flow to hello.yaml
  weir flow push hello.yaml --publish
  curl -d '{\"name\":\"Ada\"}' -H 'content-type: application/json' \"$(weir flow url hello)\"
  weir run list                     see what ran

Exit codes:
  0  done
  1  the server or a check said no
  2  wrong usage, or a question that needs --yes
  3  cannot reach the server
  4  not signed in, or not allowed
  5  not found

Errors go to standard error as `error: what happened (WEIR-CODE)`, with what to do next.";

/// Webhooks in, flows run
///
/// weir turns an HTTP call into a run of a flow. A flow is a YAML file of steps; its custom actions are WebAssembly
/// components that run in a metered sandbox. `weir serve` is the server; the other commands talk to one.
#[derive(Debug, Parser)]
#[command(name = "weir", version, after_help = EXIT_CODES, after_long_help = EXIT_CODES)]
#[command(arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Cli {
    /// Print JSON instead of text, on everything that prints
    #[arg(long, global = true, display_order = 900)]
    pub(crate) json: bool,

    /// Which server a client command talks to.
    #[command(flatten)]
    pub(crate) remote: Remote,

    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The command groups.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(Box<ServeArgs>),
    Flow(FlowArgs),
    Action(ActionArgs),
    Run(RunArgs),
    Listen(ListenArgs),
    Secret(SecretArgs),
    Limits(LimitsArgs),
    Retention(RetentionArgs),
    Egress(EgressArgs),
    Backup(BackupArgs),
    Restore(RestoreArgs),
    Doctor(DoctorArgs),
    #[command(hide = true)]
    CompileComponent(CompileArgs),
}

/// Which server a client command talks to, and as whom.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Server")]
pub(crate) struct Remote {
    /// The server's admin address, e.g. http://127.0.0.1:8788
    #[arg(long, global = true, value_name = "URL", env = "WEIR_SERVER", hide_env_values = true, display_order = 910)]
    pub(crate) server: Option<String>,

    /// The token to sign in with
    #[arg(long, global = true, value_name = "TOKEN", env = "WEIR_TOKEN", hide_env_values = true, display_order = 911)]
    pub(crate) token: Option<String>,

    /// Data folder of the server on this machine, used where no --server is given
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "WEIR_DATA",
        hide_env_values = true,
        default_value = "./weir-data",
        display_order = 912
    )]
    pub(crate) data: PathBuf,

    /// The tenant
    #[arg(
        long,
        global = true,
        value_name = "TENANT",
        env = "WEIR_TENANT",
        hide_env_values = true,
        default_value = "default",
        display_order = 913
    )]
    pub(crate) tenant: TenantId,
}
