//! Promises of conditions: each operator means what its line says, reasons show both sides, no data makes one panic.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Source, json};

use super::*;
use crate::{Data, Globals, Locals};

fn scope(payload: &Source) -> Scope {
    let globals = Globals {
        payload: Data::from(payload).into(),
        request: Data::null(),
        run: Data::null(),
        flow: Data::null(),
        secrets: Data::null(),
    };
    Scope::new(Arc::new(globals), Locals::default())
}

fn decide(condition: &Source, payload: &Source) -> Verdict {
    Condition::compile(condition).unwrap().evaluate(&scope(payload)).unwrap()
}

fn holds(left: Source, op: &str, right: Source) -> bool {
    let unary = OPERATORS.iter().any(|operator| operator.name == op && !operator.needs_right);
    let condition = if unary {
        json!({ "left": "{{ payload.l }}", "op": op })
    } else {
        json!({ "left": "{{ payload.l }}", "op": op, "right": "{{ payload.r }}" })
    };
    decide(&condition, &json!({ "l": left, "r": right })).value
}

#[test]
fn operators_mean_what_they_say() {
    let yes = [
        (json!(null), "exists", json!(0)),
        (json!([]), "is_empty", json!(0)),
        (json!(0), "is_not_empty", json!(0)),
        (json!(1), "equal", json!(1.0)),
        (json!({"a": 1, "b": [2]}), "equal", json!({"b": [2], "a": 1})),
        (json!(1), "not_equal", json!("1")),
        (json!(1), "not_equal", json!(true)),
        (json!(1), "equal_text", json!("1")),
        (json!(null), "equal_text", json!("")),
        (json!("ÄB"), "equal_text_ignore_case", json!("äb")),
        (json!("abc"), "contains", json!("b")),
        (json!(["x", 1]), "contains", json!("1")),
        (json!("aBc"), "contains_ignore_case", json!("Bc")),
        (json!("abc"), "not_starts_with", json!("b")),
        (json!("ABC"), "starts_with_ignore_case", json!("ab")),
        (json!("abc"), "ends_with", json!("c")),
        (json!("a1"), "matches", json!("^[a-z]\\d$")),
        (json!("a"), "not_matches", json!("\\d")),
        (json!("5"), "equal_number", json!(5)),
        (json!("x"), "not_equal_number", json!(5)),
        (json!(9_007_199_254_740_993_i64), "greater_than", json!(9_007_199_254_740_992_i64)),
        (json!(u64::MAX), "greater_than", json!(i64::MAX)),
        (json!("2.5"), "less_than_or_equal", json!(2.5)),
        (json!("true"), "is_true", json!(0)),
        (json!(false), "is_false", json!(0)),
        (json!("2026-01-01T01:00:00+01:00"), "date_equal", json!("2026-01-01")),
        (json!("Thu, 01 Jan 2026 00:00:00 GMT"), "date_equal", json!("2026-01-01T00:00:00")),
        (json!("x"), "date_not_equal", json!("2026-01-01")),
        (json!(1), "is_after", json!("1970-01-01T00:00:00Z")),
        (json!("2025-12-31"), "is_before", json!("2026-01-01")),
        (json!("[1, \"a\"]"), "list_contains", json!("1")),
        (json!([{"a": 1}]), "list_contains", json!({"a": 1})),
        (json!("no list"), "list_not_contains", json!("no")),
        (json!("b"), "one_of", json!(["a", "b"])),
        (json!("héé"), "length_equal", json!("3")),
        (json!([1, 2]), "length_greater_than", json!(1)),
        (json!({}), "length_less_than", json!(1)),
        (json!(7), "length_less_than_or_equal", json!(0)),
    ];
    for (left, op, right) in yes {
        assert!(holds(left.clone(), op, right.clone()), "{left} {op} {right}");
    }
    let no = [
        (json!(1), "is_null", json!(0)),
        (json!("ABC"), "starts_with", json!("a")),
        (json!(true), "equal_number", json!(1)),
        (json!(""), "equal_number", json!(0)),
        (json!("inf"), "greater_than", json!(0)),
        (json!("x"), "greater_than", json!(1)),
        (json!(1), "is_true", json!(0)),
        (json!("x"), "is_before", json!("2026-01-01")),
        (json!("abc"), "list_contains", json!("a")),
    ];
    for (left, op, right) in no {
        assert!(!holds(left.clone(), op, right.clone()), "{left} {op} {right}");
    }
}

