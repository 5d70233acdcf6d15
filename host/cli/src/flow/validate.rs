//! `weir flow validate`: checks files here, or by the server, and prints findings as a compiler does. It saves nothing.

use std::collections::BTreeSet;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use weir_flow::Document;
use weir_model::{ActionInfo, ActionRef, ActionVersion, ArtifactHash, Finding, Findings, Severity, Timestamp};

use super::{ValidateArgs, files};
use crate::args::Remote;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{Out, Tone};

/// What a check came to.
pub(super) struct Checked {
    /// What it found.
    pub(super) findings: Findings,
    /// How many steps the flow has, where it can be read.
    pub(super) steps: Option<usize>,
    /// Custom actions that only the server knows.
    unchecked: Vec<String>,
}

#[derive(Deserialize)]
struct Answer {
    findings: Findings,
}

pub(super) async fn validate(args: &ValidateArgs, remote: &Remote, out: &Out) -> Result<(), Failure> {
    let client = if args.remote { Some(Client::new(remote)?) } else { None };
    let (mut errors, mut warnings) = (0, 0);
    let mut reports = Vec::new();
    for path in &args.files {
        let (file, text) = files::read(path)?;
        let checked = match &client {
            Some(client) => check_there(client, text).await?,
            None => check_here(&text),
        };
        let count = |severity| checked.findings.iter().filter(|finding| finding.severity == severity).count();
        let (file_errors, file_warnings) = (count(Severity::Error), count(Severity::Warning));
        errors += file_errors;
        warnings += file_warnings;
        if out.json() {
            reports.push(json!({
                "file": file,
                "ok": file_errors == 0 && !(args.strict && file_warnings > 0),
                "findings": checked.findings,
                "unchecked_actions": checked.unchecked,
            }));
        } else {
            print(&file, &checked, out)?;
        }
    }
    if out.json() {
        // One file gives one object, so that the usual case is the simple one.
        match reports.as_slice() {
            [one] => out.value(one)?,
            all => out.value(all)?,
        }
    }
    if errors == 0 && !(args.strict && warnings > 0) {
        return Ok(());
    }
    Err(Failure::Check(format!("the check found {}", counts(errors, warnings))))
}

fn print(file: &str, checked: &Checked, out: &Out) -> Result<(), Failure> {
    for finding in &checked.findings {
        out.show_finding(file, finding)?;
    }
    if checked.findings.is_empty() {
        let steps = checked.steps.map(|n| format!(" ({n} {})", plural(n, "step"))).unwrap_or_default();
        out.line(format!("{file}: {}{steps}", out.paint(Tone::Good, "no findings")))?;
    }
    if !checked.unchecked.is_empty() {
        let actions = checked.unchecked.join(", ");
        out.note(format!("{file}: the server checks custom actions, with --remote or at push: {actions}"));
    }
    Ok(())
}

/// How many of each there are, in words.
pub(super) fn counts(errors: usize, warnings: usize) -> String {
    let count = |n: usize, what| format!("{n} {}", plural(n, what));
    match (errors, warnings) {
        (errors, 0) => count(errors, "error"),
        (0, warnings) => count(warnings, "warning"),
        (errors, warnings) => format!("{} and {}", count(errors, "error"), count(warnings, "warning")),
    }
}

fn plural(n: usize, what: &str) -> String {
    if n == 1 { what.to_owned() } else { format!("{what}s") }
}

async fn check_there(client: &Client, text: String) -> Result<Checked, Failure> {
    let request = client.request(Method::POST, &["check"]).header("content-type", content_type(&text));
    let Answer { findings } = client.parse(request.body(text)).await?;
    Ok(Checked { findings, steps: None, unchecked: Vec::new() })
}

/// What a definition's text is sent as.
pub(super) fn content_type(text: &str) -> &'static str {
    if text.trim_start().starts_with('{') { "application/json" } else { "application/yaml" }
}

