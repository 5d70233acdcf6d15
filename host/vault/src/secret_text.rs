//! Text that must not be seen: it wipes its memory and never prints itself. It does not know what it is for.

use std::fmt;

use serde::{Deserialize, Deserializer};
use zeroize::{Zeroize as _, Zeroizing};

/// A secret's value. Only [`SecretText::expose`] shows it; it cannot be serialized, so that no answer and no record can
/// hold it by accident.
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself. Whoever asks for it keeps it out of logs, records and answers.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Bytes as text; none where they are no UTF-8. Either way no copy stays behind.
    pub(crate) fn from_bytes(mut bytes: Zeroizing<Vec<u8>>) -> Option<Self> {
        match String::from_utf8(std::mem::take(&mut *bytes)) {
            Ok(text) => Some(Self::new(text)),
            Err(error) => {
                error.into_bytes().zeroize();
                None
            }
        }
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not even its length: that of a password tells something.
        f.write_str("SecretText(…)")
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_itself_to_who_asks_and_to_nobody_else() {
        let text: SecretText = serde_json::from_str(r#""hunter2""#).unwrap();
        assert_eq!(text.expose(), "hunter2");
        assert!(!format!("{text:?} {:#?}", Some(&text)).contains("hunter2"));
        let bytes = |bytes: &[u8]| SecretText::from_bytes(Zeroizing::new(bytes.to_vec()));
        assert_eq!(bytes(b"x").unwrap().expose(), "x");
        assert!(bytes(b"\xff").is_none());
    }
}
