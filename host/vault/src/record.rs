//! What the server keeps of a token: its hash, never its secret. It decides whether a token is the recorded one.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use weir_model::{TenantId, Timestamp};

use crate::{Role, Token, TokenError, TokenId, digest};

/// SHA-256 of a token's whole text; 256 bits of randomness need no slow hash.
#[derive(Clone, Copy)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a token.
    pub fn of(token: &Token) -> Self {
        Self(digest::sha256(token.reveal().as_bytes()))
    }

    /// Whether `token` has this hash, compared in constant time.
    pub fn matches(&self, token: &Token) -> bool {
        digest::same(&self.0, &Self::of(token).0)
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

impl Serialize for TokenHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&digest::to_hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for TokenHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        digest::from_hex(&text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("a token's hash is 64 lower-case hexadecimal digits"))
    }
}

/// The stored half of a token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenRecord {
    /// Its public half.
    pub id: TokenId,
    /// What its bearer may do.
    pub role: Role,
    /// The tenant it is confined to; none for every tenant.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tenant: Option<TenantId>,
    /// The hash of its text.
    pub hash: TokenHash,
    /// What it is for, in the words of whoever made it.
    pub label: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it opens nothing; none for never.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<Timestamp>,
}

impl TokenRecord {
    /// The record of `token`, with the token's own role.
    pub fn of(
        token: &Token,
        tenant: Option<TenantId>,
        label: &str,
        created_at: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Self {
        let (id, role, label) = (token.id().clone(), token.role(), label.to_owned());
        Self { id, role, tenant, hash: TokenHash::of(token), label, created_at, expires_at }
    }

    /// Whether `token` is the recorded one and still valid at `now`.
    ///
    /// # Errors
    /// [`TokenError::Unknown`] where it is another one, [`TokenError::Expired`] where its time is over. The secret is
    /// compared first, so that nobody learns of an expiry without it.
    pub fn verify(&self, token: &Token, now: Timestamp) -> Result<(), TokenError> {
        if !self.hash.matches(token) {
            return Err(TokenError::Unknown);
        }
        match self.expires_at {
            Some(end) if end <= now => Err(TokenError::Expired(end)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use weir_model::Entropy;

    use super::*;

    /// Bytes that count up, so that every token differs and every run is the same.
    #[derive(Default)]
    pub(crate) struct Counting(AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.iter_mut().for_each(|byte| *byte = self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    #[test]
    fn only_the_recorded_token_opens_and_only_until_it_expires() {
        let entropy = Counting::default();
        let (token, other) = (Token::generate(Role::Admin, &entropy), Token::generate(Role::Admin, &entropy));
        let (now, end) = (Timestamp::from_millis(1_000), Timestamp::from_millis(2_000));
        let record = TokenRecord::of(&token, None, "ci", now, Some(end));
        let record: TokenRecord = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();

        assert_eq!(record.verify(&token, now), Ok(()));
        assert_eq!(record.verify(&token, end), Err(TokenError::Expired(end)));
        assert_eq!(record.verify(&other, end), Err(TokenError::Unknown));
        let promoted: Token = token.reveal().replace("_admin_", "_operator_").parse().unwrap();
        assert_eq!(record.verify(&promoted, now), Err(TokenError::Unknown));
    }

    #[test]
    fn the_record_never_holds_the_secret() {
        let token = Token::generate(Role::Viewer, &Counting::default());
        let record = TokenRecord::of(&token, None, "", Timestamp::default(), None);
        let secret = token.reveal().rsplit('_').next().unwrap();
        assert!(!serde_json::to_string(&record).unwrap().contains(secret));
        assert!(Role::Operator.may(Role::Admin) && !Role::Viewer.may(Role::Editor));
    }
}
