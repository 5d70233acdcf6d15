//! Commands that show flows: list, show, versions, url. They change nothing.

use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use weir_model::FlowName;

use super::{ShowArgs, UrlArgs};
use crate::client::{Client, FlowView, ScheduleView, VersionView};
use crate::failure::Failure;
use crate::output::{Cell, Out, Table, Tone, clean, moment};

#[derive(Deserialize)]
struct Text {
    text: String,
}

pub(super) async fn list(client: &Client, limit: usize, out: &Out) -> Result<(), Failure> {
    let items = client.list(&["flows"], &[], limit).await?;
    if out.json() {
        return out.value(&items);
    }
    let mut table = Table::new(["NAME", "STATE", "PUBLISHED", "DRAFT", "UPDATED", "DESCRIPTION"]);
    for item in &items {
        let flow: FlowView = client.understand(item.get())?;
        table.row([
            Cell::new(flow.name.as_str(), Tone::Strong),
            state(&flow),
            flow.published.map_or_else(|| "-".into(), |version| format!("v{version}")).into(),
            draft(&flow),
            moment(flow.updated_at).into(),
            flow.description.unwrap_or_default().into(),
        ]);
    }
    table.print(out, "No flows yet: `weir flow init` writes one, `weir flow push` sends it.")
}

fn state(flow: &FlowView) -> Cell {
    match (flow.enabled, flow.published) {
        (false, _) if flow.disabled.is_some() => Cell::new("switched off", Tone::Bad),
        (false, _) => Cell::new("disabled", Tone::Warn),
        (true, Some(_)) => Cell::new("live", Tone::Good),
        (true, None) => Cell::new("draft only", Tone::Quiet),
    }
}

fn draft(flow: &FlowView) -> Cell {
    match &flow.draft {
        None => "-".into(),
        Some(draft) if draft.errors > 0 => Cell::new(super::validate::counts(usize_of(draft.errors), 0), Tone::Bad),
        Some(draft) if draft.warnings > 0 => {
            Cell::new(super::validate::counts(0, usize_of(draft.warnings)), Tone::Warn)
        }
        Some(_) => "ok".into(),
    }
}

fn usize_of(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

pub(super) async fn show(client: &Client, args: &ShowArgs, out: &Out) -> Result<(), Failure> {
    let name = args.name.as_str();
    if args.text {
        return text(client, &["flows", name, "draft"], out).await;
    }
    if let Some(version) = args.version {
        return text(client, &["flows", name, "versions", &version.to_string()], out).await;
    }
    let raw = client.text(client.request(Method::GET, &["flows", name])).await?;
    if out.json() {
        return out.value(&client.understand::<Value>(&raw)?);
    }
    let flow: FlowView = client.understand(&raw)?;
    let line =
        |label: &str, text: String| out.line(format!("  {} {text}", out.paint(Tone::Quiet, format!("{label:<12}"))));
    out.line(out.paint(Tone::Strong, flow.name.as_str()))?;
    if let Some(description) = &flow.description {
        line("about", clean(description).into_owned())?;
    }
    line("state", if flow.enabled { "enabled" } else { "disabled: its URL answers 422" }.into())?;
    if let Some(off) = &flow.disabled {
        line("why", format!("{} (switched off {})", clean(&off.reason), off.at))?;
    }
    if let Some(schedule) = &flow.schedule {
        line("schedule", scheduled(schedule))?;
    }
    line(
        "published",
        match flow.published {
            Some(version) if version == flow.latest => format!("version {version}"),
            Some(version) => format!("version {version} (the newest is {})", flow.latest),
            None => format!("no: `weir flow publish {}`", flow.name),
        },
    )?;
    if let Some(view) = &flow.draft {
        let findings = match (view.errors, view.warnings) {
            (0, 0) => "no findings".into(),
            (errors, warnings) => super::validate::counts(usize_of(errors), usize_of(warnings)),
        };
        line("draft", format!("revision {}, {findings}", view.revision))?;
    }
    line("steps", flow.steps.to_string())?;
    if let Some(until) = flow.armed_until {
        line("armed until", until.to_string())?;
    }
    line("created", moment(flow.created_at))?;
    line("updated", moment(flow.updated_at))?;
    line("production", clean(&flow.urls.production).into_owned())?;
    line("development", clean(&flow.urls.development).into_owned())
}

fn scheduled(schedule: &ScheduleView) -> String {
    let next = schedule.next_at.map_or_else(|| "resting".to_owned(), |next| format!("next {next}"));
    format!("{} ({}), {next}", clean(&schedule.cron), clean(&schedule.zone))
}

/// Prints a definition's text as it was pushed; on a terminal each line is made harmless.
async fn text(client: &Client, path: &[&str], out: &Out) -> Result<(), Failure> {
    let raw = client.text(client.request(Method::GET, path)).await?;
    if out.json() {
        return out.value(&client.understand::<Value>(&raw)?);
    }
    let Text { text } = client.understand(&raw)?;
    if !out.terminal() {
        return out.line(text.strip_suffix('\n').unwrap_or(&text));
    }
    text.lines().try_for_each(|line| out.line(clean(line)))
}

/// All versions, newest first, each with what the server wrote of it.
pub(super) async fn fetch_versions(
    client: &Client,
    name: &FlowName,
) -> Result<Vec<(VersionView, Box<RawValue>)>, Failure> {
    let items = client.list(&["flows", name.as_str(), "versions"], &[], 10_000).await?;
    let pairs = items.into_iter().map(|item| Ok((client.understand::<VersionView>(item.get())?, item)));
    let mut versions = pairs.collect::<Result<Vec<_>, Failure>>()?;
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(version.version));
    Ok(versions)
}

pub(super) async fn versions(client: &Client, name: &FlowName, out: &Out) -> Result<(), Failure> {
    let versions = fetch_versions(client, name).await?;
    if out.json() {
        return out.value(&versions.iter().map(|(_, raw)| raw).collect::<Vec<_>>());
    }
    let mut table = Table::new(["VERSION", "STATE", "CREATED", "NOTE"]);
    for (version, _) in versions {
        let state = if version.published { Cell::new("published", Tone::Good) } else { Cell::from("") };
        table.row([
            Cell::new(version.version.to_string(), Tone::Strong),
            state,
            moment(version.created_at).into(),
            version.note.unwrap_or_default().into(),
        ]);
    }
    table.print(out, "No versions yet: `weir flow publish` makes one of the draft.")
}

pub(super) async fn url(client: &Client, args: &UrlArgs, out: &Out) -> Result<(), Failure> {
    let flow: FlowView = client.parse(client.request(Method::GET, &["flows", args.name.as_str()])).await?;
    if out.json() {
        return out.value(&json!({ "production": flow.urls.production, "development": flow.urls.development }));
    }
    if args.dev {
        return out.line(clean(&flow.urls.development));
    }
    if flow.published.is_none() {
        out.note(format!("note: {0} has no published version yet: `weir flow publish {0}`", flow.name));
    }
    out.line(clean(&flow.urls.production))
}
