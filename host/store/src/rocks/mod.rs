//! RocksDB: how the folder is opened, read and written. No other place in weir names it.

mod backup;
mod check;
mod crc32c;
mod front;
mod kv;
mod migrate;
mod options;
mod queue;
mod read;
mod retention;
mod seen;
mod sink;

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use rocksdb::{ColumnFamily, ColumnFamilyDescriptor, DB, WriteBatch, WriteOptions};

use crate::{StoreError, codec, keys};

pub(crate) use backup::{back_up, backups, count_runs, restore};
pub(crate) use check::examine;
pub(crate) use front::Fronts;
pub(crate) use kv::read::{kv_get, kv_keys};
pub use options::Options;
pub(crate) use queue::{head, ordered_flows, queue_counts, queued, ready, ready_tenants, timers};
pub(crate) use read::{artifact, doc, docs, resume_state, run, runs};
pub(crate) use retention::{buckets, compact_runs, first_run, flows_between, flush_runs};
pub(crate) use seen::seen;
pub(crate) use sink::RocksSink;

/// A column family; each has a name that never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Meta,
    Artifacts,
    Runs,
    Queue,
    Events,
    Kv,
    Dedupe,
}

impl Family {
    pub(crate) const ALL: [Self; 7] =
        [Self::Meta, Self::Artifacts, Self::Runs, Self::Queue, Self::Events, Self::Kv, Self::Dedupe];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Artifacts => "artifacts",
            Self::Runs => "runs",
            Self::Queue => "queue",
            Self::Events => "events",
            Self::Kv => "kv",
            Self::Dedupe => "dedupe",
        }
    }

    pub(crate) fn of(self, db: &DB) -> Result<&ColumnFamily, StoreError> {
        db.cf_handle(self.name()).ok_or_else(|| StoreError::damaged(self.name(), "the column family is missing"))
    }
}

pub(crate) fn read_error(error: rocksdb::Error) -> StoreError {
    match error.kind() {
        rocksdb::ErrorKind::Corruption => StoreError::damaged("a file of the data folder", error),
        _ => StoreError::Read { reason: error.into_string() },
    }
}

/// Opens or makes the store in a folder: the database and the newest revision.
pub(crate) fn open(folder: &Path, options: &Options) -> Result<(DB, u64), StoreError> {
    let failed = |reason: String| StoreError::Open { folder: folder.into(), reason };
    // Only the owner may look inside: records hold what callers sent.
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| failed(error.to_string()))?;
    // RocksDB syncs what is in its folder; that the folder itself is found again after a power cut is ours to see to.
    for above in [folder.parent(), folder.parent().and_then(Path::parent)].into_iter().flatten() {
        let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        // A folder that may not be read is not ours, and was there before.
        if let Ok(above) = File::open(above) {
            above.sync_all().map_err(|error| failed(error.to_string()))?;
        }
    }
    // RocksDB passes over what stands behind a damaged record without a word, and tidies it away.
    let damage = check::log_damage(folder);

    let shared = options::Shared::new(options);
    let db_options = options::db(options, &shared);
    let mut families: Vec<_> =
        Family::ALL.map(|family| ColumnFamilyDescriptor::new(family.name(), options::family(family, &shared))).into();
    for name in existing(folder, &db_options)? {
        // Families of a newer format are opened too, since RocksDB insists on it, so that the format can be read.
        if name != "default" && !Family::ALL.iter().any(|family| family.name() == name) {
            families.push(ColumnFamilyDescriptor::new(name, rocksdb::Options::default()));
        }
    }
    let db = DB::open_cf_descriptors(&db_options, folder, families).map_err(|error| opening(folder, error))?;
    if let Some(place) = damage {
        tracing::error!(
            place,
            "The write-ahead log is damaged here, and what stands behind it is not read. After a power cut that is only \
             what nobody was told of; otherwise acknowledged runs may be missing: restore a backup."
        );
    }
    check_format(&db, folder, options.migrate_batches)?;
    let revision = db.get_cf(Family::Meta.of(&db)?, keys::REVISION).map_err(read_error)?;
    let revision = revision.map_or(Ok(0), |value| number(&value).map(u64::from_be_bytes))?;
    Ok((db, revision))
}

fn existing(folder: &Path, options: &rocksdb::Options) -> Result<Vec<String>, StoreError> {
    if folder.join("CURRENT").exists() {
        DB::list_cf(options, folder).map_err(|error| opening(folder, error))
    } else {
        Ok(Vec::new())
    }
}

fn opening(folder: &Path, error: rocksdb::Error) -> StoreError {
    let (kind, folder, reason) = (error.kind(), folder.to_path_buf(), error.into_string());
    if reason.contains("While lock file") || reason.contains("lock hold by current process") {
        return StoreError::Locked { folder };
    }
    match kind {
        rocksdb::ErrorKind::Corruption => StoreError::Damaged { place: check::damaged_place(&folder), reason },
        _ => StoreError::Open { folder, reason },
    }
}

fn number<const N: usize>(value: &[u8]) -> Result<[u8; N], StoreError> {
    value.try_into().map_err(|_| StoreError::damaged("meta", "a number has the wrong length"))
}

/// Refuses a newer format, brings an older one to ours, and writes ours into a new folder.
fn check_format(db: &DB, folder: &Path, migrate_batches: Option<usize>) -> Result<(), StoreError> {
    let meta = Family::Meta.of(db)?;
    if let Some(value) = db.get_cf(meta, keys::FORMAT).map_err(read_error)? {
        let found = u32::from_be_bytes(number(&value)?);
        return if found > codec::FORMAT {
            Err(StoreError::Format { folder: folder.into(), found, known: codec::FORMAT })
        } else {
            migrate::migrate(db, folder, found, migrate_batches)
        };
    }
    let mut batch = WriteBatch::new();
    batch.put_cf(meta, keys::FORMAT, codec::FORMAT.to_be_bytes());
    let mut synced = WriteOptions::default();
    synced.set_sync(true);
    db.write_opt(batch, &synced)
        .map_err(|error| StoreError::Open { folder: folder.into(), reason: error.into_string() })
}
