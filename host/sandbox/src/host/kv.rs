//! `weir:action/kv`: lasting state. It checks what the action declared and counts operations; the store behind the call
//! keeps the tenant's quota.

use std::sync::Arc;

use crate::bindings::weir::action::kv::{Entry, Error, Host};
use crate::state::State;
use crate::{Kv, KvError, KvWrite};

/// Keys on one page.
const MAX_KEYS: u32 = 1_000;

impl Host for State {
    async fn get(&mut self, bucket: String, key: String) -> wasmtime::Result<Result<Option<Entry>, Error>> {
        self.called(bucket.len() + key.len()).await?;
        let kv = match self.operation(&bucket) {
            Ok(kv) => kv,
            Err(error) => return Ok(Err(error)),
        };
        let found = match kv.get(&bucket, &key).await {
            Ok(found) => found,
            Err(error) => return Ok(Err(self.refused(error))),
        };
        self.hands(found.as_ref().map_or(0, |entry| entry.value.len()))?;
        Ok(Ok(found.map(|entry| Entry {
            value: entry.value.to_vec(),
            version: entry.version,
            expires_at_ms: entry.expires_at_ms,
        })))
    }

    async fn set(
        &mut self,
        bucket: String,
        key: String,
        value: Vec<u8>,
        ttl_ms: Option<u64>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        self.write(KvWrite { bucket: &bucket, key: &key, value, ttl_ms, expected: None }).await
    }

    async fn compare_and_set(
        &mut self,
        bucket: String,
        key: String,
        expected: u64,
        value: Vec<u8>,
        ttl_ms: Option<u64>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        self.write(KvWrite { bucket: &bucket, key: &key, value, ttl_ms, expected: Some(expected) }).await
    }

    async fn increment(
        &mut self,
        bucket: String,
        key: String,
        delta: i64,
        ttl_ms: Option<u64>,
    ) -> wasmtime::Result<Result<i64, Error>> {
        self.called(bucket.len() + key.len()).await?;
        let kv = match self.operation(&bucket) {
            Ok(kv) => kv,
            Err(error) => return Ok(Err(error)),
        };
        let sum = kv.increment(&bucket, &key, delta, ttl_ms).await;
        Ok(sum.map_err(|error| self.refused(error)))
    }

    async fn delete(&mut self, bucket: String, key: String) -> wasmtime::Result<Result<(), Error>> {
        self.called(bucket.len() + key.len()).await?;
        let kv = match self.operation(&bucket) {
            Ok(kv) => kv,
            Err(error) => return Ok(Err(error)),
        };
        let deleted = kv.delete(&bucket, &key).await;
        Ok(deleted.map_err(|error| self.refused(error)))
    }

    async fn list_keys(
        &mut self,
        bucket: String,
        prefix: String,
        cursor: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<(Vec<String>, Option<String>), Error>> {
        self.called(bucket.len() + prefix.len() + cursor.as_ref().map_or(0, String::len)).await?;
        let kv = match self.operation(&bucket) {
            Ok(kv) => kv,
            Err(error) => return Ok(Err(error)),
        };
        let limit = usize::try_from(limit.clamp(1, MAX_KEYS)).unwrap_or(1);
        match kv.list(&bucket, &prefix, cursor.as_deref(), limit).await {
            Ok(page) => {
                self.hands(page.keys.iter().map(String::len).sum())?;
                Ok(Ok((page.keys, page.next)))
            }
            Err(error) => Ok(Err(self.refused(error))),
        }
    }
}

impl State {
    async fn write(&mut self, write: KvWrite<'_>) -> wasmtime::Result<Result<u64, Error>> {
        self.called(write.bucket.len() + write.key.len() + write.value.len()).await?;
        let kv = match self.operation(write.bucket) {
            Ok(kv) => kv,
            Err(error) => return Ok(Err(error)),
        };
        if write.value.len() as u64 > self.meter.limits.kv_value_bytes {
            return Ok(Err(self.refused(KvError::ValueTooLarge)));
        }
        let version = kv.set(write).await;
        Ok(version.map_err(|error| self.refused(error)))
    }

    /// The store, where the action declared the bucket and has an operation left.
    fn operation(&mut self, bucket: &str) -> Result<Arc<dyn Kv>, Error> {
        if !self.grants.bucket(bucket) {
            return Err(Error::NotGranted);
        }
        if self.meter.kv_operation() { Ok(Arc::clone(&self.kv)) } else { Err(Error::QuotaExceeded) }
    }

    fn refused(&mut self, error: KvError) -> Error {
        match error {
            KvError::QuotaExceeded => Error::QuotaExceeded,
            KvError::ValueTooLarge => {
                self.meter.reach("kv_value_bytes");
                Error::ValueTooLarge
            }
            KvError::Conflict => Error::Conflict,
            // The contract has no case of its own for a name that cannot be used; the text says it.
            KvError::Unavailable(reason) | KvError::Invalid(reason) => Error::Unavailable(reason),
        }
    }
}
