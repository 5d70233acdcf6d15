//! From JSON to a condition: every mistake is found and told at once. It evaluates nothing.

use serde_json::{Map, Value as Source};

use super::operators::Test as Decision;
use super::pattern::Pattern;
use super::{MAX_DEPTH, MAX_TESTS, Node, OPERATORS, OperatorInfo, Test};
use crate::data::Data;
use crate::template::{Escape, Issue, Leaf, Template};

const SHAPES: &str = "a condition is {all: […]}, {any: […]}, {not: …}, {left, op, right} or {when: \"expression\"}";

pub(super) fn compile(source: &Source) -> Result<Node, Vec<Issue>> {
    let mut compiler = Compiler { issues: Vec::new(), tests: 0 };
    let node = compiler.node(source, "", 0);
    match node {
        Some(node) if compiler.issues.is_empty() => Ok(node),
        _ => Err(compiler.issues),
    }
}

struct Compiler {
    issues: Vec<Issue>,
    tests: usize,
}

impl Compiler {
    fn issue(&mut self, pointer: &str, message: impl Into<String>) {
        self.issues.push(Issue::new(pointer, message));
    }

    fn node(&mut self, source: &Source, pointer: &str, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH {
            self.issue(pointer, format!("conditions nest deeper than {MAX_DEPTH} levels; flatten them"));
            return None;
        }
        let Some(object) = source.as_object() else {
            self.issue(pointer, SHAPES);
            return None;
        };
        let shapes: Vec<&str> =
            ["all", "any", "not", "when", "op"].into_iter().filter(|key| object.contains_key(*key)).collect();
        let [shape] = shapes.as_slice() else {
            self.issue(pointer, SHAPES);
            return None;
        };
        let known: &[&str] = if *shape == "op" { &["left", "op", "right"] } else { std::slice::from_ref(shape) };
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            let at = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
            self.issue(&at, format!("`{key}` does not belong here; {SHAPES}"));
        }
        let below = format!("{pointer}/{shape}");
        let inner = object.get(*shape)?;
        match *shape {
            "all" => self.nodes(inner, &below, depth).map(Node::All),
            "any" => self.nodes(inner, &below, depth).map(Node::Any),
            "not" => self.node(inner, &below, depth + 1).map(|node| Node::Not(Box::new(node))),
            "when" => self.when(inner, &below),
            _ => self.test(object, pointer),
        }
    }

    fn nodes(&mut self, source: &Source, pointer: &str, depth: usize) -> Option<Vec<Node>> {
        let Some(items) = source.as_array().filter(|items| !items.is_empty()) else {
            self.issue(pointer, "this takes a list of at least one condition");
            return None;
        };
        let nodes: Vec<Option<Node>> =
            items.iter().enumerate().map(|(at, item)| self.node(item, &format!("{pointer}/{at}"), depth + 1)).collect();
        nodes.into_iter().collect()
    }

    /// Counts a comparison; says once that there are too many.
    fn count(&mut self, pointer: &str) -> Option<()> {
        self.tests += 1;
        if self.tests == MAX_TESTS + 1 {
            self.issue(pointer, format!("a condition may have {MAX_TESTS} comparisons; use a list and `one_of`"));
        }
        (self.tests <= MAX_TESTS).then_some(())
    }

    fn when(&mut self, source: &Source, pointer: &str) -> Option<Node> {
        self.count(pointer)?;
        let Some(text) = source.as_str() else {
            self.issue(pointer, "`when` takes an expression as text, e.g. \"payload.total > 100\"");
            return None;
        };
        let text = text.trim();
        let inner = text.strip_prefix("{{").and_then(|text| text.strip_suffix("}}")).unwrap_or(text);
        match Leaf::expression(inner.trim(), pointer) {
            Ok(leaf) => Some(Node::When(Box::new(leaf))),
            Err(message) => {
                self.issue(pointer, message);
                None
            }
        }
    }

    fn test(&mut self, object: &Map<String, Source>, pointer: &str) -> Option<Node> {
        self.count(pointer)?;
        let operator = self.operator(object.get("op")?, &format!("{pointer}/op"));
        let left = match object.get("left") {
            Some(left) => self.operand(left, &format!("{pointer}/left")),
            None => {
                self.issue(pointer, "`left` is missing: what is to be looked at");
                None
            }
        };
        let right = object.get("right").map(|right| self.operand(right, &format!("{pointer}/right")));
        let (operator, left) = (operator?, left?);
        let right = match (operator.needs_right, right) {
            (true, None) => {
                self.issue(pointer, format!("`{}` needs a `right` side to compare with", operator.name));
                return None;
            }
            (false, Some(_)) => {
                let at = format!("{pointer}/right");
                self.issue(&at, format!("`{}` looks at the left side alone; leave `right` out", operator.name));
                return None;
            }
            (_, Some(right)) => Some(right?),
            (false, None) => None,
        };
        let mut pattern = None;
        if let (Decision::Pattern(_), Some(constant)) = (operator.test, right.as_ref().and_then(Template::constant)) {
            match Pattern::compile(constant.as_str().unwrap_or_default()) {
                Ok(compiled) if constant.as_str().is_some() => pattern = Some(compiled),
                Ok(_) => self.issue(&format!("{pointer}/right"), "a pattern is text"),
                Err(message) => self.issue(&format!("{pointer}/right"), message),
            }
        }
        Some(Node::Test(Box::new(Test { left, operator, right, pattern, pointer: pointer.into() })))
    }

    fn operator(&mut self, source: &Source, pointer: &str) -> Option<&'static OperatorInfo> {
        let name = source.as_str().unwrap_or_default();
        let found = OperatorInfo::find(name);
        if found.is_none() {
            let names: Vec<&str> = OPERATORS.iter().map(|operator| operator.name).collect();
            self.issue(
                pointer,
                format!(
                    "there is no operator {}; use one of {}",
                    Data::from(source).to_json().text(),
                    names.join(", ")
                ),
            );
        }
        found
    }

    fn operand(&mut self, source: &Source, pointer: &str) -> Option<Template> {
        match Template::compile(source, Escape::None) {
            Ok(template) => Some(template),
            Err(issues) => {
                self.issues.extend(
                    issues.into_iter().map(|issue| Issue::new(&format!("{pointer}{}", issue.pointer), issue.message)),
                );
                None
            }
        }
    }
}