/// Checks without a server. Custom actions are taken to exist, with any settings and the exits that the flow uses.
pub(super) fn check_here(text: &str) -> Checked {
    let exits = Document::parse(text).map(|document| exits_of(document.value())).unwrap_or_default();
    let kinds = weir_engine::kinds();
    let built_in: Vec<_> = kinds.kinds().iter().map(|kind| kind.name()).collect();
    let stand_in = |action: &ActionRef| {
        let slip = action.version.is_none() && built_in.iter().any(|kind| one_slip(kind, &action.name));
        if slip { None } else { stand_in(action, &exits) }
    };
    let checked = weir_flow::check(text, &*kinds, &stand_in);
    let builtin = |uses: &str| built_in.contains(&uses) || built_in.iter().any(|kind| one_slip(kind, uses));
    let uses = checked.def.iter().flat_map(|def| &def.steps).map(|step| step.uses.as_str());
    let unchecked: BTreeSet<_> = uses.filter(|uses| !builtin(uses)).map(str::to_owned).collect();
    Checked {
        steps: checked.def.as_ref().map(|def| def.steps.len()),
        findings: checked.findings,
        unchecked: unchecked.into_iter().collect(),
    }
}

/// Whether one character was left out, put in or changed on the way from `kind` to `name`: then the built-in kind is
/// meant rather than an action that only the server knows.
fn one_slip(kind: &str, name: &str) -> bool {
    let same = |(a, b): &(char, char)| a == b;
    let head = kind.chars().zip(name.chars()).take_while(same).count();
    let tail = kind.chars().rev().zip(name.chars().rev()).take_while(same).count();
    let (most, least) = (kind.len().max(name.len()), kind.len().min(name.len()));
    kind != name && most - least <= 1 && head + tail + 1 >= most
}

/// For each action that steps use, the exits that those steps speak of.
fn exits_of(definition: &Value) -> Vec<(String, String)> {
    let steps = definition.get("steps").and_then(Value::as_array).into_iter().flatten();
    steps
        .filter_map(|step| Some((step.get("uses")?.as_str()?, step.get("on")?.as_object()?)))
        .flat_map(|(uses, on)| on.keys().map(move |exit| (uses.to_owned(), exit.clone())))
        .filter(|(_, exit)| exit != "next" && exit != "error")
        .collect()
}

fn stand_in(action: &ActionRef, exits: &[(String, String)]) -> Option<ActionVersion> {
    let uses = action.to_string();
    let branches: BTreeSet<_> = exits.iter().filter(|(of, _)| *of == uses).map(|(_, exit)| exit.clone()).collect();
    Some(ActionVersion {
        info: ActionInfo {
            name: action.name.to_string(),
            title: action.name.to_string(),
            version: action.version.as_deref().unwrap_or("0").to_owned(),
            description: String::new(),
            config_schema: Value::Bool(true),
            input_schema: None,
            output_schema: None,
            branches: branches.into_iter().collect(),
            capabilities: Vec::new(),
        },
        artifact: ArtifactHash::new(&"0".repeat(64)).ok()?,
        size: 0,
        created_at: Timestamp::default(),
    })
}

/// Whether findings stand in the way of publishing.
pub(super) fn errors_in(findings: &[Finding]) -> usize {
    findings.iter().filter(|finding| finding.severity == Severity::Error).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_action_is_no_error_here_and_its_exits_are_believed() {
        let text = "weir: 1\nname: t\nsteps:\n  - id: a\n    uses: lead-score@1\n    with: { deep: [1] }\n    \
                    on: { hot: b, error: b }\n  - id: b\n    uses: response\n    with: { status: 204 }\n";
        let checked = check_here(text);
        assert_eq!(errors_in(&checked.findings), 0, "{:?}", checked.findings);
        assert_eq!(checked.unchecked, ["lead-score@1"]);
    }

    #[test]
    fn a_slip_in_a_built_in_kind_is_found_here() {
        for (name, slip) in [("respons", true), ("xresponse", true), ("responze", true), ("response", false)] {
            assert_eq!(one_slip("response", name), slip, "{name}");
        }
        assert!(!one_slip("response", "reponze") && !one_slip("set", "csv"));
        let checked = check_here("weir: 1\nname: t\nsteps:\n  - { id: a, uses: respons, with: { status: 204 } }\n");
        assert_eq!((errors_in(&checked.findings), checked.unchecked.len()), (1, 0), "{:?}", checked.findings);
    }

    #[test]
    fn findings_carry_lines() {
        let checked =
            check_here("weir: 1\nname: t\nsteps:\n  - id: a\n    uses: response\n    on: { next: nowhere }\n");
        let found = checked.findings.iter().find(|finding| finding.path == "/steps/0/on/next");
        assert_eq!(found.and_then(|finding| finding.line), Some(6), "{:?}", checked.findings);
    }

    #[test]
    fn counts_read_well() {
        assert_eq!([counts(1, 0), counts(0, 2), counts(2, 1)], ["1 error", "2 warnings", "2 errors and 1 warning"]);
    }
}
