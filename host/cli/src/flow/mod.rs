//! `weir flow`: the command line of flows, and who carries out which command. It acts on nothing itself.

mod files;
mod init;
mod manage;
mod push;
mod show;
mod validate;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use weir_model::FlowName;

use crate::args::Remote;
use crate::client::Client;
use crate::confirm::Confirm;
use crate::failure::Failure;
use crate::output::Out;

pub(crate) use files::first_method;

/// Write, check, push and publish flows
///
/// A flow is a file that you write and push: the server keeps it as the flow's draft, which the development URL runs.
/// Publishing makes an immutable, numbered version of it, which the production URL runs from then on.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir flow init orders
  weir flow validate orders.yaml
  weir flow push orders.yaml --publish
  weir flow url orders")]
pub(crate) struct FlowArgs {
    #[command(subcommand)]
    command: FlowCommand,
}

#[derive(Debug, Subcommand)]
enum FlowCommand {
    Init(InitArgs),
    Validate(ValidateArgs),
    Push(PushArgs),
    Publish(PublishArgs),
    Rollback(RollbackArgs),
    List(ListArgs),
    Show(ShowArgs),
    Versions(VersionsArgs),
    Url(UrlArgs),
    Enable(EnableArgs),
    Disable(DisableArgs),
    Key(KeyArgs),
    Delete(DeleteArgs),
}

/// Write a commented starter flow
///
/// Writes a flow that runs as it is and explains itself in comments: a condition, a template, an answer. It never
/// overwrites a file unless told to.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir flow init                   writes hello.yaml
  weir flow init orders            writes orders.yaml, a flow named orders
  weir flow init flows/orders.yaml
  weir flow init orders --stdout")]
struct InitArgs {
    /// The flow's name, or the file to write
    #[arg(value_name = "NAME|FILE", default_value = "hello")]
    target: String,

    /// Write to standard output instead
    #[arg(long, conflicts_with = "force")]
    stdout: bool,

    /// Overwrite a file that is there
    #[arg(long)]
    force: bool,
}

