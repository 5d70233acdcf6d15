//! What a step kind reports through while it compiles a step. It places findings; the kind decides what is wrong.

use std::sync::LazyLock;

use serde_json::{Map, Value};
use weir_model::{Code, Finding, Findings, Severity, StepDef};

use super::near::{self, instead};
use super::secrets::{NO_NAME, NOT_HERE, Secrets, named};
use super::shape::{escaped, what};
use crate::document::Document;
use crate::plan::SecretUse;
use crate::{Condition, Escape, Issue, Template};

/// Gathers what is wrong with one step. Paths are JSON Pointers from the step, e.g. `/with/status`.
pub struct StepCheck<'c> {
    document: &'c Document,
    findings: &'c mut Findings,
    secrets: &'c mut Secrets,
    path: String,
    id: String,
    ids: &'c [String],
}

impl<'c> StepCheck<'c> {
    pub(super) fn new(
        document: &'c Document,
        findings: &'c mut Findings,
        secrets: &'c mut Secrets,
        place: usize,
        id: &str,
        ids: &'c [String],
    ) -> Self {
        Self { document, findings, secrets, path: format!("/steps/{place}"), id: id.to_owned(), ids }
    }

    /// Reports an error: the flow cannot be published.
    pub fn error(&mut self, code: &'static str, at: &str, message: impl Into<String>) {
        self.report(Severity::Error, code, at, message.into());
    }

    /// Reports something worth a look.
    pub fn warn(&mut self, code: &'static str, at: &str, message: impl Into<String>) {
        self.report(Severity::Warning, code, at, message.into());
    }

    fn report(&mut self, severity: Severity, code: &'static str, at: &str, message: String) {
        let path = format!("{}{at}", self.path);
        let line = self.document.line(&path);
        self.findings.push(Finding {
            code: Code::new(code),
            severity,
            path,
            line,
            step: Some(near::step(&self.id)),
            message: near::message(message),
        });
    }

    /// Compiles a JSON tree with templates at its leaves; what is wrong is reported.
    pub fn template(&mut self, value: &Value, at: &str, escape: Escape) -> Option<Template> {
        let made = Template::compile(value, escape);
        let template = self.made(made, "WEIR-FLOW-TEMPLATE", at)?;
        if !named(&template).is_empty() {
            self.error("WEIR-FLOW-SECRET", at, NOT_HERE);
        }
        Some(template)
    }

    /// The same for what is sent: it may name secrets.
    pub fn template_with_secrets(&mut self, value: &Value, at: &str) -> Option<Template> {
        let made = Template::compile(value, Escape::None);
        let template = self.made(made, "WEIR-FLOW-TEMPLATE", at)?;
        for name in named(&template) {
            let Some(name) = name else {
                self.error("WEIR-FLOW-SECRET", at, NO_NAME);
                continue;
            };
            let path = format!("{}{at}", self.path);
            let line = self.document.line(&path);
            let step = self.id.as_str().into();
            self.secrets.add(SecretUse { name: name.into(), step, path: path.into(), line });
        }
        Some(template)
    }

    /// Compiles a condition; what is wrong is reported.
    pub fn condition(&mut self, value: &Value, at: &str) -> Option<Condition> {
        let made = Condition::compile(value);
        self.made(made, "WEIR-FLOW-CONDITION", at)
    }

    fn made<T>(&mut self, made: Result<T, Vec<Issue>>, code: &'static str, at: &str) -> Option<T> {
        made.map_err(|issues| {
            for issue in issues {
                self.error(code, &format!("{at}{}", issue.pointer), issue.message);
            }
        })
        .ok()
    }

    /// The step's `with`: an object with none but the `known` keys, empty where it is left out. Other keys are reported;
    /// none where it is no object.
    pub fn settings<'v>(&mut self, step: &'v StepDef, known: &[&str]) -> Option<&'v Map<String, Value>> {
        static NOTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
        match &step.with {
            None => Some(&NOTHING),
            Some(value) => self.object(value, "/with", known),
        }
    }

    /// An object with none but the `known` keys. Other keys are reported; none where the value is no object.
    pub fn object<'v>(&mut self, value: &'v Value, at: &str, known: &[&str]) -> Option<&'v Map<String, Value>> {
        let Some(map) = value.as_object() else {
            let keys = known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            let message = format!("this is {}, it must be an object with the keys {keys}", what(value));
            self.error("WEIR-FLOW-TYPE", at, message);
            return None;
        };
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let message = format!("the key `{key}` means nothing here: {}", instead(key, known.iter().copied()));
            self.error("WEIR-FLOW-UNKNOWN-KEY", &format!("{at}/{}", escaped(key)), message);
        }
        Some(map)
    }

    /// Reports that a value has the wrong type; `wanted` reads like `text` or `a list`.
    pub fn wrong_type(&mut self, at: &str, value: &Value, wanted: &str) {
        self.error("WEIR-FLOW-TYPE", at, format!("this is {}, it must be {wanted}", what(value)));
    }

    /// Reports those of the fields `input`, `save`, `retry`, `timeout`, `limits` that a step has though its kind has no
    /// use for them.
    pub fn no_use_for(&mut self, step: &StepDef, fields: &[&str]) {
        let given = [
            ("input", step.input.is_some()),
            ("save", step.save.is_some()),
            ("retry", step.retry.is_some()),
            ("timeout", step.timeout.is_some()),
            ("limits", step.limits.is_some()),
        ];
        for (field, _) in given.iter().filter(|(field, given)| *given && fields.contains(field)) {
            let message = format!("a `{}` step has no use for `{field}`: take it out", step.uses);
            self.error("WEIR-FLOW-NO-USE", &format!("/{field}"), message);
        }
    }

    /// The id of the step.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether the flow has a step of this id.
    pub fn has_step(&self, id: &str) -> bool {
        self.ids.iter().any(|other| other == id)
    }
}
