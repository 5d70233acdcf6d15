//! Promises of templates: types kept, data never executed, what is missing named, nothing a template says can hurt the host.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Source, json};

use super::*;
use crate::{Data, Globals, Item, Locals, Scope};

pub(crate) fn scope_of(payload: &Source) -> Scope {
    let globals = Globals {
        secrets: Data::null(),
        payload: Data::from(payload).into(),
        request: Data::object([("method", Data::from("POST"))]),
        run: Data::object([("id", Data::from("r1"))]),
        flow: Data::object([("name", Data::from("f"))]),
    };
    let mut locals = Locals::default();
    locals.set_var("score", Data::from(&json!({ "value": 81 })));
    locals.set_output("hot", Data::from(&json!([1, 2])));
    Scope::new(Arc::new(globals), locals)
}

fn render_in(source: &Source, escape: Escape, payload: &Source) -> Result<Rendered, TemplateError> {
    Template::compile(source, escape).unwrap().render(&scope_of(payload))
}

fn render(source: &Source, payload: &Source) -> Source {
    render_in(source, Escape::None, payload).unwrap().data.to_json().to_value()
}

fn issue(source: &str) -> String {
    Template::compile(&json!(source), Escape::None).unwrap_err().remove(0).message
}

#[test]
fn one_expression_keeps_its_type_and_text_is_text() {
    let payload = json!({ "n": 5, "f": 1.5, "big": u64::MAX, "t": true, "s": "x", "none": null, "l": [1, {"a": "b"}] });
    let cases = [
        ("{{ payload.n }}", json!(5)),
        ("{{ payload['n'] + 1 }}", json!(6)),
        ("{{payload.big}}", json!(u64::MAX)),
        ("{{ payload.t }}", json!(true)),
        ("{{ payload.none }}", json!(null)),
        ("{{ payload.l[1].a }}", json!("b")),
        ("{{ payload.l }}", json!([1, {"a": "b"}])),
        ("{{ payload.l | length > 1 }}", json!(true)),
        ("{{ {'k': payload.l} }}", json!({"k": [1, {"a": "b"}]})),
        ("{{ score.value }}/{{ vars.score.value }}", json!("81/81")),
        ("{{ steps.hot.output }}", json!([1, 2])),
        ("{{ steps }}", json!({"hot": {"output": [1, 2]}})),
        (" {{ payload.n }}", json!(" 5")),
        ("a {{ payload.t }} {{ payload.none }} {{ payload.f }}\n", json!("a true  1.5\n")),
        ("{{ payload.l }}", json!([1, {"a": "b"}])),
        ("-{{ payload.l }}-", json!("-[1,{\"a\":\"b\"}]-")),
        ("{% for x in payload.l %}{{ loop.index }}{% endfor %}", json!("12")),
        ("{{ payload.n }}{{ payload.s|upcase }}", json!("5X")),
        ("{{ payload.n if payload.t else 0 }}", json!(5)),
        ("{{ payload }}{% raw %}{{ x | nofilter }}{% endraw %}{# {{ } #}", json!(null)),
        ("{{ request.method ~ flow.name ~ run.id }}", json!("POSTfr1")),
    ];
    for (source, wanted) in cases {
        if wanted.is_null() && source.contains("raw") {
            assert!(render(&json!(source), &payload).as_str().unwrap().ends_with("{{ x | nofilter }}"));
        } else {
            assert_eq!(render(&json!(source), &payload), wanted, "{source}");
        }
    }
}

