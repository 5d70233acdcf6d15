//! Brings an older data folder to today's format, one format after another. It knows the old forms; nothing else reads them.
//!
//! A migration works in batches that are each whole, and finds what is left to do by what is there. So it may be stopped at
//! any moment, and goes on when the folder is opened again. The number of the new format is written last, synced.

use std::path::Path;

use rocksdb::{DB, WriteBatch, WriteOptions};

use crate::{StoreError, codec, keys};

use super::read::rows;
use super::{Family, read_error};

/// Rows and bytes of one batch.
const BATCH_ROWS: u64 = 256;
const BATCH_BYTES: usize = 4 << 20;
/// Batches between two lines in the log.
const TELL: u64 = 64;

/// One way from a format to a later one.
struct Migration {
    from: u32,
    to: u32,
    /// What it does, for the log.
    about: &'static str,
    step: fn(&mut Work<'_>) -> Result<(), StoreError>,
}

/// All of them; each format but today's has one.
const MIGRATIONS: &[Migration] = &[Migration {
    from: 1,
    to: 2,
    about: "queued runs are found by their id, whatever they wait for",
    step: queue_rows,
}];

/// Brings the folder from the format that was found to today's. `most` ends it after so many batches, for tests.
pub(super) fn migrate(db: &DB, folder: &Path, found: u32, most: Option<usize>) -> Result<(), StoreError> {
    let (mut format, mut left) = (found, most);
    while format < codec::FORMAT {
        let unknown = || StoreError::damaged("meta", format!("no weir wrote the format {format}"));
        let &Migration { from, to, about, step } =
            MIGRATIONS.iter().find(|migration| migration.from == format).ok_or_else(unknown)?;
        tracing::info!(folder = %folder.display(), from, to, about, "the data folder is brought to a newer format");
        let mut work = Work { db, folder, from, to, left, batches: 0, rows: 0 };
        step(&mut work)?;
        let mut last = WriteBatch::new();
        last.put_cf(Family::Meta.of(db)?, keys::FORMAT, to.to_be_bytes());
        work.write(last, 0, true)?;
        tracing::info!(folder = %folder.display(), to, rows = work.rows, "the data folder has its new format");
        (format, left) = (to, work.left);
    }
    Ok(())
}

/// A migration under way.
struct Work<'a> {
    db: &'a DB,
    folder: &'a Path,
    from: u32,
    to: u32,
    /// Batches that may still be written; none for all.
    left: Option<usize>,
    batches: u64,
    rows: u64,
}

impl Work<'_> {
    fn write(&mut self, batch: WriteBatch, rows: u64, sync: bool) -> Result<(), StoreError> {
        match self.left {
            Some(0) => return Err(self.failed("it was told to stop".into())),
            Some(left) => self.left = Some(left - 1),
            None => {}
        }
        let mut options = WriteOptions::default();
        options.set_sync(sync);
        self.db.write_opt(batch, &options).map_err(|error| self.failed(error.into_string()))?;
        self.batches += 1;
        self.rows += rows;
        if self.batches.is_multiple_of(TELL) {
            tracing::info!(rows = self.rows, to = self.to, "the data folder is being brought to a newer format");
        }
        Ok(())
    }

    fn failed(&self, reason: String) -> StoreError {
        StoreError::Migration { folder: self.folder.into(), from: self.from, to: self.to, reason }
    }
}

/// From 1 to 2: the one row of a queued run, found by when it is due, becomes a row of its state and a row of its place.
fn queue_rows(work: &mut Work<'_>) -> Result<(), StoreError> {
    let db = work.db;
    let queue = Family::Queue.of(db)?;
    let (mut from, mut to) = (Vec::new(), Vec::new());
    keys::all_due_v1(&mut from);
    keys::all_due_v1(&mut to);
    keys::behind(&mut to);
    let (mut key, mut value) = (Vec::new(), Vec::new());
    loop {
        let mut old = rows(db, Family::Queue, from.clone(), to.clone())?;
        let (mut batch, mut count) = (WriteBatch::new(), 0);
        old.seek_to_first();
        while let Some((row, run)) = old.item() {
            if count >= BATCH_ROWS || batch.size_in_bytes() >= BATCH_BYTES {
                break;
            }
            let place = keys::due_v1_of(row).ok_or_else(|| StoreError::damaged("queue", "a key that is no place"))?;
            codec::upgrade_queued(&mut value, &place, run)?;
            keys::state(&mut key, &place.tenant, place.run);
            batch.put_cf(queue, &key, &value);
            keys::place(&mut key, &place);
            batch.put_cf(queue, &key, b"");
            batch.delete_cf(queue, row);
            // The next walk begins here, past the rows that are gone.
            from.clear();
            from.extend_from_slice(row);
            count += 1;
            old.next();
        }
        old.status().map_err(read_error)?;
        drop(old);
        if count == 0 {
            return Ok(());
        }
        work.write(batch, count, false)?;
    }
}

#[cfg(test)]
mod tests;
