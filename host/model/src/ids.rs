//! Names and ids. It checks their shape; it does not decide which of them exist.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::{Code, Coded, Entropy, Timestamp};

/// Why some text is no id of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not a valid {kind}: {rule}")]
pub struct IdError {
    /// What it was read as, e.g. `flow name`.
    pub kind: &'static str,
    /// The text as given, cut to 80 characters.
    pub value: String,
    /// The rule it breaks.
    pub rule: &'static str,
}

impl IdError {
    fn new(kind: &'static str, value: &str, rule: &'static str) -> Self {
        Self { kind, value: value.chars().take(80).collect(), rule }
    }
}

impl Coded for IdError {
    fn code(&self) -> Code {
        Code::new("WEIR-NAME-INVALID")
    }
}

const SLUG_RULE: &str = "1 to 63 characters a-z, 0-9 and -, starting and ending with a letter or digit";

fn is_slug(text: &str) -> bool {
    let bytes = text.as_bytes();
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=63).contains(&bytes.len())
        && bytes.iter().all(|b| plain(b) || *b == b'-')
        && bytes.first().is_some_and(plain)
        && bytes.last().is_some_and(plain)
}

macro_rules! slug {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            #[doc = concat!("A checked ", $kind, ".")]
            ///
            /// # Errors
            /// [`IdError`] where the text breaks the naming rule.
            pub fn new(text: &str) -> Result<Self, IdError> {
                if is_slug(text) { Ok(Self(text.into())) } else { Err(IdError::new($kind, text, SLUG_RULE)) }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        text_form!($name);
    };
}

macro_rules! text_form {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

slug!(
    /// The unit of isolation, e.g. `default`; the first component of every key and route.
    TenantId,
    "tenant"
);
slug!(
    /// A flow's name, unique within its tenant.
    FlowName,
    "flow name"
);

/// The public, regenerable key of a flow's hook: 32 characters a-z and 0-9 (165 bits of randomness).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HookKey(Arc<str>);

impl HookKey {
    /// How many characters a key has.
    pub const LENGTH: usize = 32;

    /// A checked key.
    ///
    /// # Errors
    /// [`IdError`] where the text is not 32 characters of a-z and 0-9.
    pub fn new(text: &str) -> Result<Self, IdError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        if text.len() == Self::LENGTH && text.bytes().all(plain) {
            Ok(Self(text.into()))
        } else {
            Err(IdError::new("hook key", text, "32 characters a-z and 0-9"))
        }
    }

    /// A fresh random key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let mut key = String::with_capacity(Self::LENGTH);
        while key.len() < Self::LENGTH {
            let mut bytes = [0_u8; 48];
            entropy.fill(&mut bytes);
            // 252 = 7 * 36: a byte below it picks each character equally often.
            let picks = bytes.iter().filter(|b| **b < 252).filter_map(|b| ALPHABET.get(usize::from(*b % 36)));
            key.extend(picks.take(Self::LENGTH - key.len()).map(|b| char::from(*b)));
        }
        Self(key.into())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_form!(HookKey);

/// A secret's name, unique within its tenant: 1 to 63 characters A-Z, 0-9 and `_`, starting with a letter.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretName(Arc<str>);

impl SecretName {
    /// A checked name.
    ///
    /// # Errors
    /// [`IdError`] where the text breaks the naming rule.
    pub fn new(text: &str) -> Result<Self, IdError> {
        let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        if (1..=63).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_uppercase())
            && text.bytes().all(plain)
        {
            Ok(Self(text.into()))
        } else {
            let rule = "1 to 63 characters A-Z, 0-9 and _, starting with a letter, such as CRM_KEY";
            Err(IdError::new("secret name", text, rule))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for SecretName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

text_form!(SecretName);

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh UUIDv7 (RFC 9562 §5.7) made at `at`; ids sort by the time they were made.
            pub fn generate(at: Timestamp, entropy: &dyn Entropy) -> Self {
                let mut random = [0_u8; 10];
                entropy.fill(&mut random);
                let millis = u64::try_from(at.as_millis()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }

            /// The id from its 16 bytes, most significant first.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The 16 bytes, most significant first: their order is the order of time.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// When the id was made, as its first 48 bits say.
            pub fn made_at(&self) -> Timestamp {
                let [a, b, c, d, e, f, ..] = *self.0.as_bytes();
                let millis = i64::from_be_bytes([0, 0, a, b, c, d, e, f]);
                Timestamp::from_millis(millis)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::parse_str(text).map(Self).map_err(|_| IdError::new($kind, text, "a UUID"))
            }
        }
    };
}

uuid_id!(
    /// A flow's lasting identity; a name can be reused after its flow was deleted, this cannot.
    FlowId,
    "flow id"
);
uuid_id!(
    /// One execution of a flow.
    RunId,
    "run id"
);

/// Makes run ids that sort in the order they were made, also within a millisecond: the 12 bits after the time count
/// (RFC 9562 §6.2, method 1). Where more come, the time runs ahead a little.
#[derive(Debug, Default)]
pub struct RunIds {
    /// The last id's milliseconds and counter.
    last: AtomicU64,
}

impl RunIds {
    /// The next id.
    pub fn next(&self, at: Timestamp, entropy: &dyn Entropy) -> RunId {
        let now = u64::try_from(at.as_millis()).unwrap_or(0) << 12;
        let after = |last: u64| now.max(last.saturating_add(1));
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(after(last)));
        let tick = after(last.unwrap_or_else(|last| last));
        let mut random = [0_u8; 10];
        entropy.fill(&mut random);
        let [_, _, _, _, _, _, high, low] = (tick & 0xfff).to_be_bytes();
        let [_, _, rest @ ..] = random;
        let [a, b, c, d, e, f, g, h] = rest;
        let bytes = [high, low, a, b, c, d, e, f, g, h];
        RunId(uuid::Builder::from_unix_timestamp_millis(tick >> 12, &bytes).into_uuid())
    }
}

