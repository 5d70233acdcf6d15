//! The key-value store as a call reaches it: the trait that the server implements, and one in memory for authors' tests.
//! It must not know tenants or grants.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use weir_model::Clock;

use crate::call::BoxFuture;

/// Lasting state of a tenant, by bucket and key. What is written stays even where the call fails afterwards.
pub trait Kv: Send + Sync {
    /// Reads a key.
    fn get<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<Option<KvEntry>, KvError>>;

    /// Writes a key; its new version.
    fn set<'a>(&'a self, write: KvWrite<'a>) -> BoxFuture<'a, Result<u64, KvError>>;

    /// Adds to a counter, which starts at 0; its new value.
    fn increment<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        delta: i64,
        ttl_ms: Option<u64>,
    ) -> BoxFuture<'a, Result<i64, KvError>>;

    /// Deletes a key, if it is there.
    fn delete<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<(), KvError>>;

    /// Keys that start with `prefix` and come after `after`, in order.
    fn list<'a>(
        &'a self,
        bucket: &'a str,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<KvKeys, KvError>>;
}

/// A key to be written.
#[derive(Clone, Debug)]
pub struct KvWrite<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// The key.
    pub key: &'a str,
    /// The bytes.
    pub value: Vec<u8>,
    /// How long it stays, in milliseconds; for ever where nothing is said.
    pub ttl_ms: Option<u64>,
    /// The version that it must have now, 0 for none; any where nothing is said.
    pub expected: Option<u64>,
}

/// A stored value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvEntry {
    /// The bytes.
    pub value: Bytes,
    /// Grows with every change of the key.
    pub version: u64,
    /// When it goes away, in milliseconds since the Unix epoch.
    pub expires_at_ms: Option<u64>,
}

/// A page of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KvKeys {
    /// The keys, in order.
    pub keys: Vec<String>,
    /// The key to go on after, where there are more.
    pub next: Option<String>,
}

/// Why an operation did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KvError {
    /// The tenant's quota is used up.
    #[error("the tenant's quota of the key-value store is used up")]
    QuotaExceeded,
    /// The value is larger than one may be.
    #[error("the value is larger than one may be")]
    ValueTooLarge,
    /// The version was not the expected one.
    #[error("the key has another version by now")]
    Conflict,
    /// The store does not answer.
    #[error("the key-value store does not answer: {0}")]
    Unavailable(String),
    /// The bucket's or the key's name cannot be used, or the value is no counter.
    #[error("{0}")]
    Invalid(String),
}

/// No store at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoKv;

fn none<T: Send + 'static>() -> BoxFuture<'static, Result<T, KvError>> {
    Box::pin(std::future::ready(Err(KvError::Unavailable("there is none here".into()))))
}

impl Kv for NoKv {
    fn get<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Option<KvEntry>, KvError>> {
        none()
    }

    fn set<'a>(&'a self, _: KvWrite<'a>) -> BoxFuture<'a, Result<u64, KvError>> {
        none()
    }

    fn increment<'a>(&'a self, _: &'a str, _: &'a str, _: i64, _: Option<u64>) -> BoxFuture<'a, Result<i64, KvError>> {
        none()
    }

    fn delete<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), KvError>> {
        none()
    }

    fn list<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: Option<&'a str>,
        _: usize,
    ) -> BoxFuture<'a, Result<KvKeys, KvError>> {
        none()
    }
}

/// A store in memory that ends with the process: for an author's tests. It has no quota.
pub struct MemoryKv {
    clock: Arc<dyn Clock>,
    entries: Mutex<Entries>,
}

/// Entries by bucket and key, and the version given last.
#[derive(Default)]
struct Entries {
    version: u64,
    all: BTreeMap<(String, String), KvEntry>,
}

impl MemoryKv {
    /// An empty store.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, entries: Mutex::default() }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.now().as_millis()).unwrap_or(0)
    }

    /// Changes one key under the lock.
    fn change<T>(
        &self,
        (bucket, key): (&str, &str),
        ttl_ms: Option<u64>,
        value: impl FnOnce(Option<&KvEntry>) -> Result<(Vec<u8>, T), KvError>,
    ) -> Result<(u64, T), KvError> {
        let now = self.now();
        let mut entries = self.entries.lock();
        let place = (bucket.to_owned(), key.to_owned());
        let (bytes, answer) = value(entries.all.get(&place).filter(|entry| lives(entry, now)))?;
        entries.version += 1;
        let version = entries.version;
        let expires_at_ms = ttl_ms.map(|ttl| now.saturating_add(ttl));
        entries.all.insert(place, KvEntry { value: bytes.into(), version, expires_at_ms });
        Ok((version, answer))
    }
}

fn lives(entry: &KvEntry, now: u64) -> bool {
    entry.expires_at_ms.is_none_or(|end| now < end)
}

fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Kv for MemoryKv {
    fn get<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<Option<KvEntry>, KvError>> {
        let now = self.now();
        let entries = self.entries.lock();
        let found = entries.all.get(&(bucket.to_owned(), key.to_owned()));
        ready(Ok(found.filter(|entry| lives(entry, now)).cloned()))
    }

    fn set<'a>(&'a self, write: KvWrite<'a>) -> BoxFuture<'a, Result<u64, KvError>> {
        let KvWrite { bucket, key, value, ttl_ms, expected } = write;
        let changed = self.change((bucket, key), ttl_ms, |old| match expected {
            Some(expected) if old.map_or(0, |entry| entry.version) != expected => Err(KvError::Conflict),
            _ => Ok((value, ())),
        });
        ready(changed.map(|(version, ())| version))
    }

    fn increment<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        delta: i64,
        ttl_ms: Option<u64>,
    ) -> BoxFuture<'a, Result<i64, KvError>> {
        let changed = self.change((bucket, key), ttl_ms, |old| {
            let sum = counter(old.map(|entry| &*entry.value))?.checked_add(delta);
            let sum = sum.ok_or_else(|| KvError::Invalid("the counter would leave the range of 64 bits".into()))?;
            Ok((sum.to_string().into_bytes(), sum))
        });
        ready(changed.map(|(_, sum)| sum))
    }

    fn delete<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<(), KvError>> {
        self.entries.lock().all.remove(&(bucket.to_owned(), key.to_owned()));
        ready(Ok(()))
    }

    fn list<'a>(
        &'a self,
        bucket: &'a str,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<KvKeys, KvError>> {
        let now = self.now();
        let entries = self.entries.lock();
        let mut keys: Vec<String> = entries
            .all
            .iter()
            .filter(|((in_bucket, key), entry)| {
                in_bucket == bucket
                    && key.starts_with(prefix)
                    && after.is_none_or(|after| key.as_str() > after)
                    && lives(entry, now)
            })
            .map(|((_, key), _)| key.clone())
            .take(limit + 1)
            .collect();
        let more = keys.len() > limit;
        keys.truncate(limit);
        let next = if more { keys.last().cloned() } else { None };
        ready(Ok(KvKeys { keys, next }))
    }
}

/// The number that a counter's bytes stand for; 0 for none.
fn counter(value: Option<&[u8]>) -> Result<i64, KvError> {
    let Some(value) = value else { return Ok(0) };
    let text = std::str::from_utf8(value).ok();
    let number = text.and_then(|text| text.parse().ok());
    number.ok_or_else(|| KvError::Invalid("the key holds something else than a counter: use another key".into()))
}
