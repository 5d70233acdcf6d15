//! The text of a token: making and reading it. It never prints the secret by accident and does not know who holds it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use weir_model::Entropy;

use crate::{Role, TokenError, digest};

const PREFIX: &str = "weir";
const ID_LENGTH: usize = 16;
const SECRET_LENGTH: usize = 64;

/// The public half of a token: 16 hexadecimal digits that name its record.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(Arc<str>);

impl TokenId {
    /// A checked id.
    ///
    /// # Errors
    /// [`TokenError::Malformed`] where the text is not 16 lower-case hexadecimal digits.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        if text.len() == ID_LENGTH && text.bytes().all(is_hex) {
            Ok(Self(text.into()))
        } else {
            Err(TokenError::Malformed)
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({})", self.0)
    }
}

impl Serialize for TokenId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TokenId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

/// A token as its bearer holds it: `weir_<role>_<id>_<secret>` with a secret of 256 random bits.
///
/// The prefix lets scanners of leaked secrets find it; the role in it is for people, the record's role counts.
#[derive(Clone)]
pub struct Token {
    text: Arc<str>,
    role: Role,
    id: TokenId,
}

impl Token {
    /// A fresh token.
    pub fn generate(role: Role, entropy: &dyn Entropy) -> Self {
        let mut id = [0_u8; ID_LENGTH / 2];
        let mut secret = [0_u8; SECRET_LENGTH / 2];
        entropy.fill(&mut id);
        entropy.fill(&mut secret);
        let id = digest::to_hex(&id);
        let text = format!("{PREFIX}_{role}_{id}_{}", digest::to_hex(&secret));
        Self { text: text.into(), role, id: TokenId(id.into()) }
    }

    /// The whole text, secret included: what the bearer sends.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// The role in the text; the record's role counts.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The public half.
    pub const fn id(&self) -> &TokenId {
        &self.id
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let mut parts = text.split('_');
        let (Some(PREFIX), Some(role), Some(id), Some(secret), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::Malformed);
        };
        let (role, id) = (role.parse()?, TokenId::new(id)?);
        if secret.len() != SECRET_LENGTH || !secret.bytes().all(is_hex) {
            return Err(TokenError::Malformed);
        }
        Ok(Self { text: text.into(), role, id })
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({PREFIX}_{}_{}_…)", self.role, self.id)
    }
}

const fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::tests::Counting;

    #[test]
    fn a_token_survives_its_text_and_hides_its_secret() {
        let token = Token::generate(Role::Editor, &Counting::default());
        let read: Token = token.reveal().parse().unwrap();
        assert_eq!((read.role(), read.id()), (Role::Editor, token.id()));
        assert!(token.reveal().starts_with("weir_editor_"));
        let secret = token.reveal().rsplit('_').next().unwrap();
        assert!(!format!("{token:?}").contains(secret));
    }

    proptest! {
        #[test]
        fn only_the_exact_form_is_a_token(cut in 0_usize..98, filler in "\\PC{0,3}") {
            let whole = Token::generate(Role::Viewer, &Counting::default());
            let text = whole.reveal();
            let altered = format!("{}{filler}{}", &text[..cut.min(text.len())], &text[(cut + 1).min(text.len())..]);
            if let Ok(read) = altered.parse::<Token>() {
                prop_assert_eq!(read.reveal(), altered.as_str());
                prop_assert_eq!(altered.len(), text.len());
            }
        }
    }
}
