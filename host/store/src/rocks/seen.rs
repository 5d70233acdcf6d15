//! What hooks remember of requests: how it is read, and how it gets into the writer's batch and out of the store again. What
//! it means is its user's.

use std::collections::HashMap;

use bytes::Bytes;
use rocksdb::{ColumnFamily, DB, WriteBatch};
use weir_model::Timestamp;

use crate::kv::{Reply, lives, millis};
use crate::{Remembered, SeenKey, StoreError, codec, keys};

use super::read::rows;
use super::{Family, read_error};

pub(crate) fn seen(db: &DB, key: &SeenKey, now: Timestamp) -> Result<Option<Bytes>, StoreError> {
    let mut bytes = Vec::with_capacity(128);
    keys::seen(&mut bytes, key);
    let Some(value) = db.get_pinned_cf(Family::Dedupe.of(db)?, &bytes).map_err(read_error)? else { return Ok(None) };
    let (until, body) = codec::read_seen(&value)?;
    Ok(lives(until, millis(now)).then(|| Bytes::copy_from_slice(body)))
}

pub(super) struct SeenSink<'a> {
    db: &'a DB,
    family: &'a ColumnFamily,
    /// Ends of the requests that this batch changes; none where it forgets.
    changed: HashMap<Vec<u8>, Option<u64>>,
    /// No row of the order of forgetting lies before it, so that a sweep need not pass over all that were deleted.
    first_due: Vec<u8>,
    /// The first such row that this batch adds: a sweep does not see it yet.
    first_new: Option<Vec<u8>>,
    /// Who is told of a sweep once the batch is written.
    answers: Vec<(Reply<usize>, usize)>,
    /// Buffers that keep their memory from write to write.
    key: Vec<u8>,
    row: Vec<u8>,
    value: Vec<u8>,
}

impl<'a> SeenSink<'a> {
    pub(super) fn new(db: &'a DB) -> Result<Self, StoreError> {
        let mut first_due = Vec::new();
        keys::seen_due_from(&mut first_due, 0);
        Ok(Self {
            db,
            family: Family::Dedupe.of(db)?,
            changed: HashMap::new(),
            first_due,
            first_new: None,
            answers: Vec::new(),
            key: Vec::with_capacity(128),
            row: Vec::with_capacity(128),
            value: Vec::with_capacity(1_024),
        })
    }

    /// Remembers a request; what was remembered of it before is replaced.
    pub(super) fn put(&mut self, batch: &mut WriteBatch, seen: &Remembered) {
        keys::seen(&mut self.key, &seen.key);
        let until = millis(seen.until);
        // Where the disk cannot be read, the old row stays: the sweep finds that it no longer says the truth and drops it.
        let before = self.found(&self.key).unwrap_or_default();
        if let Some(before) = before.filter(|before| *before != until) {
            keys::seen_due(&mut self.row, before, &self.key);
            batch.delete_cf(self.family, &self.row);
        }
        if before != Some(until) {
            keys::seen_due(&mut self.row, until, &self.key);
            batch.put_cf(self.family, &self.row, b"");
            self.list();
        }
        codec::write_seen(&mut self.value, until, &seen.value);
        batch.put_cf(self.family, &self.key, &self.value);
        self.changed.insert(self.key.clone(), Some(until));
    }

    /// `self.row` joins the order of forgetting.
    fn list(&mut self) {
        if self.row < self.first_due {
            self.first_due.clone_from(&self.row);
        }
        if self.first_new.as_ref().is_none_or(|first| self.row < *first) {
            self.first_new = Some(self.row.clone());
        }
    }

    /// Until when a request is remembered, this batch included and whether or not that is past.
    fn found(&self, key: &[u8]) -> Result<Option<u64>, StoreError> {
        if let Some(until) = self.changed.get(key) {
            return Ok(*until);
        }
        let value = self.db.get_pinned_cf(self.family, key).map_err(read_error)?;
        value.map(|value| codec::read_seen(&value).map(|(until, _)| until)).transpose()
    }

    /// Forgets at most `most` requests whose time is over, and says how many rows it looked at.
    pub(super) fn sweep(&mut self, batch: &mut WriteBatch, now: Timestamp, most: usize, answer: Reply<usize>) {
        match self.forget(batch, now, most) {
            Ok(seen) => self.answers.push((answer, seen)),
            // An error that nobody waits for is nobody's error.
            Err(error) => drop(answer.send(Err(error))),
        }
    }

    fn forget(&mut self, batch: &mut WriteBatch, now: Timestamp, most: usize) -> Result<usize, StoreError> {
        let mut to = Vec::new();
        keys::seen_due_from(&mut to, millis(now).saturating_add(1));
        let mut rows = rows(self.db, Family::Dedupe, self.first_due.clone(), to.clone())?;
        let (mut seen, mut rest) = (0, to);
        rows.seek_to_first();
        while let Some(row) = rows.key() {
            if seen >= most {
                rest = row.to_vec();
                break;
            }
            let (due, key) = keys::seen_due_of(row).ok_or_else(|| {
                StoreError::damaged("dedupe", "a row of the order of forgetting that names no request")
            })?;
            if self.found(&key)? == Some(due) {
                batch.delete_cf(self.family, &key);
                self.changed.insert(key, None);
            }
            batch.delete_cf(self.family, row);
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

    /// The batch is written.
    pub(super) fn written(&mut self) {
        self.changed.clear();
        self.first_new = None;
        self.value.clear();
        self.value.shrink_to(super::sink::KEPT_VALUE);
        for (answer, seen) in self.answers.drain(..) {
            let _ = answer.send(Ok(seen));
        }
    }
}

#[cfg(test)]
mod tests;
