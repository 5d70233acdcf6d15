//! Tests of document: what is read, what is refused, and that no text does harm.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn value(text: &str) -> Value {
    Document::parse(text).unwrap_or_else(|finding| panic!("{finding:?}")).value().clone()
}

fn refused(text: &str) -> (String, u32) {
    let finding = Document::parse(text).map(|document| document.value().clone()).unwrap_err();
    (finding.code.to_string(), finding.line.unwrap_or_default())
}

#[test]
fn yaml_reads_by_its_core_schema_and_keys_stay_text() {
    let text = "on: yes\ntrue: no\nnull: ~\n1: 0x1F\na: [1, -2, +3, 1.5, .5, 1e3, 0o17, 18446744073709551615]\n\
                b: 'true'\nc: \"1\"\nd: |\n  two\n  lines\ne: 12:30\nf: 1.2.3\ng: 0x\nh: e5\ni: True\nk: 1_000\n";
    assert_eq!(
        value(text),
        json!({
            "on": "yes", "true": "no", "null": null, "1": 31,
            "a": [1, -2, 3, 1.5, 0.5, 1000.0, 15, 18_446_744_073_709_551_615_u64],
            "b": "true", "c": "1", "d": "two\nlines\n", "e": "12:30", "f": "1.2.3", "g": "0x", "h": "e5", "i": true,
            "k": "1_000",
        })
    );
}

#[test]
fn every_node_knows_its_line() {
    let yaml = "# a flow\nweir: 1\nsteps:\n  - id: a\n    with:\n      x/y: 1\n      list:\n        - 1\n        - 2\n  - id: b\n";
    let document = Document::parse(yaml).unwrap();
    for (pointer, line) in [
        ("", 2),
        ("/weir", 2),
        ("/steps", 3),
        ("/steps/0", 4),
        ("/steps/0/with", 5),
        ("/steps/0/with/x~1y", 6),
        ("/steps/0/with/list/1", 9),
        ("/steps/1/id", 10),
        ("/steps/1/nothing/here", 10),
        ("/steps/7", 3),
    ] {
        assert_eq!(document.line(pointer), Some(line), "{pointer}");
    }
    assert_eq!(document.line("steps"), None);
    let json = Document::parse("{\n  \"a\": [\n    1,\n    {\"b\": \"\\ud83d\\ude00\\/\"}\n  ]\n}").unwrap();
    assert_eq!(json.value(), &json!({"a": [1, {"b": "😀/"}]}));
    assert_eq!(json.line("/a/1/b"), Some(4));
}

#[test]
fn what_json_cannot_hold_is_refused_with_its_line() {
    for (text, code, line) in [
        ("", "SYNTAX", 1),
        ("# nothing\n", "SYNTAX", 1),
        ("a: 1\nb: &x 2\n", "YAML-FEATURE", 2),
        ("a: *x\n", "SYNTAX", 1),
        ("a: !!str 1\n", "YAML-FEATURE", 1),
        ("a: 1\nb: 2\na: 3\n", "DUPLICATE-KEY", 3),
        ("{\"a\": 1,\n\"a\": 2}", "DUPLICATE-KEY", 2),
        ("a: 1\n---\nb: 2\n", "SYNTAX", 2),
        ("a: .inf\n", "NUMBER", 1),
        ("a: 1e999\n", "NUMBER", 1),
        ("{\"a\": 123456789012345678901234567890}", "NUMBER", 1),
        ("a: 123456789012345678901234567890\n", "NUMBER", 1),
        ("a: {{ payload }}\n", "SYNTAX", 1),
        ("a: b: c\n", "SYNTAX", 1),
        ("a: \"x\n", "SYNTAX", 1),
        ("a: 1\nb: \0\n", "SYNTAX", 2),
        (&"[".repeat(100), "TOO-DEEP", 1),
        (&format!("{{\"a\":{}1{}}}", "[".repeat(70), "]".repeat(70)), "TOO-DEEP", 1),
        (&"- 1\n".repeat(50_001), "TOO-LARGE", 50_000),
        (&"x".repeat(MOST_BYTES + 1), "TOO-LARGE", 0),
    ] {
        let shown: String = text.chars().take(40).collect();
        assert_eq!(refused(text), (format!("WEIR-FLOW-{code}"), line), "{shown}");
    }
}

#[test]
fn texts_made_to_be_slow_are_not() {
    let size = MOST_BYTES / 8;
    for piece in
        ["[", "{", "- ", "? ", "a: ", "!", "&a ", "'", "\"", "#", "\t", "|\n", "a\n", "[a, ", "{a: ", "%", "-\n", " \n"]
    {
        // Each must be over in moments; the runner's time limit is the measure.
        let text = piece.repeat(size / piece.len());
        let _ = Document::parse(&text);
        let _ = Document::parse(&format!("k: {text}"));
    }
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e6_f64..1e6).prop_map(|n| Value::from((n * 1024.0).round() / 1024.0)),
        "\\PC{0,12}".prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec(("[ -~]{0,8}", inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_panics(text in "(?s).{0,200}") {
        let _ = Document::parse(&text);
    }

    #[test]
    fn no_text_that_looks_like_yaml_panics(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "a", "b: ", "- ", "\n", "\n  ", "\n    ", "\t", "[", "]", "{", "}", ",", ":", "? ", "#", "'", "\"", "\\", "|", ">",
            "|+2\n", ">-\n", "&a ", "*a", "!", "!!str ", "!<x> ", "%YAML 1.2\n", "%TAG ! x\n", "---", "...", "\r", "\u{85}", "\u{feff}",
            "\\u12", "\\x", "~", "1e", "é", "😀", "<<: ", "--- |", "\n...\n", " ", ": ",
        ]), 0..60)
    ) {
        let text = pieces.concat();
        if let Ok(document) = Document::parse(&text) {
            prop_assert!(document.line("").is_some());
        }
    }

    #[test]
    fn any_json_object_is_read_as_it_is(value in prop::collection::vec(("[ -~]{0,8}", tree()), 0..5)) {
        let value = Value::Object(value.into_iter().collect());
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let read = Document::parse(&text);
            prop_assert_eq!(read.as_ref().map(Document::value), Ok(&value), "{}", text);
        }
    }

    #[test]
    fn yaml_agrees_with_json(value in tree()) {
        // A list goes to the YAML reader; printable ASCII needs none of the escapes that only JSON knows.
        let text = Value::from(vec![value.clone()]).to_string();
        let read = Document::parse(&text);
        prop_assert_eq!(read.as_ref().map(Document::value), Ok(&Value::from(vec![value])), "{}", text);
    }
}
