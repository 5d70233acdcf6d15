//! The check of a folder: opens it without writing, walks every row of every family, and gathers what is wrong. What a row
//! must look like is in `rows`, what a log file must look like in `log`.

mod log;
mod rows;

use std::fs::File;
use std::io;
use std::path::Path;

use rocksdb::{ColumnFamilyDescriptor, DB, ReadOptions};
use rustix::fs::{FlockOperation, fcntl_lock};

use crate::doctor::{CheckStage, FamilyReport, Fault, FaultKind, Report};
use crate::{Options, StoreError, codec, keys};

use super::{Family, existing, number, options, read_error};
use rows::Rows;

/// Where faults of files are counted.
const FILES: &str = "files";
/// Rows after which it tells how far it is.
const TELL_EVERY: u64 = 4_096;

/// Reads everything in a folder.
pub(crate) fn examine(folder: &Path, tell: &mut dyn FnMut(CheckStage)) -> Result<Report, StoreError> {
    if !folder.join("CURRENT").is_file() {
        let reason = "there is no store in it".into();
        return Err(StoreError::Open { folder: folder.into(), reason });
    }
    let _held = hold(folder)?;
    let mut report = Report::default();
    log::check(folder, &mut report);
    let opened = open(folder);
    let (db, names) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            report.add(fault_of_files(error.to_string()));
            report.families.push(files(&report));
            return Ok(report);
        }
    };
    report.families.push(files(&report));
    let format = db.cf_handle(Family::Meta.name()).map(|meta| db.get_cf(meta, keys::FORMAT).map_err(read_error));
    match format {
        Some(Ok(Some(value))) => report.format = number(&value).ok().map(u32::from_be_bytes),
        Some(Err(error)) => report.add(fault_of_files(error.to_string())),
        Some(Ok(None)) | None => {}
    }
    if let Some(found) = report.format.filter(|format| *format > codec::FORMAT) {
        return Err(StoreError::Format { folder: folder.into(), found, known: codec::FORMAT });
    }
    let mut stage = CheckStage { family: String::new(), done: 0, total: rows_of(&db, &names) };
    let mut rows = Rows::new(&db, report.format);
    for name in names {
        stage.family = name;
        tell(stage.clone());
        let family = walk(&db, &mut rows, &mut stage, &mut report, tell);
        report.families.push(family);
    }
    Ok(report)
}

/// Where a folder is damaged that RocksDB does not open: a file of the log, which it does not name, or the folder.
pub(super) fn damaged_place(folder: &Path) -> String {
    log_damage(folder).unwrap_or_else(|| folder.display().to_string())
}

/// The first record of the write-ahead log that is not as it was written, by its file and byte.
pub(super) fn log_damage(folder: &Path) -> Option<String> {
    let mut report = Report::default();
    log::check(folder, &mut report);
    report.faults.into_iter().next().map(|fault| fault.what)
}

fn fault_of_files(what: String) -> Fault {
    Fault { kind: FaultKind::File, family: FILES.into(), key: None, what }
}

fn files(report: &Report) -> FamilyReport {
    FamilyReport { name: FILES.into(), rows: 0, bytes: 0, faults: report.total }
}

/// Holds the folder as a server would, for as long as it is read. RocksDB does not where it only reads.
fn hold(folder: &Path) -> Result<Option<File>, StoreError> {
    let file = match File::options().read(true).write(true).open(folder.join("LOCK")) {
        Ok(file) => file,
        // Where nothing can be written, no server can run.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ReadOnlyFilesystem) => {
            return Ok(None);
        }
        Err(error) => return Err(StoreError::Open { folder: folder.into(), reason: error.to_string() }),
    };
    match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(_) => Err(StoreError::Locked { folder: folder.into() }),
    }
}

/// Opens the families that are there, without writing.
fn open(folder: &Path) -> Result<(DB, Vec<String>), StoreError> {
    let settings = Options::default();
    let shared = options::Shared::new(&settings);
    let db_options = options::db(&settings, &shared);
    let mut names = existing(folder, &db_options)?;
    let known = |name: &str| Family::ALL.into_iter().find(|family| family.name() == name);
    let families = names.iter().map(|name| {
        let options = known(name).map_or_else(rocksdb::Options::default, |family| options::family(family, &shared));
        ColumnFamilyDescriptor::new(name, options)
    });
    let db = DB::open_cf_descriptors_read_only(&db_options, folder, families, false).map_err(read_error)?;
    // RocksDB's own, which is always there and always empty.
    names.retain(|name| name != "default");
    Ok((db, names))
}

/// Roughly the rows of all families.
fn rows_of(db: &DB, names: &[String]) -> u64 {
    let of = |name: &String| {
        let family = db.cf_handle(name)?;
        db.property_int_value_cf(family, "rocksdb.estimate-num-keys").ok()?
    };
    names.iter().filter_map(of).sum()
}

/// Reads a family from its first row to its last.
fn walk(
    db: &DB,
    rows: &mut Rows<'_>,
    stage: &mut CheckStage,
    report: &mut Report,
    tell: &mut dyn FnMut(CheckStage),
) -> FamilyReport {
    let name = stage.family.clone();
    let known = Family::ALL.into_iter().find(|family| family.name() == name);
    let before = report.total;
    let mut seen = FamilyReport { name: name.clone(), rows: 0, bytes: 0, faults: 0 };
    let Some(family) = db.cf_handle(&name) else { return seen };
    let mut options = ReadOptions::default();
    options.fill_cache(false);
    options.set_readahead_size(2 << 20);
    let mut walk = db.raw_iterator_cf_opt(family, options);
    let mut last = Vec::new();
    walk.seek_to_first();
    while let Some((key, value)) = walk.item() {
        seen.rows += 1;
        seen.bytes += (key.len() + value.len()) as u64;
        if let Some(known) = known
            && let Err(wrong) = rows.check(known, key, value)
        {
            report.add(Fault { kind: wrong.kind, family: name.clone(), key: Some(key.to_vec()), what: wrong.what });
        }
        last.clear();
        last.extend_from_slice(key);
        stage.done += 1;
        if stage.done.is_multiple_of(TELL_EVERY) {
            tell(stage.clone());
        }
        walk.next();
    }
    if let Err(error) = walk.status() {
        let what = format!("nothing behind this row can be read: {error}");
        let key = Some(last).filter(|last| !last.is_empty());
        report.add(Fault { kind: FaultKind::File, family: name, key, what });
    } else if let Some(known) = known {
        for wrong in rows.end_of(known) {
            report.add(Fault { kind: wrong.kind, family: name.clone(), key: None, what: wrong.what });
        }
    }
    seen.faults = report.total - before;
    seen
}
