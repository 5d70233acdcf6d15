//! The key-value store as the actions of one tenant reach it, and the sweep of what has expired. Grants are the sandbox's
//! business, quotas the store's.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use weir_cluster::{ClusterError, Expect, KvAdd, KvList, KvPlace, KvSet, KvStore, StoreError};
use weir_model::{Clock, TenantId, Timestamp};
use weir_sandbox::{Kv, KvEntry, KvError, KvKeys, KvWrite};

use crate::Services;

/// How often expired entries are removed. They count as absent before; this gives their room back.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Entries removed in one write, so that nobody waits long behind it.
const SWEEP_AT_ONCE: usize = 1_000;

/// The store of one tenant.
pub(crate) struct TenantKv {
    kv: Arc<dyn KvStore>,
    clock: Arc<dyn Clock>,
    tenant: TenantId,
}

impl TenantKv {
    pub(crate) fn new(services: Arc<Services>, tenant: TenantId) -> Self {
        Self { kv: Arc::clone(&services.cluster.kv), clock: Arc::clone(&services.clock), tenant }
    }

    fn place(&self, bucket: &str, key: &str) -> Result<KvPlace, KvError> {
        KvPlace::new(&self.tenant, bucket, key).map_err(|error| refused(error.into()))
    }

    fn read(&self, bucket: &str, key: &str) -> Result<Option<KvEntry>, KvError> {
        let found = self.kv.get(&self.place(bucket, key)?, self.clock.now()).map_err(refused)?;
        Ok(found.map(|found| KvEntry {
            value: found.bytes,
            version: found.version,
            expires_at_ms: found.expires_at.map(|at| u64::try_from(at.as_millis()).unwrap_or(0)),
        }))
    }
}

impl Kv for TenantKv {
    fn get<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<Option<KvEntry>, KvError>> {
        // A read of one key is nearly always from memory; a thread of its own would cost more than it.
        Box::pin(ready(self.read(bucket, key)))
    }

    fn set<'a>(&'a self, write: KvWrite<'a>) -> BoxFuture<'a, Result<u64, KvError>> {
        Box::pin(async move {
            let now = self.clock.now();
            let expect = match write.expected {
                None => Expect::Any,
                Some(0) => Expect::Absent,
                Some(version) => Expect::Revision(version),
            };
            let (place, expires_at) = (self.place(write.bucket, write.key)?, end(now, write.ttl_ms));
            let set = KvSet { place, value: write.value.into(), expires_at, expect, now };
            self.kv.set(set).await.map_err(refused)
        })
    }

    fn increment<'a>(
        &'a self,
        bucket: &'a str,
        key: &'a str,
        delta: i64,
        ttl_ms: Option<u64>,
    ) -> BoxFuture<'a, Result<i64, KvError>> {
        Box::pin(async move {
            let now = self.clock.now();
            let add = KvAdd { place: self.place(bucket, key)?, delta, expires_at: end(now, ttl_ms), now };
            self.kv.add(add).await.map_err(refused)
        })
    }

    fn delete<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<(), KvError>> {
        Box::pin(async move { self.kv.delete(self.place(bucket, key)?).await.map_err(refused) })
    }

    fn list<'a>(
        &'a self,
        bucket: &'a str,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<KvKeys, KvError>> {
        let (kv, tenant, now) = (Arc::clone(&self.kv), self.tenant.clone(), self.clock.now());
        let (bucket, prefix, after) = (bucket.to_owned(), prefix.to_owned(), after.map(str::to_owned));
        // A page may pass over megabytes, so it does not hold up this thread's other runs.
        let reading = tokio::task::spawn_blocking(move || {
            kv.keys(&KvList { tenant: &tenant, bucket: &bucket, prefix: &prefix, after: after.as_deref(), limit, now })
        });
        Box::pin(async move {
            let page = reading.await.map_err(|error| unavailable(&error))?.map_err(refused)?;
            Ok(KvKeys { keys: page.keys, next: page.next })
        })
    }
}

fn end(now: Timestamp, ttl_ms: Option<u64>) -> Option<Timestamp> {
    ttl_ms.map(|ttl| now.plus(Duration::from_millis(ttl)))
}