#[test]
fn constants_are_built_beforehand() {
    let template = Template::compile(&json!({ "a": [1, "x"], "b": null }), Escape::None).unwrap();
    assert_eq!(template.constant().unwrap().to_json().text(), r#"{"a":[1,"x"],"b":null}"#);
    let template = Template::compile(&json!(["{{ x }}"]), Escape::None).unwrap();
    assert!(template.constant().is_none());
    assert_eq!(template.names(), ["x"]);
}

#[test]
fn what_is_missing_is_null_and_named() {
    let source = json!({
        "a": "{{ payload.email }}", "b": "Hi {{ payload.no.deep }}!", "c": "{{ nobody | upcase }}", "d": "{{ nobody.x }}",
        "e": "{% if payload.q %}1{% endif %}{{ payload.r }}", "f": "{{ payload.q | default('w') }}", "g": "{{ payload.n }}",
    });
    let rendered = render_in(&source, Escape::None, &json!({ "n": null })).unwrap();
    let wanted = json!({ "a": null, "b": "Hi !", "c": "", "d": null, "e": "", "f": "w", "g": null });
    assert_eq!(rendered.data.to_json().to_value(), wanted);
    assert_eq!(rendered.missing, ["payload.email", "payload.no.deep", "nobody.x", "payload.q", "payload.r"]);
}

#[test]
fn html_is_escaped_wherever_it_comes_from() {
    let payload = json!({ "s": "<b>\"&'", "l": ["<i>"], "n": 1 });
    let html = |source: &str| render_in(&json!(source), Escape::Html, &payload).unwrap().data;
    assert_eq!(html("{{ payload.s }}"), Data::from("&lt;b&gt;&quot;&amp;&#39;"));
    assert_eq!(html("<p>{{ payload.l }}</p>"), Data::from("<p>[&quot;&lt;i&gt;&quot;]</p>"));
    assert_eq!(html("{{ payload.s | upper }}"), Data::from("&lt;B&gt;&quot;&amp;&#39;"));
    assert_eq!(html("{% if 1 %}{{ payload.l[0] }}{% endif %}"), Data::from("&lt;i&gt;"));
    assert_eq!(html("{{ payload.l[0] | safe }}"), Data::from("<i>"));
    assert_eq!(html("{{ payload.n }}"), Data::from("1"));
    assert_eq!(html("{{ payload.l[0] | newline_to_br }}"), Data::from("&lt;i&gt;"));
    // `safe` does not outlive its leaf.
    let safe = render_in(&json!("{{ payload.s | safe }}"), Escape::None, &payload).unwrap().data;
    let mut locals = Locals::default();
    locals.set_var("x", safe);
    let globals = scope_of(&json!(null)).globals().clone();
    let template = Template::compile(&json!("{{ x }}"), Escape::Html).unwrap();
    assert_eq!(template.render(&Scope::new(globals, locals)).unwrap().data, Data::from("&lt;b&gt;&quot;&amp;&#39;"));
}

#[test]
fn the_innermost_item_and_its_loop_are_seen() {
    let mut locals = Locals::default();
    locals.set_var("item", Data::from("variable"));
    for (value, index) in [("outer", 0), ("inner", 1)] {
        locals.items.push(Item { name: "item".into(), value: Data::from(value), index, length: 2 });
    }
    locals.error = Some(Data::object([("code", Data::from("E"))]));
    let scope = Scope::new(scope_of(&json!(null)).globals().clone(), locals);
    let source = json!("{{ item }} {{ loop.index }} {{ loop.last }} {{ vars.item }} {{ error.code }}");
    let rendered = Template::compile(&source, Escape::None).unwrap().render(&scope).unwrap();
    assert_eq!(rendered.data, Data::from("inner 2 true variable E"));
}

#[test]
fn mistakes_are_found_when_it_is_compiled() {
    assert!(issue("{{ payload. }}").contains("syntax error"));
    assert!(issue("{{ payload }} {% if %}").contains("syntax error"));
    assert!(issue("{{ payload | nofilter }}").contains("no filter `nofilter`"));
    assert!(issue("a {{ payload is notest }}").contains("no test `notest`"));
    assert!(issue("{% include 'x' %}").contains("syntax error"));
    assert!(issue("{% macro x() %}{% endmacro %}").contains("syntax error"));
    assert!(issue(&format!("{{{{ x }}}}{}", "y".repeat(64 << 10))).contains("bytes"));
    let issues = Template::compile(&json!({ "a/b": ["{{ ( }}"], "{{ k }}": "{{ | }}" }), Escape::None).unwrap_err();
    let pointers: Vec<&str> = issues.iter().map(|issue| issue.pointer.as_str()).collect();
    assert_eq!(pointers, ["/a~1b/0", "/{{ k }}", "/{{ k }}"]);
    let mut deep = json!(1);
    for _ in 0..70 {
        deep = json!([deep]);
    }
    assert!(Template::compile(&deep, Escape::None).is_err());
}

#[test]
fn long_chains_are_refused_before_they_exhaust_the_stack() {
    for (chain, count) in [
        (".b", 30_000),
        ("|e", 30_000),
        ("+1", 30_000),
        ("()", 30_000),
        (" and 1", 9_000),
        ("['}}']", 9_000),
        (" if 1 else 1", 5_000),
    ] {
        assert!(issue(&format!("{{{{ payload{} }}}}", chain.repeat(count))).contains("operators"), "{chain}");
        assert!(issue(&format!("x{{{{ payload{} }}}}", chain.repeat(count))).contains("operators"), "{chain}");
        // As many as are let through run, in an unoptimised build too.
        let each = chain.matches(['.', '|', '+', '(', '[']).count()
            + chain.matches("and").count()
            + 2 * chain.matches("if").count();
        for source in [
            format!("{{{{ payload{} }}}}", chain.repeat(245 / each)),
            format!("x{{{{ payload{} }}}}", chain.repeat(245 / each)),
        ] {
            let _ = Template::compile(&json!(source), Escape::None).unwrap().render(&scope_of(&json!(1)));
        }
    }
    assert!(issue(&format!("{{{{ {}1 }}}}", "not ".repeat(9_000))).contains("operators"));
    assert!(issue(&format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(5_000))).contains("elif"));
    assert!(issue(&"{% set x = [x] %}".repeat(3_000)).contains("brackets"));
    let set = format!("{}{{{{ x }}}}", "{% set x = [x] %}".repeat(1_900));
    let _ = Template::compile(&json!(set), Escape::None).unwrap().render(&scope_of(&json!(1)));
}

