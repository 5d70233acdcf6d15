//! Lasting key-value entries of tenants, as users of the store see them. It holds their shape and checks their names; what
//! an entry means is the business of the action that wrote it.

use bytes::Bytes;
use tokio::sync::oneshot;
use weir_model::{TenantId, Timestamp};

use crate::{Expect, StoreError};

/// What one tenant may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvQuota {
    /// Bytes of keys, as they are stored, and values together.
    pub bytes: u64,
    /// Keys in all buckets together.
    pub keys: u64,
}

impl Default for KvQuota {
    fn default() -> Self {
        Self { bytes: 64 << 20, keys: 100_000 }
    }
}

/// Where an entry is. Its names were checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KvPlace {
    pub(crate) tenant: TenantId,
    pub(crate) bucket: String,
    pub(crate) key: String,
}

impl KvPlace {
    /// Longest name of a bucket in bytes.
    pub const MAX_BUCKET: usize = 63;
    /// Longest key in bytes.
    pub const MAX_KEY: usize = 512;

    /// The place of a key.
    ///
    /// # Errors
    /// [`StoreError::KvName`] where the bucket or the key cannot have this name.
    pub fn new(tenant: &TenantId, bucket: &str, key: &str) -> Result<Self, StoreError> {
        check_bucket(bucket)?;
        if key.is_empty() || key.len() > Self::MAX_KEY {
            return Err(StoreError::kv_name("key", key, "1 to 512 bytes"));
        }
        Ok(Self { tenant: tenant.clone(), bucket: bucket.into(), key: key.into() })
    }
}

/// Refuses what cannot be the name of a bucket.
pub(crate) fn check_bucket(bucket: &str) -> Result<(), StoreError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
    if (1..=KvPlace::MAX_BUCKET).contains(&bucket.len()) && bucket.bytes().all(plain) {
        Ok(())
    } else {
        Err(StoreError::kv_name("bucket", bucket, "1 to 63 characters a-z, 0-9, -, _ and ."))
    }
}

/// A stored entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvValue {
    /// The bytes.
    pub bytes: Bytes,
    /// Grows with every write of the tenant; never used twice, not even after a deletion.
    pub version: u64,
    /// From when on it is gone.
    pub expires_at: Option<Timestamp>,
}

/// An entry to be written.
#[derive(Clone, Debug)]
pub struct KvSet {
    /// Where.
    pub place: KvPlace,
    /// The bytes.
    pub value: Bytes,
    /// From when on it is gone; never where none is given.
    pub expires_at: Option<Timestamp>,
    /// What must hold of the entry before.
    pub expect: Expect,
    /// The time: what expired before it counts as absent.
    pub now: Timestamp,
}

impl KvSet {
    /// Longest value in bytes, whatever a call's own limit says.
    pub const MAX_VALUE: usize = 8 << 20;
}

/// A counter to be changed. It is kept as decimal text; an absent one counts from 0.
#[derive(Clone, Debug)]
pub struct KvAdd {
    /// Where.
    pub place: KvPlace,
    /// What is added.
    pub delta: i64,
    /// From when on it is gone; replaces what was said before.
    pub expires_at: Option<Timestamp>,
    /// The time: what expired before it counts as absent.
    pub now: Timestamp,
}

/// Which keys a list wants.
#[derive(Clone, Copy, Debug)]
pub struct KvList<'a> {
    /// The tenant.
    pub tenant: &'a TenantId,
    /// The bucket.
    pub bucket: &'a str,
    /// What the keys start with.
    pub prefix: &'a str,
    /// The key that the page before gave as `next`.
    pub after: Option<&'a str>,
    /// Most keys; at most [`crate::MAX_PAGE`].
    pub limit: usize,
    /// The time: keys that expired before it are passed over.
    pub now: Timestamp,
}

/// A part of a list of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KvPage {
    /// The keys, in the order of their bytes.
    pub keys: Vec<String>,
    /// Where the next page starts; none at the end. A page may be short, even empty, and still have a next one.
    pub next: Option<String>,
}

/// Who waits for the answer to a change.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// A change as it waits for the writer, which decides whether it can be made.
pub(crate) enum KvJob {
    Set(KvSet, Reply<u64>),
    Add(KvAdd, Reply<i64>),
    Delete(KvPlace, Reply<()>),
    Sweep { now: Timestamp, most: usize, answer: Reply<usize> },
    Clear { tenant: TenantId, most: usize, answer: Reply<usize> },
}

impl KvJob {
    /// Roughly the bytes it holds in memory while it waits.
    pub(crate) fn cost(&self) -> usize {
        match self {
            Self::Set(set, _) => set.value.len() + KvPlace::MAX_KEY,
            Self::Add(..) | Self::Delete(..) => KvPlace::MAX_KEY,
            Self::Sweep { .. } | Self::Clear { .. } => 0,
        }
    }
}

/// A time as entries keep it: milliseconds, never 0, which stands for no end.
pub(crate) fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(0).max(1)
}

/// Whether an entry with this end is still there.
pub(crate) const fn lives(expires: u64, now: u64) -> bool {
    expires == 0 || now < expires
}

#[cfg(test)]
mod tests;
