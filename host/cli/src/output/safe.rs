//! Makes text of guests and callers harmless on a terminal. It escapes; it never cuts.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a character can move the cursor, change a terminal's state, or make text read in another order than it is
/// stored: C0, DEL and C1 controls (ECMA-48), line separators, and the marks of the bidirectional algorithm (UAX #9).
pub(super) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text with every such character written as an escape: `\n`, `\t`, `\u{1b}`.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if is_unsafe(c) => {
                // Writing to a string cannot fail.
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_survives() {
        let hostile = "a\u{1b}[2J\u{9b}31m\r\nb\u{202e}c\u{7f}\u{7}";
        assert_eq!(clean(hostile), "a\\u{1b}[2J\\u{9b}31m\\r\\nb\\u{202e}c\\u{7f}\\u{7}");
        assert!(matches!(clean("Grüße, 世界"), Cow::Borrowed(_)));
    }
}
