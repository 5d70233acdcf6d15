//! The files that a test is given: it reads them with a cap and makes values of them. It does not know what the action
//! thinks of them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};
use weir_flow::{Data, Document};
use weir_model::{Code, Finding, Json, Limits, Severity};

use super::TestArgs;
use crate::failure::Failure;

/// The largest file that is read; components and inputs have lower limits with messages of their own.
const MOST_BYTES: u64 = 64 << 20;

/// All that one test is given.
pub(super) struct Given {
    pub(super) component: Bytes,
    pub(super) input: Json,
    pub(super) config: Json,
    /// Where the settings came from, if from a file.
    pub(super) settings: Option<Settings>,
    pub(super) limits: Limits,
    pub(super) variables: Arc<BTreeMap<String, Json>>,
}

impl Given {
    /// Reads the component and the other files that the command line names.
    pub(super) fn read(component: &Path, args: &TestArgs) -> Result<Self, Failure> {
        let file = component.display();
        let component = bytes(component)?;
        if component.is_empty() {
            return Err(Failure::Usage(format!("{file} is empty; name a built component")));
        }
        let settings = args.config.as_deref().map(Settings::read).transpose()?;
        let empty = Value::Object(Map::new());
        let config = settings.as_ref().map(|settings| settings.document.value()).filter(|value| !value.is_null());
        Ok(Self {
            component: component.into(),
            input: args.input.as_deref().map_or_else(|| Ok(object()), input)?,
            config: as_text(config.unwrap_or(&empty))?,
            settings,
            limits: args.limits.as_deref().map_or_else(|| Ok(Limits::default()), limits)?,
            variables: Arc::new(args.variables.as_deref().map(variables).transpose()?.unwrap_or_default()),
        })
    }
}

/// A YAML or JSON file, read.
#[derive(Debug)]
pub(super) struct Settings {
    /// Its name as messages show it.
    pub(super) file: String,
    document: Document,
}

impl Settings {
    fn read(path: &Path) -> Result<Self, Failure> {
        let (file, text) = text(path)?;
        match Document::parse(&text) {
            Ok(document) => Ok(Self { file, document }),
            Err(finding) => Err(Failure::Action {
                code: finding.code.clone(),
                message: format!("{file} cannot be read"),
                findings: vec![finding],
            }),
        }
    }

    /// Something wrong at a place in the file, with its line.
    pub(super) fn finding(&self, code: &'static str, path: String, message: String) -> Finding {
        let line = self.document.line(&path);
        Finding { code: Code::new(code), severity: Severity::Error, path, line, step: None, message }
    }

    /// The file's names and values.
    fn object(&self) -> Result<Map<String, Value>, Failure> {
        match self.document.value() {
            Value::Object(entries) => Ok(entries.clone()),
            Value::Null => Ok(Map::new()),
            _ => Err(Failure::Usage(format!("{} has no names with values: write it like `name: value`", self.file))),
        }
    }
}

/// Whether a path stands for standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// A text file's name as messages show it, and its text.
fn text(path: &Path) -> Result<(String, String), Failure> {
    let file = if is_stdin(path) { "standard input".into() } else { path.display().to_string() };
    let text = String::from_utf8(bytes(path)?)
        .map_err(|_| Failure::reading(path, io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text")))?;
    Ok((file, text))
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let done = if is_stdin(path) {
        io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
    };
    let size = done.map_err(|error| Failure::reading(path, error))?;
    if u64::try_from(size).unwrap_or(u64::MAX) > MOST_BYTES {
        let most = crate::output::bytes(MOST_BYTES);
        return Err(Failure::Usage(format!("{} is larger than {most}; name a smaller file", path.display())));
    }
    Ok(bytes)
}

/// `{}`, as JSON.
fn object() -> Json {
    Json::of(&Value::Object(Map::new())).unwrap_or_default()
}

/// JSON as a flow would hand it over: laid out in the same way, so that reading it takes the same fuel.
fn as_text(value: &Value) -> Result<Json, Failure> {
    let json = Json::of(value).map_err(|error| Failure::Other(error.into()))?;
    Data::from_json(json.text().as_bytes()).map(|data| data.to_json()).map_err(|error| super::refused(&error))
}

fn input(path: &Path) -> Result<Json, Failure> {
    let bytes = bytes(path)?;
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    Data::from_json(text)
        .map(|data| data.to_json())
        .map_err(|error| Failure::Usage(format!("the input {}: {error}", path.display())))
}

/// The defaults with what the file sets, higher or lower.
fn limits(path: &Path) -> Result<Limits, Failure> {
    let (file, text) = text(path)?;
    let set = weir_flow::read_limits(&text).map_err(|findings| {
        let code = findings.first().map_or_else(|| Code::new("WEIR-FLOW-LIMIT"), |finding| finding.code.clone());
        Failure::Action { code, message: format!("the limits in {file} cannot be used"), findings }
    })?;
    let mut limits = Limits::default();
    limits.replace(&set);
    Ok(limits)
}

fn variables(path: &Path) -> Result<BTreeMap<String, Json>, Failure> {
    let entries = Settings::read(path)?.object()?;
    entries.into_iter().map(|(name, value)| Ok((name, as_text(&value)?))).collect()
}

#[cfg(test)]
mod tests {
    use weir_model::Coded as _;

    use super::*;

    #[test]
    fn limits_are_set_by_name_and_every_slip_is_told_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("limits.yaml");
        std::fs::write(&path, "fuel: 5\nmemory_bytes: 999999999999\n").unwrap();
        let read = limits(&path).unwrap();
        assert_eq!((read.fuel, read.memory_bytes), (5, 999_999_999_999), "higher than the default too");
        assert_eq!(read.step_millis, Limits::default().step_millis);
        std::fs::write(&path, "fuel: 5\nfule: 5\n").unwrap();
        let failure = limits(&path).unwrap_err();
        let lines: Vec<_> = failure.findings().iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [Some(2)], "{failure:?}");
        assert_eq!(failure.code().as_str(), "WEIR-FLOW-LIMIT");
        std::fs::write(&path, "").unwrap();
        assert_eq!(limits(&path).unwrap(), Limits::default());
    }

    #[test]
    fn values_are_laid_out_as_a_flow_hands_them_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in.json");
        std::fs::write(&path, "\u{feff}{ \"b\" : [ 1 , 2 ],\n \"a\": 1.5 }").unwrap();
        assert_eq!(input(&path).unwrap().text(), r#"{"b":[1,2],"a":1.5}"#);
        assert_eq!(object().text(), "{}");
        std::fs::write(&path, "{'a': 1}").unwrap();
        assert!(matches!(input(&path), Err(Failure::Usage(message)) if message.contains("in.json")));
    }
}
