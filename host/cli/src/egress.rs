//! `weir egress`: where a tenant's requests may go. The server decides for each request; this shows and changes the lists.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::args::Remote;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{Cell, Out, Table};

/// Show and set where requests may go
///
/// Steps, actions and scripts of a tenant may send requests to every host of the internet, and to no private, loopback,
/// link-local or other special address. An operator opens such addresses, and may narrow the hosts. What a flow says in
/// `egress.hosts` and what an action declares narrow it further.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir egress show
  weir egress set allow=10.1.0.0/16
  weir egress set hosts=api.example.com,*.example.org --tenant acme")]
pub(crate) struct EgressArgs {
    #[command(subcommand)]
    command: EgressCommand,
}

#[derive(Debug, Subcommand)]
enum EgressCommand {
    Show(ShowArgs),
    Set(SetArgs),
}

/// Show where a tenant's requests may go
///
/// One line a list.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir egress show
  weir egress show --tenant acme --json | jq .allow")]
struct ShowArgs {}

/// Set or clear a tenant's lists
///
/// A list replaces the one before; one that is empty is cleared; the other stays as it is. Needs an operator's token.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  weir egress set allow=10.1.2.3,192.168.7.0/24 --tenant acme
  weir egress set hosts=api.example.com
  weir egress set hosts=              all hosts again
  weir egress set allow=              no special address any more")]
struct SetArgs {
    /// What to set or clear: `allow`, addresses or blocks; or `hosts`, names such as *.example.com
    #[arg(value_name = "NAME=LIST", required = true, value_parser = change)]
    changes: Vec<Change>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Allow(Vec<String>),
    Hosts(Vec<String>),
}

fn change(text: &str) -> Result<Change, String> {
    let (name, list) = text.split_once('=').ok_or("write it as NAME=LIST, or NAME= to clear it")?;
    let list = list.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect();
    match name {
        "allow" => Ok(Change::Allow(list)),
        "hosts" => Ok(Change::Hosts(list)),
        _ => Err("there are `allow` and `hosts`, such as allow=10.1.0.0/16 hosts=api.example.com".into()),
    }
}

/// The API's shape.
#[derive(Default, Deserialize, Serialize)]
struct Rules {
    allow: Vec<String>,
    hosts: Option<Vec<String>>,
}

/// Carries out one command.
pub(crate) async fn run(args: EgressArgs, remote: &Remote, out: &Out) -> Result<(), Failure> {
    let client = Client::new(remote)?;
    let request = match args.command {
        EgressCommand::Show(ShowArgs {}) => client.request(Method::GET, &["egress"]),
        EgressCommand::Set(args) => {
            let mut rules: Rules = client.parse(client.request(Method::GET, &["egress"])).await?;
            for change in args.changes {
                match change {
                    Change::Allow(allow) => rules.allow = allow,
                    Change::Hosts(hosts) => rules.hosts = Some(hosts).filter(|hosts| !hosts.is_empty()),
                }
            }
            client.request(Method::PUT, &["egress"]).json(&rules)
        }
    };
    let answer: Value = client.parse(request).await?;
    if out.json() {
        return out.value(&answer);
    }
    let rules: Rules = client.understand(&answer.to_string())?;
    let allow = if rules.allow.is_empty() { "none".to_owned() } else { rules.allow.join(", ") };
    let hosts = rules.hosts.map_or_else(|| "all".to_owned(), |hosts| hosts.join(", "));
    let mut table = Table::new(["NAME", "LIST", "WHAT IT SAYS"]);
    table.row([Cell::from("allow"), Cell::from(allow), Cell::from("Special addresses that may be reached.")]);
    table.row([Cell::from("hosts"), Cell::from(hosts), Cell::from("The only hosts that may be reached.")]);
    table.print(out, "There are no lists.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_names_and_entries() {
        assert_eq!(
            change("allow=10.1.2.3, 10.2.0.0/16"),
            Ok(Change::Allow(vec!["10.1.2.3".into(), "10.2.0.0/16".into()]))
        );
        assert_eq!(change("hosts="), Ok(Change::Hosts(Vec::new())));
        assert!(change("allow").is_err() && change("deny=10.0.0.0/8").is_err());
    }
}
