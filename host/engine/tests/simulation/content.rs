//! What the simulated disk holds, and how a write changes it. It knows neither faults nor time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use weir_cluster::{
    Change, Doc, DocKey, Done, Entry, Expect, KvPlace, KvValue, QueueKey, QueuedRun, Remembered, SeenKey, StoreError,
    When,
};
use weir_model::{ArtifactHash, FlowId, RunId, RunSummary, TenantId};

/// A run as the log has it.
#[derive(Clone)]
pub(crate) struct Logged {
    pub(crate) summary: RunSummary,
    pub(crate) record: Option<Bytes>,
    pub(crate) resume: Option<Bytes>,
}

/// One write.
#[derive(Clone)]
pub(crate) enum Op {
    Apply(Vec<Change>),
    Artifact(ArtifactHash, Option<Bytes>),
    Push(QueuedRun),
    Forget(Done),
    Append(Entry),
    Kv(KvPlace, Option<KvValue>),
    Remember(Remembered),
}

impl Op {
    /// Whether faults are planned for it: what runs write, in the order in which they do.
    pub(crate) const fn is_of_run(&self) -> bool {
        matches!(self, Self::Push(_) | Self::Forget(_) | Self::Append(_))
    }
}

/// Everything that is stored.
#[derive(Clone, Default)]
pub(crate) struct Content {
    pub(crate) docs: BTreeMap<DocKey, Doc>,
    revision: u64,
    pub(crate) artifacts: HashMap<ArtifactHash, Bytes>,
    pub(crate) queue: BTreeMap<(TenantId, RunId), QueuedRun>,
    pub(crate) log: BTreeMap<(TenantId, RunId), Logged>,
    pub(crate) kv: HashMap<KvPlace, KvValue>,
    pub(crate) seen: HashMap<SeenKey, Remembered>,
}

impl Content {
    /// The revisions that changes would get; an error where one expects something else.
    pub(crate) fn revisions(&self, changes: &[Change]) -> Result<Vec<u64>, StoreError> {
        let mut revisions = Vec::new();
        for change in changes {
            let found = self.docs.get(&change.key).map(|doc| doc.revision);
            let holds = match change.expect {
                Expect::Any => true,
                Expect::Absent => found.is_none(),
                Expect::Revision(wanted) => found == Some(wanted),
            };
            if !holds {
                let name = change.key.name.clone();
                return Err(StoreError::Conflict { kind: change.key.kind.as_str(), name, found });
            }
            revisions.push(self.revision + 1 + revisions.len() as u64);
        }
        Ok(revisions)
    }

    pub(crate) fn apply(&mut self, op: &Op) {
        match op {
            Op::Apply(changes) => changes.iter().for_each(|change| self.change(change)),
            Op::Artifact(hash, Some(bytes)) => drop(self.artifacts.insert(hash.clone(), bytes.clone())),
            Op::Artifact(hash, None) => drop(self.artifacts.remove(hash)),
            Op::Push(run) => self.push(run),
            Op::Forget(done) => {
                let place = (done.key.tenant.clone(), done.key.run);
                self.queue.remove(&place);
                self.log.remove(&place);
            }
            Op::Append(entry) => self.append(entry),
            Op::Kv(place, Some(value)) => drop(self.kv.insert(place.clone(), value.clone())),
            Op::Kv(place, None) => drop(self.kv.remove(place)),
            Op::Remember(seen) => drop(self.seen.insert(seen.key.clone(), seen.clone())),
        }
    }

    fn change(&mut self, change: &Change) {
        self.revision += 1;
        match &change.body {
            Some(body) => {
                let doc = Doc { key: change.key.clone(), revision: self.revision, body: body.clone() };
                self.docs.insert(change.key.clone(), doc);
            }
            None => drop(self.docs.remove(&change.key)),
        }
    }

    fn push(&mut self, run: &QueuedRun) {
        let place = (run.key.tenant.clone(), run.key.run);
        if let Some(seen) = &run.remember {
            self.seen.insert(seen.key.clone(), seen.clone());
        }
        let logged = Logged { summary: run.summary.clone(), record: None, resume: None };
        self.log.entry(place.clone()).or_insert(logged).summary = run.summary.clone();
        self.queue.insert(place, QueuedRun { replaces: None, remember: None, ..run.clone() });
    }

    fn append(&mut self, entry: &Entry) {
        let place = (entry.tenant.clone(), entry.summary.id);
        let before = self.log.remove(&place);
        let record = entry.record.clone().or_else(|| before?.record);
        let logged = Logged { summary: entry.summary.clone(), record, resume: entry.resume.clone() };
        self.log.insert(place, logged);
        if let Some(done) = &entry.done {
            self.queue.remove(&(done.key.tenant.clone(), done.key.run));
        }
    }

    /// Places that wait for something, in the order in which they are due.
    pub(crate) fn places(&self, when: When) -> Vec<QueueKey> {
        let keys = self.queue.values().map(|run| &run.key).filter(|key| key.when == when);
        let mut keys: Vec<QueueKey> = keys.cloned().collect();
        keys.sort_by(|a, b| (a.due, &a.tenant, a.run).cmp(&(b.due, &b.tenant, b.run)));
        keys
    }

    /// Flows that have queued runs which they take in order, with the first run of each.
    pub(crate) fn heads(&self) -> BTreeMap<(TenantId, FlowId), RunId> {
        let mut heads = BTreeMap::new();
        for run in self.queue.values().filter(|run| run.ordered) {
            let head = heads.entry((run.key.tenant.clone(), run.flow)).or_insert(run.key.run);
            *head = run.key.run.min(*head);
        }
        heads
    }

    pub(crate) fn tenants_with_ready_runs(&self) -> BTreeSet<TenantId> {
        self.places(When::Ready).into_iter().map(|key| key.tenant).collect()
    }
}
