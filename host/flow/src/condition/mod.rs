//! Conditions: a tree of `all`, `any` and `not` over `{left, op, right}`, or one expression in `when`. It decides and says
//! why; it must never fail on the kind of data it meets, only where a template in it fails.

mod compile;
mod evaluate;
mod operand;
mod operators;
mod pattern;

use std::sync::Arc;

use serde_json::{Value as Source, json};
use weir_model::Json;

pub(crate) use operand::{moment, to_number};
pub use operators::{OPERATORS, OperatorInfo};

use crate::scope::Scope;
use crate::template::{Issue, Leaf, Template, TemplateError};

/// How deep `all`, `any` and `not` may nest.
const MAX_DEPTH: usize = 16;

/// How many comparisons a condition may have.
const MAX_TESTS: usize = 200;

/// A compiled condition, cheap to clone.
#[derive(Clone, Debug)]
pub struct Condition {
    node: Arc<Node>,
}

#[derive(Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Test(Box<Test>),
    When(Box<Leaf>),
}

#[derive(Debug)]
struct Test {
    left: Template,
    operator: &'static OperatorInfo,
    right: Option<Template>,
    /// The right side's pattern, where it is the same for every run.
    pattern: Option<pattern::Pattern>,
    pointer: Box<str>,
}

/// What a condition came to.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The answer.
    pub value: bool,
    /// The tree with both operands' values and each result; what was not needed for the answer is left out.
    pub why: Json,
    /// Names that were asked for and are not there.
    pub missing: Vec<String>,
}

impl Condition {
    /// Compiles a condition.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn compile(source: &Source) -> Result<Self, Vec<Issue>> {
        compile::compile(source).map(|node| Self { node: Arc::new(node) })
    }

    /// Decides.
    ///
    /// # Errors
    /// Where a template in it fails, or a pattern made at run time is none.
    pub fn evaluate(&self, scope: &Scope) -> Result<Verdict, TemplateError> {
        evaluate::evaluate(&self.node, scope)
    }
}

/// JSON Schema of a condition. It refers to itself as `#/$defs/condition`, so put it there.
pub fn condition_schema() -> Source {
    let itself = json!({ "$ref": "#/$defs/condition" });
    let group = |doc: &str| json!({ "description": doc, "type": "array", "minItems": 1, "maxItems": MAX_TESTS, "items": itself });
    let names = |needs_right: bool| -> Vec<Source> {
        OPERATORS
            .iter()
            .filter(|operator| operator.needs_right == needs_right)
            .map(|operator| {
                let doc = format!("{} ({})", operator.doc, operator.types);
                json!({ "const": operator.name, "description": doc })
            })
            .collect()
    };
    let object = |required: &[&str], properties: Source| json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties });
    let left = json!({ "description": "What is looked at; templates at its leaves." });
    let right = json!({ "description": "What it is compared with; templates at its leaves." });
    json!({
        "description": "A tree of comparisons, or one expression.",
        "oneOf": [
            object(&["all"], json!({ "all": group("True where all of these are.") })),
            object(&["any"], json!({ "any": group("True where one of these is.") })),
            object(&["not"], json!({ "not": itself })),
            object(&["left", "op", "right"], json!({ "left": left, "op": { "oneOf": names(true) }, "right": right })),
            object(&["left", "op"], json!({ "left": left, "op": { "oneOf": names(false) } })),
            object(&["when"], json!({ "when": { "type": "string", "description": "An expression; what it gives counts as true or false." } })),
        ],
    })
}

#[cfg(test)]
mod tests;
