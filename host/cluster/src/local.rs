//! One host alone: the seam over its own store. It adds nothing to what the store promises.

use std::sync::Arc;

use bytes::Bytes;
use weir_model::{ArtifactHash, FlowId, Json, RunId, TenantId, Timestamp};
use weir_store::{
    Ack, Answer, ArtifactReader, ArtifactWriter, Change, Doc, DocKey, DocKind, DocReader, DocWriter, Entry, KvAdd,
    KvList, KvPage, KvPlace, KvReader, KvSet, KvValue, KvWriter, Page, QueueKey, QueueReader, QueueWriter, QueuedRun,
    RunFilter, RunReader, RunWriter, Store,
};

use crate::{Artifacts, BoxFuture, ClusterError, Definitions, Health, KvStore, Queue, RunLog};

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

    fn forget(&self, key: QueueKey, flow: FlowId) -> Ack {
        self.0.forget(key, flow)
    }

    fn load(&self, after: Option<&QueueKey>, limit: usize) -> Result<Vec<QueuedRun>, ClusterError> {
        Ok(self.0.queued(after, limit)?)
    }
}

impl RunLog for Local {
    fn append(&self, entry: Entry) -> Ack {
        self.0.append(entry)
    }

    fn get(&self, tenant: &TenantId, run: RunId) -> Result<Option<Json>, ClusterError> {
        Ok(self.0.run(tenant, run)?)
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

    use weir_model::Coded;
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
    fn one_host_keeps_definitions_and_artifacts_in_its_store() {
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
        drop(cluster);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
