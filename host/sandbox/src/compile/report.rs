//! What a child process says at its end: one line of JSON. It holds the words; `child` writes them, `process` reads them.

use serde::{Deserialize, Serialize};

/// How the child's work ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Report {
    /// The machine code is in its file.
    Done,
    /// There was not enough memory.
    OutOfMemory,
    /// The compiler said no, and why.
    Refused(String),
}

impl Report {
    /// The last report among the lines that a child wrote.
    pub(super) fn find(said: &str) -> Option<Self> {
        said.lines().rev().find_map(|line| serde_json::from_str(line).ok())
    }
}
