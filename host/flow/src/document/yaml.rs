//! Reads YAML 1.2 by its core schema (§10.3) with the line of every value. It owns YAML's side of document; anything that
//! JSON cannot hold is refused.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Tag};
use serde_json::{Map, Number, Value};
use weir_model::Finding;

use super::{
    Lines, MOST_DEPTH, MOST_KEY_BYTES, MOST_NODES, bad_number, duplicate_key, finding, too_deep, too_long_key, too_many,
};

/// The value and lines of a text.
pub(super) fn read(text: &str) -> Result<(Value, Lines), Finding> {
    let mut parser = Parser::new_from_str(text);
    let mut builder = Builder::default();
    let last = last_line(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| syntax(&error, last))?;
        builder.event(event, line_of(span.start).min(last))?;
    }
    builder.root.ok_or_else(|| {
        finding(
            "WEIR-FLOW-SYNTAX",
            Some(1),
            "the text is empty: write a definition, starting with `weir: 1`, `name:` and `steps:`".to_owned(),
        )
    })
}

fn line_of(at: Marker) -> u32 {
    u32::try_from(at.line()).unwrap_or(u32::MAX).max(1)
}

/// The line that a text ends on; a carriage return alone breaks lines too (§5.4). The parser's end is one further where
/// no line break ends the text.
fn last_line(text: &str) -> u32 {
    let breaks = text.bytes().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
    let pairs = text.matches("\r\n").count();
    u32::try_from(breaks.saturating_sub(pairs)).unwrap_or(u32::MAX).saturating_add(1)
}

fn syntax(error: &ScanError, last: u32) -> Finding {
    let at = error.marker();
    let (line, column) = (line_of(*at), at.col().saturating_add(1));
    let place = if line > last { "its end".to_owned() } else { format!("line {line}, column {column}") };
    let message = format!(
        "the text is no valid YAML or JSON at {place}: {}; check indentation, quotes and brackets there and on the line \
         before{}",
        error.info(),
        if error.info().contains("anchor") { ", and quote text that begins with `*` or `&`" } else { "" },
    );
    finding("WEIR-FLOW-SYNTAX", Some(line.min(last)), message)
}

/// A list or map that is being read.
struct Open {
    lines: Lines,
    into: Into,
}

enum Into {
    List(Vec<Value>),
    Map { map: Map<String, Value>, key: Option<(String, u32)> },
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<(Value, Lines)>,
    nodes: usize,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, line: u32) -> Result<(), Finding> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => Err(finding(
                "WEIR-FLOW-SYNTAX",
                Some(line),
                "a second document starts here: send one definition at a time, without `---` between".to_owned(),
            )),
            Event::Alias(_) => Err(feature("alias (`*name`)", line)),
            Event::Scalar(text, style, anchor, tag) => {
                plain_node(anchor, tag.as_deref(), line)?;
                self.scalar(&text, style, line)
            }
            Event::SequenceStart(anchor, tag) => {
                plain_node(anchor, tag.as_deref(), line)?;
                self.start(Into::List(Vec::new()), line)
            }
            Event::MappingStart(anchor, tag) => {
                plain_node(anchor, tag.as_deref(), line)?;
                self.start(Into::Map { map: Map::new(), key: None }, line)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { lines, into }) = self.open.pop() else { return Ok(()) };
                let value = match into {
                    Into::List(items) => Value::Array(items),
                    Into::Map { map, .. } => Value::Object(map),
                };
                self.add(value, lines);
                Ok(())
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
        }
    }

    fn start(&mut self, into: Into, line: u32) -> Result<(), Finding> {
        if let Some(Open { into: Into::Map { key: None, .. }, .. }) = self.open.last() {
            return Err(finding(
                "WEIR-FLOW-SYNTAX",
                Some(line),
                "a list or map stands where a key must: quote the text if it starts with `[` or `{`".to_owned(),
            ));
        }
        self.count(line)?;
        if self.open.len() >= MOST_DEPTH {
            return Err(too_deep(line));
        }
        self.open.push(Open { lines: Lines { line, inner: Vec::new() }, into });
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, line: u32) -> Result<(), Finding> {
        if let Some(Open { into: Into::Map { map, key: key @ None }, lines }) = self.open.last_mut() {
            if text.len() > MOST_KEY_BYTES {
                return Err(too_long_key(line));
            }
            if map.contains_key(text) {
                let first = map.keys().position(|other| other == text).and_then(|at| lines.inner.get(at));
                return Err(duplicate_key(text, first.map_or(line, |lines| lines.line), line));
            }
            *key = Some((text.to_owned(), line));
            return Ok(());
        }
        self.count(line)?;
        let value = match style {
            ScalarStyle::Plain => plain(text, line)?,
            _ => Value::String(text.to_owned()),
        };
        self.add(value, Lines { line, inner: Vec::new() });
        Ok(())
    }

    fn count(&mut self, line: u32) -> Result<(), Finding> {
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > MOST_NODES { Err(too_many(line)) } else { Ok(()) }
    }

    fn add(&mut self, value: Value, mut lines: Lines) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some((value, lines));
            return;
        };
        match &mut open.into {
            Into::List(items) => items.push(value),
            Into::Map { map, key } => {
                let Some((key, line)) = key.take() else { return };
                lines.line = line;
                map.insert(key, value);
            }
        }
        open.lines.inner.push(lines);
    }
}

fn plain_node(anchor: usize, tag: Option<&Tag>, line: u32) -> Result<(), Finding> {
    if anchor != 0 {
        return Err(feature("anchor (`&name`)", line));
    }
    if tag.is_some() { Err(feature("tag (`!name`)", line)) } else { Ok(()) }
}

fn feature(what: &str, line: u32) -> Finding {
    let message = format!(
        "a YAML {what} stands here, which definitions do not use: write the value out, or quote the text if it is meant to \
         start with that character"
    );
    finding("WEIR-FLOW-YAML-FEATURE", Some(line), message)
}

/// The value of an unquoted scalar.
fn plain(text: &str, line: u32) -> Result<Value, Finding> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    let wrong = || bad_number(text, line);
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(digits) = text.strip_prefix(prefix)
            && !digits.is_empty()
            && digits.chars().all(|c| c.is_digit(radix))
        {
            return u64::from_str_radix(digits, radix).map(Value::from).map_err(|_| wrong());
        }
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err(wrong());
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) {
        let text = text.strip_prefix('+').unwrap_or(text);
        return text
            .parse::<i64>()
            .map(Value::from)
            .or_else(|_| text.parse::<u64>().map(Value::from))
            .map_err(|_| wrong());
    }
    if is_float(unsigned) {
        return text.parse().ok().and_then(Number::from_f64).map(Value::Number).ok_or_else(wrong);
    }
    Ok(Value::String(text.to_owned()))
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_float(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let mantissa_ok = match mantissa.split_once('.') {
        Some((whole, part)) => digits(whole) && digits(part) && !(whole.is_empty() && part.is_empty()),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    mantissa_ok && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}
