//! What a definition names that this tenant does not have: a flow for failures, secrets of callers. It changes nothing.

use weir_flow::{Checked, Document, SecretUse};
use weir_model::{Code, Finding, FlowName, SecretName, Severity, TenantId};

use crate::state::State;

/// Adds findings about what is missing. Without a hook's secrets nobody could call it, so that is an error.
pub(super) fn find<S>(checked: &mut Checked<S>, state: &State<S>, tenant: &TenantId, text: &str) {
    let Some(def) = &checked.def else { return };
    let line = |path: &str| Document::parse(text).ok().and_then(|document| document.line(path));
    let flow = def.on_failure.as_ref().filter(|name| state.hooks.load().by_name(tenant, name).is_none());
    let flow = flow.map(|name| no_such_flow(name, &line));
    let safes = state.safes.load();
    let has = |name: &SecretName| safes.get(tenant).is_some_and(|safe| safe.secrets.contains_key(name));
    let secrets = def.trigger.webhook.auth.as_ref().map(|auth| auth.secrets()).unwrap_or_default();
    let missing = secrets.into_iter().filter(|(_, name)| !has(name));
    let secrets: Vec<Finding> = missing.map(|(place, name)| no_such_secret(&place, name, &line)).collect();
    let uses = checked.plan.as_ref().map(|plan| &*plan.secrets).unwrap_or_default();
    let has = |used: &SecretUse| safes.get(tenant).is_some_and(|safe| safe.secrets.contains_key(&*used.name));
    let used: Vec<Finding> = uses.iter().filter(|used| !has(used)).map(no_such_value).collect();
    if !secrets.is_empty() || !used.is_empty() {
        checked.plan = None;
    }
    checked.findings.extend(flow.into_iter().chain(secrets).chain(used));
}

/// The flow for failures does not exist. It may come later, so this keeps nothing from being published.
fn no_such_flow(name: &FlowName, line: &dyn Fn(&str) -> Option<u32>) -> Finding {
    let path = "/on_failure";
    Finding {
        code: Code::new("WEIR-FLOW-ON-FAILURE"),
        severity: Severity::Warning,
        path: path.to_owned(),
        line: line(path),
        step: None,
        message: format!("there is no flow `{name}` yet, so nothing follows a failure: push and publish it"),
    }
}

fn no_such_value(used: &SecretUse) -> Finding {
    Finding {
        code: Code::new("WEIR-FLOW-SECRET"),
        severity: Severity::Error,
        path: used.path.to_string(),
        line: used.line,
        step: Some(used.step.to_string()),
        message: format!("there is no secret {0}: make it with `weir secret set {0} --host HOST`", used.name),
    }
}

fn no_such_secret(place: &str, name: &SecretName, line: &dyn Fn(&str) -> Option<u32>) -> Finding {
    let path = format!("/trigger/webhook/auth{place}");
    Finding {
        code: Code::new("WEIR-FLOW-SECRET"),
        severity: Severity::Error,
        line: line(&path),
        path,
        step: None,
        message: format!("there is no secret {name}, so nobody could call this hook: run `weir secret set {name}`"),
    }
}
