//! The standard action `json-schema-validate`. It owns the report about an input; it must not change the input.

#![forbid(unsafe_code)]

use jsonschema::{Draft, ValidationError, Validator};
use weir_action::{Error, Output, Result, Value};

/// How the input is checked.
#[weir_action::data]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The JSON Schema: an object, or true or false. Draft 2020-12, unless its `$schema` names draft 4, 6, 7 or
    /// 2019-09. `$ref` reaches what the schema itself holds; nothing is fetched.
    #[schemars(extend("type" = ["object", "boolean"]))]
    pub schema: Value,
    /// What happens where the input does not fit.
    #[serde(default)]
    pub mode: Mode,
    /// Whether `format` (email, date-time, uuid and so on) is checked, rather than taken as a remark.
    #[serde(default = "yes")]
    pub formats: bool,
    /// How many errors to list; the check ends there.
    #[serde(default = "hundred")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_errors: usize,
}

const fn yes() -> bool {
    true
}

const fn hundred() -> usize {
    100
}

/// What happens where the input does not fit.
#[weir_action::data]
#[derive(Copy, Default, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The flow goes on by branch `valid` or `invalid`.
    #[default]
    Branch,
    /// The step fails; the report is in `error.detail`. An input that fits goes on by `valid`.
    Fail,
}

/// What the check found.
#[weir_action::data]
pub struct Report {
    /// Whether the input fits the schema.
    pub valid: bool,
    /// What does not fit, at most `max_errors` of it.
    pub errors: Vec<Mismatch>,
}

/// One place that does not fit.
#[weir_action::data]
pub struct Mismatch {
    /// Where, as a JSON Pointer into the input; empty for the input itself.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// The keyword of the schema that is not met, such as `required`.
    pub keyword: String,
}

const MAX_ERRORS: usize = 1_000;

/// A value in a message is cut to this many bytes, so that a report stays readable whatever the input holds.
const MESSAGE_BYTES: usize = 500;

/// Checks the input against a JSON Schema and says what does not fit and where.
#[weir_action::action(
    name = "json-schema-validate",
    title = "Check against a JSON Schema",
    branches("valid", "invalid"),
    validate = check
)]
pub fn json_schema_validate(config: &Config, input: Value) -> Result<Output<Report>> {
    let validator = compile(config).map_err(Error::invalid)?;
    let errors: Vec<Mismatch> = validator.iter_errors(&input).take(config.max_errors).map(mismatch).collect();
    let report = Report { valid: errors.is_empty(), errors };
    match (report.valid, config.mode) {
        (true, _) => Ok(Output::to("valid", report)),
        (false, Mode::Branch) => Ok(Output::to("invalid", report)),
        (false, Mode::Fail) => Err(Error::failed(summary(&report.errors)).with(report)),
    }
}

/// Settings are right if their schema compiles.
fn check(config: &Config) -> Result<(), String> {
    if !(1..=MAX_ERRORS).contains(&config.max_errors) {
        return Err(format!("`max_errors` is {}; it goes from 1 to {MAX_ERRORS}", config.max_errors));
    }
    compile(config).map(drop)
}

fn compile(config: &Config) -> Result<Validator, String> {
    let mut options = jsonschema::options().offline().should_validate_formats(config.formats);
    if config.schema.get("$schema").is_none() {
        options = options.with_draft(Draft::Draft202012);
    }
    options.build(&config.schema).map_err(|error| {
        let place = error.instance_path().to_string();
        format!("`schema` is no JSON Schema: at `{place}`: {}", cut(error.to_string()))
    })
}

fn mismatch(error: ValidationError<'_>) -> Mismatch {
    Mismatch {
        path: error.instance_path().to_string(),
        message: cut(error.to_string()),
        keyword: error.kind().keyword().to_owned(),
    }
}

fn summary(errors: &[Mismatch]) -> String {
    let Some(first) = errors.first() else { return String::new() };
    let place = if first.path.is_empty() { String::new() } else { format!(" at `{}`", first.path) };
    let more = match errors.len() {
        1 => String::new(),
        many => format!(" (and {} more)", many - 1),
    };
    format!("the input does not fit the schema{place}: {}{more}", first.message)
}

fn cut(mut text: String) -> String {
    if text.len() > MESSAGE_BYTES {
        text.truncate(text.floor_char_boundary(MESSAGE_BYTES));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_action::{serde_json, testing};

    use super::*;

    fn config(more: Value) -> Value {
        let mut config = json!({
            "schema": {
                "type": "object",
                "required": ["email"],
                "properties": { "email": { "type": "string", "format": "email" }, "age": { "minimum": 18 } }
            }
        });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        config
    }

    #[test]
    fn an_input_that_fits_is_valid() {
        let output =
            testing::run::<json_schema_validate>(&config(json!({})), &json!({ "email": "a@b.example" })).unwrap();
        assert_eq!((output.branch(), &output.value), (Some("valid"), &json!({ "valid": true, "errors": [] })));
    }

    #[test]
    fn every_mismatch_has_its_place_and_keyword() {
        let input = json!({ "email": "nobody", "age": 3 });
        let output = testing::run::<json_schema_validate>(&config(json!({})), &input).unwrap();
        assert_eq!(output.branch(), Some("invalid"));
        let errors = output.value["errors"].as_array().unwrap();
        let found: Vec<_> = errors.iter().map(|error| (error["path"].as_str(), error["keyword"].as_str())).collect();
        assert_eq!(found, [(Some("/email"), Some("format")), (Some("/age"), Some("minimum"))]);
        assert_eq!(errors[1]["message"], "3 is less than the minimum of 18");

        let output = testing::run::<json_schema_validate>(&config(json!({ "max_errors": 1 })), &input).unwrap();
        assert_eq!(output.value["errors"].as_array().unwrap().len(), 1);
        let output = testing::run::<json_schema_validate>(&config(json!({ "formats": false })), &input).unwrap();
        assert_eq!(output.value["errors"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn mode_fail_carries_the_report() {
        let error = testing::run::<json_schema_validate>(&config(json!({ "mode": "fail" })), &json!({})).unwrap_err();
        assert_eq!(error.to_string(), "the input does not fit the schema: \"email\" is a required property");
        assert_eq!(error.detail().unwrap()["errors"][0]["keyword"], "required");
    }

    #[test]
    fn a_wrong_schema_is_found_at_publish_and_nothing_is_fetched() {
        let found = testing::check::<json_schema_validate>(&json!({ "schema": { "type": "strnig" } }));
        assert!(found[0].starts_with("`schema` is no JSON Schema: at `/type`: \"strnig\""), "{found:?}");
        let found =
            testing::check::<json_schema_validate>(&json!({ "schema": { "$ref": "https://example.com/a.json" } }));
        assert_eq!(found.len(), 1, "{found:?}");
        let found = testing::check::<json_schema_validate>(&json!({ "schema": true, "mode": "shout" }));
        assert!(found[0].starts_with("config at `mode`: unknown variant `shout`"), "{found:?}");
        assert!(testing::check::<json_schema_validate>(&json!({ "schema": true })).is_empty());
    }

    #[test]
    fn long_values_are_cut() {
        let input = json!("ä".repeat(10_000));
        let output = testing::run::<json_schema_validate>(&json!({ "schema": { "type": "number" } }), &input).unwrap();
        assert!(output.value["errors"][0]["message"].as_str().unwrap().len() < MESSAGE_BYTES + 4);
    }
}