impl RunId {
    /// The id of a run that must be the same however often it is asked for: `at` as its time, the rest from `seed`, which
    /// must be unique to the run (a hash of what starts it).
    pub fn derived(at: Timestamp, seed: [u8; 10]) -> Self {
        let millis = u64::try_from(at.as_millis()).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &seed).into_uuid())
    }
}

/// A custom action as a flow names it: `lead-score@1` (the newest 1.x), `lead-score@1.4.2`, or `lead-score` (the newest).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionRef {
    /// The action's name.
    pub name: Arc<str>,
    /// Its version or the start of it, e.g. `1` or `1.4.2`; none for the newest.
    pub version: Option<Arc<str>>,
}

impl ActionRef {
    /// Whether `version` is one that this reference means.
    pub fn matches(&self, version: &str) -> bool {
        match &self.version {
            None => true,
            Some(wanted) => {
                version == &**wanted || version.strip_prefix(&**wanted).is_some_and(|rest| rest.starts_with('.'))
            }
        }
    }
}

impl FromStr for ActionRef {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        };
        let version_ok = |v: &str| {
            !v.is_empty()
                && v.len() <= 64
                && v.starts_with(|c: char| c.is_ascii_digit())
                && v.bytes().all(|b| b.is_ascii_alphanumeric() || b".-+".contains(&b))
        };
        if !is_slug(name) {
            return Err(IdError::new("action name", name, SLUG_RULE));
        }
        if !version.is_none_or(version_ok) {
            return Err(IdError::new("action version", text, "digits and dots after the @, such as 1 or 1.4.2"));
        }
        Ok(Self { name: name.into(), version: version.map(Into::into) })
    }
}

impl fmt::Display for ActionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(f, "@{version}"))
    }
}

impl Serialize for ActionRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ActionRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The SHA-256 of a component's bytes, in lower-case hexadecimal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArtifactHash(Arc<str>);

impl ArtifactHash {
    /// A checked hash.
    ///
    /// # Errors
    /// [`IdError`] where the text is not 64 lower-case hexadecimal digits.
    pub fn new(text: &str) -> Result<Self, IdError> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 64 && text.bytes().all(hex) {
            Ok(Self(text.into()))
        } else {
            Err(IdError::new("artifact hash", text, "64 lower-case hexadecimal digits"))
        }
    }

    /// The hash as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_form!(ArtifactHash);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_reference_means_the_versions_below_it() {
        let one: ActionRef = "lead-score@1".parse().unwrap();
        assert!(one.matches("1") && one.matches("1.4.2"));
        assert!(!one.matches("10.0.0") && !one.matches("2.1"));
        assert!("Lead".parse::<ActionRef>().is_err() && "a@".parse::<ActionRef>().is_err());
    }

    #[test]
    fn secrets_have_names_like_variables_of_an_environment() {
        for good in ["A", "CRM_KEY", "K8S_2", &"A".repeat(63)] {
            assert_eq!(SecretName::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "crm", "_A", "1A", "A-B", "A B", "Ä", &"A".repeat(64)] {
            assert!(SecretName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_made_later_sort_later_and_tell_their_time() {
        struct Zero;
        impl Entropy for Zero {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.fill(0);
            }
        }
        let first = RunId::generate(Timestamp::from_millis(1_000), &Zero);
        let second = RunId::generate(Timestamp::from_millis(1_001), &Zero);
        assert!(first < second);
        assert_eq!(second.made_at(), Timestamp::from_millis(1_001));
        let ids = RunIds::default();
        let made: Vec<RunId> = (0..5_000).map(|_| ids.next(Timestamp::from_millis(7), &Zero)).collect();
        assert!(made.is_sorted_by(|a, b| a < b));
        assert_eq!((made[0].made_at(), made[4_999].made_at()), (Timestamp::from_millis(7), Timestamp::from_millis(8)));
        assert_eq!(HookKey::generate(&Zero).as_str(), "a".repeat(32));
    }
}
