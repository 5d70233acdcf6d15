//! `weir flow push`: saves a file as the draft and publishes it if told to.

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use weir_model::{Findings, FlowName};

use super::files::{self, NoName};
use super::validate::{content_type, counts, errors_in};
use super::{PushArgs, manage};
use crate::client::{Client, FlowView};
use crate::failure::Failure;
use crate::output::{Out, Tone, clean};

/// What the API answers to a saved draft and to a publish.
#[derive(Deserialize)]
pub(super) struct Saved {
    pub(super) flow: Value,
    #[serde(default)]
    pub(super) findings: Findings,
    #[serde(default)]
    pub(super) version: Option<u32>,
}

pub(super) async fn push(client: &Client, args: &PushArgs, out: &Out) -> Result<(), Failure> {
    let (file, text) = files::read(&args.file)?;
    let name = match files::flow_name(&text) {
        Ok(name) => name,
        Err(NoName::Unread(finding)) => {
            if out.json() {
                out.value(
                    &json!({ "error": { "code": finding.code, "message": finding.message, "findings": [finding] } }),
                )?;
            }
            out.note_finding(Some(&file), &finding);
            return Err(Failure::Check(format!("{file} cannot be read; nothing was saved")));
        }
        Err(NoName::Unnamed(reason)) => return Err(Failure::Check(format!("{file}: {reason}; nothing was saved"))),
    };
    let saved = save(client, args, &name, text).await?;
    for finding in &saved.findings {
        out.note_finding(Some(&file), finding);
    }
    if args.publish {
        let note = args.note.as_deref();
        // The findings of the draft were just shown; those of the publish are the same.
        if errors_in(&saved.findings) > 0 {
            return refused(&file, saved, out);
        }
        return manage::publish_now(client, &name, note, out, &saved.findings).await;
    }
    if out.json() {
        return out.value(&with_findings(saved));
    }
    report(client, saved, out)
}

/// The draft was saved, but its errors keep it from being published.
fn refused(file: &str, saved: Saved, out: &Out) -> Result<(), Failure> {
    let errors = errors_in(&saved.findings);
    let warnings = saved.findings.len() - errors;
    let problem = format!("{file} was saved as a draft but not published: {}", counts(errors, warnings));
    if out.json() {
        let error = json!({ "code": "WEIR-CATALOG-INVALID", "message": problem, "findings": saved.findings });
        out.value(&json!({ "error": error }))?;
    }
    Err(Failure::Check(problem))
}

async fn save(client: &Client, args: &PushArgs, name: &FlowName, text: String) -> Result<Saved, Failure> {
    let mut request = client.request(Method::PUT, &["flows", name.as_str(), "draft"]);
    request = request.header("content-type", content_type(&text));
    if let Some(revision) = args.if_revision {
        request = request.header("if-match", revision.to_string());
    }
    client.parse(request.body(text)).await
}

/// The flow with what was found beside it.
pub(super) fn with_findings(saved: Saved) -> Value {
    let mut flow = saved.flow;
    if let Some(object) = flow.as_object_mut() {
        object.insert("findings".into(), json!(saved.findings));
        if let Some(version) = saved.version {
            object.insert("version".into(), json!(version));
        }
    }
    flow
}

fn report(client: &Client, saved: Saved, out: &Out) -> Result<(), Failure> {
    let flow: FlowView = client.understand(&saved.flow.to_string())?;
    let revision = flow.draft.as_ref().map(|draft| format!(" (revision {})", draft.revision)).unwrap_or_default();
    out.line(format!("Saved the draft of {}{revision}.", out.paint(Tone::Strong, flow.name.as_str())))?;
    out.line(format!("  development  {}", clean(&flow.urls.development)))?;
    match errors_in(&saved.findings) {
        0 => out.line(format!("Next: `weir listen {0}` to try it, `weir flow publish {0}` to let it out.", flow.name)),
        errors => {
            let warnings = saved.findings.len() - errors;
            out.line(format!("It cannot be published yet: {}.", counts(errors, warnings)))
        }
    }
}
