//! Templates by minijinja's grammar, most of them right, some of them dear. It renders nothing.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::{number, odd_text};
use crate::random::Random;

const NAMES: &[&str] = &[
    "payload",
    "payload.a",
    "payload.items",
    "payload['b']",
    "payload[0]",
    "request.headers",
    "request.body_base64",
    "vars",
    "vars.list",
    "steps.one.output",
    "run.id",
    "flow.name",
    "error.message",
    "loop.index",
    "item",
    "list",
    "text",
    "nothing",
    "payload.a.b.c",
    "self",
    "caller",
    "secrets.x",
    "payload['$serde_json::private::RawValue']",
];

const FILTERS: &[&str] = &[
    "size",
    "compact",
    "concat(list)",
    "pluck('a')",
    "where('a')",
    "where('a', 1)",
    "keys",
    "values",
    "plus(1)",
    "minus(x)",
    "times(9223372036854775807)",
    "divided_by(0)",
    "divided_by(-1)",
    "modulo(0)",
    "modulo(-1)",
    "at_least(2)",
    "at_most(2)",
    "ceil",
    "floor",
    "number",
    "sin",
    "cos",
    "tan",
    "upcase",
    "downcase",
    "strip",
    "lstrip",
    "rstrip",
    "append(text)",
    "prepend('é')",
    "remove('')",
    "remove_first('a')",
    "replace_first('', 'x')",
    "truncate",
    "truncate(3, '…')",
    "truncate(0)",
    "truncate(18446744073709551615)",
    "strip_newlines",
    "newline_to_br",
    "strip_html",
    "url_encode",
    "url_decode",
    "base64_encode",
    "base64_decode",
    "json",
    "from_json",
    "date('%Y-%m-%d')",
    "date('%')",
    "date('%10000Y')",
    "millis",
    "default",
    "default('x', true)",
    "d(1)",
    "uniq",
    "unique",
    "sort",
    "sort(attribute='a', reverse=true)",
    "reverse",
    "join(',')",
    "join",
    "split(',')",
    "split('')",
    "first",
    "last",
    "batch(2)",
    "batch(0)",
    "slice(3)",
    "slice(0)",
    "indent(99999)",
    "tojson",
    "tojson(indent=9)",
    "urlencode",
    "replace('', 'abc')",
    "replace('a', 'aa')",
    "length",
    "abs",
    "round(3)",
    "round(-400)",
    "int",
    "float",
    "string",
    "list",
    "bool",
    "dictsort",
    "items",
    "map('upper')",
    "map(attribute='a')",
    "select",
    "reject('none')",
    "selectattr('a')",
    "groupby('a')",
    "sum",
    "min",
    "max",
    "title",
    "capitalize",
    "escape",
    "safe",
    "lines",
    "chain(list)",
    "zip(list)",
    "format(1)",
    "pprint",
    "attr('a')",
    "no_such",
];

const OPERATORS: &[&str] =
    &["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "and", "or", "in", "not in", "|"];

const TESTS: &[&str] = &[
    "defined",
    "none",
    "odd",
    "divisibleby(0)",
    "iterable",
    "mapping",
    "startingwith('a')",
    "in(list)",
    "sameas(1)",
    "no",
];

/// The text of a template leaf.
pub(crate) fn template(random: &mut Random) -> String {
    let mut text = String::new();
    if random.once_in(2) {
        let _ = write!(text, "{{{{ {} }}}}", expression(random, 4));
        return text;
    }
    body(random, 3, &mut text);
    text
}

/// An expression.
pub(super) fn expression(random: &mut Random, depth: usize) -> String {
    if depth == 0 {
        return atom(random);
    }
    let inner = |random: &mut Random| expression(random, depth - 1);
    match random.below(11) {
        0 | 1 => atom(random),
        2..=4 => format!("({})|{}", inner(random), random.pick(FILTERS)),
        5 => format!("{} {} {}", inner(random), random.pick(OPERATORS), inner(random)),
        6 => format!("({}) is {}", inner(random), random.pick(TESTS)),
        7 => format!("({})[{}]", inner(random), inner(random)),
        8 => format!("({})[{}:{}:{}]", inner(random), atom(random), atom(random), atom(random)),
        9 => format!("{} if {} else {}", inner(random), inner(random), inner(random)),
        _ => format!(
            "{}({})",
            random.pick(&["range", "dict", "lipsum", "namespace", "text.upper", "list.append"]),
            inner(random)
        ),
    }
}

fn atom(random: &mut Random) -> String {
    match random.below(7) {
        0..=2 => random.pick(NAMES).to_owned(),
        3 => number(random).to_string(),
        4 => format!("'{}'", odd_text(random).replace(['\\', '\''], "\\'")),
        5 => "[1, 'a', payload, [none, true]]".to_owned(),
        _ => random
            .pick(&["true", "none", "{}", "[]", "{'a': 1, 2: list}", "range(100000)", "''", "-1", "1.5", "()"])
            .to_owned(),
    }
}

fn body(random: &mut Random, depth: usize, text: &mut String) {
    for _ in 0..=random.small(4) {
        let shape = random.below(if depth == 0 { 3 } else { 9 });
        let made = expression(random, 2);
        let _ = match shape {
            0 => text.write_str(&odd_text(random)),
            1 | 2 => write!(text, "{{{{- {made} -}}}}"),
            3 => write!(text, "{{% if {made} %}}"),
            4 => write!(text, "{{% for item in {made} %}}"),
            5 => write!(text, "{{% set x = {made} %}}"),
            6 => write!(text, "{{% macro m(a) %}}{{{{ m(a) }}}}{{% endmacro %}}{{{{ m({made}) }}}}"),
            7 => write!(text, "{{% filter {} %}}", random.pick(FILTERS)),
            _ => write!(
                text,
                "{{% {} x %}}",
                random.pick(&["include", "import", "extends", "do", "block", "raw", "call", "with"])
            ),
        };
        if (3..=4).contains(&shape) || shape == 7 {
            body(random, depth - 1, text);
            let ends = ["{% endif %}", "{% endfor %}", "{% else %}{% endif %}", "{% endfilter %}"];
            let right = [0, 1, 0, 0, 3][shape - 3];
            text.push_str(if random.once_in(8) { ends[random.below(ends.len())] } else { ends[right] });
        }
    }
}

/// A JSON tree with templates at its leaves.
pub(crate) fn tree(random: &mut Random, depth: usize) -> Value {
    if depth == 0 || random.once_in(2) {
        return Value::String(template(random));
    }
    if random.once_in(2) {
        return Value::Array((0..random.small(5)).map(|_| tree(random, depth - 1)).collect());
    }
    (0..random.small(5)).map(|at| (format!("k{at}"), tree(random, depth - 1))).collect::<Map<String, Value>>().into()
}