#[test]
fn trees_stop_early_and_say_why() {
    let condition = json!({ "all": [
        { "left": "{{ payload.score }}", "op": "greater_than", "right": 80 },
        { "any": [{ "when": "payload.country == 'IT'" }, { "not": { "left": "{{ payload.vip }}", "op": "exists" } }] },
    ] });
    let verdict = decide(&condition, &json!({ "score": 81, "country": "DE" }));
    assert!(verdict.value);
    assert!(verdict.missing.is_empty(), "asking whether something exists is no surprise");
    assert_eq!(
        verdict.why.text(),
        r#"{"all":[{"left":81,"op":"greater_than","right":80,"result":true},{"any":[{"when":"payload.country == 'IT'","value":false,"result":false},{"not":{"left":null,"op":"exists","result":false},"result":true}],"result":true}],"result":true}"#
    );
    let verdict = decide(&condition, &json!({ "country": "DE" }));
    assert_eq!(
        verdict.why.text(),
        r#"{"all":[{"left":null,"op":"greater_than","right":80,"result":false}],"result":false}"#
    );
    assert_eq!(verdict.missing, ["payload.score"]);
    let long = decide(&json!({ "left": "{{ payload }}", "op": "is_empty" }), &json!(["x".repeat(5000)]));
    assert!(long.why.text().len() < 1500 && long.why.text().contains("(cut)"));
}

#[test]
fn mistakes_are_found_when_it_is_compiled() {
    let cases = [
        (json!(true), "", "a condition is"),
        (json!({ "all": [] }), "/all", "at least one"),
        (json!({ "all": [{ "any": 1 }] }), "/all/0/any", "at least one"),
        (json!({ "left": 1, "op": "nope", "right": 1 }), "/op", "no operator \"nope\""),
        (json!({ "left": 1, "op": "equal" }), "", "needs a `right`"),
        (json!({ "left": 1, "op": "exists", "right": 1 }), "/right", "left side alone"),
        (json!({ "op": "exists" }), "", "`left` is missing"),
        (json!({ "left": "{{ ( }}", "op": "exists" }), "/left", "syntax"),
        (json!({ "left": { "a": "{{ ( }}" }, "op": "exists" }), "/left/a", "syntax"),
        (json!({ "left": "a", "op": "matches", "right": "(" }), "/right", "regular expression"),
        (json!({ "when": "1 +" }), "/when", "syntax"),
        (json!({ "when": "x | nofilter" }), "/when", "no filter"),
        (json!({ "when": "x", "left": 1 }), "/left", "does not belong"),
    ];
    for (condition, pointer, message) in cases {
        let issues = Condition::compile(&condition).unwrap_err();
        let found = issues.iter().any(|issue| issue.pointer == pointer && issue.message.contains(message));
        assert!(found, "{condition}: {issues:?}");
    }
    let mut deep = json!({ "when": "1" });
    for _ in 0..40 {
        deep = json!({ "not": deep });
    }
    assert!(Condition::compile(&deep).is_err());
    let many = vec![json!({ "when": "1" }); 201];
    assert_eq!(Condition::compile(&json!({ "any": many })).unwrap_err().len(), 1);
    let broken = Condition::compile(&json!({ "left": "a", "op": "matches", "right": "{{ payload }}" })).unwrap();
    assert!(
        matches!(broken.evaluate(&scope(&json!("("))), Err(TemplateError::Failed { pointer, .. }) if pointer == "/right")
    );
}

fn operand() -> impl Strategy<Value = Source> {
    prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Source::from),
        any::<i64>().prop_map(Source::from),
        any::<f64>().prop_map(Source::from),
        any::<String>().prop_map(Source::from),
        "[0-9TZ:.+-]{0,30}".prop_map(Source::from),
        "\\[[0-9\",]{0,10}\\]".prop_map(Source::from),
        prop::collection::vec(any::<i8>(), 0..4).prop_map(Source::from),
        prop::collection::vec(("[a-c]", any::<i8>()), 0..4)
            .prop_map(|e| Source::Object(e.into_iter().map(|(k, v)| (k, v.into())).collect())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_data_makes_an_operator_panic(left in operand(), right in operand()) {
        for operator in OPERATORS {
            let mut condition = json!({ "left": "{{ payload.l }}", "op": operator.name });
            if operator.needs_right {
                condition["right"] = json!("{{ payload.r }}");
            }
            let verdict = Condition::compile(&condition).unwrap().evaluate(&scope(&json!({ "l": left, "r": right })));
            prop_assert!(verdict.is_ok() || operator.name.ends_with("matches"));
        }
    }

    #[test]
    fn not_is_the_opposite(left in operand(), right in operand()) {
        for operator in OPERATORS.iter().filter(|operator| operator.name.contains("not_")) {
            let Some(positive) = OPERATORS.iter().find(|other| other.name == operator.name.replace("not_", "")) else { continue };
            let run = |name: &str| {
                let mut condition = json!({ "left": "{{ payload.l }}", "op": name });
                if operator.needs_right {
                    condition["right"] = json!("{{ payload.r }}");
                }
                Condition::compile(&condition).unwrap().evaluate(&scope(&json!({ "l": left, "r": right }))).ok().map(|v| v.value)
            };
            prop_assert_eq!(run(operator.name), run(positive.name).map(|value| !value), "{}", operator.name);
        }
    }
}
