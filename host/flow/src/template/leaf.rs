//! One text leaf of a template: constant, path, expression or text with expressions in it. It compiles and runs a single
//! leaf; the tree around it belongs to `tree`.

use std::fmt;

use minijinja::{Error, ErrorKind, Expression, Template as Compiled, Value};
use self_cell::self_cell;

use super::environment::{self, HTML_NAME, environment};
use super::path::Path;
use super::settle::{Budget, MAX_LEAF_BYTES, Unfit, settle};
use super::{Escape, TemplateError, lint};
use crate::data::MAX_DEPTH;
use crate::scope::Scope;

/// The longest source of one leaf.
const MAX_SOURCE: usize = 64 << 10;

type Borrowed<'a> = Compiled<'a, 'a>;

self_cell!(
    /// A compiled text together with the source it borrows.
    struct Text {
        owner: String,
        #[covariant]
        dependent: Borrowed,
    }
);

enum Part {
    Text(Box<str>),
    Path(Path),
}

enum Code {
    /// A path that keeps its JSON type.
    Path(Path),
    /// An expression that keeps its JSON type.
    Expression(Expression<'static, 'static>),
    /// Text with nothing but paths in it.
    Parts(Box<[Part]>),
    /// Any other text.
    Text(Text),
}

/// A leaf, ready to run.
pub(crate) struct Leaf {
    pointer: Box<str>,
    source: Box<str>,
    code: Code,
    escape: Escape,
    /// Names that it asks for, e.g. `payload.email`.
    names: Box<[Box<str>]>,
}

impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Leaf({:?})", self.source)
    }
}

/// Whether text has template syntax in it.
pub(crate) fn has_syntax(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

impl Leaf {
    /// Compiles text that has template syntax.
    pub(crate) fn compile(source: &str, pointer: &str, escape: Escape) -> Result<Self, String> {
        check_size(source)?;
        if escape == Escape::None
            && let Some(inner) = only_expression(source)
        {
            if let Some(path) = Path::parse(inner) {
                return Ok(Self::new(source, pointer, escape, Code::Path(path)));
            }
            match expression(inner) {
                Ok(code) => return Ok(Self::new(source, pointer, escape, Code::Expression(code))),
                Err(message) if !inner.contains("}}") => return Err(message),
                // It was the first and the last of several tags.
                Err(_) => {}
            }
        }
        let code = match parts(source) {
            Some(parts) => Code::Parts(parts),
            None => {
                lint::text(source)?;
                Code::Text(text(source, escape)?)
            }
        };
        Ok(Self::new(source, pointer, escape, code))
    }

    /// Compiles text that is one expression without `{{ }}`.
    pub(crate) fn expression(source: &str, pointer: &str) -> Result<Self, String> {
        check_size(source)?;
        let code = match Path::parse(source) {
            Some(path) => Code::Path(path),
            None => Code::Expression(expression(source)?),
        };
        Ok(Self::new(source, pointer, Escape::None, code))
    }

    fn new(source: &str, pointer: &str, escape: Escape, code: Code) -> Self {
        let names = names(&code);
        Self { pointer: pointer.into(), source: source.into(), code, escape, names }
    }

    /// The source.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Names that it asks for.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// Runs it. `depth` is how deep the value will sit.
    pub(crate) fn run(
        &self,
        scope: &Scope,
        depth: usize,
        budget: &mut Budget,
        missing: &mut Vec<String>,
    ) -> Result<Value, TemplateError> {
        match &self.code {
            Code::Path(path) => match path.resolve(scope).map_err(|message| self.failed(message))? {
                Some(value) => settle(value, depth, budget).map_err(|unfit| self.unfit(unfit, budget.limit)),
                None => {
                    missing.push(path.source().to_owned());
                    Ok(Value::from(()))
                }
            },
            Code::Expression(code) => self.run_expression(code, scope, depth, budget, missing),
            Code::Parts(parts) => {
                let text = self.run_parts(parts, scope, missing)?;
                self.text(text, budget)
            }
            Code::Text(text) => {
                let (result, lacks) = environment::watch(|| text.borrow_dependent().render(scope.context()));
                if lacks {
                    self.note_missing(scope, missing);
                }
                self.text(result.map_err(|error| self.error(&error))?, budget)
            }
        }
    }

    fn run_expression(
        &self,
        code: &Expression<'static, 'static>,
        scope: &Scope,
        depth: usize,
        budget: &mut Budget,
        missing: &mut Vec<String>,
    ) -> Result<Value, TemplateError> {
        let value = code.eval(scope.context()).map_err(|error| self.error(&error))?;
        if value.is_undefined() {
            self.note_missing(scope, missing);
            return Ok(Value::from(()));
        }
        let mut own = Budget::new(MAX_LEAF_BYTES);
        let value = settle(value, depth, &mut own).map_err(|unfit| self.unfit(unfit, MAX_LEAF_BYTES))?;
        budget.take(own.taken()).map_err(|unfit| self.unfit(unfit, budget.limit))?;
        Ok(value)
    }

    fn run_parts(&self, parts: &[Part], scope: &Scope, missing: &mut Vec<String>) -> Result<String, TemplateError> {
        let html = self.escape == Escape::Html;
        let mut out = String::with_capacity(self.source.len());
        for part in parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Path(path) => match path.resolve(scope).map_err(|message| self.failed(message))? {
                    Some(value) => environment::print(&mut out, &value, html).map_err(|error| self.error(&error))?,
                    None => missing.push(path.source().to_owned()),
                },
            }
            if out.len() > MAX_LEAF_BYTES {
                return Err(self.unfit(Unfit::Large, MAX_LEAF_BYTES));
            }
        }
        Ok(out)
    }

    fn text(&self, text: String, budget: &mut Budget) -> Result<Value, TemplateError> {
        if text.len() > MAX_LEAF_BYTES {
            return Err(self.unfit(Unfit::Large, MAX_LEAF_BYTES));
        }
        budget.take(text.len()).map_err(|unfit| self.unfit(unfit, budget.limit))?;
        Ok(Value::from(text))
    }

    /// Names those of its names that are not there; the source where it cannot say.
    fn note_missing(&self, scope: &Scope, missing: &mut Vec<String>) {
        let before = missing.len();
        for name in &self.names {
            if Path::parse(name).is_some_and(|path| matches!(path.resolve(scope), Ok(None))) {
                missing.push(name.to_string());
            }
        }
        if missing.len() == before {
            missing.push(self.source.to_string());
        }
    }

    fn failed(&self, message: impl Into<String>) -> TemplateError {
        TemplateError::Failed { pointer: self.pointer.to_string(), message: message.into() }
    }

    fn unfit(&self, unfit: Unfit, limit: usize) -> TemplateError {
        let pointer = self.pointer.to_string();
        match unfit {
            Unfit::Deep => TemplateError::Depth { pointer, limit: MAX_DEPTH },
            Unfit::Large => TemplateError::Size { pointer, limit },
            Unfit::Strange(message) => TemplateError::Failed { pointer, message },
        }
    }

    fn error(&self, error: &Error) -> TemplateError {
        match error.kind() {
            ErrorKind::OutOfFuel => TemplateError::Fuel { pointer: self.pointer.to_string() },
            _ => self.failed(detail(error)),
        }
    }
}

