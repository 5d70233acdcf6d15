//! The machine's disk as the rooms above see shared state. It promises what the store promises, and no more.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use weir_cluster::{
    Ack, Artifacts, BackupInfo, BackupOrder, BackupStage, BoxFuture, Bucket, Change, Cluster, ClusterError, DebugBus,
    Definitions, Doc, DocKey, DocKind, Done, Entry, Health, KvAdd, KvList, KvPage, KvPlace, KvSet, KvStore, KvValue,
    Page, Queue, QueueKey, QueuedRun, Remembered, RunFilter, RunLog, Seen, SeenKey, StoreError, Upkeep, When,
};
use weir_model::{ArtifactHash, FlowId, Json, RunId, RunSummary, TenantId, Timestamp};
use weir_store::Detached;

use crate::content::Op;
use crate::machine::Machine;

struct Disk(Arc<Machine>);

/// The shared state on a machine.
pub(crate) fn on(machine: &Arc<Machine>) -> Cluster {
    let disk = Arc::new(Disk(Arc::clone(machine)));
    Cluster {
        definitions: disk.clone(),
        artifacts: disk.clone(),
        queue: disk.clone(),
        run_log: disk.clone(),
        kv: disk.clone(),
        seen: disk.clone(),
        upkeep: disk.clone(),
        events: Arc::new(DebugBus::default()),
        health: disk,
    }
}

fn answer<T: Send + 'static>(result: Result<T, StoreError>) -> BoxFuture<Result<T, ClusterError>> {
    Box::pin(std::future::ready(result.map_err(ClusterError::from)))
}

impl Definitions for Disk {
    fn apply(&self, changes: Vec<Change>) -> BoxFuture<Result<Vec<u64>, ClusterError>> {
        let revisions = self.0.read(|content| content.revisions(&changes));
        answer(revisions.and_then(|revisions| self.0.write(Op::Apply(changes), true).map(|()| revisions)))
    }

    fn get(&self, key: &DocKey) -> Result<Option<Doc>, ClusterError> {
        Ok(self.0.read(|content| content.docs.get(key).cloned()))
    }

    fn scan(
        &self,
        kind: DocKind,
        tenant: Option<&TenantId>,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Doc>, ClusterError> {
        let is_wanted = |key: &&DocKey| {
            let is_after = after.is_none_or(|after| key.name.as_str() > after);
            key.kind == kind && key.tenant.as_ref() == tenant && key.name.starts_with(prefix) && is_after
        };
        Ok(self.0.read(|content| {
            let docs = content.docs.iter().filter(|(key, _)| is_wanted(key)).map(|(_, doc)| doc.clone());
            docs.take(limit).collect()
        }))
    }
}

impl Artifacts for Disk {
    fn put(&self, hash: &ArtifactHash, bytes: Bytes) -> BoxFuture<Result<(), ClusterError>> {
        answer(self.0.write(Op::Artifact(hash.clone(), Some(bytes)), true))
    }

    fn get(&self, hash: &ArtifactHash) -> Result<Option<Bytes>, ClusterError> {
        Ok(self.0.read(|content| content.artifacts.get(hash).cloned()))
    }

    fn delete(&self, hash: &ArtifactHash) -> BoxFuture<Result<(), ClusterError>> {
        answer(self.0.write(Op::Artifact(hash.clone(), None), true))
    }
}

impl Queue for Disk {
    fn push(&self, run: QueuedRun) -> Ack {
        Ack::ready(self.0.write(Op::Push(run), true))
    }

    fn forget(&self, done: Done) -> Ack {
        Ack::ready(self.0.write(Op::Forget(done), true))
    }

    fn get(&self, tenant: &TenantId, run: RunId) -> Result<Option<QueuedRun>, ClusterError> {
        Ok(self.0.read(|content| content.queue.get(&(tenant.clone(), run)).cloned()))
    }

    fn ready(&self, tenant: &TenantId, after: Option<&QueueKey>, limit: usize) -> Result<Vec<QueueKey>, ClusterError> {
        let keys = self.0.read(|content| content.places(When::Ready)).into_iter();
        let is_after = |key: &QueueKey| after.is_none_or(|after| (key.due, key.run) > (after.due, after.run));
        Ok(keys.filter(|key| key.tenant == *tenant && is_after(key)).take(limit).collect())
    }

    fn ready_tenants(&self) -> Result<Vec<TenantId>, ClusterError> {
        Ok(self.0.read(|content| content.tenants_with_ready_runs().into_iter().collect()))
    }

    fn timers(&self, when: When, limit: usize) -> Result<Vec<QueueKey>, ClusterError> {
        Ok(self.0.read(|content| content.places(when).into_iter().take(limit).collect()))
    }

    fn head(&self, tenant: &TenantId, flow: FlowId) -> Result<Option<RunId>, ClusterError> {
        Ok(self.0.read(|content| content.heads().get(&(tenant.clone(), flow)).copied()))
    }

    fn ordered_flows(&self) -> Result<Vec<(TenantId, FlowId)>, ClusterError> {
        Ok(self.0.read(|content| content.heads().into_keys().collect()))
    }

    fn counts(&self) -> Result<Vec<(TenantId, u64)>, ClusterError> {
        Ok(self.0.read(|content| {
            let mut counts = std::collections::BTreeMap::new();
            content.queue.keys().for_each(|(tenant, _)| *counts.entry(tenant.clone()).or_default() += 1);
            counts.into_iter().collect()
        }))
    }
}

impl RunLog for Disk {
    fn append(&self, entry: Entry) -> Ack {
        let sync = entry.sync;
        Ack::ready(self.0.write(Op::Append(entry), sync))
    }

