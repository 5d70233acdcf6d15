//! Commands that change a flow that is there: publish, rollback, enable, disable, key, delete.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use weir_model::{Finding, FlowName};

use super::push::{Saved, with_findings};
use super::{DeleteArgs, KeyArgs, PublishArgs, RollbackArgs, show};
use crate::client::{Client, FlowView};
use crate::failure::Failure;
use crate::output::{Out, Tone, clean};

pub(super) async fn publish(client: &Client, args: &PublishArgs, out: &Out) -> Result<(), Failure> {
    publish_now(client, &args.name, args.note.as_deref(), out, &[]).await
}

/// Publishes the draft; findings that were `shown` already are not shown again.
pub(super) async fn publish_now(
    client: &Client,
    name: &FlowName,
    note: Option<&str>,
    out: &Out,
    shown: &[Finding],
) -> Result<(), Failure> {
    let request = client.request(Method::POST, &["flows", name.as_str(), "publish"]).json(&json!({ "note": note }));
    let mut saved: Saved = client.parse(request).await.map_err(|failure| without(failure, shown, out))?;
    for finding in saved.findings.iter().filter(|finding| !shown.contains(finding)) {
        out.note_finding(None, finding);
    }
    if out.json() {
        return out.value(&with_findings(saved));
    }
    let flow: FlowView = client.understand(&std::mem::take(&mut saved.flow).to_string())?;
    let version = saved.version.or(flow.published).map(|n| format!(" version {n}")).unwrap_or_default();
    out.line(format!("Published {}{version}.", out.paint(Tone::Strong, flow.name.as_str())))?;
    urls(&flow, out)?;
    if flow.enabled { Ok(()) } else { out.line(format!("It is disabled: `weir flow enable {name}` lets it answer.")) }
}

/// A refusal repeats what was found when the draft was saved: text shows it once, JSON carries the refusal as it is.
fn without(failure: Failure, shown: &[Finding], out: &Out) -> Failure {
    match failure {
        Failure::Server { status, code, message, mut findings } if !out.json() => {
            findings.retain(|finding| !shown.contains(finding));
            Failure::Server { status, code, message, findings }
        }
        other => other,
    }
}

pub(super) async fn rollback(client: &Client, args: &RollbackArgs, out: &Out) -> Result<(), Failure> {
    let name = args.name.as_str();
    let version = match args.to {
        Some(version) => version,
        None => before_published(client, &args.name).await?,
    };
    let request = client.request(Method::POST, &["flows", name, "rollback"]).json(&json!({ "version": version }));
    let flow = changed(client, request, &args.name).await?;
    if out.json() {
        return out.value(&flow);
    }
    let flow: FlowView = client.understand(&flow.to_string())?;
    out.line(format!("{} runs version {version} again.", out.paint(Tone::Strong, flow.name.as_str())))?;
    urls(&flow, out)
}

async fn before_published(client: &Client, name: &FlowName) -> Result<u32, Failure> {
    let flow: FlowView = client.parse(client.request(Method::GET, &["flows", name.as_str()])).await?;
    let published = flow.published.ok_or_else(|| {
        Failure::Usage(format!(
            "{name} has no published version: name the one to publish with --to, see `weir flow versions {name}`"
        ))
    })?;
    let versions = show::fetch_versions(client, name).await?;
    let before = versions.iter().map(|(version, _)| version.version).filter(|version| *version < published).max();
    before.ok_or_else(|| Failure::NotFound(format!("{name} has no version before {published}")))
}

pub(super) async fn set_enabled(client: &Client, name: &FlowName, enabled: bool, out: &Out) -> Result<(), Failure> {
    let act = if enabled { "enable" } else { "disable" };
    let flow = changed(client, client.request(Method::POST, &["flows", name.as_str(), act]), name).await?;
    if out.json() {
        return out.value(&flow);
    }
    let state = if enabled { "answers calls again" } else { "refuses calls until it is enabled" };
    out.line(format!("{} {state}.", out.paint(Tone::Strong, name.as_str())))
}

pub(super) async fn key(client: &Client, args: &KeyArgs, out: &Out) -> Result<(), Failure> {
    let name = &args.name;
    args.confirm.ask(&format!("this gives flow {name} new URLs; the old ones stop working for good"))?;
    let flow = changed(client, client.request(Method::POST, &["flows", name.as_str(), "key"]), name).await?;
    if out.json() {
        return out.value(&flow);
    }
    let flow: FlowView = client.understand(&flow.to_string())?;
    out.line(format!("{} has new URLs; the old ones are gone.", out.paint(Tone::Strong, name.as_str())))?;
    urls(&flow, out)
}

pub(super) async fn delete(client: &Client, args: &DeleteArgs, out: &Out) -> Result<(), Failure> {
    let name = &args.name;
    args.confirm.ask(&format!("this deletes flow {name} with its draft and all its versions"))?;
    client.text(client.request(Method::DELETE, &["flows", name.as_str()])).await?;
    if out.json() {
        return out.value(&json!({ "name": name, "deleted": true }));
    }
    out.line(format!("Deleted {}.", out.paint(Tone::Strong, name.as_str())))
}

/// The flow as it stands after a change, in whichever of the two forms the server answers with.
async fn changed(client: &Client, request: RequestBuilder, name: &FlowName) -> Result<Value, Failure> {
    let text = client.text(request).await?;
    if text.trim().is_empty() {
        return client.parse(client.request(Method::GET, &["flows", name.as_str()])).await;
    }
    let mut answer: Value = client.understand(&text)?;
    Ok(answer.get_mut("flow").map(Value::take).unwrap_or(answer))
}

/// Both URLs, one a line.
pub(super) fn urls(flow: &FlowView, out: &Out) -> Result<(), Failure> {
    out.line(format!("  production   {}", clean(&flow.urls.production)))?;
    out.line(format!("  development  {}", clean(&flow.urls.development)))
}
