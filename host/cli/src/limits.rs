//! `weir limits`: what runs of a tenant may use. The server combines the levels; this shows and changes the tenant's.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

use crate::args::Remote;
use crate::client::{Client, LimitView, LimitsView};
use crate::failure::Failure;
use crate::output::{Cell, Out, Table, Tone, grouped};

/// Show and set what runs may use
///
/// Limits are set on four levels: the operator's file (`weir serve --limits`), the tenant, the flow and the step, the last
/// two with `limits` in the definition. Of each number the lowest counts; only the operator's file can raise a default.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir limits show
  weir limits set fuel=5000000000 run_steps=500")]
pub(crate) struct LimitsArgs {
    #[command(subcommand)]
    command: LimitsCommand,
}

#[derive(Debug, Subcommand)]
enum LimitsCommand {
    Show(ShowArgs),
    Set(SetArgs),
}

/// List a tenant's limits
///
/// One line a limit: the number that holds, which level decided it, and what it bounds. Flows and steps may lower it
/// further.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir limits show
  weir limits show --tenant acme
  weir limits show --json | jq .own")]
struct ShowArgs {}

/// Set or clear limits of a tenant
///
/// Takes names and numbers; a name without a number is cleared, and the server's number holds again. Other limits stay as
/// they are. Needs an operator's token. Runs that began before keep what they had.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir limits set fuel=5000000000 --tenant acme
  weir limits set kv_operations=100 run_kv_operations=500
  weir limits set fuel=              the server's number holds again")]
struct SetArgs {
    /// What to set or clear
    #[arg(value_name = "NAME=VALUE", required = true, value_parser = change)]
    changes: Vec<(String, Option<u64>)>,
}

fn change(text: &str) -> Result<(String, Option<u64>), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE, or NAME= to clear it")?;
    if name.is_empty() {
        return Err("there is no name before the `=`".into());
    }
    let value = value.replace('_', "");
    let value = if value.is_empty() { Ok(None) } else { value.parse().map(Some) };
    value
        .map(|value| (name.to_owned(), value))
        .map_err(|_| "the value is no whole number from 0, without a unit".into())
}

/// Carries out one command.
pub(crate) async fn run(args: LimitsArgs, remote: &Remote, out: &Out) -> Result<(), Failure> {
    let client = Client::new(remote)?;
    match args.command {
        LimitsCommand::Show(ShowArgs {}) => show(&client, out).await,
        LimitsCommand::Set(args) => set(&client, args.changes, out).await,
    }
}

async fn show(client: &Client, out: &Out) -> Result<(), Failure> {
    let answer: Value = client.parse(client.request(Method::GET, &["limits"])).await?;
    if out.json() {
        return out.value(&answer);
    }
    let view: LimitsView = client.understand(&answer.to_string())?;
    table(view.limits.iter(), out)
}

async fn set(client: &Client, changes: Vec<(String, Option<u64>)>, out: &Out) -> Result<(), Failure> {
    let before: LimitsView = client.parse(client.request(Method::GET, &["limits"])).await?;
    let mut own = before.own;
    for (name, value) in &changes {
        match value {
            Some(value) => {
                own.insert(name.clone(), *value);
            }
            // The server would find a wrong name that is set, but not one that is left out.
            None if before.limits.iter().all(|limit| limit.name != *name) => {
                return Err(Failure::Usage(format!("there is no limit {name:?}: `weir limits show` lists them")));
            }
            None => {
                own.remove(name);
            }
        }
    }
    let answer: Value = client.parse(client.request(Method::PUT, &["limits"]).json(&own)).await?;
    if out.json() {
        return out.value(&answer);
    }
    let view: LimitsView = client.understand(&answer.to_string())?;
    let changed = |limit: &&LimitView| changes.iter().any(|(name, _)| *name == limit.name);
    table(view.limits.iter().filter(changed), out)?;
    for limit in view.limits.iter().filter(changed) {
        if view.own.get(&limit.name).is_some_and(|own| *own > limit.value) {
            out.note(format!("{}: the server gives no more than {}.", limit.name, grouped(limit.value)));
        }
    }
    Ok(())
}

fn table<'l>(limits: impl Iterator<Item = &'l LimitView>, out: &Out) -> Result<(), Failure> {
    let mut table = Table::new(["NAME", "LIMIT", "SET BY", "WHAT IT BOUNDS"]);
    for limit in limits {
        let tone = if limit.level == "default" { Tone::Quiet } else { Tone::Strong };
        // Piped output is for programs, which want plain digits.
        let value = if out.terminal() { grouped(limit.value) } else { limit.value.to_string() };
        table.row([
            Cell::from(limit.name.as_str()),
            Cell::from(value),
            Cell::new(limit.level.as_str(), tone),
            Cell::from(limit.about.as_str()),
        ]);
    }
    table.print(out, "There are no limits.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_read_as_names_and_numbers() {
        assert_eq!(change("fuel=5_000"), Ok(("fuel".into(), Some(5_000))));
        assert_eq!(change("fuel="), Ok(("fuel".into(), None)));
        for wrong in ["fuel", "=5", "fuel=-1", "fuel=5s", "fuel=1e9"] {
            assert!(change(wrong).is_err(), "{wrong}");
        }
    }
}
