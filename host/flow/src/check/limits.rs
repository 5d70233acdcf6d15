//! Reads limits, wherever they are written: in a file of their own, in a flow, in a step. It reads and refuses numbers; it
//! does not know which of them holds in the end.

use serde_json::Value;
use weir_model::{Findings, LimitOverrides, Limits, Severity};

use super::near::instead;
use super::shape::{Part, Report, what};
use crate::document::Document;

const CODE: &str = "WEIR-FLOW-LIMIT";
/// With none of these nothing could ever run.
const NEVER_ZERO: &[&str] =
    &["fuel", "memory_bytes", "step_millis", "output_bytes", "run_steps", "run_millis", "run_fuel", "tenant_runs"];

/// Where limits are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// For a tenant, or above it: every limit may be set.
    Tenant,
    /// In a flow: what counts a whole tenant may not.
    Flow,
    /// In a step: what counts a whole run may not either.
    Step,
}

impl Level {
    fn may_set(self, name: &str) -> bool {
        match self {
            Self::Tenant => true,
            Self::Flow => !is_of_tenant(name),
            Self::Step => !is_of_tenant(name) && !is_of_run(name),
        }
    }
}

/// Whether a limit counts a whole run, so that no step can set it.
pub(crate) fn is_of_run(name: &str) -> bool {
    name.starts_with("run_") || matches!(name, "variable_bytes" | "call_depth" | "record_value_bytes" | "record_bytes")
}

/// Whether a limit counts a whole tenant, so that no flow can set it.
pub(crate) fn is_of_tenant(name: &str) -> bool {
    name.starts_with("tenant_")
}

/// Whether a limit cannot be 0.
pub(crate) fn is_never_zero(name: &str) -> bool {
    NEVER_ZERO.contains(&name)
}

/// Reads limits from a text of their own, YAML or JSON: names and numbers, such as `fuel: 50000000`.
///
/// # Errors
/// Everything that is wrong with the text, by line.
pub fn read_limits(text: &str) -> Result<LimitOverrides, Findings> {
    if text.lines().map(str::trim_start).all(|line| line.is_empty() || line.starts_with('#')) {
        return Ok(LimitOverrides::default());
    }
    let document = Document::parse(text).map_err(|finding| vec![finding])?;
    let mut report = Report { document: &document, findings: Findings::new() };
    let limits = match document.value() {
        Value::Null => LimitOverrides::default(),
        Value::Object(map) => report.limits_of(&Part { map, path: String::new(), step: None }, Level::Tenant),
        other => {
            let message =
                format!("limits are names with numbers, this is {}: write it like `fuel: 50000000`", what(other));
            report.add(Severity::Error, CODE, String::new(), None, message);
            LimitOverrides::default()
        }
    };
    let mut findings = report.findings;
    findings.sort_by_key(|finding| finding.line);
    if findings.is_empty() { Ok(limits) } else { Err(findings) }
}

impl Report<'_> {
    /// The `limits` of a flow or step; what is wrong with them is reported and left out.
    pub(super) fn limits(&mut self, part: &Part<'_>, level: Level) -> Option<LimitOverrides> {
        let part = self.object(part, "limits")?;
        Some(self.limits_of(&part, level))
    }

    fn limits_of(&mut self, part: &Part<'_>, level: Level) -> LimitOverrides {
        let mut limits = LimitOverrides::default();
        for (name, value) in part.map {
            match limit(name, value, level) {
                Ok(number) => {
                    limits.set(name, number);
                }
                Err(trouble) => self.error(CODE, part, name, trouble),
            }
        }
        limits
    }
}

/// A limit's number, none where it is left open; or what is wrong with it.
fn limit(name: &str, value: &Value, level: Level) -> Result<Option<u64>, String> {
    let names = Limits::TABLE.iter().map(|limit| limit.name).filter(|name| level.may_set(name));
    if !Limits::TABLE.iter().any(|limit| limit.name == name) {
        let shown: String = name.chars().take(80).collect();
        return Err(format!("there is no limit `{shown}`: {}", instead(name, names)));
    }
    if level != Level::Tenant && is_of_tenant(name) {
        return Err(format!(
            "`{name}` counts a whole tenant and no flow can set it: set it with `weir limits set`, or in the server's \
             limits"
        ));
    }
    if level == Level::Step && is_of_run(name) {
        return Err(format!("`{name}` counts a whole run and no step can set it: set it in the flow's `limits`"));
    }
    if value.is_null() {
        return Ok(None);
    }
    match value.as_u64() {
        Some(0) if is_never_zero(name) => {
            Err(format!("with `{name}` of 0 nothing could run: write at least 1, or take the line out"))
        }
        Some(number) => Ok(Some(number)),
        None if value.is_number() => Err(format!("`{name}` is {value}, it must be a whole number from 0")),
        None => Err(format!("`{name}` is {}, it must be a whole number without a unit", what(value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_by_name_and_every_slip_is_told_with_its_line() {
        let read = read_limits("# for the small machine\nfuel: 5\nkv_operations: 0\nhandles:\n").unwrap();
        assert_eq!(read, LimitOverrides { fuel: Some(5), kv_operations: Some(0), ..LimitOverrides::default() });
        assert_eq!(read_limits(r#"{"run_steps": 7}"#).unwrap().run_steps, Some(7));
        assert_eq!(read_limits("tenant_queue: 0").unwrap().tenant_queue, Some(0));
        assert_eq!(read_limits("\n# none yet\n").unwrap(), LimitOverrides::default());
        let wrong = "fule: 1\nfuel: 0\nmemory_bytes: -1\nstep_millis: 1s\nhandles: 1.5\nlog_bytes: [1]\n";
        let findings = read_limits(wrong).unwrap_err();
        let lines: Vec<_> = findings.iter().filter_map(|finding| finding.line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5, 6]);
        assert!(findings.iter().all(|finding| finding.code.as_str() == CODE && finding.severity == Severity::Error));
        let said: Vec<_> = findings.iter().map(|finding| finding.message.as_str()).collect();
        for (said, words) in
            said.iter().zip(["did you mean `fuel`?", "nothing could run", "-1", "unit", "1.5", "a list"])
        {
            assert!(said.contains(words), "{said}");
        }
        for other in ["- fuel", "fuel", "fuel: [", "fuel: 1\nfuel: 2"] {
            assert_eq!(read_limits(other).unwrap_err().len(), 1, "{other}");
        }
    }

    #[test]
    fn the_names_of_a_run_are_names_of_limits() {
        let of_run = Limits::TABLE.iter().filter(|limit| is_of_run(limit.name)).count();
        let of_tenant = Limits::TABLE.iter().filter(|limit| is_of_tenant(limit.name)).count();
        let never_zero = Limits::TABLE.iter().filter(|limit| is_never_zero(limit.name)).count();
        assert_eq!((of_run, of_tenant, never_zero), (10, 2, NEVER_ZERO.len()));
    }
}
