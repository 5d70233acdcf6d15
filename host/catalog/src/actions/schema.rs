//! JSON Schemas of strangers: which are taken, and what validating with them may cost. It never fetches anything.
//!
//! A validator's work is bounded by nothing but the schema: references may fan out (a schema that names the next one twice,
//! forty times over) or lead back to themselves. Both are counted before anything is validated.

use std::collections::HashMap;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;
use weir_model::ActionInfo;

use crate::bounds;

/// Places in a schema with every reference written out.
const MOST_PLACES: u64 = 20_000;
/// Places visited by one validation.
const MOST_WORK: f64 = 2e7;
/// Bytes of one compiled pattern.
const PATTERN_BYTES: usize = 1 << 20;
/// Complaints about one value, at most.
const MOST_FAULTS: usize = 20;
/// Keywords whose values are data, not schemas.
const DATA: [&str; 4] = ["const", "enum", "default", "examples"];
/// Keywords that lead elsewhere in ways that cannot be counted from here.
const REFUSED: [&str; 6] = ["$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor"];

/// How large a schema is with every reference written out once.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Extent {
    /// Places in it.
    places: u64,
    /// References that lead back to a schema they stand in.
    loops: u64,
}

impl Extent {
    fn plus(self, other: Self) -> Self {
        Self { places: self.places.saturating_add(other.places), loops: self.loops.saturating_add(other.loops) }
    }

    /// Whether validating `value` stays within bounds.
    pub(super) fn allows(self, value: &Value) -> bool {
        let (nodes, depth) = measure(value);
        // Every level of the value may be entered by every loop again.
        #[allow(clippy::cast_precision_loss)]
        let work = self.places as f64 * nodes as f64 * (self.loops.max(1) as f64).powi(depth);
        work <= MOST_WORK
    }
}

/// A validator for a schema that keeps to the bounds.
pub(super) fn compile(schema: &Value) -> Result<(Validator, Extent), String> {
    let mut walk = Walk { root: schema, open: Vec::new(), known: HashMap::new() };
    let extent = walk.schema(schema, 0)?;
    let validator = jsonschema::options()
        .offline()
        // Linear time, unlike the default engine's backtracking.
        .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES))
        .build(schema)
        .map_err(|error| short(&error.to_string()))?;
    Ok((validator, extent))
}

/// Why flows cannot use the schemas that an action states; none where they can.
pub fn trouble(info: &ActionInfo) -> Option<String> {
    let schemas = [
        ("config", Some(&info.config_schema)),
        ("input", info.input_schema.as_ref()),
        ("output", info.output_schema.as_ref()),
    ];
    schemas.into_iter().find_map(|(what, stated)| {
        let reason = usable(stated?).err()?;
        Some(format!(
            "its {what} schema is no JSON Schema that weir can use: {reason}; correct what `describe` returns"
        ))
    })
}

fn usable(stated: &Value) -> Result<(), String> {
    let size = stated.to_string().len();
    if size > bounds::SCHEMA {
        return Err(format!("it has {size} bytes, the limit is {}", bounds::SCHEMA));
    }
    compile(stated).map(|_| ())
}

/// Something in a value that a schema does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFault {
    /// Where in the value, as a JSON Pointer (RFC 6901).
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// What in a value an action's schema does not allow, taking it as it stands: nothing in it is a template.
///
/// # Errors
/// Why the value could not be checked.
pub fn schema_faults(schema: &Value, value: &Value) -> Result<Vec<SchemaFault>, String> {
    let (validator, extent) = compile(schema)?;
    if !extent.allows(value) {
        return Err("the value is too large for a schema that refers to itself".into());
    }
    let fault = |error: ValidationError<'_>| SchemaFault {
        path: error.instance_path().as_str().to_owned(),
        message: told(&error),
    };
    Ok(validator.iter_errors(value).take(MOST_FAULTS).map(fault).collect())
}

/// What a value does not fit, with the values that there are to choose from.
pub(super) fn told(error: &ValidationError<'_>) -> String {
    let choices = match error.kind() {
        ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. } => choices(error),
        _ => None,
    };
    short(&match choices {
        Some(choices) => format!("{} is none of {}", error.instance(), choices.join(", ")),
        None => error.to_string(),
    })
}

/// The values that a schema lists, where it is a list of values and nothing else.
fn choices(error: &ValidationError<'_>) -> Option<Vec<String>> {
    match error.kind() {
        ValidationErrorKind::Constant { expected_value } => Some(vec![expected_value.to_string()]),
        ValidationErrorKind::Enum { options } => Some(options.as_array()?.iter().map(Value::to_string).collect()),
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            let all: Option<Vec<_>> = context.iter().map(|errors| errors.iter().find_map(choices)).collect();
            Some(all?.concat())
        }
        _ => None,
    }
}

/// A message, cut to a length that can be shown.
pub(super) fn short(message: &str) -> String {
    match message.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", message.get(..end).unwrap_or_default()),
        None => message.to_owned(),
    }
}

struct Walk<'a> {
    root: &'a Value,
    /// References being written out.
    open: Vec<&'a str>,
    known: HashMap<&'a str, Extent>,
}