fn refused(error: ClusterError) -> KvError {
    match error {
        ClusterError::Conflict { .. } => KvError::Conflict,
        ClusterError::Store(StoreError::KvQuota { .. }) => KvError::QuotaExceeded,
        ClusterError::Store(StoreError::TooLarge { .. }) => KvError::ValueTooLarge,
        ClusterError::Store(error @ (StoreError::KvName { .. } | StoreError::KvCounter { .. })) => {
            KvError::Invalid(error.to_string())
        }
        ClusterError::Store(error) => unavailable(&error),
    }
}

/// What went wrong is for the log; an action is not told about the server's folders and disks.
fn unavailable(error: &dyn std::fmt::Display) -> KvError {
    tracing::error!(%error, "The key-value store failed.");
    KvError::Unavailable("the store failed; the server's log says why".into())
}

/// Removes expired entries from time to time, until the server stops or its store fails.
pub(crate) async fn sweep_for_ever(services: Arc<Services>) {
    while services.cluster.is_healthy() {
        tokio::time::sleep(SWEEP_EVERY).await;
        if let Err(error) = sweep(&*services.cluster.kv, services.clock.now()).await {
            tracing::warn!(%error, "Expired entries of the key-value store could not be removed.");
        }
    }
}

/// Removes everything that expired by `now`: how many entries there were.
async fn sweep(kv: &dyn KvStore, now: Timestamp) -> Result<usize, ClusterError> {
    let mut all = 0;
    loop {
        let seen = kv.sweep(now, SWEEP_AT_ONCE).await?;
        all += seen;
        if seen < SWEEP_AT_ONCE {
            return Ok(all);
        }
    }
}

#[cfg(test)]
mod tests {
    use weir_cluster::{Cluster, KvQuota};
    use weir_model::ManualClock;
    use weir_store::{Options, Store};

    use super::*;

    fn write<'a>(key: &'a str, value: &[u8], ttl_ms: Option<u64>, expected: Option<u64>) -> KvWrite<'a> {
        KvWrite { bucket: "visits", key, value: value.to_vec(), ttl_ms, expected }
    }

    #[tokio::test]
    async fn a_tenants_actions_read_write_count_and_list_within_its_quota() {
        let folder = std::env::temp_dir().join(format!("weir-engine-kv-{}", std::process::id()));
        let options = Options { kv: KvQuota { bytes: 1 << 20, keys: 2 }, ..Options::default() };
        let store = Store::open(&folder, &options).unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_000)));
        let tenant = TenantId::new("default").unwrap();
        let kv = TenantKv { kv: Cluster::local(store).kv, clock: Arc::clone(&clock) as Arc<dyn Clock>, tenant };

        assert_eq!(kv.set(write("k", b"v", None, Some(7))).await, Err(KvError::Conflict));
        let version = kv.set(write("k", b"v", None, Some(0))).await.unwrap();
        assert_eq!(kv.set(write("k", b"v", None, Some(0))).await, Err(KvError::Conflict));
        let next = kv.set(write("k", b"v2", Some(500), Some(version))).await.unwrap();
        let entry = KvEntry { value: "v2".into(), version: next, expires_at_ms: Some(1_500) };
        assert_eq!(kv.get("visits", "k").await, Ok(Some(entry)));
        assert_eq!(kv.increment("visits", "n", 3, Some(u64::MAX)).await, Ok(3));
        assert!(matches!(kv.increment("visits", "k", 1, None).await, Err(KvError::Invalid(_))));
        assert!(matches!(kv.get("Visits", "k").await, Err(KvError::Invalid(_))));
        assert_eq!(kv.set(write("third", b"v", None, None)).await, Err(KvError::QuotaExceeded));
        assert_eq!(kv.set(write("k", &vec![0; 9 << 20], None, None)).await, Err(KvError::ValueTooLarge));
        let page = KvKeys { keys: vec!["k".into()], next: Some("k".into()) };
        assert_eq!(kv.list("visits", "", None, 1).await, Ok(page));

        clock.advance(Duration::from_millis(500));
        assert_eq!(kv.get("visits", "k").await, Ok(None));
        assert_eq!((sweep(&*kv.kv, clock.now()).await, sweep(&*kv.kv, clock.now()).await), (Ok(1), Ok(0)));
        kv.delete("visits", "n").await.unwrap();
        assert_eq!(kv.list("visits", "", None, 9).await, Ok(KvKeys::default()));
        drop(kv);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
