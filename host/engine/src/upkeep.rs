//! What keeps the server's disk in bounds while it runs: retention of runs by age and by bytes. It decides what goes, never
//! how; and it makes backups for whoever asks.

use std::sync::Arc;
use std::time::Duration;

use weir_catalog::RetentionDef;
use weir_cluster::{BackupInfo, BackupOrder, BackupStage, Bucket, ClusterError, Upkeep};
use weir_model::{TenantId, Timestamp};

use crate::{Engine, EngineError, Services};

/// How long after the start the first look comes, and how long after each the next.
const FIRST: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_secs(3_600);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// Bytes whose removal is worth rewriting the files that they lie in; what is less goes with the next compaction there.
const WORTH_COMPACTING: u64 = 1 << 20;

/// Removes what is older or more than tenants may keep: a minute after the start, then each hour and whenever a tenant's
/// retention is set.
pub(crate) async fn retain_for_ever(services: Arc<Services>) {
    let mut pause = FIRST;
    loop {
        // Time or news, whichever is first.
        let _ = tokio::time::timeout(pause, services.catalog.retention_changed()).await;
        pause = EVERY;
        for tenant in services.catalog.tenants() {
            let Ok(retention) = services.catalog.retention(&tenant.id) else { continue };
            // A jump of the wall clock must not empty the log.
            let now = services.steady.now();
            let upkeep = Arc::clone(&services.cluster.upkeep);
            let id = tenant.id.clone();
            match blocking(move || retain(&*upkeep, &id, retention.holds, now)).await {
                Ok(Some(dropped)) => after(&services, &tenant.id, dropped).await,
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(tenant = %tenant.id, %error, "Old runs could not be removed; tried again in an hour.")
                }
            }
        }
    }
}

/// What was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Dropped {
    from: Timestamp,
    to: Timestamp,
    bytes: u64,
}

/// Gives the disk back, and says what happened.
async fn after(services: &Services, tenant: &TenantId, dropped: Dropped) {
    let Dropped { from, to, bytes } = dropped;
    tracing::info!(%tenant, until = %to, bytes, "Old runs were removed.");
    if bytes >= WORTH_COMPACTING {
        let work = services.cluster.upkeep.compaction(tenant, from, to);
        let _ = tokio::task::spawn_blocking(work).await;
    }
}

/// Removes a tenant's oldest runs, where there are more than it may keep.
fn retain(
    upkeep: &dyn Upkeep,
    tenant: &TenantId,
    bounds: RetentionDef,
    now: Timestamp,
) -> Result<Option<Dropped>, ClusterError> {
    let (start, end) = (Timestamp::from_millis(0), Timestamp::from_millis((1 << 48) - 1));
    if bounds == RetentionDef::default() {
        return Ok(None);
    }
    upkeep.flush()?;
    let mut buckets = upkeep.buckets(tenant, start, end, DAY)?;
    let today = buckets.iter().position(|bucket| bucket.to > now);
    if let Some(at) = today
        && bounds.bytes.is_some_and(|most| buckets.iter().skip(at).map(|bucket| bucket.bytes).sum::<u64>() > most)
    {
        // Today alone is too much: its hours count one by one.
        let from = buckets.get(at).map_or(end, |bucket| bucket.from);
        buckets.truncate(at);
        buckets.extend(upkeep.buckets(tenant, from, end, HOUR)?);
    }
    let Some(cut) = cut(bounds, now, &buckets) else { return Ok(None) };
    let gone = buckets.iter().take_while(|bucket| bucket.to <= cut);
    let (from, bytes) = (buckets.first().map_or(start, |bucket| bucket.from), gone.map(|bucket| bucket.bytes).sum());
    upkeep.drop_runs(tenant, from, cut)?;
    Ok(Some(Dropped { from, to: cut, bytes }))
}

/// The moment before which runs go; none where all may stay. What is too old goes first; of what is left, the oldest
/// buckets until the rest is within its bytes. A bucket that is not over stays.
fn cut(bounds: RetentionDef, now: Timestamp, buckets: &[Bucket]) -> Option<Timestamp> {
    let old = bounds.days.map(|days| now.minus(DAY.saturating_mul(days)));
    let mut left: u64 = buckets.iter().map(|bucket| bucket.bytes).sum();
    let mut cut = None;
    for bucket in buckets {
        let is_old = old.is_some_and(|old| bucket.to <= old);
        let is_too_much = bounds.bytes.is_some_and(|most| left > most);
        if bucket.to > now || !(is_old || is_too_much) {
            break;
        }
        left -= bucket.bytes;
        cut = Some(bucket.to);
    }
    cut
}

