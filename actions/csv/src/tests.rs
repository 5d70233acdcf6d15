//! What the action promises its users, through JSON as a flow calls it.

use weir_action::serde_json::{Value, json};
use weir_action::testing;

use super::csv_action;

fn run(config: Value, input: Value) -> Value {
    testing::run::<csv_action>(&config, &input).unwrap().value
}

fn refusal(config: Value, input: Value) -> String {
    let error = testing::run::<csv_action>(&config, &input).unwrap_err();
    assert!(error.is_invalid());
    error.to_string()
}

#[test]
fn rows_become_objects_named_by_the_header() {
    let text = "\u{feff}name,note\r\nAda,\"says \"\"hi\"\",\nand bye\"\r\nBob,\r\n";
    assert_eq!(
        run(json!({ "op": "parse" }), json!(text)),
        json!([{ "name": "Ada", "note": "says \"hi\",\nand bye" }, { "name": "Bob", "note": "" }])
    );
    assert_eq!(run(json!({ "op": "parse" }), json!("")), json!([]));
}

#[test]
fn without_a_header_rows_are_lists_or_take_the_names_given() {
    let config = json!({ "op": "parse", "header": false, "delimiter": ";" });
    assert_eq!(run(config, json!("1;2\n3;4")), json!([["1", "2"], ["3", "4"]]));
    let config = json!({ "op": "parse", "header": false, "delimiter": "\t", "columns": ["b", "a"] });
    assert_eq!(run(config, json!("1\t2")), json!([{ "b": "1", "a": "2" }]));
}

#[test]
fn types_are_inferred_without_loss() {
    let text = "v\n 1\n-2.50\n1e3\ntrue\n\"\"\n007\n0.5\n12345678901234567890\n0.12345678901234567\n+1\nNaN\n\
                1.\n-0\n-\n\
                9223372036854775807";
    let values: Vec<Value> = run(json!({ "op": "parse", "types": "infer", "trim": true }), json!(text))
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["v"].clone())
        .collect();
    assert_eq!(
        json!(values),
        json!([
            1,
            -2.5,
            1000.0,
            true,
            null,
            "007",
            0.5,
            "12345678901234567890",
            "0.12345678901234567",
            "+1",
            "NaN",
            "1.",
            "-0",
            "-",
            9223372036854775807_i64
        ])
    );
}

#[test]
fn columns_choose_and_order() {
    let config = json!({ "op": "parse", "columns": ["c", "a"] });
    let rows = run(config.clone(), json!("a,b,c\n1,2,3"));
    assert_eq!(rows.to_string(), r#"[{"c":"3","a":"1"}]"#);
    assert_eq!(refusal(config, json!("a,b\n1,2")), "line 1: there is no column \"c\"; there are a, b");
}

#[test]
fn faults_are_named_by_line() {
    let parse = json!({ "op": "parse" });
    assert_eq!(refusal(parse.clone(), json!("a,b\n\"1\n1\",2\n3")), "line 4: 1 fields, but 2 columns have names");
    assert_eq!(
        refusal(parse.clone(), json!("a,a\n1,2")),
        "line 1: two columns are named \"a\"; read with `header: false`"
    );
    assert_eq!(
        refusal(json!({ "op": "parse", "max_rows": 1 }), json!("a\n1\n2")),
        "line 3: there are more than 1 rows"
    );
    assert_eq!(refusal(parse, json!({ "a": 1 })), "input: CSV to read is a string, not an object");
    let ragged = json!({ "op": "parse", "ragged": true });
    assert_eq!(run(ragged, json!("a,b\n1\n1,2,3")), json!([{ "a": "1", "b": null }, { "a": "1", "b": "2" }]));
}

#[test]
fn writing_quotes_what_needs_it_and_keeps_the_order_of_appearance() {
    let rows = json!([{ "b": 1, "a": "x,\"y\"" }, { "a": null, "c": [1, { "d": 2 }] }]);
    assert_eq!(
        run(json!({ "op": "write" }), rows.clone()),
        json!("b,a,c\n1,\"x,\"\"y\"\"\",\n,,\"[1,{\"\"d\"\":2}]\"\n")
    );
    let config = json!({ "op": "write", "columns": ["a"], "header": false, "newline": "crlf", "delimiter": "|" });
    assert_eq!(run(config, rows), json!("\"x,\"\"y\"\"\"\r\n\"\"\r\n"));
    assert_eq!(run(json!({ "op": "write" }), json!([[1, true], ["x"]])), json!("1,true\nx\n"));
    assert_eq!(run(json!({ "op": "write" }), json!([])), json!(""));
}

#[test]
fn rows_that_are_none_are_refused() {
    let write = json!({ "op": "write" });
    assert_eq!(refusal(write.clone(), json!([{}, 3])), "input at `[1]`: a row is an object or a list, not a number");
    assert!(refusal(write.clone(), json!([{ "a": 1 }, [1]])).contains("mixed"));
    assert_eq!(refusal(write, json!("a")), "input: rows to write are a list, not a string");
    let columns = json!({ "op": "write", "columns": ["a", "b"] });
    assert_eq!(refusal(columns, json!([[1]])), "input at `[0]`: 1 fields, but there are 2 columns");
}

#[test]
fn what_is_written_reads_back() {
    let rows = json!([{ "a": "line\nbreak", "b": "" }, { "a": " \"q\" ", "b": ",;" }, { "a": "ä€", "b": "=1" }]);
    for delimiter in [",", ";", "\t", "|"] {
        let text = run(json!({ "op": "write", "delimiter": delimiter }), rows.clone());
        assert_eq!(run(json!({ "op": "parse", "delimiter": delimiter }), text), rows);
    }
}

#[test]
fn settings_are_checked_at_publish() {
    let found = |config| testing::check::<csv_action>(&config);
    assert!(found(json!({ "op": "parse" })).is_empty());
    assert_eq!(
        found(json!({ "op": "parse", "delimiter": "::", "max_rows": 0, "columns": ["a", "b", "a"] })),
        [
            "`delimiter` is \"::\"; it is one ASCII character, and no quote or line end",
            "`max_rows` is 0; it goes from 1 to 1000000",
            "`columns` names `a` twice"
        ]
    );
    assert_eq!(
        found(json!({ "op": "sort" }))[0],
        "config at `op`: unknown variant `sort`, expected `parse` or `write`"
    );
}
