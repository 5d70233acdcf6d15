//! Configs against the schemas of their actions.

use std::sync::Arc;

use serde_json::{Value, json};
use weir_model::Severity;

use super::support::{Note, TestKinds, action, tenant};
use crate::actions::ActionIndex;
use crate::compile::Compiler;
use crate::schema_faults;

/// Paths of what is found in a step with this config, and whether any of it is an error.
fn found(schema: &Value, with: &Value) -> (Vec<String>, bool) {
    let compiler = Compiler::new(Arc::new(TestKinds(vec![Box::new(Note)])));
    let mut actions = ActionIndex::default();
    actions.insert(&tenant(), Arc::new(action("score", "1.0.0", schema.clone())));
    let mut step = json!({"id": "first", "uses": "score"});
    if !with.is_null() {
        step["with"] = with.clone();
    }
    let text = json!({"weir": 1, "name": "lead", "steps": [step]}).to_string();
    let findings = compiler.draft(&text, &actions.of(&tenant())).findings;
    let of_config = findings.into_iter().filter(|finding| finding.code.as_str().starts_with("WEIR-FLOW-CONFIG"));
    let of_config: Vec<_> = of_config.collect();
    let error = of_config.iter().any(|finding| finding.severity == Severity::Error);
    (of_config.into_iter().map(|finding| finding.path).collect(), error)
}

#[test]
fn configs_are_checked_but_for_what_hangs_on_a_template() {
    let schema = json!({
        "type": "object",
        "properties": {
            "weight": {"type": "integer", "minimum": 1},
            "mode": {"enum": ["fast", "exact"]},
            "nested": {"type": "object", "required": ["a"], "properties": {"a": {"type": "boolean"}}},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 3}, "maxItems": 2, "uniqueItems": true},
            "either": {"oneOf": [{"type": "integer"}, {"type": "boolean"}]}
        },
        "required": ["weight"],
        "additionalProperties": false,
        "if": {"properties": {"mode": {"const": "exact"}}, "required": ["mode"]},
        "then": {"required": ["nested"]}
    });
    let ok: &[&str] = &[];
    for (with, wanted) in [
        (json!({"weight": 1}), ok),
        (json!({"weight": "{{ payload.n }}", "mode": "{{ vars.mode }}"}), ok),
        (json!({"weight": 0}), &["/steps/0/with/weight"]),
        (json!({"weight": "one"}), &["/steps/0/with/weight"]),
        (Value::Null, &["/steps/0/with"]),
        (json!({"weight": 1, "wieght": "{{ 1 }}"}), &["/steps/0/with"]),
        (json!({"weight": 1, "mode": "slow"}), &["/steps/0/with/mode"]),
        (json!({"weight": 1, "nested": {"b": "{{ 1 }}"}}), &["/steps/0/with/nested"]),
        (json!({"weight": 1, "tags": ["{{ a }}", "{{ a }}"]}), ok),
        (json!({"weight": 1, "tags": ["{{ a }}", "long"]}), &["/steps/0/with/tags/1"]),
        (json!({"weight": 1, "tags": ["{{ a }}", "b", "c"]}), &["/steps/0/with/tags"]),
        (json!({"weight": 1, "either": "{{ a }}"}), ok),
        (json!({"weight": 1, "either": "a"}), &["/steps/0/with/either"]),
        (json!({"weight": 1, "mode": "exact"}), &["/steps/0/with"]),
        (json!({"weight": "{{ a }}", "mode": "exact"}), ok),
    ] {
        let (paths, error) = found(&schema, &with);
        assert_eq!(
            (paths, error),
            (wanted.iter().map(|path| (*path).to_owned()).collect(), !wanted.is_empty()),
            "{with}"
        );
    }
}

#[test]
fn a_config_that_would_take_too_long_to_check_is_taken_with_a_warning() {
    let schema = json!({"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}});
    let deep = (0..40).fold(json!({}), |inner, _| json!({"left": inner}));
    assert_eq!(found(&schema, &deep), (vec!["/steps/0/with".to_owned()], false));
    assert_eq!(found(&json!({"$ref": "https://example.com/s"}), &json!({})), (vec!["/steps/0/with".to_owned()], false));
}

#[test]
fn a_list_of_values_is_told_with_the_values() {
    let mode = json!({"oneOf": [{"const": "fast", "description": "Soon."}, {"enum": ["exact", "both"]}]});
    let told = |schema: &Value, value: Value| schema_faults(schema, &value).unwrap().remove(0).message;
    assert_eq!(told(&mode, json!("slow")), r#""slow" is none of "fast", "exact", "both""#);
    let or_none = json!({"anyOf": [mode, {"const": null}]});
    assert_eq!(told(&or_none, json!(7)), r#"7 is none of "fast", "exact", "both", null"#);
    let either = json!({"oneOf": [{"type": "integer"}, {"const": "all"}]});
    assert!(told(&either, json!("x")).contains("oneOf"), "not a list alone");
}
