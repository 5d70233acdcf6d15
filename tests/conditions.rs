//! Promise: every operator means what it says for values of any kind, and the record shows what was compared with what.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};
use weir_tests::Server;

/// Left side, operator, right side: values as JSON, `?` for a name that is not there; no right side where it takes none.
type Case = (&'static str, &'static str, &'static str);

const YES: &[Case] = &[
    ("null", "exists", ""),
    ("?", "not_exists", ""),
    ("null", "is_null", ""),
    ("?", "is_null", ""),
    ("0", "is_not_null", ""),
    ("?", "is_empty", ""),
    (r#""""#, "is_empty", ""),
    ("[]", "is_empty", ""),
    ("{}", "is_empty", ""),
    ("0", "is_not_empty", ""),
    ("false", "is_not_empty", ""),
    (r#"" ""#, "is_not_empty", ""),
    ("1", "equal", "1.0"),
    (r#"{"a":1,"b":[2,{}]}"#, "equal", r#"{"b":[2,{}],"a":1}"#),
    ("?", "equal", "null"),
    ("9007199254740993", "not_equal", "9007199254740992"),
    ("1", "not_equal", r#""1""#),
    ("1", "not_equal", "true"),
    (r#""b""#, "one_of", r#"["a","b"]"#),
    (r#""c""#, "not_one_of", r#"["a","b"]"#),
    (r#""a""#, "not_one_of", r#""abc""#),
    ("1", "equal_text", r#""1""#),
    ("null", "equal_text", r#""""#),
    (r#""é""#, "not_equal_text", r#""e\u0301""#),
    (r#""STRASSE Ä""#, "equal_text_ignore_case", r#""strasse ä""#),
    (r#""naïve 😀!""#, "contains", r#""😀""#),
    (r#"["x",1]"#, "contains", "1"),
    (r#""abc""#, "contains", r#""""#),
    (r#"["abc"]"#, "not_contains", r#""b""#),
    (r#""aBc""#, "contains_ignore_case", r#""Bc""#),
    (r#""abc""#, "not_contains_ignore_case", r#""D""#),
    (r#""{{ 7*7 }}""#, "starts_with", r#""{{""#),
    (r#""abc""#, "not_starts_with", r#""b""#),
    (r#""ABC""#, "starts_with_ignore_case", r#""ab""#),
    (r#""abc""#, "ends_with", r#""c""#),
    (r#""abC""#, "not_ends_with", r#""c""#),
    (r#""abC""#, "ends_with_ignore_case", r#""BC""#),
    (r#""order-1234""#, "matches", r#""^order-\\d+$""#),
    ("42", "matches", r#""^4""#),
    (r#""aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!""#, "not_matches", r#""^(a+)+$""#),
    (r#"" 5 ""#, "equal_number", "5"),
    (r#""five""#, "not_equal_number", "5"),
    ("9007199254740993", "greater_than", "9007199254740992"),
    ("18446744073709551615", "greater_than", "9223372036854775807"),
    (r#""2.5""#, "greater_than_or_equal", "2.5"),
    ("-1", "less_than", r#""0""#),
    ("1e300", "less_than_or_equal", "1e300"),
    ("true", "is_true", ""),
    (r#""true""#, "is_true", ""),
    ("false", "is_false", ""),
    (r#""false""#, "is_false", ""),
    (r#""2026-01-01T01:00:00+01:00""#, "date_equal", r#""2026-01-01""#),
    (r#""no date""#, "date_not_equal", r#""2026-01-01""#),
    (r#""2026-01-02""#, "is_after", r#""2026-01-01T23:59:59Z""#),
    ("1", "is_after", r#""1970-01-01T00:00:00Z""#),
    (r#""2025-12-31""#, "is_before", r#""2026-01-01""#),
    (r#""2026-01-01""#, "is_after_or_equal", r#""2026-01-01T00:00:00Z""#),
    (r#""2026-01-01""#, "is_before_or_equal", r#""2026-01-01T00:00:00Z""#),
    (r#"[{"a":1}]"#, "list_contains", r#"{"a":1}"#),
    (r#""[1, 2]""#, "list_contains", r#""2""#),
    (r#""no list""#, "list_not_contains", r#""no""#),
    (r#""héé😀""#, "length_equal", "4"),
    ("?", "length_equal", "0"),
    ("[1]", "length_not_equal", "2"),
    (r#"{"a":1,"b":2}"#, "length_greater_than", "1"),
    ("[1,2]", "length_greater_than_or_equal", r#""2""#),
    ("7", "length_less_than", "1"),
    ("[]", "length_less_than_or_equal", "0"),
];

const NO: &[Case] = &[
    ("?", "exists", ""),
    ("null", "not_exists", ""),
    ("0", "is_null", ""),
    ("null", "is_not_null", ""),
    ("?", "is_not_null", ""),
    ("0", "is_empty", ""),
    ("[]", "is_not_empty", ""),
    ("1", "equal", r#""1""#),
    ("null", "equal", "false"),
    (r#""ä""#, "equal", r#""Ä""#),
    ("1.0", "not_equal", "1"),
    ("1", "one_of", "[2,3]"),
    (r#""a""#, "one_of", r#""abc""#),
    (r#""a""#, "not_one_of", r#"["a"]"#),
    (r#""a""#, "equal_text", r#""A""#),
    ("1", "not_equal_text", r#""1""#),
    (r#""a""#, "equal_text_ignore_case", r#""b""#),
    (r#""abc""#, "contains", r#""B""#),
    ("?", "contains", r#""a""#),
    (r#""abc""#, "not_contains", r#""b""#),
    (r#""abc""#, "contains_ignore_case", r#""D""#),
    (r#""abc""#, "not_contains_ignore_case", r#""B""#),
    (r#""ABC""#, "starts_with", r#""a""#),
    (r#""abc""#, "not_starts_with", r#""ab""#),
    (r#""abc""#, "starts_with_ignore_case", r#""B""#),
    (r#""abc""#, "ends_with", r#""C""#),
    (r#""abc""#, "not_ends_with", r#""bc""#),
    (r#""abc""#, "ends_with_ignore_case", r#""B""#),
    (r#""abc""#, "matches", r#""\\d""#),
    (r#""ab1""#, "not_matches", r#""\\d""#),
    ("true", "equal_number", "1"),
    ("null", "equal_number", "0"),
    (r#""""#, "equal_number", "0"),
    ("5", "not_equal_number", r#""5.0""#),
    (r#""9""#, "greater_than", r#""10""#),
    (r#""NaN""#, "greater_than_or_equal", "0"),
    ("?", "less_than", "1"),
    ("[1]", "less_than_or_equal", "2"),
    ("1", "is_true", ""),
    ("?", "is_false", ""),
    (r#""2026-02-30""#, "date_equal", r#""2026-02-30""#),
    (r#""2026-01-01""#, "date_not_equal", r#""2026-01-01T00:00:00Z""#),
    (r#""no date""#, "is_after", r#""2026-01-01""#),
    ("?", "is_before", r#""2026-01-01""#),
    (r#""2025-12-31""#, "is_after_or_equal", r#""2026-01-01""#),
    (r#""2026-01-02""#, "is_before_or_equal", r#""2026-01-01""#),
    (r#""abc""#, "list_contains", r#""b""#),
    (r#"["1"]"#, "list_not_contains", "1"),
    ("[1]", "length_equal", "2"),
    (r#""ab""#, "length_not_equal", "2"),
    ("[1]", "length_greater_than", "1"),
    ("[1]", "length_greater_than", r#""many""#),
    ("[]", "length_greater_than_or_equal", "1"),
    ("[1]", "length_less_than", "1"),
    ("[1,2]", "length_less_than_or_equal", "1"),
];

/// A flow with a condition step for every case; both exits lead on.
fn flow(cases: &[(Case, bool)]) -> Value {
    let step = |(at, ((_, op, right), _)): (usize, &(Case, bool))| {
        let next = if at + 1 == cases.len() { "answer".to_owned() } else { format!("c{}", at + 1) };
        let mut with = json!({ "left": format!("{{{{ payload[{at}].l }}}}"), "op": op });
        if !right.is_empty() {
            with["right"] = json!(format!("{{{{ payload[{at}].r }}}}"));
        }
        json!({ "id": format!("c{at}"), "uses": "condition", "with": with, "on": { "true": next, "false": next } })
    };
    let mut steps: Vec<Value> = cases.iter().enumerate().map(step).collect();
    steps.push(json!({ "id": "answer", "uses": "response" }));
    json!({ "weir": 1, "name": "table", "steps": steps })
}

fn payload(cases: &[(Case, bool)]) -> Result<Value> {
    let side = |values: &mut Map<String, Value>, name: &str, text: &str| -> Result<()> {
        if !["", "?"].contains(&text) {
            values.insert(name.to_owned(), serde_json::from_str(text).with_context(|| text.to_owned())?);
        }
        Ok(())
    };
    let row = |((left, _, right), _): &(Case, bool)| -> Result<Value> {
        let mut values = Map::new();
        side(&mut values, "l", left)?;
        side(&mut values, "r", right)?;
        Ok(Value::Object(values))
    };
    Ok(Value::Array(cases.iter().map(row).collect::<Result<_>>()?))
}

#[tokio::test]
async fn every_operator_means_what_it_says() -> Result<()> {
    let server = Server::start()?;
    let cases: Vec<(Case, bool)> =
        YES.iter().map(|case| (*case, true)).chain(NO.iter().map(|case| (*case, false))).collect();
    let (url, _) = server.publish(&flow(&cases).to_string())?;
    let payload = payload(&cases)?;
    assert_eq!(server.post(&url, payload.to_string()).await?.status(), 200);
    let run = server.last_run().await?;
    let mut wrong = Vec::new();
    for (at, (case, expected)) in cases.iter().enumerate() {
        let step = &run["steps"][at];
        let (left, right) = (&payload[at]["l"], &payload[at]["r"]);
        let mut why = json!({ "left": left, "op": case.1, "result": expected });
        if !case.2.is_empty() {
            why["right"] = right.clone();
        }
        let decided = (&step["output"], &step["exit"]) == (&json!(expected), &json!(expected.to_string()));
        if !decided || step["why"] != why {
            wrong.push(format!("{case:?} is not {expected}: {step}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

#[tokio::test]
async fn the_tables_have_every_operator_that_the_schema_lists() -> Result<()> {
    let server = Server::start()?;
    let schema = server.get("/schema/flow.json").await?;
    let mut listed = BTreeSet::new();
    operators(&schema, &mut listed);
    let tried = |cases: &[Case]| cases.iter().map(|case| case.1.to_owned()).collect::<BTreeSet<_>>();
    assert!(listed.len() > 40, "{listed:?}");
    assert_eq!((&listed, &listed), (&tried(YES), &tried(NO)));
    Ok(())
}

/// Gathers what the schema lists for `op`.
fn operators(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            let names = fields.get("op").and_then(|op| op["oneOf"].as_array()).into_iter().flatten();
            found.extend(names.filter_map(|name| name["const"].as_str()).map(str::to_owned));
            fields.values().for_each(|field| operators(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| operators(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn trees_stop_where_the_answer_is_known_and_say_why() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(
        r#"weir: 1
name: trees
steps:
  - id: tree
    uses: condition
    with:
      all:
        - { left: "{{ payload.n }}", op: greater_than, right: 3 }
        - any:
            - { not: { left: "{{ payload.gone }}", op: exists } }
            - { left: never, op: equal, right: reached }
        - { when: "payload.name == 'Ada' and payload.n < 10" }
    on: { "true": which, "false": which }
  - id: which
    uses: switch
    with:
      value: "{{ payload.name }}"
      cases: { nobody: "", vip: { left: "{{ payload.n }}", op: greater_than, right: 100 }, ada: Ada }
    on: { vip: answer, nobody: answer, ada: answer, default: answer }
  - { id: answer, uses: response }
"#,
    )?;
    server.post(&url, r#"{"n":5,"name":"Ada"}"#).await?;
    let run = server.last_run().await?;
    let first = json!({ "left": 5, "op": "greater_than", "right": 3, "result": true });
    let not = json!({ "not": { "left": null, "op": "exists", "result": false }, "result": true });
    let when = json!({ "when": "payload.name == 'Ada' and payload.n < 10", "value": true, "result": true });
    let why = json!({ "all": [first, { "any": [not], "result": true }, when], "result": true });
    assert_eq!((&run["steps"][0]["why"], &run["steps"][0]["exit"]), (&why, &json!("true")));
    assert_eq!(run["steps"][0]["missing"], Value::Null, "asking whether something exists misses nothing");
    let switch = &run["steps"][1];
    assert_eq!((&switch["exit"], &switch["why"]["value"]), (&json!("ada"), &json!("Ada")));
    let tried: Vec<Value> = switch["why"]["cases"]
        .as_array()
        .context("no cases")?
        .iter()
        .map(|case| json!([case["case"], case["holds"]]))
        .collect();
    assert_eq!(tried, [json!(["nobody", false]), json!(["vip", false]), json!(["ada", true])]);

    server.post(&url, r#"{"n":"2","name":""}"#).await?;
    let run = server.last_run().await?;
    let why = json!({ "all": [{ "left": "2", "op": "greater_than", "right": 3, "result": false }], "result": false });
    assert_eq!((&run["steps"][0]["why"], &run["steps"][1]["exit"]), (&why, &json!("nobody")));
    Ok(())
}

#[tokio::test]
async fn a_pattern_from_the_caller_cannot_harm() -> Result<()> {
    let server = Server::start()?;
    let (url, _) = server.publish(
        r#"weir: 1
name: pattern
steps:
  - { id: try, uses: condition, with: { left: "{{ payload.text }}", op: matches, right: "{{ payload.pattern }}" }, on: { "true": yes, "false": no, error: broken } }
  - { id: yes, uses: response, with: { status: 200 }, on: { next: end } }
  - { id: no, uses: response, with: { status: 404 }, on: { next: end } }
  - { id: broken, uses: response, with: { status: 400, json: "{{ error.code }}" } }
"#,
    )?;
    let long = "a".repeat(100_000);
    for (text, pattern, status) in [
        ("order 7", "^order \\d$", 200),
        (long.as_str(), "^(a|a)*(a*)*b$", 404),
        ("x", "(", 400),
        ("x", "x{1000}{1000}{1000}", 400),
        ("x", long.as_str(), 400),
    ] {
        let answer = server.post(&url, json!({ "text": text, "pattern": pattern }).to_string()).await?;
        assert_eq!(answer.status(), status, "{pattern:.40}");
    }
    Ok(())
}