impl<'a> Walk<'a> {
    fn schema(&mut self, value: &'a Value, depth: usize) -> Result<Extent, String> {
        if depth > 200 {
            return Err("it nests deeper than 200 levels".into());
        }
        let mut extent = Extent { places: 1, loops: 0 };
        match value {
            Value::Array(items) => {
                for item in items {
                    extent = extent.plus(self.schema(item, depth + 1)?);
                }
            }
            Value::Object(entries) => {
                for (key, inner) in entries {
                    extent = extent.plus(self.entry(key, inner, depth)?);
                }
            }
            _ => {}
        }
        if extent.places > MOST_PLACES {
            return Err(format!("it has more than {MOST_PLACES} places with its references written out"));
        }
        Ok(extent)
    }

    fn entry(&mut self, key: &str, inner: &'a Value, depth: usize) -> Result<Extent, String> {
        // A property may be called like a keyword; its schema is then no text.
        if let (true, Value::String(_)) = (REFUSED.contains(&key) && !(key == "$id" && depth == 0), inner) {
            return Err(format!("it uses {key}; only references of the form #/… into itself are taken"));
        }
        match inner {
            Value::String(target) if key == "$ref" => self.reference(target, depth),
            _ if DATA.contains(&key) => Ok(Extent::default()),
            _ => self.schema(inner, depth + 1),
        }
    }

    fn reference(&mut self, target: &'a str, depth: usize) -> Result<Extent, String> {
        let pointer = target.strip_prefix('#').filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let pointer = pointer.ok_or_else(|| format!("it refers to {}; only #/… is taken", short(target)))?;
        if self.open.contains(&target) {
            return Ok(Extent { places: 1, loops: 1 });
        }
        if let Some(known) = self.known.get(target) {
            return Ok(*known);
        }
        let missing = || format!("it refers to {}, which is not there", short(target));
        let inner = self.root.pointer(&percent_decoded(pointer)).ok_or_else(missing)?;
        self.open.push(target);
        let extent = self.schema(inner, depth + 1);
        self.open.pop();
        let extent = extent?;
        self.known.insert(target, extent);
        Ok(extent)
    }
}

/// Fragments are percent-encoded (RFC 6901 §6); names in schemas rarely need more than these.
fn percent_decoded(pointer: &str) -> String {
    pointer.replace("%20", " ").replace("%22", "\"").replace("%24", "$").replace("%25", "%")
}

/// How many values there are in a value, and how deep they nest.
fn measure(value: &Value) -> (u64, i32) {
    let inner: Vec<(u64, i32)> = match value {
        Value::Array(items) => items.iter().map(measure).collect(),
        Value::Object(entries) => entries.values().map(measure).collect(),
        _ => Vec::new(),
    };
    inner.iter().fold((1, 1), |(nodes, depth), (more, below)| (nodes + more, depth.max(below + 1)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_that_fan_out_are_refused_before_they_cost_anything() {
        let mut definitions = serde_json::Map::new();
        for n in 0..60 {
            let next = format!("#/$defs/s{}", n + 1);
            definitions.insert(format!("s{n}"), json!({"allOf": [{"$ref": next}, {"$ref": next}]}));
        }
        definitions.insert("s60".into(), json!(true));
        let schema = json!({"$ref": "#/$defs/s0", "$defs": definitions});
        assert!(compile(&schema).unwrap_err().contains("places"));
    }

    #[test]
    fn a_recursive_schema_is_taken_and_its_cost_is_known() {
        let tree = json!({"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}});
        let (validator, extent) = compile(&tree).unwrap();
        assert!(validator.is_valid(&json!({"left": {"right": {}}})) && extent.allows(&json!({"left": {"right": {}}})));
        let deep = (0..40).fold(json!({}), |inner, _| json!({"left": inner}));
        assert!(!extent.allows(&deep));
        let own = json!({"$ref": "#"});
        assert!(compile(&own).is_ok());
    }

    #[test]
    fn faults_of_a_value_name_their_places() {
        let schema = json!({"properties": {"a": {"type": "integer"}}, "required": ["b"]});
        let faults = schema_faults(&schema, &json!({"a": "{{ x }}"})).unwrap();
        let mut paths: Vec<_> = faults.iter().map(|fault| fault.path.as_str()).collect();
        paths.sort_unstable();
        assert_eq!(paths, ["", "/a"], "text with braces is text here");
        assert_eq!(schema_faults(&schema, &json!({"a": 1, "b": 2})), Ok(Vec::new()));
        assert!(schema_faults(&json!({"$ref": "https://example.com"}), &json!(1)).is_err());
    }

    #[test]
    fn nothing_is_fetched_and_only_own_places_are_referred_to() {
        for reference in
            ["https://example.com/schema.json", "file:///etc/passwd", "other.json", "#name", "#/$defs/none"]
        {
            assert!(compile(&json!({"$ref": reference})).is_err(), "{reference}");
        }
        assert!(compile(&json!({"properties": {"$id": {"type": "string"}}, "$id": "https://x.example/s"})).is_ok());
        assert!(compile(&json!({"properties": {"a": {"$id": "https://x.example/s"}}})).is_err());
        assert!(compile(&json!({"type": "nonsense"})).is_err());
        assert!(compile(&json!({"pattern": "(a{1000}){1000}"})).is_err());
        assert!(compile(&json!({"const": {"$ref": "https://example.com"}})).is_ok());
    }
}
