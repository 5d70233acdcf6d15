//! Checking a step's `with` against its action's JSON Schema. What a template stands for is not known, so that every
//! complaint that may hang on one is left out.

use jsonschema::ValidationError;
use serde_json::{Map, Value};
use weir_flow::StepCheck;

use super::schema::{compile, told};

/// Something in `with` does not fit.
const CONFIG: &str = "WEIR-FLOW-CONFIG";
/// `with` could not be checked.
const UNCHECKED: &str = "WEIR-FLOW-CONFIG-UNCHECKED";
/// Complaints about one step, at most.
const MOST_FINDINGS: usize = 20;
/// Keywords that look at the shape of a value, whatever its leaves hold.
const SHAPE: [&str; 9] = [
    "additionalProperties",
    "dependentRequired",
    "maxItems",
    "maxProperties",
    "minItems",
    "minProperties",
    "propertyNames",
    "required",
    "type",
];
/// Keywords whose outcome hangs on whether something else fits.
const CHOICES: [&str; 9] =
    ["anyOf", "oneOf", "not", "if", "then", "else", "contains", "dependentSchemas", "unevaluatedProperties"];

/// Reports what in `with` does not fit the schema.
pub(crate) fn check(schema: &Value, with: Option<&Value>, cx: &mut StepCheck<'_>) {
    let empty = Value::Object(Map::new());
    let with = with.unwrap_or(&empty);
    let (validator, extent) = match compile(schema) {
        Ok(compiled) => compiled,
        // Refused at the upload; met only where an older weir took it.
        Err(reason) => {
            let message =
                format!("the action's own schema of `with` cannot be used: {reason}; so `with` was not checked");
            return cx.warn(UNCHECKED, "/with", message);
        }
    };
    if !extent.allows(with) {
        let message =
            "`with` is too large for a schema that refers to itself, so it was not checked: simplify one of them";
        return cx.warn(UNCHECKED, "/with", message);
    }
    for error in validator.iter_errors(with).filter(|error| counts(error, with)).take(MOST_FINDINGS) {
        let path = format!("/with{}", error.instance_path().as_str());
        cx.error(CONFIG, &path, format!("{}: the action's schema of `with` does not allow it", told(&error)));
    }
}

/// Whether a complaint holds whatever the templates in `with` stand for.
fn counts(error: &ValidationError<'_>, with: &Value) -> bool {
    let Some(place) = with.pointer(error.instance_path().as_str()) else { return true };
    if is_template(place) {
        return false;
    }
    let chosen = error.evaluation_path().as_str().split('/').any(|part| CHOICES.contains(&part));
    if chosen { !has_template(with) } else { SHAPE.contains(&error.kind().keyword()) || !has_template(place) }
}

/// Whether a value is text with template syntax in it.
fn is_template(value: &Value) -> bool {
    value.as_str().is_some_and(|text| ["{{", "{%", "{#"].iter().any(|open| text.contains(open)))
}

fn has_template(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_template),
        Value::Object(entries) => entries.values().any(has_template),
        other => is_template(other),
    }
}
