//! JSON values and odd texts. What they stand for is not known here.

use serde_json::{Map, Number, Value};

use crate::random::Random;

/// Texts that something somewhere takes for more than text.
const ODD: &[&str] = &[
    "",
    " ",
    "a",
    "true",
    "null",
    "0",
    "-0",
    "1e309",
    "0x10",
    "9223372036854775807",
    "18446744073709551616",
    "NaN",
    "{{ 7*7 }}",
    "{% raw %}",
    "{{",
    "}}",
    "${x}",
    "<b>&'\"</b>",
    "\u{0}",
    "\u{feff}",
    "\u{1F1E9}\u{1F1EA}",
    "e\u{301}",
    "\u{202e}abc",
    "ﬀİß",
    "a/b~c",
    "../../etc/passwd",
    "__proto__",
    "$serde_json::private::RawValue",
    "2026-11-24",
    "2026-11-24T09:30:00Z",
    "1970-01-01T00:00:00+23:59",
    "-262143-01-01T00:00:00Z",
    "P1Y",
    "1s..30s",
    "(a+)+$",
    "(?i)[[:alpha:]]{1000}{1000}",
    "YWJj",
    "%C3%BC%zz",
    "a=1&a=2&=",
    "line\nline\r\nline",
];

/// A text, odd or long.
pub(crate) fn odd_text(random: &mut Random) -> String {
    match random.below(8) {
        0 => ODD[random.below(ODD.len())].repeat(1 << random.small(12)),
        1 => (0..random.small(20)).filter_map(|_| char::from_u32(random.below(0x11_0000) as u32)).collect(),
        _ => ODD[random.below(ODD.len())].to_owned(),
    }
}

/// A number, often at an edge.
pub(crate) fn number(random: &mut Random) -> Number {
    match random.below(6) {
        0 => Number::from(random.next()),
        1 => Number::from(random.next() as i64),
        2 => Number::from([i64::MIN, -1, 0, 1, i64::MAX][random.below(5)]),
        3 => Number::from_f64(f64::from_bits(random.next())).unwrap_or_else(|| Number::from(7)),
        4 => Number::from_f64([0.1, -0.0, 1e308, 5e-324, 9_007_199_254_740_993.0][random.below(5)])
            .unwrap_or_else(|| Number::from(7)),
        _ => Number::from(random.below(100)),
    }
}

/// A value whose lists and objects nest at most `depth` deep.
pub(crate) fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 5 } else { 8 }) {
        0 => Value::Null,
        1 => Value::Bool(random.once_in(2)),
        2 => Value::Number(number(random)),
        3 | 4 => Value::String(odd_text(random)),
        5 | 6 => Value::Array((0..random.small(6)).map(|_| value(random, depth - 1)).collect()),
        _ => Value::Object(
            (0..random.small(6)).map(|_| (key(random), value(random, depth - 1))).collect::<Map<String, Value>>(),
        ),
    }
}

fn key(random: &mut Random) -> String {
    if random.once_in(4) {
        odd_text(random)
    } else {
        random.pick(&["a", "b", "email", "items", "name", "n"]).to_owned()
    }
}
