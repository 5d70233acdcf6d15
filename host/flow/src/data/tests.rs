//! Promises of data: JSON is read strictly, numbers exactly, values are found and told apart.

use super::*;

#[test]
fn json_is_read_strictly_and_numbers_exactly() {
    let text = r#"{"b":18446744073709551615,"a":-9223372036854775808,"f":1.5,"s":"\u0000\"","l":[[],{}],"b2":null}"#;
    assert_eq!(Data::from_json(text.as_bytes()).unwrap().to_json().text(), text);
    assert_eq!(Data::from_json(br#"{"a":1,"b":2,"a":3}"#).unwrap().to_json().text(), r#"{"a":3,"b":2}"#);
    for bad in ["", "{", "1 2", "nul", "[1,]", "1e999", "\u{feff}1", "'a'"] {
        assert!(Data::from_json(bad.as_bytes()).is_err(), "{bad}");
    }
    assert!(Data::from_json(b"\"\xff\"").is_err());
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Data::from_json(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert!(Data::from_json(nested(MAX_DEPTH + 1).as_bytes()).is_err());
    assert!(Data::from_json(nested(1_000_000).as_bytes()).is_err());
}

#[test]
fn values_are_found_and_told_apart() {
    let data = Data::from_json(br#"{"a":{"b/c":[10,{"~":true}]},"":1}"#).unwrap();
    assert_eq!(data.pointer("/a/b~1c/1/~0"), Some(Data::from(true)));
    assert_eq!(data.pointer("/"), Some(Data::from(1)));
    assert_eq!(data.pointer("/a/b~1c/01"), None);
    assert_eq!(data.pointer("a"), None);
    assert_eq!(Data::from(1), Data::from(1.0));
    assert_ne!(Data::from(1), Data::from(true));
    assert_ne!(Data::from(0), Data::null());
    assert_eq!(Data::from(u64::MAX).as_u64(), Some(u64::MAX));
    assert_eq!(Data::from(u64::MAX).as_i64(), None);
    assert_eq!(Data::from(true).as_i64(), None);
    assert_eq!(Data::from("5").as_f64(), None);
    let object = Data::object([("z", Data::list(vec![Data::from("x")])), ("a", Data::null())]);
    assert_eq!(object.to_json().text(), r#"{"z":["x"],"a":null}"#);
    assert_eq!(object.entries().unwrap().len(), 2);
}
