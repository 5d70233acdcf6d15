//! What the engine would only notice at run time, found while a template is compiled: filters and tests that do not exist,
//! and code so long that it would exhaust the stack (the engine guards nesting, but not chains such as `a.b.b.b…`). The
//! scanner finds tags as the engine's lexer does; it judges no syntax.

use minijinja::ErrorKind;

use super::environment::environment;

/// Operators, dots, brackets and filters in one tag; an unoptimised build on a 2 MiB stack takes 1,000.
const MAX_CHAIN: usize = 250;

/// Brackets and filters in one text, each of which may nest a value one deeper; 4,000 levels can be dropped.
const MAX_NESTING: usize = 2_000;

/// `elif` in one text.
const MAX_ELIF: usize = 100;

/// Checks one expression.
pub(crate) fn expression(code: &str) -> Result<(), String> {
    let mut lint = Lint::default();
    lint.tag(code, None)?;
    lint.totals()
}

/// Checks a text with tags.
pub(crate) fn text(source: &str) -> Result<(), String> {
    let mut lint = Lint::default();
    let mut rest = source;
    while let Some((marker, after)) = next_marker(rest) {
        rest = match marker {
            b'#' => after.split_once("#}").map_or("", |(_, after)| after),
            b'%' => match basic_tag(after, "raw") {
                Some(raw) => after_raw(raw),
                None => lint.tag(after, Some("%}"))?,
            },
            _ => lint.tag(after, Some("}}"))?,
        };
    }
    lint.totals()
}

/// What follows the next `{{`, `{%` or `{#`, and its second character.
fn next_marker(text: &str) -> Option<(u8, &str)> {
    let at = text.as_bytes().windows(2).position(|pair| matches!(pair, [b'{', b'{' | b'%' | b'#']))?;
    Some((*text.as_bytes().get(at + 1)?, text.get(at + 2..)?))
}

/// What follows the tag of this name, where the text starts with it.
fn basic_tag<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text).trim_ascii_start();
    let text = text.strip_prefix(name)?.trim_ascii_start();
    text.strip_prefix(['-', '+']).unwrap_or(text).strip_prefix("%}")
}

fn after_raw(mut text: &str) -> &str {
    while let Some((_, after)) = text.split_once("{%") {
        if let Some(after) = basic_tag(after, "endraw") {
            return after;
        }
        text = after;
    }
    ""
}

#[derive(Default)]
struct Lint {
    nesting: usize,
    elif: usize,
}

/// What the next word would be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Name,
    Filter,
    Test,
    Attribute,
}

impl Lint {
    /// Reads code up to the end of its tag and gives what follows.
    fn tag<'a>(&mut self, code: &'a str, end: Option<&str>) -> Result<&'a str, String> {
        let (mut rest, mut balance, mut chain, mut next) = (code, 0_i32, 0_usize, Next::Name);
        while let Some(c) = rest.chars().next() {
            if let Some(end) = end.filter(|_| balance == 0)
                && let Some(after) = rest.strip_prefix(end)
            {
                return Ok(after);
            }
            if c.is_ascii_alphanumeric() || c == '_' {
                let stop = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
                let (word, after) = rest.split_at(stop);
                chain += usize::from(matches!(word, "and" | "or" | "not" | "if" | "else" | "is" | "in"));
                self.elif += usize::from(word == "elif");
                next = self.word(word, next)?;
                rest = after;
                continue;
            }
            rest = match c {
                '"' | '\'' => after_string(rest),
                _ => rest.get(c.len_utf8()..).unwrap_or_default(),
            };
            match c {
                '(' | '[' | '{' => balance += 1,
                ')' | ']' | '}' => balance -= 1,
                _ => {}
            }
            chain += usize::from("([{.|+-*/%~<>=!".contains(c));
            self.nesting += usize::from("([{|".contains(c));
            next = match c {
                '|' => Next::Filter,
                '.' => Next::Attribute,
                c if c.is_whitespace() => next,
                _ => Next::Name,
            };
            if chain > MAX_CHAIN {
                return Err(format!("one tag has more than {MAX_CHAIN} operators; split it, or use a `code` step"));
            }
        }
        Ok("")
    }

    fn word(&mut self, word: &str, at: Next) -> Result<Next, String> {
        let unknown =
            |kind: &str| Err(format!("there is no {kind} `{word}`; see the list of {kind}s in the documentation"));
        match at {
            Next::Filter if !is_filter(word) => unknown("filter"),
            Next::Test if word == "not" => Ok(Next::Test),
            Next::Test if !is_test(word) => unknown("test"),
            Next::Name if word == "is" => Ok(Next::Test),
            _ => Ok(Next::Name),
        }
    }

    fn totals(&self) -> Result<(), String> {
        if self.nesting > MAX_NESTING || self.elif > MAX_ELIF {
            return Err(format!(
                "this text has more than {MAX_NESTING} brackets and filters or {MAX_ELIF} `elif`; use a `code` step"
            ));
        }
        Ok(())
    }
}

/// What follows the string that the text starts with.
fn after_string(text: &str) -> &str {
    let mut chars = text.char_indices();
    let quote = chars.next().map(|(_, quote)| quote);
    let mut escaped = false;
    for (at, c) in chars {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if Some(c) == quote => return text.get(at + 1..).unwrap_or_default(),
            _ => {}
        }
    }
    ""
}

fn is_filter(name: &str) -> bool {
    let result = environment().empty_state().apply_filter(name, &[]);
    !matches!(result, Err(error) if error.kind() == ErrorKind::UnknownFilter)
}

fn is_test(name: &str) -> bool {
    let result = environment().empty_state().perform_test(name, &[]);
    !matches!(result, Err(error) if error.kind() == ErrorKind::UnknownTest)
}
