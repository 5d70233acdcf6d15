//! Conditions on a caller's data: they end, answer the same each time, and `not` turns the answer round.

use serde_json::{Value, json};
use weir_flow::Condition;

use super::RAW_KEY;
use super::scope::scope;
use crate::{Target, make};

pub(crate) const TARGET: Target = Target {
    name: "conditions",
    run,
    make: |random| {
        let condition = make::condition(random, 4).to_string();
        make::joined(condition.as_bytes(), make::value(random, 3).to_string().as_bytes())
    },
    seeds: || {
        let tree = json!({ "any": [
            { "left": "{{ payload.n }}", "op": "greater_than", "right": 3 },
            { "not": { "left": "{{ payload.email }}", "op": "matches", "right": "^[a-z]+@" } },
            { "left": "{{ payload.at }}", "op": "date_equal", "right": "2026-11-24" },
            { "when": "payload.a and not payload.b" },
        ] });
        vec![make::joined(tree.to_string().as_bytes(), br#"{"n":"12","email":"ada@x","at":"2026-11-24T00:00:00Z"}"#)]
    },
    words: &[
        "{\"not\":",
        "{\"all\":[",
        "\"op\":\"matches\"",
        "(a|b)*c{2,9}",
        "[^\\\\w]",
        "1e400",
        "\n====\n",
        "{{ payload }}",
    ],
};

fn run(input: &[u8]) {
    let (source, payload) = make::parts(input);
    let Ok(text) = std::str::from_utf8(source) else { return };
    let source = serde_json::from_str(text).unwrap_or_else(|_| json!({ "when": text }));
    let condition = match Condition::compile(&source) {
        Ok(condition) => condition,
        Err(issues) => return assert!(!issues.is_empty(), "a condition was refused for nothing"),
    };
    let scope = scope(payload);
    let answer = condition.evaluate(&scope).map(|verdict| {
        let why = verdict.why.text();
        assert!(why.contains(RAW_KEY) || serde_json::from_str::<Value>(why).is_ok(), "the reason is no JSON");
        verdict.value
    });
    let again = condition.evaluate(&scope).map(|verdict| verdict.value);
    assert_eq!(answer, again, "a condition has two answers");
    // Where it nests as deep as it may, its opposite is refused.
    let Ok(opposite) = Condition::compile(&json!({ "not": source })) else { return };
    match (answer, opposite.evaluate(&scope).map(|verdict| verdict.value)) {
        (Ok(answer), Ok(opposite)) => assert_ne!(answer, opposite, "a condition and its opposite agree"),
        (Err(_), Err(_)) => {}
        (answer, opposite) => panic!("a condition fails and its opposite does not: {answer:?} {opposite:?}"),
    }
}