/// Check flow files without sending them anywhere
///
/// Checks everything that can be checked without a server: the shape, the steps and where they lead, templates,
/// conditions, settings of built-in kinds. Findings are printed as a compiler prints them, as `file:line: error[CODE]:
/// message`. A custom action's own settings are checked by the server: by --remote, or when the flow is pushed.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir flow validate orders.yaml
  weir flow validate flows/*.yaml
  weir flow validate orders.yaml --remote    also checks custom actions, saves nothing
  cat orders.yaml | weir flow validate -")]
struct ValidateArgs {
    /// Files to check; - for standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Let the server check, against the actions it has
    #[arg(long)]
    remote: bool,

    /// Count warnings as errors
    #[arg(long)]
    strict: bool,
}

/// Save a file as a flow's draft, and publish it if told to
///
/// The flow is made where there is none of that name. The draft may still have errors: they are printed, and it cannot
/// be published until they are gone. With --publish the draft becomes a new version at once.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir flow push orders.yaml
  weir flow push orders.yaml --publish --note 'retry the shop'
  weir flow push orders.yaml --json | jq -r .urls.development")]
struct PushArgs {
    /// The file; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Publish it as a new version
    #[arg(long)]
    publish: bool,

    /// What changed, kept with the version
    #[arg(long, value_name = "TEXT", requires = "publish")]
    note: Option<String>,

    /// Only where the draft is still this revision: nobody else's work is overwritten
    #[arg(long, value_name = "N")]
    if_revision: Option<u64>,
}

/// Publish a flow's draft as a new version
///
/// Checks the draft in full; where there is no error it becomes the next version, and the production URL runs that
/// from the next call on. Runs under way finish with the version they began with.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  weir flow publish orders --note 'retry the shop'")]
struct PublishArgs {
    /// The flow
    name: FlowName,

    /// What changed, kept with the version
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// Publish an earlier version again
///
/// The production URL runs that version from the next call on. The draft stays as it is; no version is lost.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir flow rollback orders         the version before the published one
  weir flow rollback orders --to 3")]
struct RollbackArgs {
    /// The flow
    name: FlowName,

    /// The version; the one before the published one where nothing is said
    #[arg(long, value_name = "VERSION", value_parser = clap::value_parser!(u32).range(1..))]
    to: Option<u32>,
}

/// List the tenant's flows
///
/// One line a flow: which version is published, how the draft stands, whether the flow is enabled.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  weir flow list\n  weir flow list --json | jq -r '.[].name'")]
struct ListArgs {
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
}

/// Show one flow
///
/// Shows how it stands and its URLs. With --text it prints the draft's text as it was pushed, with --version that of a
/// published version: ready to be edited and pushed again.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir flow show orders
  weir flow show orders --text > orders.yaml
  weir flow show orders --version 3")]
struct ShowArgs {
    /// The flow
    name: FlowName,

    /// Print the draft's text
    #[arg(long, conflicts_with = "version")]
    text: bool,

    /// Print the text of this version
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    version: Option<u32>,
}

/// List a flow's versions
///
/// Newest first, with the note each was published with.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  weir flow versions orders")]
struct VersionsArgs {
    /// The flow
    name: FlowName,
}

/// Print a flow's URL
///
/// Prints the production URL and nothing else, so that a script can use it. The development URL runs the draft, while
/// `weir listen` or the flow's debug panel is open.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  curl -d '{}' -H 'content-type: application/json' \"$(weir flow url orders)\"
  weir flow url orders --dev")]
struct UrlArgs {
    /// The flow
    name: FlowName,

    /// The development URL
    #[arg(long)]
    dev: bool,
}

/// Let a disabled flow answer again
///
/// Its production URL runs the published version again. Nothing else changes.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  weir flow enable orders")]
struct EnableArgs {
    /// The flow
    name: FlowName,
}

/// Make a flow refuse calls
///
/// Its URL answers 422 until the flow is enabled again. Runs under way finish. Nothing is lost.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  weir flow disable orders")]
struct DisableArgs {
    /// The flow
    name: FlowName,
}

/// Give a flow new URLs
///
/// Makes a new key: the old URLs stop working at once and never work again. For a key that leaked.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  weir flow key orders\n  weir flow key orders --yes --json | jq -r .urls.production"
)]
struct KeyArgs {
    /// The flow
    name: FlowName,

    #[command(flatten)]
    confirm: Confirm,
}

/// Delete a flow with its draft and all its versions
///
/// Its URLs answer 404 from then on. Records of its runs stay until retention drops them.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  weir flow delete orders\n  weir flow delete orders --yes")]
struct DeleteArgs {
    /// The flow
    name: FlowName,

    #[command(flatten)]
    confirm: Confirm,
}

/// Carries out one command.
pub(crate) async fn run(args: FlowArgs, remote: &Remote, out: &Out) -> Result<(), Failure> {
    match args.command {
        FlowCommand::Init(args) => init::init(&args, out),
        FlowCommand::Validate(args) => validate::validate(&args, remote, out).await,
        FlowCommand::Push(args) => push::push(&Client::new(remote)?, &args, out).await,
        FlowCommand::Publish(args) => manage::publish(&Client::new(remote)?, &args, out).await,
        FlowCommand::Rollback(args) => manage::rollback(&Client::new(remote)?, &args, out).await,
        FlowCommand::List(args) => show::list(&Client::new(remote)?, args.limit, out).await,
        FlowCommand::Show(args) => show::show(&Client::new(remote)?, &args, out).await,
        FlowCommand::Versions(args) => show::versions(&Client::new(remote)?, &args.name, out).await,
        FlowCommand::Url(args) => show::url(&Client::new(remote)?, &args, out).await,
        FlowCommand::Enable(args) => manage::set_enabled(&Client::new(remote)?, &args.name, true, out).await,
        FlowCommand::Disable(args) => manage::set_enabled(&Client::new(remote)?, &args.name, false, out).await,
        FlowCommand::Key(args) => manage::key(&Client::new(remote)?, &args, out).await,
        FlowCommand::Delete(args) => manage::delete(&Client::new(remote)?, &args, out).await,
    }
}
