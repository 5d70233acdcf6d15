//! Builds JSON from the events of an XML document. It does not know where they come from.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use weir_action::serde_json::{Map, Number};
use weir_action::{Error, Result, Value};

use crate::Config;

/// Elements inside each other; JSON readers, weir's too, take no more than 128 levels.
const MAX_DEPTH: usize = 100;

/// An element that is not closed yet.
struct Open {
    name: String,
    members: Map<String, Value>,
    text: String,
}

/// The document as an object with one member, its root element.
///
/// # Errors
/// What is wrong with it, and in which line.
pub(crate) fn read(config: &Config, xml: &str) -> Result<Value> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    let mut building = Building { config, open: Vec::new(), root: None };
    loop {
        let event = reader.read_event();
        let taken = match event {
            Ok(Event::Eof) => break,
            Ok(event) => building.take(event),
            Err(error) => Err(error.to_string()),
        };
        taken.map_err(|what| {
            let at = usize::try_from(reader.error_position().max(reader.buffer_position())).unwrap_or(usize::MAX);
            let line = xml.get(..at.min(xml.len())).unwrap_or(xml).matches('\n').count() + 1;
            Error::invalid(format!("line {line}: {what}"))
        })?;
    }
    if let Some(open) = building.open.last() {
        return Err(Error::invalid(format!("the document ends before `{}` is closed", open.name)));
    }
    let (name, value) = building.root.ok_or_else(|| Error::invalid("the document has no element"))?;
    Ok(Value::Object(Map::from_iter([(name, value)])))
}

struct Building<'c> {
    config: &'c Config,
    open: Vec<Open>,
    root: Option<(String, Value)>,
}

impl Building<'_> {
    fn take(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Start(start) => self.start(&start)?,
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(&text.xml10_content())?,
            Event::CData(text) => self.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let text = referred(&reference)?;
                self.text(&text)?;
            }
            Event::DocType(_) => return Err("documents with a DTD are refused".to_owned()),
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        if self.open.is_empty() && self.root.is_some() {
            return Err("a document has one element at its top".to_owned());
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("elements are more than {MAX_DEPTH} deep"));
        }
        let mut members = Map::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
            let name = format!("{}{}", self.config.attribute_prefix, self.name(attribute.key.as_ref()));
            members.insert(name, self.value(&value));
        }
        self.open.push(Open { name: self.name(start.name().as_ref()), members, text: String::new() });
        Ok(())
    }

    fn end(&mut self) {
        let Some(Open { name, mut members, text }) = self.open.pop() else { return };
        let text = text.trim();
        let value = match (members.is_empty(), text.is_empty()) {
            (true, true) => Value::Null,
            (true, false) => self.value(text),
            (false, true) => Value::Object(members),
            (false, false) => {
                members.insert(self.config.text_member.clone(), self.value(text));
                Value::Object(members)
            }
        };
        let Some(parent) = self.open.last_mut() else {
            self.root = Some((name, value));
            return;
        };
        match parent.members.get_mut(&name) {
            Some(Value::Array(items)) => items.push(value),
            Some(first) => {
                let first_value = first.take();
                *first = Value::Array(vec![first_value, value]);
            }
            None => {
                let is_list = self.config.lists.contains(&name);
                parent.members.insert(name, if is_list { Value::Array(vec![value]) } else { value });
            }
        }
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        match self.open.last_mut() {
            Some(open) => open.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err("there is text outside the document's element".to_owned()),
        }
        Ok(())
    }

    fn name(&self, name: &str) -> String {
        let local = name.rsplit(':').next().filter(|_| self.config.drop_prefixes);
        local.unwrap_or(name).to_owned()
    }

    fn value(&self, text: &str) -> Value {
        if self.config.infer_types {
            match text {
                "true" => return Value::Bool(true),
                "false" => return Value::Bool(false),
                _ => {}
            }
            if let Some(number) = number(text) {
                return Value::Number(number);
            }
        }
        Value::String(text.to_owned())
    }
}

/// A number that is written as JSON writes numbers; `007` is none.
fn number(text: &str) -> Option<Number> {
    let first = text.bytes().next()?;
    (first == b'-' || first.is_ascii_digit()).then(|| weir_action::serde_json::from_str(text).ok()).flatten()
}

/// The character that a reference stands for: by number, or one of the five that XML has of itself.
fn referred(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(character.to_string());
    }
    let name = reference.xml10_content();
    let known = quick_xml::escape::resolve_xml_entity(&name).map(str::to_owned);
    known.ok_or_else(|| format!("there is no entity `{name}`"))
}
