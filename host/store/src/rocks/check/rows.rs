//! What a row must look like, and which other rows it must fit. It decodes as the server does, and trusts nothing.

use std::collections::HashMap;

use rocksdb::DB;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use weir_model::{ArtifactHash, FlowId, RunId, TenantId};

use crate::codec::{self, Held, Marks};
use crate::doctor::FaultKind;
use crate::keys::{self, RunRow};
use crate::rocks::{Family, number, read_error};
use crate::{QueuedRun, StoreError};

use super::super::sink::{RESUME, WHOLE};

/// The first format of which this weir reads all rows without a migration.
const SINCE: u32 = 2;

/// What is wrong with a row.
pub(super) struct Wrong {
    pub(super) kind: FaultKind,
    pub(super) what: String,
}

impl Wrong {
    fn row(what: impl Into<String>) -> Self {
        Self { kind: FaultKind::Row, what: what.into() }
    }

    fn link(what: impl Into<String>) -> Self {
        Self { kind: FaultKind::Link, what: what.into() }
    }
}

impl From<StoreError> for Wrong {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Damaged { place, reason } => Self::row(format!("{place}: {reason}")),
            other => Self { kind: FaultKind::File, what: other.to_string() },
        }
    }
}

type Checked = Result<(), Wrong>;

/// Checks rows; families come one after another, each in the order of its keys.
pub(super) struct Rows<'a> {
    db: &'a DB,
    /// Whether the folder has an older format, whose queue is another.
    is_old: bool,
    /// The newest revision of a document.
    revision: u64,
    /// Bytes and number of the entries that each tenant has in the key-value store.
    held: HashMap<TenantId, (u64, u64)>,
    key: Vec<u8>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(db: &'a DB, format: Option<u32>) -> Self {
        let revision = Family::Meta.of(db).ok().and_then(|meta| db.get_cf(meta, keys::REVISION).ok()?);
        let revision = revision.and_then(|value| number(&value).ok()).map_or(0, u64::from_be_bytes);
        let is_old = format.is_some_and(|format| format < SINCE);
        Self { db, is_old, revision, held: HashMap::new(), key: Vec::new() }
    }

    pub(super) fn check(&mut self, family: Family, key: &[u8], value: &[u8]) -> Checked {
        match family {
            Family::Meta => self.document(key, value),
            Family::Artifacts => artifact(key, value),
            Family::Runs => self.run(key, value),
            Family::Queue => self.queue(key, value),
            Family::Events => self.record(key, value),
            Family::Kv => self.kv(key, value),
            Family::Dedupe => request(key, value),
        }
    }

    /// What only the end of a family shows.
    pub(super) fn end_of(&mut self, family: Family) -> Vec<Wrong> {
        if family != Family::Kv {
            return Vec::new();
        }
        let forgotten = |(tenant, (_, keys)): (TenantId, (u64, u64))| {
            Wrong::link(format!("tenant {tenant} has {keys} keys, but no row says what it holds"))
        };
        self.held.drain().map(forgotten).collect()
    }

    /// The value under `self.key`.
    fn found(&self, family: Family) -> Result<Option<Vec<u8>>, StoreError> {
        self.db.get_cf(family.of(self.db)?, &self.key).map_err(read_error)
    }

    fn document(&self, key: &[u8], value: &[u8]) -> Checked {
        if key == keys::FORMAT {
            return number::<4>(value).map(|_| ()).map_err(Wrong::from);
        }
        if key == keys::REVISION {
            return number::<8>(value).map(|_| ()).map_err(Wrong::from);
        }
        let Some((prefix, rest)) = key.split_first() else { return Err(Wrong::row("a key without a kind")) };
        if *prefix == 0 {
            return Ok(());
        }
        let name = rest.split_first().and_then(|(length, rest)| rest.get(usize::from(*length)..));
        if name.is_none_or(|name| std::str::from_utf8(name).is_err()) {
            return Err(Wrong::row("a document's key without a tenant or a name"));
        }
        let (revision, _) = codec::read_doc(value)?;
        if revision == 0 || revision > self.revision {
            return Err(Wrong::row(format!("a document of revision {revision}; the newest is {}", self.revision)));
        }
        Ok(())
    }

    fn run(&mut self, key: &[u8], value: &[u8]) -> Checked {
        match keys::run_row(key).ok_or_else(|| Wrong::row("a key that names no run"))? {
            RunRow::Summary(tenant, run) => {
                let (marks, json) = Marks::split(value)?;
                let summary = codec::read_summary(json)?;
                if summary.id != run || Marks::of(&summary) != marks {
                    return Err(Wrong::row(format!(
                        "the summary of run {run} is of run {}, or of another outcome",
                        summary.id
                    )));
                }
                keys::flow_run(&mut self.key, &tenant, summary.flow_id, run);
                match self.found(Family::Runs)? {
                    None => Err(Wrong::link(format!("run {run} is not in the list of its flow"))),
                    Some(index) if index != marks.bytes() => {
                        Err(Wrong::link(format!("run {run} has another outcome in the list of its flow")))
                    }
                    Some(_) => Ok(()),
                }
            }
            RunRow::ByFlow(tenant, flow, run) => {
                if Marks::split(value)?.1 != b"" {
                    return Err(Wrong::row(format!("the row of run {run} in its flow's list is too long")));
                }
                match self.summary_flow(&tenant, run)? {
                    None => Err(Wrong::link(format!("the list of a flow has run {run}, which has no summary"))),
                    Some(of) if of != flow => {
                        Err(Wrong::link(format!("the list of a flow has run {run} of another flow")))
                    }
                    Some(_) => Ok(()),
                }
            }
        }
    }

    /// The flow of a run, by its summary.
    fn summary_flow(&mut self, tenant: &TenantId, run: RunId) -> Result<Option<FlowId>, StoreError> {
        keys::summary(&mut self.key, tenant, run);
        let Some(value) = self.found(Family::Runs)? else { return Ok(None) };
        let (_, json) = Marks::split(&value)?;
        codec::read_summary(json).map(|summary| Some(summary.flow_id))
    }

    fn queue(&mut self, key: &[u8], value: &[u8]) -> Checked {
        if let Some((tenant, run)) = keys::state_of(key) {
            let queued = codec::read_queued(tenant, run, value)?;
            return self.state(&queued);
        }
        if let Some(place) = keys::place_of(key) {
            let run = place.run;
            return match self.queued(&place.tenant, run)? {
                None => Err(Wrong::link(format!("a place in the queue is kept for run {run}, which is not queued"))),
                Some(queued) if queued.key != place => {
                    Err(Wrong::link(format!("a place in the queue is kept for run {run}, which has another")))
                }
                Some(_) => Ok(()),
            };
        }
        if let Some((tenant, flow, run)) = keys::order_of(key) {
            return match self.queued(&tenant, run)? {
                None => Err(Wrong::link(format!("run {run} holds back others of its flow, but is not queued"))),
                Some(queued) if !queued.ordered || queued.flow != flow => Err(Wrong::link(format!(
                    "run {run} holds back others of a flow that is not its own or keeps no order"
                ))),
                Some(_) => Ok(()),
            };
        }
        if self.is_old && keys::due_v1_of(key).is_some() {
            return Ok(());
        }
        Err(Wrong::row("a key that is no queued run and no place"))
    }

    fn queued(&mut self, tenant: &TenantId, run: RunId) -> Result<Option<QueuedRun>, StoreError> {
        keys::state(&mut self.key, tenant, run);
        let value = self.found(Family::Queue)?;
        value.map(|value| codec::read_queued(tenant.clone(), run, &value)).transpose()
    }

    /// A queued run's other rows.
    fn state(&mut self, queued: &QueuedRun) -> Checked {
        let (tenant, run) = (&queued.key.tenant, queued.key.run);
        if queued.summary.id != run || queued.summary.flow_id != queued.flow {
            return Err(Wrong::row(format!("the queued run {run} has the summary of another run or flow")));
        }
        if keys::place(&mut self.key, &queued.key).is_some() && self.found(Family::Queue)?.is_none() {
            return Err(Wrong::link(format!("the queued run {run} has no place, so it would not go on")));
        }
        if queued.ordered {
            keys::order(&mut self.key, tenant, queued.flow, run);
            if self.found(Family::Queue)?.is_none() {
                return Err(Wrong::link(format!("the queued run {run} is not in the order of its flow")));
            }
        }
        if self.summary_flow(tenant, run)?.is_none() {
            return Err(Wrong::link(format!("the queued run {run} has no summary, so no list shows it")));
        }
        Ok(())
    }

    fn record(&mut self, key: &[u8], value: &[u8]) -> Checked {
        let (tenant, run, seq) = keys::record_of(key).ok_or_else(|| Wrong::row("a key that names no record"))?;
        match seq {
            WHOLE if serde_json::from_slice::<&RawValue>(value).is_err() => {
                return Err(Wrong::row(format!("the record of run {run} is no JSON")));
            }
            WHOLE | RESUME => {}
            _ => return Err(Wrong::row(format!("part {seq} of run {run} is of a kind that this weir does not know"))),
        }
        match self.summary_flow(&tenant, run)? {
            None => Err(Wrong::link(format!("run {run} has a record and no summary, so no list shows it"))),
            Some(_) => Ok(()),
        }
    }

    fn kv(&mut self, key: &[u8], value: &[u8]) -> Checked {
        if let Some((due, entry)) = keys::kv_due_entry(key) {
            self.key = entry;
            let found = self.found(Family::Kv)?;
            let expires = found.as_deref().map(codec::read_kv).transpose()?.map(|(_, expires, _)| expires);
            return if expires == Some(due) {
                Ok(())
            } else {
                Err(Wrong::link("a key is to expire that is not there or expires at another time"))
            };
        }
        let tenant = keys::kv_tenant(key).ok_or_else(|| Wrong::row("a key without a tenant"))?;
        keys::kv_held(&mut self.key, &tenant);
        if self.key == key {
            let said = Held::read(value)?;
            let (bytes, keys) = self.held.remove(&tenant).unwrap_or_default();
            return if (said.bytes, said.keys) == (bytes, keys) {
                Ok(())
            } else {
                Err(Wrong::link(format!(
                    "tenant {tenant} has {keys} keys of {bytes} bytes; counted were {} of {}",
                    said.keys, said.bytes
                )))
            };
        }
        keys::kv_entries(&mut self.key, &tenant);
        if !key.starts_with(&self.key) {
            return Err(Wrong::row("a key of a kind that this weir does not know"));
        }
        let (_, expires, body) = codec::read_kv(value)?;
        let (bytes, count) = self.held.entry(tenant).or_default();
        *bytes += (key.len() + body.len()) as u64;
        *count += 1;
        keys::kv_due(&mut self.key, expires, key);
        if expires != 0 && self.found(Family::Kv)?.is_none() {
            return Err(Wrong::link("a key expires, but would not be removed then"));
        }
        Ok(())
    }
}

fn artifact(key: &[u8], value: &[u8]) -> Checked {
    let hash = Sha256::digest(value).iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"));
    let mut right = Vec::with_capacity(key.len());
    if let Ok(hash) = ArtifactHash::new(&hash) {
        keys::artifact(&mut right, &hash);
    }
    if key != right {
        return Err(Wrong::row(format!("a component whose bytes have the hash {hash}: upload its action again")));
    }
    Ok(())
}

/// A row of the order of forgetting may be stale: the server drops it then. A request must have its own.
fn request(key: &[u8], value: &[u8]) -> Checked {
    if keys::seen_due_of(key).is_some() {
        return Ok(());
    }
    codec::read_seen(value).map(|_| ()).map_err(Wrong::from)
}
