//! Asks the interpreter, before a draft is published, whether it could read the draft's scripts. It runs none of them.

use std::sync::OnceLock;

use serde_json::Value;
use weir_flow::Document;
use weir_model::{Code, Coded as _, Finding, Findings, FlowName, RunId, Severity, StepDef, TenantId};
use weir_sandbox::{Context, Language, Mistake, ScriptError};

use crate::Catalog;

/// The step kind that holds a script.
const KIND: &str = "code";

/// A draft with scripts.
pub(super) struct Draft<'d> {
    tenant: &'d TenantId,
    flow: &'d FlowName,
    text: &'d str,
    /// Where things stand in the text, once somebody asked.
    document: OnceLock<Option<Document>>,
}

impl<'d> Draft<'d> {
    pub(super) const fn new(tenant: &'d TenantId, flow: &'d FlowName, text: &'d str) -> Self {
        Self { tenant, flow, text, document: OnceLock::new() }
    }

    /// The line on which a script's mistake stands.
    fn line(&self, path: &str, mistake: &Mistake) -> Option<u32> {
        let document = self.document.get_or_init(|| Document::parse(self.text).ok());
        let key = document.as_ref()?.line(path)?;
        Some(line_of(self.text, key, mistake.place))
    }
}

impl<S: Send + Sync + 'static> Catalog<S> {
    /// Whether a step holds a script.
    pub(super) fn is_script(&self, step: &StepDef) -> bool {
        step.uses == KIND && self.compiler.is_built_in(KIND)
    }

    /// What is wrong with the script of the step at a place of the draft.
    pub(super) async fn script_findings(&self, draft: &Draft<'_>, at: usize, step: &StepDef) -> Findings {
        let setting = |name: &str| step.with.as_ref().and_then(|with| with.get(name)).and_then(Value::as_str);
        let language = setting("language").and_then(Language::named).unwrap_or(Language::JavaScript);
        let source = setting("source").unwrap_or_default();
        let context = Context {
            tenant: draft.tenant,
            flow: draft.flow,
            flow_version: 0,
            step: &step.id,
            run: RunId::from_bytes([0; 16]),
            attempt: 1,
            idempotency_key: "",
        };
        let path = format!("/steps/{at}/with/source");
        let finding = |code, severity, line, message| Finding {
            code,
            severity,
            path: path.clone(),
            line,
            step: Some(step.id.clone()),
            message,
        };
        match self.sandbox.check_script(context, language, source).await {
            Ok(()) => Findings::new(),
            Err(ScriptError::Mistakes(mistakes)) => {
                let told = |mistake: &Mistake| {
                    let line = draft.line(&path, mistake);
                    finding(Code::new("WEIR-CODE-SYNTAX"), Severity::Error, line, mistake.to_string())
                };
                mistakes.iter().map(told).collect()
            }
            Err(error) => {
                let message = format!("nobody knows whether the script is right: {error}");
                vec![finding(error.code(), Severity::Warning, None, message)]
            }
        }
    }
}

/// The line of a definition on which a line of a script stands: below the script's key in a block (`source: |`), else
/// the key's own.
fn line_of(text: &str, key: u32, place: Option<(u32, u32)>) -> u32 {
    let line = usize::try_from(key).ok().and_then(|key| text.lines().nth(key.checked_sub(1)?)).unwrap_or_default();
    let value = line.split_once("source").map(|(_, after)| after.trim_start_matches(['"', '\'']).trim_start());
    let is_block =
        value.and_then(|after| after.strip_prefix(':')).is_some_and(|after| after.trim_start().starts_with('|'));
    match place {
        Some((line, _)) if is_block => key.saturating_add(line),
        _ => key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scripts_line_is_found_in_a_block_and_its_key_elsewhere() {
        let text =
            "steps:\n  - with:\n      source: |-\n        one\n        two\n  - with: { \"source\": \"one\\ntwo\" }\n";
        assert_eq!(line_of(text, 3, Some((2, 1))), 5);
        assert_eq!(line_of(text, 3, None), 3);
        assert_eq!(line_of(text, 6, Some((2, 1))), 6);
        assert_eq!(line_of(text, 99, Some((2, 1))), 99);
    }
}
