//! Templates and expressions on a caller's data: compiling and rendering end, what comes out is plain data, the same each
//! time, and a caller's text stays text.

use std::sync::LazyLock;

use serde_json::Value;
use weir_flow::{Data, Escape, Template};

use super::scope::scope;
use crate::{Target, make};

pub(crate) const TARGET: Target = Target {
    name: "templates",
    run,
    make: |random| {
        let template = make::tree(random, 3).to_string();
        make::joined(template.as_bytes(), make::value(random, 4).to_string().as_bytes())
    },
    seeds: || {
        let leaves = [
            "{{ payload.items | map(attribute='a') | join(', ') }}",
            "{% for x in payload.items %}{{ loop.index }}: {{ x.a }}\n{% endfor %}",
        ];
        leaves.iter().map(|leaf| make::joined(leaf.as_bytes(), br#"{"items":[{"a":1},{"a":"b"}]}"#)).collect()
    },
    words: &[
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "|",
        "payload",
        "loop",
        "range(",
        "for",
        "endfor",
        "if",
        "endif",
        "set",
        "macro",
        "caller",
        "recursive",
        "not",
        "in",
        "is",
        "**",
        "//",
        "~",
        "[::-1]",
        ".",
        "'",
        "\n====\n",
        "|tojson",
        "|safe",
        "|from_json",
    ],
};

/// Prints the payload and nothing else.
static ECHO: LazyLock<Template> = LazyLock::new(|| {
    Template::compile(&Value::from("{{ payload }}"), Escape::None).unwrap_or_else(|issues| panic!("{issues:?}"))
});

fn run(input: &[u8]) {
    let (source, payload) = make::parts(input);
    let Ok(text) = std::str::from_utf8(source) else { return };
    let source = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    let scope = scope(payload);
    if let (Ok(payload), Ok(echo)) = (scope.globals().payload.get(), ECHO.render(&scope)) {
        assert_eq!(echo.data, *payload, "a payload does not come out as it went in");
    }
    for escape in [Escape::None, Escape::Html] {
        let template = match Template::compile(&source, escape) {
            Ok(template) => template,
            Err(issues) => {
                assert!(!issues.is_empty(), "a template was refused for nothing");
                continue;
            }
        };
        template.names();
        let (first, second) = (template.render(&scope), template.render(&scope));
        let (first, second) = match (first, second) {
            (Ok(first), Ok(second)) => (first, second),
            (Err(first), Err(second)) => {
                assert_eq!(first, second, "a template fails in two ways");
                continue;
            }
            (first, second) => panic!("a template fails now and then: {first:?} {second:?}"),
        };
        assert_eq!(first.data, second.data, "a template gives two values");
        let json = first.data.to_json();
        assert_eq!(Data::from_json(json.text().as_bytes()), Ok(first.data), "what a template made is no plain data");
    }
}