#[test]
fn work_size_and_depth_have_an_end() {
    let run = |source: &str, payload: Source| render_in(&json!(source), Escape::None, &payload).unwrap_err().code();
    let code = |text: &'static str| Code::new(text);
    let loops = "{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}";
    assert_eq!(run(loops, json!(1)), code("WEIR-FLOW-TEMPLATE-FUEL"));
    assert_eq!(run("{{ 'x' * 1000000000 }}", json!(1)), code("WEIR-FLOW-TEMPLATE-FUEL"));
    let big = json!({ "s": "x".repeat(3 << 20) });
    assert_eq!(run("{{ payload.s }}{{ payload.s }}", big.clone()), code("WEIR-FLOW-TEMPLATE-SIZE"));
    assert_eq!(run("{{ [payload, payload] }}", big), code("WEIR-FLOW-TEMPLATE-SIZE"));
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    assert_eq!(run("{{ [payload] }}", deep.clone()), code("WEIR-FLOW-TEMPLATE-DEPTH"));
    let error = render_in(&json!({ "a": "{{ payload }}" }), Escape::None, &deep).unwrap_err();
    assert_eq!(error, TemplateError::Depth { pointer: "/a".into(), limit: 100 });
    assert!(render_in(&json!("{{ payload }}"), Escape::None, &deep).is_ok());
    assert_eq!(run("{{ 1 / 0 }}", json!(1)), code("WEIR-FLOW-TEMPLATE-FAILED"));
    assert_eq!(run("{{ range }}", json!(1)), code("WEIR-FLOW-TEMPLATE-FAILED"));
}

#[test]
fn a_value_that_doubles_each_time_is_stopped() {
    let globals = scope_of(&json!(null)).globals().clone();
    let template = Template::compile(&json!({ "a": "{{ x }}", "b": "{{ x }}" }), Escape::None).unwrap();
    let mut locals = Locals::default();
    locals.set_var("x", Data::from(1));
    let stopped = (0..64).any(|_| match template.render(&Scope::new(globals.clone(), locals.clone())) {
        Ok(rendered) => {
            locals.set_var("x", rendered.data);
            false
        }
        Err(error) => error.code() == Code::new("WEIR-FLOW-TEMPLATE-SIZE"),
    });
    assert!(stopped);
}

#[test]
fn liquid_spellings_work() {
    let payload = json!({ "s": " Hé<b>llo</b> ", "l": [3, 1, null, 3], "o": [{"k": 1, "v": "a"}, {"k": 2, "v": "b"}], "d": "2026-11-24T09:30:00+01:00" });
    let cases = [
        ("payload.s | strip | upcase", json!("HÉ<B>LLO</B>")),
        ("payload.s | strip_html | strip | append('!') | prepend('>')", json!(">Héllo!")),
        ("payload.s | strip | truncate(5)", json!("Hé...")),
        ("payload.l | compact | sort | uniq", json!([1, 3])),
        ("payload.l | size", json!(4)),
        ("payload.o | where('k', 2) | pluck('v') | first", json!("b")),
        ("payload.l | compact | join('-')", json!("3-1-3")),
        ("payload.l | json", json!("[3,1,null,3]")),
        ("'\"' | json", json!("\"\\\"\"")),
        ("'{\"a\":[1]}' | from_json", json!({"a": [1]})),
        ("'7' | plus(1) | times(2) | minus(1) | divided_by(2) | modulo(4)", json!(3)),
        ("7.5 | floor", json!(7)),
        ("'a b&c=d/é' | url_encode", json!("a+b%26c%3Dd%2F%C3%A9")),
        ("'a+b%26c=d&%C3%A9' | url_decode", json!("a b&c=d&é")),
        ("'é' | base64_encode | base64_decode", json!("é")),
        ("payload.d | date('%d.%m.%Y %H:%M')", json!("24.11.2026 08:30")),
        ("payload.d | millis", json!(1_795_509_000_000_i64)),
        ("payload.nothing | default('x')", json!("x")),
        ("payload.l[2] | default('x')", json!("x")),
        ("'a,b' | split(',') | last", json!("b")),
        ("payload.o | map(attribute='k') | sum", json!(3)),
        ("payload.o[0] | keys", json!(["k", "v"])),
    ];
    for (source, wanted) in cases {
        assert_eq!(render(&json!(format!("{{{{ {source} }}}}")), &payload), wanted, "{source}");
    }
}

