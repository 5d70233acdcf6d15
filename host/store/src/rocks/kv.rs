//! How changes of key-value entries get into the writer's batch. It decides whether a compare-and-set holds, what a counter
//! comes to, and whether the tenant has room, since only here are all writes in one order.

pub(super) mod read;

use std::collections::{HashMap, HashSet};

use rocksdb::{ColumnFamily, DB, WriteBatch};
use weir_model::{TenantId, Timestamp};

use crate::codec::{self, Held};
use crate::kv::{KvJob, Reply, lives, millis};
use crate::{KvAdd, KvPlace, KvQuota, KvSet, StoreError, keys};

use super::read::rows;
use super::{Family, read_error};

/// Expired entries that a write may remove to make room for itself.
const ROOM: usize = 256;
/// Bytes of the longest counter's text.
const LONGEST_NUMBER: usize = 20;

/// What is known of an entry without its bytes.
#[derive(Clone, Copy)]
struct Found {
    version: u64,
    /// Milliseconds; 0 for no end.
    expires: u64,
    /// Bytes that count against the quota.
    bytes: u64,
    /// What a counter stands at; none where the value is no number.
    number: Option<i64>,
}

impl Found {
    fn of(key: &[u8], version: u64, expires: u64, body: &[u8]) -> Self {
        let text = if body.len() <= LONGEST_NUMBER { std::str::from_utf8(body).ok() } else { None };
        let number = text.and_then(|text| text.parse().ok());
        Self { version, expires, bytes: (key.len() + body.len()) as u64, number }
    }
}

pub(super) struct KvSink<'a> {
    db: &'a DB,
    family: &'a ColumnFamily,
    quota: KvQuota,
    /// What tenants hold, this batch included; read when first needed.
    held: HashMap<TenantId, Held>,
    /// Tenants whose numbers this batch changes.
    touched: HashSet<TenantId>,
    /// Entries that this batch changes; none where it deletes.
    changed: HashMap<Vec<u8>, Option<Found>>,
    /// No row of the order of expiry lies before it, so that a sweep need not pass over all that were deleted.
    first_due: Vec<u8>,
    /// The first such row that this batch adds: a sweep does not see it yet.
    first_new: Option<Vec<u8>>,
    /// What is said once the batch is written.
    answers: Vec<Box<dyn FnOnce()>>,
    /// Buffers that keep their memory from write to write.
    row: Vec<u8>,
    value: Vec<u8>,
}

impl<'a> KvSink<'a> {
    pub(super) fn new(db: &'a DB, quota: KvQuota) -> Result<Self, StoreError> {
        let mut first_due = Vec::new();
        keys::kv_due_from(&mut first_due, 0);
        Ok(Self {
            db,
            family: Family::Kv.of(db)?,
            quota,
            held: HashMap::new(),
            touched: HashSet::new(),
            changed: HashMap::new(),
            first_due,
            first_new: None,
            answers: Vec::new(),
            row: Vec::with_capacity(128),
            value: Vec::with_capacity(1_024),
        })
    }

    /// Adds a change to the batch, or refuses it.
    pub(super) fn stage(&mut self, batch: &mut WriteBatch, job: KvJob) {
        match job {
            KvJob::Set(set, answer) => {
                let result = self.set(batch, set);
                self.tell(answer, result);
            }
            KvJob::Add(add, answer) => {
                let result = self.add(batch, &add);
                self.tell(answer, result);
            }
            KvJob::Delete(place, answer) => {
                let result = self.delete(batch, &place);
                self.tell(answer, result);
            }
            KvJob::Sweep { now, most, answer } => {
                let result = self.sweep(batch, now, most);
                self.tell(answer, result);
            }
            KvJob::Clear { tenant, most, answer } => {
                let result = self.clear(batch, &tenant, most);
                self.tell(answer, result);
            }
        }
    }

    /// Adds what tenants hold to a batch that is about to be written.
    pub(super) fn seal(&mut self, batch: &mut WriteBatch) {
        for tenant in self.touched.drain() {
            if let Some(held) = self.held.get(&tenant) {
                keys::kv_held(&mut self.row, &tenant);
                batch.put_cf(self.family, &self.row, held.bytes());
            }
        }
    }

    /// The batch is written.
    pub(super) fn written(&mut self) {
        self.changed.clear();
        self.first_new = None;
        self.value.clear();
        self.value.shrink_to(super::sink::KEPT_VALUE);
        self.answers.drain(..).for_each(|answer| answer());
    }

