//! What every source file owes its reader: a first sentence, a length one can take in. It reads files and changes none.

use std::fs;

use anyhow::Result;

use crate::shell;

/// The longest file, tests at its end not counted.
const MOST_LINES: usize = 500;

/// Files that break the rules.
pub(crate) fn broken() -> Result<Vec<String>> {
    let listed = shell::output("git", &["ls-files", "-co", "--exclude-standard", "*.rs"])?;
    let mut broken = Vec::new();
    for path in listed.lines() {
        let Ok(text) = fs::read_to_string(shell::root().join(path)) else { continue };
        let is_test = path.ends_with("tests.rs") || path.starts_with("tests/");
        if !text.trim_start().starts_with("//!") && !path.ends_with("build.rs") {
            broken.push(format!("{path} does not open with a //! sentence that says what it owns"));
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        if !is_test && code.lines().count() > MOST_LINES {
            broken.push(format!("{path} has more than {MOST_LINES} lines"));
        }
    }
    Ok(broken)
}
