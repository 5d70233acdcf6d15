//! `weir secret new-key` and `rotate-keys`: the keys that seal secrets, in their file and in the server.

use std::path::Path;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::Client;
use crate::failure::Failure;
use crate::key_file::KeyFile;
use crate::output::{Out, Tone, clean};
use crate::system::SystemEntropy;

/// What came of a rotation, as far as the text output needs it.
#[derive(Deserialize)]
struct Rotation {
    first: String,
    #[serde(default)]
    others: Vec<String>,
    tenants: u64,
    renewed: u64,
}

/// Puts a fresh key into a file.
pub(super) fn renew(file: Option<&Path>, data: &Path, out: &Out) -> Result<(), Failure> {
    let file = KeyFile::of(file, data);
    let keyring = file.renew(&SystemEntropy)?;
    let path = file.path().display().to_string();
    if out.json() {
        let keys: Vec<&str> = keyring.ids().collect();
        return out.value(&json!({ "file": path, "first": keyring.first(), "keys": keys }));
    }
    let first = out.paint(Tone::Strong, keyring.first());
    out.line(format!("{first} is the first key in {} now.", clean(&path)))?;
    out.line("A server uses it after `weir secret rotate-keys`, or at its next start.")?;
    out.note("Keep a copy of the file, apart from backups: without it no secret can be opened.");
    Ok(())
}

/// Has the server seal everything under the first key.
pub(super) async fn rotate(client: &Client, out: &Out) -> Result<(), Failure> {
    let answer: Value = client.parse(client.request_server(Method::POST, &["secret-keys", "rotate"])).await?;
    if out.json() {
        return out.value(&answer);
    }
    let Rotation { first, others, tenants, renewed } = client.understand(&answer.to_string())?;
    let first = out.paint(Tone::Strong, clean(&first));
    let them = if tenants == 1 { "the one tenant that has them" } else { "all tenants that have them" };
    let anew = format!("{renewed} of {tenants} sealed anew");
    out.line(format!("The secrets of {them} are sealed under {first} ({anew})."))?;
    if !others.is_empty() {
        let others = clean(&others.join(", ")).into_owned();
        out.line(format!("Nothing stored needs these keys any more, though earlier backups may: {others}"))?;
    }
    Ok(())
}
