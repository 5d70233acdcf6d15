//! What a check of a flow found. It carries findings; the rooms that check make them.

use serde::{Deserialize, Serialize};

use crate::Code;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a look; publishing goes on.
    Warning,
    /// Publishing is refused.
    Error,
}

/// One thing wrong with a definition: what, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable code, `WEIR-FLOW-…`.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// Where, as a JSON Pointer (RFC 6901) into the definition, e.g. `/steps/2/on/error`.
    pub path: String,
    /// The line in the text that was sent, from 1; none where the text is not known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u32>,
    /// The step's id, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step: Option<String>,
    /// What is wrong and what to do about it.
    pub message: String,
}

/// Findings in the order they were made.
pub type Findings = Vec<Finding>;