    fn get(&self, tenant: &TenantId, run: RunId) -> Result<Option<Json>, ClusterError> {
        let logged = self.0.read(|content| content.log.get(&(tenant.clone(), run)).cloned());
        Ok(logged.map(|logged| match logged.record {
            Some(record) => Json::parse(String::from_utf8(record.to_vec()).unwrap()).unwrap(),
            None => Json::of(&logged.summary).unwrap(),
        }))
    }

    fn resume_state(&self, tenant: &TenantId, run: RunId) -> Result<Option<Bytes>, ClusterError> {
        Ok(self.0.read(|content| content.log.get(&(tenant.clone(), run)).and_then(|logged| logged.resume.clone())))
    }

    fn list(&self, filter: &RunFilter, after: Option<&str>, limit: usize) -> Result<Page, ClusterError> {
        let after = after.map(|after| after.parse::<RunId>().unwrap());
        let runs = self.0.read(|content| content.log.clone()).into_iter().rev();
        let is_wanted =
            |tenant: &TenantId, run: RunId| *tenant == filter.tenant && after.is_none_or(|after| run < after);
        let wanted = runs.filter(|((tenant, run), _)| is_wanted(tenant, *run)).map(|(_, logged)| logged.summary);
        let is_right = |run: &RunSummary| {
            filter.flow.is_none_or(|wanted| wanted == run.flow_id)
                && filter.outcome.is_none_or(|wanted| wanted == run.outcome)
                && filter.mode.is_none_or(|wanted| wanted == run.mode)
        };
        let mut items: Vec<RunSummary> = wanted.filter(is_right).take(limit + 1).collect();
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|run| run.id.to_string());
        Ok(Page { items, next })
    }

    fn settle(&self) -> Ack {
        Ack::ready(Ok(()))
    }
}

impl Seen for Disk {
    fn get(&self, key: &SeenKey, now: Timestamp) -> Result<Option<Bytes>, ClusterError> {
        let seen = self.0.read(|content| content.seen.get(key).cloned());
        Ok(seen.filter(|seen| seen.until > now).map(|seen| seen.value))
    }

    fn put(&self, seen: Remembered) -> Ack {
        Ack::ready(self.0.write(Op::Remember(seen), false))
    }

    fn sweep(&self, _: Timestamp, _: usize) -> BoxFuture<Result<usize, ClusterError>> {
        answer(Ok(0))
    }
}

/// Plain: no flow of the simulation keeps anything, but the engine may.
impl KvStore for Disk {
    fn get(&self, place: &KvPlace, _: Timestamp) -> Result<Option<KvValue>, ClusterError> {
        Ok(self.0.read(|content| content.kv.get(place).cloned()))
    }

    fn keys(&self, _: &KvList<'_>) -> Result<KvPage, ClusterError> {
        Ok(KvPage::default())
    }

    fn set(&self, set: KvSet) -> BoxFuture<Result<u64, ClusterError>> {
        let version = self.0.read(|content| content.kv.get(&set.place).map_or(1, |value| value.version + 1));
        let value = KvValue { bytes: set.value, version, expires_at: set.expires_at };
        answer(self.0.write(Op::Kv(set.place, Some(value)), false).map(|()| version))
    }

    fn add(&self, add: KvAdd) -> BoxFuture<Result<i64, ClusterError>> {
        let before = self.0.read(|content| content.kv.get(&add.place).cloned());
        let text = before.as_ref().map_or("0".into(), |value| String::from_utf8_lossy(&value.bytes).into_owned());
        let sum = text.parse::<i64>().unwrap() + add.delta;
        let version = before.map_or(1, |value| value.version + 1);
        let value = KvValue { bytes: sum.to_string().into(), version, expires_at: add.expires_at };
        answer(self.0.write(Op::Kv(add.place, Some(value)), false).map(|()| sum))
    }

    fn delete(&self, place: KvPlace) -> BoxFuture<Result<(), ClusterError>> {
        answer(self.0.write(Op::Kv(place, None), false))
    }

    fn sweep(&self, _: Timestamp, _: usize) -> BoxFuture<Result<usize, ClusterError>> {
        answer(Ok(0))
    }

    fn drop_tenant(&self, _: &TenantId, _: usize) -> BoxFuture<Result<usize, ClusterError>> {
        answer(Ok(0))
    }
}

/// Nothing is old enough to go within a simulation.
impl Upkeep for Disk {
    fn flush(&self) -> Result<(), ClusterError> {
        Ok(())
    }

    fn buckets(&self, _: &TenantId, _: Timestamp, _: Timestamp, _: Duration) -> Result<Vec<Bucket>, ClusterError> {
        Ok(Vec::new())
    }

    fn drop_runs(&self, _: &TenantId, _: Timestamp, _: Timestamp) -> Result<(), ClusterError> {
        Ok(())
    }

    fn compaction(&self, _: &TenantId, _: Timestamp, _: Timestamp) -> Detached<()> {
        Box::new(|| ())
    }

    fn backup(
        &self,
        _: BackupOrder,
        _: Box<dyn FnMut(BackupStage) + Send>,
    ) -> Detached<Result<BackupInfo, ClusterError>> {
        Box::new(|| Err(ClusterError::Store(StoreError::Closed)))
    }
}

impl Health for Disk {
    fn is_healthy(&self) -> bool {
        self.0.works()
    }
}