impl Engine {
    /// Makes a backup while the server goes on, and tells its stages. It goes on to its end if this future is dropped.
    ///
    /// # Errors
    /// Where the folder cannot hold it, or the store fails.
    pub async fn back_up(
        &self,
        order: BackupOrder,
        tell: impl FnMut(BackupStage) + Send + 'static,
    ) -> Result<BackupInfo, EngineError> {
        let work = self.services().cluster.upkeep.backup(order, Box::new(tell));
        blocking(work).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ClusterError> + Send + 'static,
) -> Result<T, EngineError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| EngineError::Store(error.to_string()))??)
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;
    use weir_cluster::{Detached, StoreError};

    use super::*;

    const NOW: i64 = 100 * 86_400_000 + 5 * 3_600_000;

    fn bucket(from: i64, width: Duration, bytes: u64) -> Bucket {
        let from = Timestamp::from_millis(from);
        Bucket { from, to: from.plus(width), bytes }
    }

    /// Days before now, with their bytes; the day `0` is today.
    fn days(of: &[(i64, u64)]) -> Vec<Bucket> {
        of.iter().map(|(ago, bytes)| bucket((100 - ago) * 86_400_000, DAY, *bytes)).collect()
    }

    /// How many of the buckets go.
    fn gone(days: Option<u32>, bytes: Option<u64>, buckets: &[Bucket]) -> usize {
        let cut = cut(RetentionDef { days, bytes }, Timestamp::from_millis(NOW), buckets);
        buckets.iter().filter(|bucket| cut.is_some_and(|cut| bucket.to <= cut)).count()
    }

    #[test]
    fn what_is_too_old_goes_and_then_the_oldest_until_the_rest_is_within_its_bytes() {
        let log = days(&[(40, 10), (31, 10), (30, 10), (3, 50), (1, 50), (0, 50)]);
        assert_eq!(gone(None, None, &log), 0);
        assert_eq!(gone(Some(30), None, &log), 2, "a day goes once all of it is too old");
        assert_eq!(gone(Some(30), Some(150), &log), 3);
        assert_eq!(gone(Some(30), Some(149), &log), 4);
        assert_eq!(gone(None, Some(180), &log), 0);
        assert_eq!(gone(None, Some(0), &log), 5, "today stays");
        assert_eq!(gone(Some(1), None, &log), 4, "yesterday has runs of the last day");
        assert_eq!(gone(Some(30), Some(1), &[]), 0);
    }

    /// A log of three days; today's bytes are in its first five hours.
    #[derive(Default)]
    struct Log(Mutex<Vec<(Timestamp, Timestamp)>>);

    impl Upkeep for Log {
        fn flush(&self) -> Result<(), ClusterError> {
            Ok(())
        }

        fn buckets(
            &self,
            _: &TenantId,
            from: Timestamp,
            _: Timestamp,
            width: Duration,
        ) -> Result<Vec<Bucket>, ClusterError> {
            if width == DAY {
                return Ok(days(&[(2, 100), (1, 100), (0, 50)]));
            }
            assert_eq!(from, Timestamp::from_millis(100 * 86_400_000), "only today goes by the hour");
            Ok((0..5).map(|hour| bucket(from.as_millis() + hour * 3_600_000, HOUR, 10)).collect())
        }

        fn drop_runs(&self, _: &TenantId, from: Timestamp, to: Timestamp) -> Result<(), ClusterError> {
            self.0.lock().push((from, to));
            Ok(())
        }

        fn compaction(&self, _: &TenantId, _: Timestamp, _: Timestamp) -> Detached<()> {
            Box::new(|| {})
        }

        fn backup(
            &self,
            _: BackupOrder,
            _: Box<dyn FnMut(BackupStage) + Send>,
        ) -> Detached<Result<BackupInfo, ClusterError>> {
            Box::new(|| Err(ClusterError::Store(StoreError::Closed)))
        }
    }

    #[test]
    fn a_tenant_is_brought_within_its_bounds_by_days_and_where_today_is_too_much_by_hours() {
        let tenant = TenantId::new("acme").unwrap();
        let within = |days, bytes| {
            let log = Log::default();
            let done = retain(&log, &tenant, RetentionDef { days, bytes }, Timestamp::from_millis(NOW)).unwrap();
            let dropped = log.0.into_inner();
            assert_eq!(done.map(|done| (done.from, done.to)), dropped.first().copied());
            done.map(|done| ((done.to.as_millis() - 98 * 86_400_000) / 3_600_000, done.bytes))
        };
        assert_eq!((within(None, None), within(Some(3), Some(250))), (None, None));
        assert_eq!(within(Some(3), Some(249)), Some((24, 100)));
        assert_eq!(within(None, Some(50)), Some((48, 200)));
        assert_eq!(within(None, Some(35)), Some((50, 220)));
    }

    #[test]
    fn of_the_hours_the_one_that_is_not_over_stays() {
        let hours: Vec<Bucket> = (0..6).map(|hour| bucket(100 * 86_400_000 + hour * 3_600_000, HOUR, 10)).collect();
        assert_eq!(gone(None, Some(35), &hours), 3);
        assert_eq!(gone(None, Some(5), &hours), 5);
        let future = [bucket(NOW + 86_400_000, DAY, 10)];
        assert_eq!(gone(Some(1), Some(1), &future), 0, "what the clock has not reached is not old");
    }
}
