//! The rules for names inside a flow. It judges their shape, not whether what they name exists.

use super::near::listed;
use crate::RESERVED;

/// Words of the template language, which therefore cannot be read as a variable.
const WORDS: &[&str] = &["and", "else", "false", "if", "in", "is", "none", "not", "null", "or", "true", "self"];

/// Letters, digits, `-` and `_`, at most 63, starting with a letter.
pub(super) fn is_step_id(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Why a variable cannot have this name; none where it can.
pub fn variable_trouble(name: &str) -> Option<String> {
    let shown: String = name.chars().take(80).collect();
    if RESERVED.contains(&name) {
        let names = listed(RESERVED.iter().copied());
        return Some(format!(
            "`{shown}` has a fixed meaning in templates and cannot be a variable ({names}): choose another"
        ));
    }
    if WORDS.contains(&name) {
        return Some(format!("`{shown}` is a word of the template language and cannot be a variable: choose another"));
    }
    let sound = (1..=63).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (!sound).then(|| {
        format!(
            "{shown:?} cannot be a variable: use letters, digits and `_`, starting with a letter, at most 63 characters"
        )
    })
}
