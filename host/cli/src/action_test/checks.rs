//! What a push and a flow's check would say before anything runs, and whether values fit the schemas that the action
//! states. It words them; the schemas are judged by catalog.

use serde_json::Value;
use weir_catalog::{CatalogError, schema_faults, schema_trouble};
use weir_model::{ActionInfo, Code, Finding, Severity};
use weir_sandbox::Ran;

use super::files::Given;
use super::refused;
use crate::failure::Failure;

/// The code that a flow's check gives to settings that do not fit.
const CONFIG: &str = "WEIR-FLOW-CONFIG";

/// Checks the settings, and gives warnings of what does not stand in the way of a run.
///
/// # Errors
/// Where an upload would be refused for the schemas that the action states, or publishing a flow for its settings.
pub(super) fn before(info: &ActionInfo, given: &Given) -> Result<Vec<String>, Failure> {
    let mut warnings = Vec::new();
    if weir_engine::kinds().kinds().iter().any(|kind| kind.name() == info.name) {
        warnings
            .push(format!("a built-in step kind is called {}: a push would refuse it, rename the action", info.name));
    }
    if let Some(reason) = schema_trouble(info) {
        return Err(refused(&CatalogError::Action { name: info.name.clone(), reason }));
    }
    let config = given.config.to_value();
    if has_template(&config) {
        warnings.push(
            "the settings hold template text such as {{ … }}: a flow would fill it in, here it stays text".into(),
        );
    }
    match schema_faults(&info.config_schema, &config) {
        Ok(faults) if faults.is_empty() => {}
        Ok(faults) => {
            return Err(unfit(info, given, faults.into_iter().map(|fault| (fault.path, fault.message))));
        }
        Err(reason) => warnings.push(format!("the settings were not checked against the action's schema: {reason}")),
    }
    if let Some(schema) = &info.input_schema {
        warnings.extend(misfits("input", schema, &given.input.to_value()));
    }
    Ok(warnings)
}

/// Whether the output is what the action says that it is.
pub(super) fn after(info: &ActionInfo, ran: &Ran) -> Vec<String> {
    match (&info.output_schema, &ran.result) {
        (Some(schema), Ok(output)) => misfits("output", schema, &output.payload.to_value()),
        _ => Vec::new(),
    }
}

/// The settings were refused, by the schema or by the action itself, at these places for these reasons.
pub(super) fn unfit(info: &ActionInfo, given: &Given, troubles: impl Iterator<Item = (String, String)>) -> Failure {
    let of = |(path, message): (String, String)| match &given.settings {
        Some(settings) => settings.finding(CONFIG, path, message),
        None => Finding { code: Code::new(CONFIG), severity: Severity::Error, path, line: None, step: None, message },
    };
    let name = format!("{}@{}", info.name, info.version);
    let message = match &given.settings {
        Some(settings) => format!(
            "the settings in {} do not fit {name}: correct them, or the schema that the action states",
            settings.file
        ),
        None => format!("{name} needs settings: give them with --config FILE"),
    };
    Failure::Action { code: Code::new(CONFIG), message, findings: troubles.map(of).collect() }
}

fn misfits(what: &str, schema: &Value, value: &Value) -> Vec<String> {
    match schema_faults(schema, value) {
        Ok(faults) => {
            let word = |fault: weir_catalog::SchemaFault| {
                let place = if fault.path.is_empty() { String::new() } else { format!(" at {}", fault.path) };
                format!("the {what} does not fit the action's {what} schema{place}: {}", fault.message)
            };
            faults.into_iter().map(word).collect()
        }
        Err(reason) => vec![format!("the {what} was not checked against the action's schema: {reason}")],
    }
}

fn has_template(value: &Value) -> bool {
    match value {
        Value::String(text) => ["{{", "{%", "{#"].iter().any(|open| text.contains(open)),
        Value::Array(items) => items.iter().any(has_template),
        Value::Object(entries) => entries.values().any(has_template),
        _ => false,
    }
}
