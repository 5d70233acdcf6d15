//! What the action promises its users, through JSON as a flow calls it.

use weir_action::serde_json::{Value, json};
use weir_action::testing;

use super::jq_action;

fn run(config: Value, input: Value) -> Value {
    testing::run::<jq_action>(&config, &input).unwrap().value
}

#[test]
fn programs_filter_and_reshape() {
    let input =
        json!({ "items": [{ "name": "pen", "price": 2, "count": 3 }, { "name": "ink", "price": 5, "count": 1 }] });
    let filter = "[.items[] | { name, total: (.price * .count) }] | sort_by(.total) | reverse";
    assert_eq!(
        run(json!({ "filter": filter }), input.clone()),
        json!([{ "name": "pen", "total": 6 }, { "name": "ink", "total": 5 }])
    );
    assert_eq!(run(json!({ "filter": ".items[].name", "all": true }), input.clone()), json!(["pen", "ink"]));
    assert_eq!(run(json!({ "filter": ".items[].name" }), input.clone()), json!("pen"));
    assert_eq!(run(json!({ "filter": "empty" }), input.clone()), Value::Null);
    let config = json!({ "filter": ".items | map(select(.price > $min).name)", "vars": { "min": 3 } });
    assert_eq!(run(config, input), json!(["ink"]));
}

#[test]
fn values_come_through_unharmed() {
    let value = json!({ "text": "a\"b\n\u{0}\u{1F980}", "big": 18_446_744_073_709_551_615_u64, "tiny": 1e-7, "deep": [[[{}]]], "none": null });
    assert_eq!(run(json!({ "filter": "." }), value.clone()), value);
}

#[test]
fn mistakes_are_placed() {
    let check = |filter: &str| testing::check::<jq_action>(&json!({ "filter": filter }));
    assert!(check(".a | map(.b)").is_empty());
    assert!(
        check(".a |\n  nosuch")[0].contains("line 2, column 3: there is no filter `nosuch`"),
        "{:?}",
        check(".a |\n  nosuch")
    );
    assert!(
        check("[.a").first().unwrap().starts_with("`filter` at line 1, column 4: expected closing bracket"),
        "{:?}",
        check("[.a")
    );
    let failed = testing::run::<jq_action>(&json!({ "filter": "error(\"no\")" }), &json!(1)).unwrap_err();
    assert_eq!(failed.to_string(), "the program failed: no");
    let many = json!({ "filter": "range(10)", "all": true, "max_results": 3 });
    assert!(testing::run::<jq_action>(&many, &json!(1)).unwrap_err().is_invalid());
}
