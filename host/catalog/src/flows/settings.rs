//! Asks the custom actions of a draft, before it is published, whether they would work with their settings. What a schema
//! can say was checked before; here the actions' own code speaks, in the sandbox. Scripts are `scripts`' business.

use serde_json::{Value, json};
use weir_flow::Checked;
use weir_model::{ActionRef, Code, Finding, Findings, FlowName, Limits, Severity, StepDef, TenantId};

use super::scripts::Draft;
use crate::actions::TenantActions;
use crate::{Catalog, CatalogError};

/// How long one action may think about one step's settings, in milliseconds.
const TIME: u64 = 1_000;
/// Steps whose actions are asked; the settings of those behind them are judged when they run.
const STEPS: usize = 100;

impl<S: Send + Sync + 'static> Catalog<S> {
    /// What actions object to in a draft's settings: the draft's text, and findings.
    pub(super) async fn objections(
        &self,
        tenant: &TenantId,
        name: &FlowName,
    ) -> Result<(String, Findings), CatalogError> {
        let text = self.draft_of(&*self.existing(tenant, name)?)?.text;
        let (Checked { def, plan, .. }, actions) = self.checked(tenant, &text).await?;
        let mut findings = Findings::new();
        // What does not compile is refused for that.
        let steps = def.filter(|_| plan.is_some()).map(|def| def.steps).unwrap_or_default();
        let draft = Draft::new(tenant, name, &text);
        for (at, step) in steps.iter().enumerate() {
            if self.is_script(step) {
                findings.extend(self.script_findings(&draft, at, step).await);
            } else if at < STEPS {
                findings.extend(self.objections_of(tenant, at, step, &actions).await);
            }
        }
        Ok((text, findings))
    }

    async fn objections_of(&self, tenant: &TenantId, at: usize, step: &StepDef, actions: &TenantActions) -> Findings {
        let with = step.with.clone().unwrap_or_else(|| json!({}));
        let wanted = step.uses.parse::<ActionRef>().ok().filter(|_| !self.compiler.is_built_in(&step.uses));
        let version = wanted.and_then(|wanted| actions.resolve(&wanted).cloned());
        let Some(version) = version.filter(|_| is_constant(&with)) else { return Findings::new() };
        let (artifacts, hash) = (std::sync::Arc::clone(&self.cluster.artifacts), version.artifact.clone());
        let bytes = move || {
            let bytes = artifacts.get(&hash)?;
            bytes.ok_or_else(|| format!("the component {hash} is not in the store; upload it again").into())
        };
        let finding = |severity, message: String| Finding {
            code: Code::new("WEIR-FLOW-SETTINGS"),
            severity,
            path: format!("/steps/{at}/with"),
            line: None,
            step: Some(step.id.clone()),
            message,
        };
        let limits = Limits { step_millis: TIME, ..Limits::clone(&self.limits(tenant)) };
        let verdict = match self.sandbox.load(tenant, &version.artifact, bytes).await {
            Ok(action) => action.validate(&with.to_string(), &limits).await.map_err(|failure| failure.message),
            Err(error) => Err(error.to_string()),
        };
        let uses = &step.uses;
        match verdict {
            Ok(Ok(())) => Findings::new(),
            Ok(Err(problems)) => problems
                .into_iter()
                .map(|problem| finding(Severity::Error, format!("{uses} does not take these settings: {problem}")))
                .collect(),
            Err(why) => {
                vec![finding(Severity::Warning, format!("{uses} did not say whether it takes these settings: {why}"))]
            }
        }
    }
}

/// Whether no text in it is a template, so that the action gets it as it stands.
fn is_constant(value: &Value) -> bool {
    match value {
        Value::String(text) => !["{{", "{%", "{#"].iter().any(|mark| text.contains(mark)),
        Value::Array(items) => items.iter().all(is_constant),
        Value::Object(members) => members.values().all(is_constant),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_with_templates_are_judged_when_they_run() {
        assert!(is_constant(&json!({ "a": [1, "x { y }"], "b": null })));
        assert!(!is_constant(&json!({ "a": [{ "b": "{{ payload }}" }] })));
    }
}
