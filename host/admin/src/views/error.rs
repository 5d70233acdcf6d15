//! Errors and findings as JSON.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use weir_model::{Finding, Severity};

/// The body of every error.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong, in a form for programs and in words.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ErrorDetail {
    /// Stable code.
    #[schema(example = "WEIR-CATALOG-FLOW-UNKNOWN")]
    pub code: String,
    /// What happened, where, and what to do next.
    pub message: String,
    /// What a check of the definition found, where the error is about one.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub findings: Vec<FindingView>,
}

/// What a check of a definition found.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Check)]
pub struct CheckView {
    /// All of it, in the order of the text; empty where the definition is sound.
    pub findings: Vec<FindingView>,
}

/// One thing wrong with a definition.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Finding)]
pub struct FindingView {
    /// Stable code.
    #[schema(example = "WEIR-FLOW-TARGET-UNKNOWN")]
    pub code: String,
    /// How bad it is.
    pub severity: SeverityView,
    /// Where, as a JSON Pointer into the definition.
    #[schema(example = "/steps/2/on/error")]
    pub path: String,
    /// The line in the text that was sent, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u32>,
    /// The step's id, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step: Option<String>,
    /// What is wrong and what to do about it.
    pub message: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Severity)]
pub enum SeverityView {
    /// Worth a look; publishing goes on.
    Warning,
    /// Publishing is refused.
    Error,
}

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> Self {
        let Finding { code, severity, path, line, step, message } = finding;
        let severity = match severity {
            Severity::Warning => SeverityView::Warning,
            Severity::Error => SeverityView::Error,
        };
        Self { code: code.to_string(), severity, path, line, step, message }
    }
}
