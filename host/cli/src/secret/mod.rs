//! `weir secret`: what flows and actions may use and nobody may read. The server keeps and seals; this sends and lists.

mod keys;
mod value;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use weir_model::{SecretName, Timestamp};

use crate::args::Remote;
use crate::client::Client;
use crate::confirm::Confirm;
use crate::failure::Failure;
use crate::output::{Cell, Out, Table, Tone, clean, moment};

/// The most secrets that a tenant has.
const MOST: usize = 1_000;

/// Set, list and delete secrets
///
/// A secret is a value that a tenant's flows and actions may use and that nobody can read back, such as the key of another
/// service. It says to which hosts it may be sent and which actions may see it; all others work with a stand-in that is worth
/// nothing elsewhere. The server keeps values sealed under the keys in its `secret-keys` file.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir secret set CRM_KEY --host api.crm.example < crm-key.txt
  weir secret list
  weir secret delete CRM_KEY")]
pub(crate) struct SecretArgs {
    #[command(subcommand)]
    command: SecretCommand,
}

#[derive(Debug, Subcommand)]
enum SecretCommand {
    Set(SetArgs),
    List(ListArgs),
    Delete(DeleteArgs),
    NewKey(NewKeyArgs),
    RotateKeys(RotateKeysArgs),
}

/// Set a secret
///
/// Reads the value from standard input, or asks for it on a terminal without showing it; never from the command line, which
/// others on the machine can see. The line break at the end of a single line is not a part of the value. Setting a secret
/// again replaces all of it, its hosts and actions too. Needs an admin's token.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir secret set CRM_KEY --host api.crm.example
  pass show crm | weir secret set CRM_KEY --host '*.crm.example' --host api.other.example
  weir secret set SIGNING_KEY --from-file key.pem --reveal-to sign-request")]
struct SetArgs {
    /// Its name: capital letters, digits and `_`
    #[arg(value_name = "NAME")]
    name: SecretName,

    /// Host that it may be sent to, such as api.example.com or '*.example.com'; may be repeated. Without any, no request
    /// carries it
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,

    /// Custom action that may see the value itself; may be repeated. All others get a stand-in
    #[arg(long, value_name = "ACTION")]
    reveal_to: Vec<String>,

    /// Read the value from a file
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
}

/// List a tenant's secrets
///
/// One line a secret: its name, where it may be sent, which actions may see it. Values are not shown; nothing shows them.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir secret list
  weir secret list --json | jq '.[].name'")]
struct ListArgs {}

/// Delete a secret
///
/// Steps that need it from then on fail. Needs an admin's token.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir secret delete CRM_KEY
  weir secret delete CRM_KEY --yes")]
struct DeleteArgs {
    /// Its name
    #[arg(value_name = "NAME")]
    name: SecretName,

    #[command(flatten)]
    confirm: Confirm,
}

/// Put a fresh key into a file of secret keys
///
/// Works on the file itself, on the server's machine: a fresh key goes in front of those that are there, or into a new file
/// that only its owner can read. The server uses it after `weir secret rotate-keys` or at its next start. Keep a copy of the
/// file, apart from backups.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir secret new-key && weir secret rotate-keys
  weir secret new-key /etc/weir/secret-keys")]
struct NewKeyArgs {
    /// The file; without it `secret-keys` in the data folder
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Seal all secrets under the first key
///
/// Has the server read its file of secret keys again and seal everything under the first of them that is sealed under
/// another. Keys behind the first can then be taken out of the file; keep them elsewhere for as long as there are backups
/// that were made before. Needs an operator's token.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir secret new-key && weir secret rotate-keys
  weir secret rotate-keys --json | jq .others")]
struct RotateKeysArgs {}

/// A secret, as far as the text output needs it.
#[derive(Deserialize)]
struct SecretView {
    name: SecretName,
    version: u64,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    reveal_to: Vec<String>,
    #[serde(default)]
    updated_at: Option<Timestamp>,
}

/// Carries out one command.
pub(crate) async fn run(args: SecretArgs, remote: &Remote, out: &Out) -> Result<(), Failure> {
    match args.command {
        SecretCommand::Set(args) => set(&Client::new(remote)?, args, out).await,
        SecretCommand::List(ListArgs {}) => list(&Client::new(remote)?, out).await,
        SecretCommand::Delete(args) => delete(&Client::new(remote)?, &args, out).await,
        SecretCommand::NewKey(args) => keys::renew(args.file.as_deref(), &remote.data, out),
        SecretCommand::RotateKeys(RotateKeysArgs {}) => keys::rotate(&Client::new(remote)?, out).await,
    }
}

async fn set(client: &Client, args: SetArgs, out: &Out) -> Result<(), Failure> {
    let SetArgs { name, hosts, reveal_to, from_file } = args;
    let value = value::read(&name, from_file.as_deref())?;
    let body = json!({ "value": &**value, "hosts": hosts, "reveal_to": reveal_to });
    let request = client.request(Method::PUT, &["secrets", name.as_str()]).json(&body);
    let answer: Value = client.parse(request).await?;
    if out.json() {
        return out.value(&answer);
    }
    let secret: SecretView = client.understand(&answer.to_string())?;
    let painted = out.paint(Tone::Strong, secret.name.as_str());
    out.line(format!("Set {painted}, version {}.", secret.version))?;
    match (secret.hosts.is_empty(), secret.reveal_to.is_empty()) {
        (true, true) => {
            out.note("It names no host and no action: no request carries it yet. Set it again with --host.")
        }
        (true, false) => out.line(format!("  actions  {}", listed(&secret.reveal_to)))?,
        (false, true) => out.line(format!("  hosts    {}", listed(&secret.hosts)))?,
        (false, false) => {
            out.line(format!("  hosts    {}", listed(&secret.hosts)))?;
            out.line(format!("  actions  {}", listed(&secret.reveal_to)))?;
        }
    }
    Ok(())
}

fn listed(names: &[String]) -> String {
    clean(&names.join(", ")).into_owned()
}

async fn list(client: &Client, out: &Out) -> Result<(), Failure> {
    let items = client.list(&["secrets"], &[], MOST).await?;
    if out.json() {
        return out.value(&items);
    }
    let mut table = Table::new(["NAME", "VERSION", "SET AT", "ACTIONS", "HOSTS"]);
    for item in &items {
        let secret: SecretView = client.understand(item.get())?;
        let names = |names: &[String]| if names.is_empty() { "-".to_owned() } else { names.join(", ") };
        table.row([
            Cell::new(secret.name.as_str(), Tone::Strong),
            Cell::from(secret.version.to_string()),
            Cell::new(moment(secret.updated_at), Tone::Quiet),
            Cell::from(names(&secret.reveal_to)),
            Cell::from(names(&secret.hosts)),
        ]);
    }
    table.print(out, "There are no secrets. `weir secret set NAME --host HOST` makes one.")
}

async fn delete(client: &Client, args: &DeleteArgs, out: &Out) -> Result<(), Failure> {
    let name = &args.name;
    args.confirm.ask(&format!("this deletes secret {name}; steps that need it fail from then on"))?;
    client.text(client.request(Method::DELETE, &["secrets", name.as_str()])).await?;
    if out.json() {
        return out.value(&json!({ "name": name, "deleted": true }));
    }
    out.line(format!("Deleted {}.", out.paint(Tone::Strong, name.as_str())))
}
