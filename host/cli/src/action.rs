//! `weir action`: uploads custom actions and shows what there is. It does not look inside components; the server does.

pub(crate) mod build;
mod new;
pub(crate) mod origin;
pub(crate) mod project;
mod push;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use weir_model::{ActionRef, Capability};

use crate::action_test::{self, TestArgs};
use crate::args::Remote;
use crate::client::{ActionView, Client};
use crate::confirm::Confirm;
use crate::failure::Failure;
use crate::output::{Cell, Out, Table, Tone, bytes, clean, cut, moment, pretty};
use build::BuildArgs;
use new::NewArgs;

/// Start, build, try out, upload and list custom actions
///
/// A custom action is a WebAssembly component of the world `weir:action`. Once pushed, any flow of the tenant uses it
/// as `name@version`. Versions are immutable: changed bytes need a new version.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir action new --lang rust lead-score
  weir action build
  weir action test --input input.json --config config.json
  weir action push
  weir action list
  weir action show lead-score@1")]
pub(crate) struct ActionArgs {
    #[command(subcommand)]
    command: ActionCommand,
}

#[derive(Debug, Subcommand)]
enum ActionCommand {
    New(NewArgs),
    Build(BuildArgs),
    Test(TestArgs),
    Push(PushArgs),
    List(ListArgs),
    Show(ShowArgs),
    Delete(DeleteArgs),
}

/// Upload a component
///
/// Sends the component; the server checks it, compiles it, asks it to describe itself, and answers with what it said:
/// its name and version come from there. Pushing the same bytes again changes nothing. In the folder of a project it
/// sends the component that `weir action build` left.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir action push
  weir action push lead_score.wasm --json | jq -r '.name + \"@\" + .version'")]
struct PushArgs {
    /// The component, or the folder of a project; the folder it runs in where nothing is said
    #[arg(value_name = "FILE.wasm|FOLDER")]
    file: Option<PathBuf>,
}

/// List the tenant's actions
///
/// One line for each version, as the action describes itself.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  weir action list\n  weir action list --json | jq -r '.[].name'")]
struct ListArgs {
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
}

/// Show one action
///
/// Shows what it does, its exits, what it asks for, and the JSON Schema of its settings. `name` means the newest
/// version, `name@1` the newest 1.x.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  weir action show lead-score\n  weir action show lead-score@1.4.2")]
struct ShowArgs {
    /// The action
    #[arg(value_name = "NAME[@VERSION]")]
    action: ActionRef,
}

/// Delete one version of an action
///
/// Refused while a published version or a draft of a flow uses it.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  weir action delete lead-score@1.4.2 --yes")]
struct DeleteArgs {
    /// The action and its full version
    #[arg(value_name = "NAME@VERSION")]
    action: ActionRef,

    #[command(flatten)]
    confirm: Confirm,
}

/// Carries out one command.
pub(crate) async fn run(args: ActionArgs, remote: &Remote, out: &Out) -> Result<(), Failure> {
    match args.command {
        ActionCommand::New(args) => new::run(&args, out),
        ActionCommand::Build(args) => build::run(&args, out).await,
        ActionCommand::Test(args) => Box::pin(action_test::run(&args, &remote.tenant, out)).await,
        ActionCommand::Push(args) => push::push(remote, args.file.as_deref(), out).await,
        ActionCommand::List(args) => list(&Client::new(remote)?, args.limit, out).await,
        ActionCommand::Show(args) => show(&Client::new(remote)?, &args.action, out).await,
        ActionCommand::Delete(args) => delete(&Client::new(remote)?, &args, out).await,
    }
}

fn full_name(action: &ActionView) -> String {
    format!("{}@{}", action.name, action.version)
}

/// The reference that also takes later versions which keep their promises: `name@1` of `name@1.4.2`.
fn short_name(action: &ActionView) -> String {
    format!("{}@{}", action.name, action.version.split('.').next().unwrap_or_default())
}

async fn list(client: &Client, limit: usize, out: &Out) -> Result<(), Failure> {
    let items = client.list(&["actions"], &[], limit).await?;
    if out.json() {
        return out.value(&items);
    }
    let mut table = Table::new(["NAME", "VERSION", "SIZE", "PUSHED", "TITLE"]);
    for item in &items {
        let action: ActionView = client.understand(item.get())?;
        table.row([
            Cell::new(action.name, Tone::Strong),
            action.version.into(),
            bytes(action.size).into(),
            moment(action.created_at).into(),
            action.title.into(),
        ]);
    }
    table.print(out, "No actions yet: `weir action push FILE.wasm` sends one.")
}

