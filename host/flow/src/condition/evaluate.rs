//! Deciding a condition and writing down why. It stops where the answer is known and shows only what it looked at.

use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use weir_model::Json;

use super::operand::Operand;
use super::{Node, Test, Verdict};
use crate::data::{Data, Kind};
use crate::scope::Scope;
use crate::template::{Budget, Template, TemplateError};

/// How many bytes of a value the reasons show.
const SHOWN: usize = 1 << 10;

/// What one operand may weigh.
const MAX_OPERAND_BYTES: usize = 32 << 20;

pub(super) fn evaluate(node: &Node, scope: &Scope) -> Result<Verdict, TemplateError> {
    let mut missing = Vec::new();
    let why = decide(node, scope, &mut missing)?;
    Ok(Verdict { value: why.result(), why: Json::of(&why).unwrap_or_default(), missing })
}

/// A decision and its reasons.
enum Why<'a> {
    Group(&'static str, Vec<Why<'a>>, bool),
    Not(Box<Why<'a>>),
    Test { test: &'a Test, left: Operand, right: Operand, result: bool },
    When { source: &'a str, value: Data, result: bool },
}

impl Why<'_> {
    fn result(&self) -> bool {
        match self {
            Self::Group(_, _, result) | Self::Test { result, .. } | Self::When { result, .. } => *result,
            Self::Not(inner) => !inner.result(),
        }
    }
}

fn decide<'a>(node: &'a Node, scope: &Scope, missing: &mut Vec<String>) -> Result<Why<'a>, TemplateError> {
    match node {
        Node::All(nodes) => group("all", nodes, false, scope, missing),
        Node::Any(nodes) => group("any", nodes, true, scope, missing),
        Node::Not(inner) => Ok(Why::Not(Box::new(decide(inner, scope, missing)?))),
        Node::Test(test) => run(test, scope, missing),
        Node::When(leaf) => {
            let value = Data(leaf.run(scope, 0, &mut Budget::new(MAX_OPERAND_BYTES), missing)?);
            let result = value.truthy();
            Ok(Why::When { source: leaf.source(), value, result })
        }
    }
}

/// Looks at one after another until one gives the answer `decisive`.
fn group<'a>(
    name: &'static str,
    nodes: &'a [Node],
    decisive: bool,
    scope: &Scope,
    missing: &mut Vec<String>,
) -> Result<Why<'a>, TemplateError> {
    let mut seen = Vec::with_capacity(nodes.len());
    for node in nodes {
        let why = decide(node, scope, missing)?;
        let decided = why.result() == decisive;
        seen.push(why);
        if decided {
            return Ok(Why::Group(name, seen, decisive));
        }
    }
    Ok(Why::Group(name, seen, !decisive))
}

fn run<'a>(test: &'a Test, scope: &Scope, missing: &mut Vec<String>) -> Result<Why<'a>, TemplateError> {
    let quiet = test.operator.expects_nothing();
    let left = operand(&test.left, "left", test, quiet, scope, missing)?;
    let right = match &test.right {
        Some(right) => operand(right, "right", test, quiet, scope, missing)?,
        None => Operand::default(),
    };
    let result = test
        .operator
        .decide(&left, &right, test.pattern.as_ref())
        .map_err(|message| TemplateError::Failed { pointer: format!("{}/right", test.pointer), message })?;
    Ok(Why::Test { test, left, right, result })
}

fn operand(
    template: &Template,
    side: &str,
    test: &Test,
    quiet: bool,
    scope: &Scope,
    missing: &mut Vec<String>,
) -> Result<Operand, TemplateError> {
    let rendered = template.render(scope).map_err(|error| error.below(&format!("{}/{side}", test.pointer)))?;
    let absent = rendered.data.is_null() && !rendered.missing.is_empty();
    if !quiet {
        missing.extend(rendered.missing);
    }
    Ok(Operand { data: rendered.data, absent })
}

impl Serialize for Why<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Group(name, seen, _) => map.serialize_entry(name, seen)?,
            Self::Not(inner) => map.serialize_entry("not", inner)?,
            Self::Test { test, left, right, .. } => {
                map.serialize_entry("left", &Shown(&left.data))?;
                map.serialize_entry("op", test.operator.name)?;
                if test.right.is_some() {
                    map.serialize_entry("right", &Shown(&right.data))?;
                }
            }
            Self::When { source, value, .. } => {
                map.serialize_entry("when", source)?;
                map.serialize_entry("value", &Shown(value))?;
            }
        }
        map.serialize_entry("result", &self.result())?;
        map.end()
    }
}

/// A value in the reasons; the beginning of its text where it is long.
struct Shown<'a>(&'a Data);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fits = match self.0.kind() {
            Kind::Null | Kind::Bool | Kind::Number => true,
            Kind::Text => self.0.as_str().is_none_or(|text| text.len() <= SHOWN),
            Kind::List | Kind::Object => self.0.is_empty(),
        };
        if fits {
            return self.0.serialize(serializer);
        }
        let mut start = Start(Vec::new());
        if self.0.write_json_to(&mut start).is_ok() {
            return self.0.serialize(serializer);
        }
        let text = String::from_utf8_lossy(&start.0);
        serializer.collect_str(&format_args!("{}… (cut)", text.trim_end_matches('\u{fffd}')))
    }
}

/// Takes the first bytes and refuses the rest.
struct Start(Vec<u8>);

impl Write for Start {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = SHOWN.saturating_sub(self.0.len());
        if bytes.len() > room {
            self.0.extend_from_slice(bytes.get(..room).unwrap_or_default());
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
