//! One host alone: the seam over its own store. It adds nothing to what the store promises.

use std::sync::Arc;

use bytes::Bytes;
use weir_model::{ArtifactHash, FlowId, Json, RunId, TenantId, Timestamp};
use weir_store::{
    Ack, Answer, ArtifactReader, ArtifactWriter, Change, Doc, DocKey, DocKind, DocReader, DocWriter, Done, Entry,
    KvAdd, KvList, KvPage, KvPlace, KvReader, KvSet, KvValue, KvWriter, Page, QueueKey, QueueReader, QueueWriter,
    QueuedRun, Remembered, RunFilter, RunReader, RunWriter, SeenKey, SeenReader, SeenWriter, Store, When,
};

use crate::{Artifacts, BoxFuture, ClusterError, Definitions, Health, KvStore, Queue, RunLog, Seen};

pub(crate) struct Local(pub(crate) Arc<Store>);

fn boxed(ack: Ack) -> BoxFuture<Result<(), ClusterError>> {
    Box::pin(async move { Ok(ack.await?) })
}

fn answered<T: Clone + Unpin + Send + 'static>(answer: Answer<T>) -> BoxFuture<Result<T, ClusterError>> {
    Box::pin(async move { Ok(answer.await?) })
}

impl Definitions for Local {
    fn apply(&self, changes: Vec<Change>) -> BoxFuture<Result<Vec<u64>, ClusterError>> {
        answered(self.0.apply(changes))
    }

    fn get(&self, key: &DocKey) -> Result<Option<Doc>, ClusterError> {
        Ok(self.0.doc(key)?)
    }

    fn scan(
        &self,
        kind: DocKind,
        tenant: Option<&TenantId>,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Doc>, ClusterError> {
        Ok(self.0.docs(kind, tenant, prefix, after, limit)?)
    }
}

impl Artifacts for Local {
    fn put(&self, hash: &ArtifactHash, bytes: Bytes) -> BoxFuture<Result<(), ClusterError>> {
        boxed(self.0.put_artifact(hash, bytes))
    }

    fn get(&self, hash: &ArtifactHash) -> Result<Option<Bytes>, ClusterError> {
        Ok(self.0.artifact(hash)?)
    }

    fn delete(&self, hash: &ArtifactHash) -> BoxFuture<Result<(), ClusterError>> {
        boxed(self.0.delete_artifact(hash))
    }
}

impl Queue for Local {
    fn push(&self, run: QueuedRun) -> Ack {
        self.0.push(run)
    }

    fn forget(&self, done: Done) -> Ack {
        self.0.forget(done)
    }

    fn get(&self, tenant: &TenantId, run: RunId) -> Result<Option<QueuedRun>, ClusterError> {
        Ok(self.0.queued(tenant, run)?)
    }

    fn ready(&self, tenant: &TenantId, after: Option<&QueueKey>, limit: usize) -> Result<Vec<QueueKey>, ClusterError> {
        Ok(self.0.ready(tenant, after, limit)?)
    }

    fn ready_tenants(&self) -> Result<Vec<TenantId>, ClusterError> {
        Ok(self.0.ready_tenants()?)
    }

    fn timers(&self, when: When, limit: usize) -> Result<Vec<QueueKey>, ClusterError> {
        Ok(self.0.timers(when, limit)?)
    }

    fn head(&self, tenant: &TenantId, flow: FlowId) -> Result<Option<RunId>, ClusterError> {
        Ok(self.0.head(tenant, flow)?)
    }

    fn ordered_flows(&self) -> Result<Vec<(TenantId, FlowId)>, ClusterError> {
        Ok(self.0.ordered_flows()?)
    }

    fn counts(&self) -> Result<Vec<(TenantId, u64)>, ClusterError> {
        Ok(self.0.queue_counts()?)
    }
}

impl Seen for Local {
    fn get(&self, key: &SeenKey, now: Timestamp) -> Result<Option<Bytes>, ClusterError> {
        Ok(self.0.seen(key, now)?)
    }

    fn put(&self, seen: Remembered) -> Ack {
        self.0.remember(seen)
    }

    fn sweep(&self, now: Timestamp, most: usize) -> BoxFuture<Result<usize, ClusterError>> {
        answered(self.0.forget_seen(now, most))
    }
}

impl RunLog for Local {
    fn append(&self, entry: Entry) -> Ack {
        self.0.append(entry)
    }

