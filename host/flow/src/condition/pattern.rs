//! Regular expressions of conditions, limited in size. Matching takes time linear in the text, whatever the pattern.

use regex::{Regex, RegexBuilder};

/// The longest pattern in bytes.
const MAX_PATTERN: usize = 1 << 10;

/// How much memory a compiled pattern may take.
const MAX_PROGRAM: usize = 1 << 20;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern(Regex);

impl Pattern {
    /// Compiles a pattern; the reason where it is none.
    pub(super) fn compile(pattern: &str) -> Result<Self, String> {
        if pattern.len() > MAX_PATTERN {
            return Err(format!("the pattern has {} bytes; it may have {MAX_PATTERN}", pattern.len()));
        }
        RegexBuilder::new(pattern)
            .size_limit(MAX_PROGRAM)
            .dfa_size_limit(MAX_PROGRAM)
            .nest_limit(100)
            .build()
            .map(Self)
            .map_err(|error| {
                format!("this is no regular expression: {error}; look-around and back-references do not exist here")
            })
    }

    pub(super) fn finds(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}
