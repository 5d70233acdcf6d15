//! The tree around the leaves: compiled once with every constant part built beforehand, rendered by filling the rest in.

use std::sync::Arc;

use minijinja::Value;
use serde_json::Value as Source;

use super::leaf::{Leaf, has_syntax};
use super::settle::{Budget, MAX_TREE_BYTES};
use super::{Escape, Issue, TemplateError};
use crate::data::{Data, List, Map};
use crate::scope::Scope;

/// How deep the tree may nest.
const MAX_DEPTH: usize = 64;

/// How many values the tree may have.
const MAX_NODES: usize = 20_000;

/// How many issues are told at once.
const MAX_ISSUES: usize = 50;

/// A compiled template, cheap to clone; rendering it needs only a [`Scope`].
#[derive(Clone, Debug)]
pub struct Template {
    node: Arc<Node>,
}

#[derive(Debug)]
enum Node {
    Constant(Data),
    Leaf(Box<Leaf>),
    List(Box<[Node]>),
    Object(Box<[(Value, Node)]>),
}

/// What rendering gave.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The value.
    pub data: Data,
    /// Names that were asked for and are not there.
    pub missing: Vec<String>,
}

impl Template {
    /// Compiles a JSON tree with templates at its text leaves.
    ///
    /// A leaf that is exactly one `{{ … }}` keeps the JSON type of its value; any other leaf with template syntax gives
    /// text, and a leaf without is itself.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn compile(source: &Source, escape: Escape) -> Result<Self, Vec<Issue>> {
        let mut compiler = Compiler { escape, nodes: 0, issues: Vec::new(), pointer: String::new() };
        let node = compiler.node(source, 0);
        if compiler.issues.is_empty() { Ok(Self { node: Arc::new(node) }) } else { Err(compiler.issues) }
    }

    /// A template that always gives this value.
    pub fn constant_of(data: Data) -> Self {
        Self { node: Arc::new(Node::Constant(data)) }
    }

    /// The value, where it is the same for every run.
    pub fn constant(&self) -> Option<&Data> {
        match &*self.node {
            Node::Constant(data) => Some(data),
            _ => None,
        }
    }

    /// Names that it asks for, e.g. `payload.email` or `steps.score.output`; some may come several times.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.node.names(&mut names);
        names
    }

    /// Renders it.
    ///
    /// # Errors
    /// Where an expression fails on the data, or what it makes is too large, too deep or too much work.
    pub fn render(&self, scope: &Scope) -> Result<Rendered, TemplateError> {
        if let Node::Constant(data) = &*self.node {
            return Ok(Rendered { data: data.clone(), missing: Vec::new() });
        }
        let mut filling = Filling { scope, budget: Budget::new(MAX_TREE_BYTES), missing: Vec::new() };
        let value = filling.node(&self.node, 0)?;
        Ok(Rendered { data: Data(value), missing: filling.missing })
    }
}

impl Node {
    fn names<'a>(&'a self, names: &mut Vec<&'a str>) {
        match self {
            Self::Constant(_) => {}
            Self::Leaf(leaf) => names.extend(leaf.names()),
            Self::List(items) => items.iter().for_each(|item| item.names(names)),
            Self::Object(entries) => entries.iter().for_each(|(_, value)| value.names(names)),
        }
    }
}

struct Filling<'a> {
    scope: &'a Scope,
    budget: Budget,
    missing: Vec<String>,
}

impl Filling<'_> {
    fn node(&mut self, node: &Node, depth: usize) -> Result<Value, TemplateError> {
        match node {
            Node::Constant(data) => Ok(data.0.clone()),
            Node::Leaf(leaf) => leaf.run(self.scope, depth, &mut self.budget, &mut self.missing),
            Node::List(items) => {
                let mut list = List::with_capacity(items.len());
                for item in items {
                    list.push(self.node(item, depth + 1)?);
                }
                Ok(Value::from_object(list))
            }
            Node::Object(entries) => {
                let mut map = Map::with_capacity(entries.len());
                for (key, value) in entries {
                    map.insert(key.clone(), self.node(value, depth + 1)?);
                }
                Ok(Value::from_object(map))
            }
        }
    }
}

struct Compiler {
    escape: Escape,
    nodes: usize,
    issues: Vec<Issue>,
    pointer: String,
}

impl Compiler {
    fn issue(&mut self, message: impl Into<String>) {
        if self.issues.len() < MAX_ISSUES {
            self.issues.push(Issue::new(&self.pointer, message));
        }
    }

    fn node(&mut self, source: &Source, depth: usize) -> Node {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            if self.nodes == MAX_NODES + 1 {
                self.issue(format!("this has more than {MAX_NODES} values; make it smaller"));
            }
            return Node::Constant(Data::null());
        }
        if depth > MAX_DEPTH {
            self.issue(format!("this nests deeper than {MAX_DEPTH} levels; flatten it"));
            return Node::Constant(Data::null());
        }
        match source {
            Source::String(text) if has_syntax(text) => match Leaf::compile(text, &self.pointer, self.escape) {
                Ok(leaf) => Node::Leaf(Box::new(leaf)),
                Err(message) => {
                    self.issue(message);
                    Node::Constant(Data::null())
                }
            },
            Source::Array(items) => self.list(items, depth),
            Source::Object(entries) => self.object(entries, depth),
            scalar => Node::Constant(Data::from(scalar)),
        }
    }

    fn list(&mut self, items: &[Source], depth: usize) -> Node {
        let at = self.pointer.len();
        let mut nodes = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            self.pointer.push_str(&format!("/{index}"));
            nodes.push(self.node(item, depth + 1));
            self.pointer.truncate(at);
        }
        let constants: Option<List> = nodes.iter().map(Node::constant).collect();
        constants.map_or_else(|| Node::List(nodes.into()), |list| Node::Constant(Data(Value::from_object(list))))
    }

    fn object(&mut self, entries: &serde_json::Map<String, Source>, depth: usize) -> Node {
        let at = self.pointer.len();
        let mut nodes = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            self.pointer.push('/');
            self.pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            if has_syntax(key) {
                self.issue("a key cannot be a template; give it a fixed name, or build the object in one expression");
            }
            nodes.push((Value::from(key.as_str()), self.node(value, depth + 1)));
            self.pointer.truncate(at);
        }
        let constants: Option<Map> =
            nodes.iter().map(|(key, node)| node.constant().map(|value| (key.clone(), value))).collect();
        constants.map_or_else(|| Node::Object(nodes.into()), |map| Node::Constant(Data(Value::from_object(map))))
    }
}

impl Node {
    fn constant(&self) -> Option<Value> {
        match self {
            Self::Constant(data) => Some(data.0.clone()),
            _ => None,
        }
    }
}