async fn show(client: &Client, wanted: &ActionRef, out: &Out) -> Result<(), Failure> {
    let items = client.list(&["actions"], &[], 10_000).await?;
    let mut found: Vec<(ActionView, &RawValue)> = Vec::new();
    for item in &items {
        let action: ActionView = client.understand(item.get())?;
        if action.name == *wanted.name && wanted.matches(&action.version) {
            found.push((action, item));
        }
    }
    let newest = found.into_iter().max_by_key(|(action, _)| order(&action.version));
    let (action, raw) = newest.ok_or_else(|| {
        Failure::NotFound(format!("there is no action {wanted}: `weir action list` shows those that there are"))
    })?;
    if out.json() {
        return out.value(raw);
    }
    out.line(out.paint(Tone::Strong, clean(&full_name(&action))))?;
    describe(&action, true, out)
}

/// Versions in their order: numbers by value; a pre-release before its release (Semantic Versioning 2.0.0 §11).
fn order(version: &str) -> (Vec<u64>, bool, String) {
    let (numbers, pre) = match version.split_once('-') {
        Some((numbers, pre)) => (numbers, Some(pre)),
        None => (version, None),
    };
    let numbers = numbers.split(['.', '+']).map(|part| part.parse().unwrap_or(0)).collect();
    (numbers, pre.is_none(), pre.unwrap_or_default().to_owned())
}

async fn delete(client: &Client, args: &DeleteArgs, out: &Out) -> Result<(), Failure> {
    let action = &args.action;
    let Some(version) = &action.version else {
        return Err(Failure::Usage(format!("say which version to delete, such as {action}@1.0.0: `weir action list`")));
    };
    args.confirm.ask(&format!("this deletes action {action}"))?;
    client.text(client.request(Method::DELETE, &["actions", &action.name, version])).await?;
    if out.json() {
        return out.value(&json!({ "name": action.name, "version": version, "deleted": true }));
    }
    out.line(format!("Deleted {}.", out.paint(Tone::Strong, action.to_string())))
}

/// What the action says of itself, in lines.
fn describe(action: &ActionView, schema: bool, out: &Out) -> Result<(), Failure> {
    let line = |label: &str, text: &str| {
        if text.is_empty() {
            Ok(())
        } else {
            out.line(format!("  {} {text}", out.paint(Tone::Quiet, format!("{label:<9}"))))
        }
    };
    line("title", &clean(&action.title))?;
    let about = action.description.split_whitespace().collect::<Vec<_>>().join(" ");
    line("about", &cut(&clean(&about), 2_000))?;
    line("size", &bytes(action.size))?;
    line("settings", &settings(&action.config_schema))?;
    let exits = action.branches.iter().map(|exit| clean(exit)).collect::<Vec<_>>().join(", ");
    line("exits", &if exits.is_empty() { "next".into() } else { format!("next, {exits}") })?;
    line("asks for", &action.capabilities.iter().map(capability).collect::<Vec<_>>().join(", "))?;
    if schema {
        line("pushed", &action.created_at.map(|at| at.to_string()).unwrap_or_default())?;
        line("sha256", &clean(&action.artifact))?;
        line("schema", &pretty(&action.config_schema.to_string(), 12))?;
    }
    Ok(())
}

/// The names under `with`, those that must be there marked.
fn settings(schema: &Value) -> String {
    let required: Vec<_> = schema.get("required").and_then(Value::as_array).into_iter().flatten().collect();
    let properties = schema.get("properties").and_then(Value::as_object);
    let names = properties.into_iter().flat_map(|properties| properties.keys()).map(|name| {
        let must = required.iter().any(|required| required.as_str() == Some(name));
        format!("{}{}", clean(name), if must { " (required)" } else { "" })
    });
    names.collect::<Vec<_>>().join(", ")
}

fn capability(capability: &Capability) -> String {
    match capability {
        Capability::Http { host, methods } if methods.is_empty() => format!("http to {}", clean(host)),
        Capability::Http { host, methods } => format!("http {} to {}", clean(&methods.join("/")), clean(host)),
        Capability::Kv(bucket) => format!("kv bucket {}", clean(bucket)),
        Capability::Secret(name) => format!("secret {}", clean(name)),
        Capability::Variables => "variables".into(),
        Capability::Clock => "the clock".into(),
        Capability::Random => "random bytes".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_sort_by_their_numbers() {
        let mut versions = ["1.10.0", "1.9.3", "2.0.0-rc1", "2.0.0", "1"];
        versions.sort_by_key(|version| order(version));
        assert_eq!(versions, ["1", "1.9.3", "1.10.0", "2.0.0-rc1", "2.0.0"]);
    }

    #[test]
    fn settings_name_what_is_required() {
        let schema = json!({ "properties": { "weights": {}, "a\u{1b}": {} }, "required": ["weights"] });
        assert_eq!(settings(&schema), "weights (required), a\\u{1b}");
        assert_eq!(settings(&Value::Bool(true)), "");
    }
}
