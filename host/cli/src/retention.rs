//! `weir retention`: how long a tenant's runs are kept. The server combines the levels; this shows and changes the tenant's.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::args::Remote;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{Cell, Out, Table, Tone, bytes};

/// Show and set how long runs are kept
///
/// A run goes once it is older than the days, or once the tenant's runs take more than the bytes: whole days go, the oldest
/// first, and runs that wait are kept. `weir serve --retain-days` and `--retain-bytes` set both for all tenants; a tenant's
/// own can be lower.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir retention show
  weir retention set days=7 bytes=2GiB")]
pub(crate) struct RetentionArgs {
    #[command(subcommand)]
    command: RetentionCommand,
}

#[derive(Debug, Subcommand)]
enum RetentionCommand {
    Show(ShowArgs),
    Set(SetArgs),
}

/// Show how long a tenant's runs are kept
///
/// One line a bound: the number that holds, and who set it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir retention show
  weir retention show --tenant acme --json | jq .holds")]
struct ShowArgs {}

/// Set or clear a tenant's bounds
///
/// A name without a number is cleared, and the server's number holds again; the other stays as it is. Needs an operator's
/// token. What is over the new bounds is removed within the next seconds, and cannot be had back.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir retention set days=7 --tenant acme
  weir retention set bytes=2GiB
  weir retention set days=              the server's number holds again")]
struct SetArgs {
    /// What to set or clear: `days`, or `bytes` with a unit such as MiB
    #[arg(value_name = "NAME=VALUE", required = true, value_parser = change)]
    changes: Vec<Change>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Days(Option<u32>),
    Bytes(Option<u64>),
}

fn change(text: &str) -> Result<Change, String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE, or NAME= to clear it")?;
    let given = |value: &str| !value.is_empty();
    match name {
        "days" => {
            let days = Some(value).filter(|value| given(value)).map(str::parse).transpose();
            days.map(Change::Days).map_err(|_| "write days as a whole number, such as days=14".into())
        }
        "bytes" => Some(value).filter(|value| given(value)).map(size).transpose().map(Change::Bytes),
        _ => Err("there are `days` and `bytes`, such as days=14 bytes=5GiB".into()),
    }
}

/// Reads bytes with an optional unit: `1048576`, `512MiB`, `2 GB`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let text = text.trim().replace('_', "");
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(split).unwrap_or((&text, ""));
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" | "k" => 1 << 10,
        "mib" | "m" => 1 << 20,
        "gib" | "g" => 1 << 30,
        "tib" | "t" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return Err("the unit is none of KiB, MiB, GiB, TiB, kB, MB, GB, TB".into()),
    };
    let number: u64 = number.parse().map_err(|_| "write bytes as a whole number with a unit, such as 10GiB")?;
    number.checked_mul(factor).ok_or_else(|| "it is larger than any disk".into())
}

/// The API's shapes.
#[derive(Clone, Copy, Default, Deserialize, Serialize)]
struct Bounds {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    days: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
}

#[derive(Deserialize)]
struct View {
    own: Bounds,
    server: Bounds,
    holds: Bounds,
}

/// Carries out one command.
pub(crate) async fn run(args: RetentionArgs, remote: &Remote, out: &Out) -> Result<(), Failure> {
    let client = Client::new(remote)?;
    let request = match args.command {
        RetentionCommand::Show(ShowArgs {}) => client.request(Method::GET, &["retention"]),
        RetentionCommand::Set(args) => {
            let View { mut own, .. } = client.parse(client.request(Method::GET, &["retention"])).await?;
            for change in args.changes {
                match change {
                    Change::Days(days) => own.days = days,
                    Change::Bytes(bytes) => own.bytes = bytes,
                }
            }
            client.request(Method::PUT, &["retention"]).json(&own)
        }
    };
    let answer: Value = client.parse(request).await?;
    if out.json() {
        return out.value(&answer);
    }
    show(&client.understand(&answer.to_string())?, out)
}

fn show(view: &View, out: &Out) -> Result<(), Failure> {
    let View { own, server, holds } = view;
    // Piped output is for programs, which want plain digits.
    let shown = |number: u64| if out.terminal() { bytes(number) } else { number.to_string() };
    let mut table = Table::new(["NAME", "BOUND", "SET BY", "WHAT IT BOUNDS"]);
    let days = holds.days.map(|days| days.to_string());
    table.row(row("days", days, holds.days == server.days, "Days after which a run goes."));
    let held = holds.bytes.map(shown);
    table.row(row("bytes", held, holds.bytes == server.bytes, "Bytes on disk that the tenant's runs may take."));
    table.print(out, "There are no bounds.")?;
    if own.days.is_some_and(|own| own > 0 && holds.days.is_some_and(|holds| own > holds)) {
        out.note("days: the server keeps runs no longer than that.");
    }
    if own.bytes.is_some_and(|own| own > 0 && holds.bytes.is_some_and(|holds| own > holds)) {
        out.note("bytes: the server gives no more than that.");
    }
    Ok(())
}

fn row(name: &str, bound: Option<String>, is_servers: bool, about: &str) -> [Cell; 4] {
    let by = match (&bound, is_servers) {
        (None, _) => Cell::new("-", Tone::Quiet),
        (Some(_), true) => Cell::new("server", Tone::Quiet),
        (Some(_), false) => Cell::new("tenant", Tone::Strong),
    };
    [Cell::from(name), Cell::from(bound.unwrap_or_else(|| "none".into())), by, Cell::from(about)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_read_as_names_and_numbers_with_units() {
        assert_eq!(change("days=7"), Ok(Change::Days(Some(7))));
        assert_eq!(change("days="), Ok(Change::Days(None)));
        assert_eq!(change("bytes=2GiB"), Ok(Change::Bytes(Some(2 << 30))));
        assert_eq!(change("bytes="), Ok(Change::Bytes(None)));
        assert_eq!((size("1_000"), size("5 kB"), size("1k")), (Ok(1_000), Ok(5_000), Ok(1_024)));
        for wrong in
            ["days", "days=1d", "hours=3", "bytes=-1", "bytes=1.5GiB", "bytes=9 parsecs", "bytes=99999999999TiB"]
        {
            assert!(change(wrong).is_err(), "{wrong}");
        }
    }
}
