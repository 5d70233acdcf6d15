//! The bounds of a JSON text that a stranger sent, seen before it is parsed. It does not check that the text is JSON; the parser
//! does, and bounds how deep it nests.

/// Values in one text, objects and lists included: each costs many times its bytes once it is parsed.
const MOST_VALUES: usize = 1_000_000;
/// Bytes of an object's key.
const MOST_KEY: usize = 64 << 10;
/// Characters of a number. More say nothing that a double holds, and some languages read them in quadratic time.
const MOST_DIGITS: usize = 1_000;

/// Which bound a text breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonBound {
    /// Too many values.
    #[error("it holds more than {MOST_VALUES} values")]
    Values,
    /// A key is too long.
    #[error("one of its keys is longer than {MOST_KEY} bytes")]
    Key,
    /// A number is too long.
    #[error("one of its numbers has more than {MOST_DIGITS} characters")]
    Number,
}

/// Looks through a text once.
///
/// # Errors
/// Where it breaks a bound.
pub fn check_json(text: &[u8]) -> Result<(), JsonBound> {
    let (mut values, mut digits, mut last_string) = (1_usize, 0_usize, 0_usize);
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => last_string = string(&mut bytes),
            b',' | b'[' | b'{' => values += 1,
            b':' if last_string > MOST_KEY => return Err(JsonBound::Key),
            _ => {}
        }
        let is_number = matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        digits = if is_number { digits + 1 } else { 0 };
        if digits > MOST_DIGITS {
            return Err(JsonBound::Number);
        }
    }
    if values > MOST_VALUES { Err(JsonBound::Values) } else { Ok(()) }
}

/// Passes over a string; its bytes as written.
fn string(bytes: &mut std::slice::Iter<'_, u8>) -> usize {
    let before = bytes.len();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return before - bytes.len() - 1,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
    before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keys_and_numbers_have_an_end() {
        let values = |count: usize| format!("[{}0]", "0,".repeat(count - 2));
        let key = |length| format!(r#"{{"{}":1}}"#, "k".repeat(length));
        let number = |length| format!(r#"{{"n":-{}}}"#, "1".repeat(length - 1));
        for (text, told) in [
            (r#"{"a":[1,-2.5e+3,true],"b":"[[[,,,\"123"}"#.to_owned(), Ok(())),
            (values(MOST_VALUES), Ok(())),
            (values(MOST_VALUES + 1), Err(JsonBound::Values)),
            ("[".repeat(MOST_VALUES), Err(JsonBound::Values)),
            (key(MOST_KEY), Ok(())),
            (key(MOST_KEY + 1), Err(JsonBound::Key)),
            (number(MOST_DIGITS), Ok(())),
            (number(MOST_DIGITS + 1), Err(JsonBound::Number)),
            (format!(r#"["{}"]"#, "1".repeat(MOST_KEY + 9)), Ok(())),
            (format!(r#"{{"a":"{}"}}"#, "\\\"1,".repeat(MOST_VALUES)), Ok(())),
            (r#"{"never ends"#.to_owned(), Ok(())),
        ] {
            assert_eq!(check_json(text.as_bytes()), told, "{}", text.chars().take(40).collect::<String>());
        }
    }
}