fn any_json() -> impl Strategy<Value = Source> {
    let scalar = prop_oneof![
        Just(Source::Null),
        any::<bool>().prop_map(Source::from),
        any::<i64>().prop_map(Source::from),
        any::<u64>().prop_map(Source::from),
        prop::num::f64::NORMAL.prop_map(Source::from),
        hostile_text().prop_map(Source::from),
    ];
    scalar.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Source::from),
            prop::collection::vec((hostile_text(), inner), 0..6)
                .prop_map(|entries| Source::Object(entries.into_iter().collect())),
        ]
    })
}

fn hostile_text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "{{ 7*7 }}",
        "{{",
        "}}",
        "{% raw %}",
        "{%",
        "%}",
        "{#",
        "#}",
        "\"",
        "'",
        "\\",
        "\n",
        "\u{0}",
        "\u{2028}",
        "</script>",
        "${x}",
        "{{ payload }}",
        "null",
        "é",
        "😀",
    ]);
    prop_oneof![prop::collection::vec(pieces, 0..6).prop_map(|pieces| pieces.concat()), any::<String>(),]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_callers_text_comes_back_unharmed_and_unexecuted(text in hostile_text()) {
        let source = json!({ "a": "{{ payload.s }}", "b": ["<{{ payload.s }}>", "{{ payload.s ~ '' }}", "{% if 1 %}{{ payload.s }}{% endif %}"] });
        let rendered = render_in(&source, Escape::None, &json!({ "s": text })).unwrap();
        // What goes over the wire is parsed again: still the same text, in the same places.
        let wire: Source = serde_json::from_str(rendered.data.to_json().text()).unwrap();
        prop_assert_eq!(wire, json!({ "a": text, "b": [format!("<{text}>"), text, text] }));
    }

    #[test]
    fn any_value_survives_templates_and_json(value in any_json()) {
        let data = Data::from(&value);
        prop_assert_eq!(&data.to_json().to_value(), &value);
        let again = Data::from_json(data.to_json().text().as_bytes()).unwrap();
        prop_assert_eq!(&again, &data);
        let through: Data = serde_json::from_str(&serde_json::to_string(&data).unwrap()).unwrap();
        prop_assert_eq!(through.to_json(), data.to_json());
        for source in ["{{ payload }}", "{{ [payload][0] }}", "{{ payload | json | from_json }}"] {
            prop_assert_eq!(render_in(&json!(source), Escape::None, &value).unwrap().data, data.clone());
        }
    }

    #[test]
    fn no_source_makes_the_compiler_panic(source in hostile_text(), tail in "[a-z0-9{}%#|.()\\[\\]'\" +*/~=<>-]{0,40}") {
        for escape in [Escape::None, Escape::Html] {
            if let Ok(template) = Template::compile(&json!(format!("{source}{tail}")), escape) {
                let _ = template.render(&scope_of(&json!({ "a": 1 })));
            }
        }
    }

    #[test]
    fn a_walked_path_finds_what_the_engine_finds(value in any_json(), path in "payload(\\.[abc]|\\[[0-2]\\]|\\['[abc]'\\]){0,4}") {
        let payload = json!({ "a": value, "b": [value, { "c": value }] });
        let walked = render_in(&json!(format!("{{{{ {path} }}}}")), Escape::None, &payload).unwrap();
        let engine = render_in(&json!(format!("{{{{ ({path}) }}}}")), Escape::None, &payload).unwrap();
        prop_assert_eq!(walked.data, engine.data);
        prop_assert_eq!(walked.missing.is_empty(), engine.missing.is_empty());
    }
}