/// An engine's error in words, without the names it gives templates.
pub(crate) fn detail(error: &Error) -> String {
    let kind = error.kind();
    error.detail().map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}"))
}

fn check_size(source: &str) -> Result<(), String> {
    if source.len() > MAX_SOURCE {
        return Err(format!("this text has {} bytes; a template may have {MAX_SOURCE}. Split it", source.len()));
    }
    Ok(())
}

/// What stands between `{{` and `}}` where the text is nothing else.
fn only_expression(source: &str) -> Option<&str> {
    let inner = source.strip_prefix("{{")?.strip_suffix("}}")?;
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    Some(inner.strip_suffix('-').unwrap_or(inner))
}

fn expression(source: &str) -> Result<Expression<'static, 'static>, String> {
    lint::expression(source)?;
    environment().compile_expression_owned(source.to_owned()).map_err(|error| syntax(&error))
}

fn text(source: &str, escape: Escape) -> Result<Text, String> {
    let name = if escape == Escape::Html { HTML_NAME } else { "text" };
    Text::try_new(source.to_owned(), |source| environment().template_from_named_str(name, source))
        .map_err(|error| syntax(&error))
}

fn syntax(error: &Error) -> String {
    let line =
        error.line().filter(|line| *line > 1).map(|line| format!(" (line {line} of this text)")).unwrap_or_default();
    format!("{}{line}; mend the template", detail(error))
}

/// The text as parts, where nothing but paths stands in its tags.
fn parts(source: &str) -> Option<Box<[Part]>> {
    if source.contains("{%") || source.contains("{#") {
        return None;
    }
    let mut parts = Vec::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("{{") {
        let (inner, after) = after.split_once("}}")?;
        if !before.is_empty() {
            parts.push(Part::Text(before.into()));
        }
        parts.push(Part::Path(Path::parse(inner)?));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.into()));
    }
    Some(parts.into())
}

fn names(code: &Code) -> Box<[Box<str>]> {
    let of_set = |set: std::collections::HashSet<String>| {
        let mut names: Vec<Box<str>> = set.into_iter().map(Into::into).collect();
        names.sort_unstable();
        names.into()
    };
    match code {
        Code::Path(path) => [path.source().into()].into(),
        Code::Expression(code) => of_set(code.undeclared_variables(true)),
        Code::Parts(parts) => parts
            .iter()
            .filter_map(|part| match part {
                Part::Path(path) => Some(path.source().into()),
                Part::Text(_) => None,
            })
            .collect(),
        Code::Text(text) => of_set(text.borrow_dependent().undeclared_variables(true)),
    }
}
