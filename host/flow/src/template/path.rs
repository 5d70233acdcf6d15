//! Plain paths such as `payload.items[0].name`: most expressions are one, and walking it costs a tenth of running the
//! template engine. It must find exactly what the engine would find, and leaves all else to it.

use minijinja::Value;

use crate::scope::Scope;

/// Names that mean something else to the engine than a value looked up.
const WORDS: &[&str] =
    &["true", "false", "none", "True", "False", "None", "not", "and", "or", "in", "is", "if", "else", "range", "dict"];

/// How many names a path may have; a longer one is left to the engine, which refuses it.
const MAX_STEPS: usize = 32;

#[derive(Debug)]
enum Step {
    Name(Box<str>),
    Index(Value),
}

/// A name and what is asked of its value.
#[derive(Debug)]
pub(crate) struct Path {
    source: Box<str>,
    root: Box<str>,
    steps: Box<[Step]>,
}

impl Path {
    /// Reads a path; none where the text is anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let source = text.trim_matches([' ', '\t', '\r', '\n']);
        let (root, mut rest) = word(source)?;
        if WORDS.contains(&root) {
            return None;
        }
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if steps.len() == MAX_STEPS {
                return None;
            }
            let step;
            (step, rest) = match rest.strip_prefix('.') {
                Some(after) => word(after).map(|(name, rest)| (Step::Name(name.into()), rest))?,
                None => bracket(rest.strip_prefix('[')?)?,
            };
            steps.push(step);
        }
        Some(Self { source: source.into(), root: root.into(), steps: steps.into() })
    }

    /// The path as written.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// What it leads to; none where that is not there.
    ///
    /// # Errors
    /// Where a value on the way cannot be looked at, such as a payload that is too deep.
    pub(crate) fn resolve(&self, scope: &Scope) -> Result<Option<Value>, String> {
        let first = if &*self.root == "payload" {
            Some(scope.globals().payload.get().map_err(ToString::to_string)?.0.clone())
        } else {
            scope.lookup(&self.root)
        };
        let Some(mut at) = first else { return Ok(None) };
        for step in &self.steps {
            let next = match step {
                Step::Name(name) => at.as_object().and_then(|object| object.get_value_by_str(name)),
                Step::Index(index) => at.get_item(index).ok(),
            };
            match next {
                Some(value) if !value.is_undefined() => at = value,
                _ => return Ok(None),
            }
        }
        Ok(Some(at))
    }
}

/// An identifier at the start of the text, and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (!word.is_empty() && !word.starts_with(|c: char| c.is_ascii_digit())).then_some((word, rest))
}

/// `0]` or `"name"]`, and what follows it.
fn bracket(text: &str) -> Option<(Step, &str)> {
    if let Some(quote @ ('"' | '\'')) = text.chars().next() {
        let text = text.get(1..)?;
        let (name, rest) = text.split_once(quote)?;
        let rest = rest.strip_prefix(']')?;
        return (!name.contains('\\')).then(|| (Step::Index(Value::from(name)), rest));
    }
    let (digits, rest) = text.split_once(']')?;
    let plain = !digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|b| b.is_ascii_digit());
    let index = digits.parse::<u64>().ok().filter(|_| plain)?;
    Some((Step::Index(Value::from(index)), rest))
}
