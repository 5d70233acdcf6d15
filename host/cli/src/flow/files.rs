//! Flow files: reads them with a cap, and the few things the client itself wants from a definition. It checks nothing.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use weir_flow::Document;
use weir_model::{Finding, FlowName};

use crate::failure::Failure;

/// A definition is at most 1 MiB; a little more is read so that the check can say that it is too long.
const MOST_TEXT: u64 = (1 << 20) + 1;

/// A file's name as findings show it, and its text.
pub(super) fn read(path: &Path) -> Result<(String, String), Failure> {
    let mut bytes = Vec::new();
    let stdin = path == Path::new("-");
    let done = if stdin {
        io::stdin().lock().take(MOST_TEXT).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(MOST_TEXT).read_to_end(&mut bytes))
    };
    done.map_err(|error| Failure::reading(path, error))?;
    let name = if stdin { "standard input".into() } else { path.display().to_string() };
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::reading(path, io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text")))?;
    Ok((name, text))
}

/// The flow's name as a definition's text gives it.
///
/// # Errors
/// The finding where the text is no YAML or JSON; a reason where it names no flow.
pub(super) fn flow_name(text: &str) -> Result<FlowName, NoName> {
    let document = Document::parse(text).map_err(NoName::Unread)?;
    let name = document.value().get("name").and_then(serde_json::Value::as_str);
    let name =
        name.ok_or_else(|| NoName::Unnamed("it has no `name`: give the flow one, such as `name: orders`".into()))?;
    FlowName::new(name).map_err(|error| NoName::Unnamed(error.to_string()))
}

/// Why a definition names no flow.
#[derive(Debug)]
pub(super) enum NoName {
    /// The text cannot be read.
    Unread(Finding),
    /// It has no name, or one that breaks the rule.
    Unnamed(String),
}

/// The first method that a definition's hook takes; POST where it takes all or cannot be read.
pub(crate) fn first_method(text: &str) -> String {
    let method = Document::parse(text).ok().and_then(|document| {
        let first = document.value().pointer("/trigger/webhook/methods/0")?.as_str()?;
        let plain = first.len() <= 16 && first.bytes().all(|b| b.is_ascii_uppercase());
        plain.then(|| first.to_owned())
    });
    method.unwrap_or_else(|| "POST".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_names_its_flow_and_method() {
        let text = "weir: 1\nname: orders\ntrigger: { webhook: { methods: [PUT, POST] } }\nsteps: []\n";
        assert_eq!(flow_name(text).unwrap().as_str(), "orders");
        assert_eq!(first_method(text), "PUT");
        assert_eq!(first_method("trigger: { webhook: { methods: [\"$(id)\"] } }"), "POST");
        assert!(matches!(flow_name("name: [1]"), Err(NoName::Unnamed(_))));
        assert!(matches!(flow_name("name: [1"), Err(NoName::Unread(_))));
    }
}
