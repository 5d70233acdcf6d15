//! Lasting key-value state of the tenant. It must not retry by itself: the flow's retry rule does.
//!
//! Declare the bucket in the attribute: `capabilities(kv("visits"))`.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(target_arch = "wasm32")]
use crate::bindings::weir::action::kv as host;
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::host::kv as host;
use crate::{Result, codec};

pub use crate::bindings::weir::action::kv::{Entry, Error};

impl Error {
    /// Whether it may work later.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::QuotaExceeded | Self::Conflict | Self::Unavailable(_))
    }
}

/// A bucket by name.
///
/// ```
/// use weir_action::kv;
/// # fn main() -> weir_action::Result<()> {
/// let visits = kv::bucket("visits");
/// assert_eq!(visits.increment("ada@example.com", 1)?, 1);
/// visits.set("last", &"ada@example.com")?;
/// assert_eq!(visits.get::<String>("last")?.as_deref(), Some("ada@example.com"));
/// # Ok(()) }
/// ```
pub const fn bucket(name: &str) -> Bucket<'_> {
    Bucket { name, ttl: None }
}

/// A bucket of keys.
#[derive(Clone, Copy, Debug)]
pub struct Bucket<'a> {
    name: &'a str,
    ttl: Option<Duration>,
}

/// Some keys of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// The keys, in order.
    pub keys: Vec<String>,
    /// Where to go on, if there are more.
    pub cursor: Option<String>,
}

impl Bucket<'_> {
    /// The same bucket; what is written through it goes away after `ttl`.
    #[must_use]
    pub const fn for_only(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// The value of `key`, read as JSON; none where there is none.
    ///
    /// # Errors
    /// The store's [`enum@Error`], or invalid if the value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        let Some(entry) = self.entry(key)? else { return Ok(None) };
        let text = String::from_utf8(entry.value)?;
        codec::read(&format!("key `{key}` of bucket `{}`", self.name), &text).map(Some)
    }

    /// The entry of `key` as it is stored: bytes, version and expiry.
    ///
    /// # Errors
    /// The store's [`enum@Error`].
    pub fn entry(&self, key: &str) -> Result<Option<Entry>, Error> {
        host::get(self.name, key)
    }

    /// Writes `value` as JSON and returns the key's new version.
    ///
    /// # Errors
    /// The store's [`enum@Error`].
    pub fn set<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<u64> {
        let json = codec::write(&format!("key `{key}`"), value)?;
        Ok(host::set(self.name, key, json.as_bytes(), self.ttl_ms())?)
    }

    /// Writes `value` as JSON if the key's version is `expected`; 0 expects that the key is absent.
    ///
    /// # Errors
    /// [`Error::Conflict`] (retryable) where the version is another, or the store's other errors.
    pub fn compare_and_set<T: Serialize + ?Sized>(&self, key: &str, expected: u64, value: &T) -> Result<u64> {
        let json = codec::write(&format!("key `{key}`"), value)?;
        Ok(host::compare_and_set(self.name, key, expected, json.as_bytes(), self.ttl_ms())?)
    }

    /// Adds to a counter and returns its new value; an absent key counts from 0.
    ///
    /// # Errors
    /// The store's [`enum@Error`].
    pub fn increment(&self, key: &str, delta: i64) -> Result<i64, Error> {
        host::increment(self.name, key, delta, self.ttl_ms())
    }

    /// Deletes a key, if it is there.
    ///
    /// # Errors
    /// The store's [`enum@Error`].
    pub fn delete(&self, key: &str) -> Result<(), Error> {
        host::delete(self.name, key)
    }

    /// At most `limit` keys that begin with `prefix`, in order, after `cursor`.
    ///
    /// # Errors
    /// The store's [`enum@Error`].
    pub fn keys(&self, prefix: &str, cursor: Option<&str>, limit: u32) -> Result<Keys, Error> {
        host::list_keys(self.name, prefix, cursor, limit).map(|(keys, cursor)| Keys { keys, cursor })
    }

    fn ttl_ms(&self) -> Option<u64> {
        self.ttl.map(|ttl| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX))
    }
}