    fn get(&self, tenant: &TenantId, run: RunId) -> Result<Option<Json>, ClusterError> {
        Ok(self.0.run(tenant, run)?)
    }

    fn resume_state(&self, tenant: &TenantId, run: RunId) -> Result<Option<Bytes>, ClusterError> {
        Ok(self.0.resume_state(tenant, run)?)
    }

    fn list(&self, filter: &RunFilter, after: Option<&str>, limit: usize) -> Result<Page, ClusterError> {
        Ok(self.0.runs(filter, after, limit)?)
    }

    fn settle(&self) -> Ack {
        self.0.settle()
    }
}

impl KvStore for Local {
    fn get(&self, place: &KvPlace, now: Timestamp) -> Result<Option<KvValue>, ClusterError> {
        Ok(self.0.kv_get(place, now)?)
    }

    fn keys(&self, list: &KvList<'_>) -> Result<KvPage, ClusterError> {
        Ok(self.0.kv_keys(list)?)
    }

    fn set(&self, set: KvSet) -> BoxFuture<Result<u64, ClusterError>> {
        answered(self.0.kv_set(set))
    }

    fn add(&self, add: KvAdd) -> BoxFuture<Result<i64, ClusterError>> {
        answered(self.0.kv_add(add))
    }

    fn delete(&self, place: KvPlace) -> BoxFuture<Result<(), ClusterError>> {
        answered(self.0.kv_delete(place))
    }

    fn sweep(&self, now: Timestamp, most: usize) -> BoxFuture<Result<usize, ClusterError>> {
        answered(self.0.kv_sweep(now, most))
    }

    fn drop_tenant(&self, tenant: &TenantId, most: usize) -> BoxFuture<Result<usize, ClusterError>> {
        answered(self.0.kv_clear(tenant, most))
    }
}

impl Health for Local {
    fn is_healthy(&self) -> bool {
        self.0.is_healthy()
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use weir_model::{Coded, Mode};
    use weir_store::{Expect, Options};

    use super::*;
    use crate::Cluster;

    /// The output of a future that another thread finishes.
    fn wait<T>(mut future: BoxFuture<T>) -> T {
        loop {
            match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(output) => return output,
                Poll::Pending => std::thread::yield_now(),
            }
        }
    }

    #[test]
    fn one_host_keeps_definitions_artifacts_and_requests_in_its_store() {
        let folder = std::env::temp_dir().join(format!("weir-cluster-{}", std::process::id()));
        let store = Store::open(&folder, &Options::default()).unwrap();
        let cluster = Cluster::local(store);
        let key = DocKey::new(DocKind::Tenant, None, "default");
        let put = |expect| wait(cluster.definitions.apply(vec![Change::put(key.clone(), expect, "{}")]));
        let revision = put(Expect::Absent).unwrap()[0];
        let conflict = put(Expect::Absent).unwrap_err();
        assert_eq!(conflict, ClusterError::Conflict { kind: "tenant", name: "default".into(), found: Some(revision) });
        assert_eq!(conflict.code().as_str(), "WEIR-CLUSTER-CONFLICT");
        assert_eq!(cluster.definitions.scan(DocKind::Tenant, None, "", None, 10).unwrap().len(), 1);

        let hash = ArtifactHash::new(&"0".repeat(64)).unwrap();
        wait(cluster.artifacts.put(&hash, Bytes::from_static(b"component"))).unwrap();
        assert_eq!(cluster.artifacts.get(&hash).unwrap().unwrap(), "component");
        wait(cluster.artifacts.delete(&hash)).unwrap();
        assert!(cluster.artifacts.get(&hash).unwrap().is_none() && cluster.is_healthy());

        let (tenant, flow) = (TenantId::new("default").unwrap(), FlowId::from_bytes([1; 16]));
        let key = SeenKey { tenant, flow, mode: Mode::Production, digest: [2; 32] };
        let until = Timestamp::from_millis(5);
        cluster.seen.put(Remembered { key: key.clone(), until, value: "answer".into() }).wait().unwrap();
        assert_eq!(cluster.seen.get(&key, Timestamp::from_millis(4)).unwrap().unwrap(), "answer");
        assert_eq!(wait(cluster.seen.sweep(until, 10)).unwrap(), 1);
        assert!(cluster.seen.get(&key, Timestamp::from_millis(4)).unwrap().is_none());
        drop(cluster);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