    fn tell<T: 'static>(&mut self, answer: Reply<T>, result: Result<T, StoreError>) {
        match result {
            Ok(value) => self.answers.push(Box::new(move || drop(answer.send(Ok(value))))),
            // An error that nobody waits for is nobody's error.
            Err(error) => drop(answer.send(Err(error))),
        }
    }

    fn set(&mut self, batch: &mut WriteBatch, set: KvSet) -> Result<u64, StoreError> {
        let KvSet { place, value, expires_at, expect, now } = set;
        let key = entry_key(&place);
        let before = self.found(&key)?;
        let version = before.filter(|found| lives(found.expires, millis(now))).map(|found| found.version);
        if !expect.holds(version) {
            return Err(StoreError::Conflict { kind: "key", name: place.key, found: version });
        }
        self.put(batch, (&place.tenant, key), before, (&*value, expires_at), now)
    }

    fn add(&mut self, batch: &mut WriteBatch, add: &KvAdd) -> Result<i64, StoreError> {
        let KvAdd { place, delta, expires_at, now } = add;
        let refused = |reason| StoreError::KvCounter { key: place.key.chars().take(80).collect(), reason };
        let key = entry_key(place);
        let before = self.found(&key)?;
        let number = match before.filter(|found| lives(found.expires, millis(*now))) {
            Some(found) => found.number.ok_or_else(|| refused("its value is something else than a whole number"))?,
            None => 0,
        };
        let sum = number.checked_add(*delta).ok_or_else(|| refused("the sum would leave the range of 64 bits"))?;
        let text = sum.to_string();
        self.put(batch, (&place.tenant, key), before, (text.as_bytes(), *expires_at), *now)?;
        Ok(sum)
    }

    fn delete(&mut self, batch: &mut WriteBatch, place: &KvPlace) -> Result<(), StoreError> {
        let key = entry_key(place);
        match self.found(&key)? {
            Some(found) => self.remove(batch, &place.tenant, key, found),
            None => Ok(()),
        }
    }

    /// Removes at most `most` expired entries: how many rows it looked at.
    fn sweep(&mut self, batch: &mut WriteBatch, now: Timestamp, most: usize) -> Result<usize, StoreError> {
        let mut to = Vec::new();
        keys::kv_due_from(&mut to, millis(now).saturating_add(1));
        let mut rows = rows(self.db, Family::Kv, self.first_due.clone(), to.clone())?;
        let (mut seen, mut rest) = (0, to);
        rows.seek_to_first();
        while let Some(row) = rows.key() {
            if seen >= most {
                rest = row.to_vec();
                break;
            }
            let (due, key) = keys::kv_due_entry(row).ok_or_else(damaged_row)?;
            match self.found(&key)? {
                Some(found) if found.expires == due => {
                    let tenant = keys::kv_tenant(&key).ok_or_else(damaged_row)?;
                    self.remove(batch, &tenant, key, found)?;
                }
                _ => batch.delete_cf(self.family, row),
            }
            seen += 1;
            rows.next();
        }
        rows.status().map_err(read_error)?;
        self.first_due = match &self.first_new {
            Some(new) if *new < rest => new.clone(),
            _ => rest,
        };
        Ok(seen)
    }

    /// Removes at most `most` entries of a tenant: how many it removed.
    fn clear(&mut self, batch: &mut WriteBatch, tenant: &TenantId, most: usize) -> Result<usize, StoreError> {
        let (mut from, mut to) = (Vec::new(), Vec::new());
        keys::kv_entries(&mut from, tenant);
        keys::kv_entries(&mut to, tenant);
        keys::behind(&mut to);
        let mut rows = rows(self.db, Family::Kv, from, to)?;
        let mut removed = 0;
        rows.seek_to_first();
        while let Some(key) = rows.key() {
            if removed >= most {
                break;
            }
            if let Some(found) = self.found(key)? {
                self.remove(batch, tenant, key.to_vec(), found)?;
                removed += 1;
            }
            rows.next();
        }
        rows.status().map_err(read_error)?;
        Ok(removed)
    }

    /// An entry, this batch included and whether or not it expired.
    fn found(&self, key: &[u8]) -> Result<Option<Found>, StoreError> {
        if let Some(found) = self.changed.get(key) {
            return Ok(*found);
        }
        let Some(value) = self.db.get_pinned_cf(self.family, key).map_err(read_error)? else { return Ok(None) };
        let (version, expires, body) = codec::read_kv(&value)?;
        Ok(Some(Found::of(key, version, expires, body)))
    }

    fn held(&self, tenant: &TenantId) -> Result<Held, StoreError> {
        if let Some(held) = self.held.get(tenant) {
            return Ok(*held);
        }
        let mut key = Vec::new();
        keys::kv_held(&mut key, tenant);
        let value = self.db.get_pinned_cf(self.family, &key).map_err(read_error)?;
        value.map_or_else(|| Ok(Held::default()), |value| Held::read(&value))
    }

    fn hold(&mut self, tenant: &TenantId, held: Held) {
        self.held.insert(tenant.clone(), held);
        self.touched.insert(tenant.clone());
    }

    /// What the tenant holds once an entry is replaced by one of `bytes`.
    fn held_with(&self, tenant: &TenantId, before: Option<Found>, bytes: u64) -> Result<Held, StoreError> {
        let Held { bytes: held_bytes, keys: held_keys, version } = self.held(tenant)?;
        let held = Held {
            bytes: held_bytes.saturating_sub(before.map_or(0, |found| found.bytes)).saturating_add(bytes),
            keys: held_keys.saturating_add(u64::from(before.is_none())),
            version: version.saturating_add(1),
        };
        let KvQuota { bytes: most_bytes, keys: most_keys } = self.quota;
        // What makes it no worse is let through, so that a tenant over a lowered quota can still tidy up.
        if held.keys > most_keys && held.keys > held_keys {
            return Err(StoreError::KvQuota { what: "keys", most: most_keys });
        }
        if held.bytes > most_bytes && held.bytes > held_bytes {
            return Err(StoreError::KvQuota { what: "bytes of keys and values", most: most_bytes });
        }
        Ok(held)
    }

    /// Writes an entry: its version.
    fn put(
        &mut self,
        batch: &mut WriteBatch,
        (tenant, key): (&TenantId, Vec<u8>),
        mut before: Option<Found>,
        (body, expires_at): (&[u8], Option<Timestamp>),
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let bytes = (key.len() + body.len()) as u64;
        let held = match self.held_with(tenant, before, bytes) {
            Err(StoreError::KvQuota { .. }) if self.sweep(batch, now, ROOM)? > 0 => {
                before = self.found(&key)?;
                self.held_with(tenant, before, bytes)
            }
            held => held,
        }?;
        let expires = expires_at.map_or(0, millis);
        if before.is_none_or(|found| found.expires != expires) {
            self.unlist(batch, &key, before.map_or(0, |found| found.expires));
            self.list(batch, &key, expires);
        }
        codec::write_kv(&mut self.value, held.version, expires, body);
        batch.put_cf(self.family, &key, &self.value);
        self.hold(tenant, held);
        let found = Found::of(&key, held.version, expires, body);
        self.changed.insert(key, Some(found));
        Ok(held.version)
    }

    fn remove(
        &mut self,
        batch: &mut WriteBatch,
        tenant: &TenantId,
        key: Vec<u8>,
        found: Found,
    ) -> Result<(), StoreError> {
        let held = self.held(tenant)?;
        let (bytes, keys) = (held.bytes.saturating_sub(found.bytes), held.keys.saturating_sub(1));
        self.hold(tenant, Held { bytes, keys, ..held });
        self.unlist(batch, &key, found.expires);
        batch.delete_cf(self.family, &key);
        self.changed.insert(key, None);
        Ok(())
    }

    /// Adds an entry to the order of expiry.
    fn list(&mut self, batch: &mut WriteBatch, key: &[u8], expires: u64) {
        if expires == 0 {
            return;
        }
        keys::kv_due(&mut self.row, expires, key);
        batch.put_cf(self.family, &self.row, b"");
        if self.row < self.first_due {
            self.first_due.clone_from(&self.row);
        }
        if self.first_new.as_ref().is_none_or(|first| self.row < *first) {
            self.first_new = Some(self.row.clone());
        }
    }

    fn unlist(&mut self, batch: &mut WriteBatch, key: &[u8], expires: u64) {
        if expires != 0 {
            keys::kv_due(&mut self.row, expires, key);
            batch.delete_cf(self.family, &self.row);
        }
    }
}

fn entry_key(place: &KvPlace) -> Vec<u8> {
    let mut key = Vec::with_capacity(128);
    keys::kv_entry(&mut key, &place.tenant, &place.bucket, &place.key);
    key
}

fn damaged_row() -> StoreError {
    StoreError::damaged("kv", "a row of the order of expiry that names no entry")
}
