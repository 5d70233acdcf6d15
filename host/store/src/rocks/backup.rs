//! Backups: RocksDB's own, in a folder with a note beside them. They are made from a store that goes on, and share the
//! files that did not change.
//!
//! A folder holds `weir-backup.json`, the note, and `store`, which is RocksDB's. A backup without a note still counts.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rocksdb::backup::{BackupEngine, BackupEngineInfo, BackupEngineOptions, RestoreOptions};
use rocksdb::{DB, Env, ReadOptions};
use serde_json::{Map, Value, json};
use weir_model::Timestamp;

use crate::upkeep::{BackupInfo, BackupOrder, BackupStage, RestoreStage};
use crate::{StoreError, codec, keys};

use super::{Family, crc32c, read_error};

/// What RocksDB has of a folder of backups.
const ENGINE: &str = "store";
/// What is noted of them.
const NOTE: &str = "weir-backup.json";
/// Bytes of a note, and of RocksDB's list of a backup's files.
const MOST_NOTE: u64 = 16 << 20;

/// Makes a backup of a store that others write to meanwhile.
pub(crate) fn back_up(
    db: &DB,
    order: &BackupOrder,
    tell: &mut dyn FnMut(BackupStage),
) -> Result<BackupInfo, StoreError> {
    let failed = |reason: String| StoreError::backup(&order.folder, reason);
    for around in order.keep_out.as_deref().into_iter().chain([db.path()]) {
        must_lie_outside(around, &order.folder)?;
    }
    may_hold_backups(&order.folder)?;
    private_folder(&order.folder.join(ENGINE)).map_err(|error| failed(error.to_string()))?;
    write_note(&order.folder, None)?;
    tell(BackupStage::Counting);
    let runs = count_runs(db)?;
    tell(BackupStage::Copying);
    let mut engine = engine(&order.folder)?;
    engine.create_new_backup_flush(db, true).map_err(|error| failed(error.into_string()))?;
    let newest = engine.get_backup_info().into_iter().max_by_key(|info| info.backup_id);
    let newest = newest.ok_or_else(|| failed("it was made, and then it was not there".into()))?;
    tell(BackupStage::Verifying);
    engine.verify_backup(newest.backup_id).map_err(|error| failed(error.into_string()))?;
    let info = BackupInfo {
        id: newest.backup_id,
        at: order.at,
        bytes: newest.size,
        runs: Some(runs),
        version: Some(order.version.clone()),
        format: Some(codec::FORMAT),
    };
    write_note(&order.folder, Some(&info))?;
    Ok(info)
}

/// A backup must not go where its original goes.
fn must_lie_outside(data: &Path, folder: &Path) -> Result<(), StoreError> {
    let (real, data) = (existing_part(folder), existing_part(data));
    if real.components().any(|part| part == std::path::Component::ParentDir) {
        let reason = "its path leads back by `..` out of a folder that is not there: name it without";
        return Err(StoreError::backup(folder, reason.into()));
    }
    if real.starts_with(&data) || data.starts_with(&real) {
        let reason =
            "it lies in the data folder, or the data folder in it: choose a folder elsewhere, best on another disk";
        return Err(StoreError::backup(folder, reason.into()));
    }
    Ok(())
}

/// Refuses a folder with other content.
fn may_hold_backups(folder: &Path) -> Result<(), StoreError> {
    let refused = |reason: &str| Err(StoreError::backup(folder, reason.into()));
    if !folder.is_absolute() {
        return refused("it is no absolute path: name the folder from the root on");
    }
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::backup(folder, error.to_string())),
        Ok(_) if folder.join(NOTE).is_file() => Ok(()),
        Ok(mut inside) => match inside.next() {
            None => Ok(()),
            Some(_) => refused("it holds something else than backups of weir: choose an empty folder"),
        },
    }
}

/// A path with links followed, as far as it exists; what does not exist yet stays as written.
fn existing_part(path: &Path) -> PathBuf {
    let mut rest = Vec::new();
    let mut known = path;
    loop {
        if let Ok(real) = known.canonicalize() {
            return rest.iter().rev().fold(real, |path, part| path.join(part));
        }
        match (known.parent(), known.file_name()) {
            (Some(parent), Some(name)) => {
                rest.push(name.to_owned());
                known = parent;
            }
            _ => return path.to_owned(),
        }
    }
}

/// Only the owner may look inside: records hold what callers sent.
fn private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn engine(folder: &Path) -> Result<BackupEngine, StoreError> {
    let failed = |error: rocksdb::Error| StoreError::backup(folder, error.into_string());
    let options = BackupEngineOptions::new(folder.join(ENGINE)).map_err(failed)?;
    BackupEngine::open(&options, &Env::new().map_err(failed)?).map_err(failed)
}

/// How many runs are listed.
pub(crate) fn count_runs(db: &DB) -> Result<u64, StoreError> {
    let mut options = ReadOptions::default();
    options.fill_cache(false);
    options.set_readahead_size(2 << 20);
    let (from, mut to) = (keys::all_summaries(), keys::all_summaries());
    keys::behind(&mut to);
    options.set_iterate_range(from..to);
    let mut rows = db.raw_iterator_cf_opt(Family::Runs.of(db)?, options);
    let mut count = 0;
    rows.seek_to_first();
    while rows.valid() {
        count += 1;
        rows.next();
    }
    rows.status().map_err(read_error)?;
    Ok(count)
}

/// The backups in a folder, the oldest first.
pub(crate) fn backups(folder: &Path) -> Result<Vec<BackupInfo>, StoreError> {
    if !folder.join(NOTE).is_file() || !folder.join(ENGINE).is_dir() {
        return Err(StoreError::backup(
            folder,
            "it holds no backups of weir: name the folder that `weir backup` wrote".into(),
        ));
    }
    let notes = read_note(folder)?;
    let mut found = engine(folder)?.get_backup_info();
    found.sort_unstable_by_key(|info| info.backup_id);
    Ok(found.iter().map(|info| told(info, &notes)).collect())
}

/// What is known of a backup, by RocksDB and by the note.
fn told(info: &BackupEngineInfo, notes: &Map<String, Value>) -> BackupInfo {
    let note = notes.get(&info.backup_id.to_string());
    let text = |name: &str| note.and_then(|note| note.get(name)).and_then(Value::as_str);
    let number = |name: &str| note.and_then(|note| note.get(name)).and_then(Value::as_u64);
    BackupInfo {
        id: info.backup_id,
        at: text("made_at")
            .and_then(|at| Timestamp::parse(at).ok())
            .unwrap_or(Timestamp::from_millis(info.timestamp.saturating_mul(1_000))),
        bytes: info.size,
        runs: number("runs"),
        version: text("weir").map(str::to_owned),
        format: number("format").and_then(|format| u32::try_from(format).ok()),
    }
}

/// The notes by the numbers of backups. A note that cannot be read is no reason not to restore.
fn read_note(folder: &Path) -> Result<Map<String, Value>, StoreError> {
    let text = read_small(&folder.join(NOTE)).map_err(|error| StoreError::backup(folder, error.to_string()))?;
    let note: Value = serde_json::from_str(&text).unwrap_or_default();
    Ok(note.get("backups").and_then(Value::as_object).cloned().unwrap_or_default())
}

/// Adds a backup to the note; without one, only makes sure that there is a note.
fn write_note(folder: &Path, made: Option<&BackupInfo>) -> Result<(), StoreError> {
    let path = folder.join(NOTE);
    let mut backups = if path.is_file() { read_note(folder)? } else { Map::new() };
    if let Some(info) = made {
        let note = json!({
            "made_at": info.at.to_string(),
            "weir": info.version,
            "format": info.format,
            "runs": info.runs,
            "bytes": info.bytes,
        });
        backups.insert(info.id.to_string(), note);
    }
    let text = json!({ "about": "Backups of weir; `weir restore` reads them.", "backups": backups });
    // Written beside and moved, so that nobody reads half of it.
    let fresh = path.with_extension("json.new");
    let written = File::create(&fresh).and_then(|mut file| {
        file.write_all(format!("{text:#}\n").as_bytes())?;
        file.sync_all()
    });
    written
        .and_then(|()| fs::rename(&fresh, &path))
        .and_then(|()| File::open(folder)?.sync_all())
        .map_err(|error| StoreError::backup(folder, error.to_string()))
}

fn read_small(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MOST_NOTE).read_to_string(&mut text)?;
    Ok(text)
}

/// Copies a backup to where a store shall be, each file compared with its checksum before.
pub(crate) fn restore(
    folder: &Path,
    id: Option<u32>,
    to: &Path,
    tell: &mut dyn FnMut(RestoreStage),
) -> Result<BackupInfo, StoreError> {
    let failed = |reason: String| StoreError::backup(folder, reason);
    let all = backups(folder)?;
    let chosen = match id {
        None => all.into_iter().last(),
        Some(id) => all.into_iter().find(|info| info.id == id),
    };
    let chosen =
        chosen.ok_or_else(|| failed("there is no such backup: `weir restore DIR --list` lists them".into()))?;
    if let Some(found) = chosen.format.filter(|format| *format > codec::FORMAT) {
        return Err(StoreError::Format { folder: folder.into(), found, known: codec::FORMAT });
    }
    if fs::read_dir(to).is_ok_and(|mut inside| inside.next().is_some()) {
        return Err(failed(format!("{} is not empty: restore into a folder that is not there yet", to.display())));
    }
    verify(folder, chosen.id, tell)?;
    tell(RestoreStage::Copying);
    private_folder(to).map_err(|error| failed(format!("{} cannot be made: {error}", to.display())))?;
    let restored = engine(folder)?.restore_from_backup(to, to, &RestoreOptions::default(), chosen.id);
    restored.map_err(|error| {
        let _ = fs::remove_dir_all(to);
        failed(error.into_string())
    })?;
    Ok(chosen)
}

/// Compares the files of a backup with the checksums in RocksDB's list of them.
fn verify(folder: &Path, id: u32, tell: &mut dyn FnMut(RestoreStage)) -> Result<(), StoreError> {
    let failed = |reason: String| StoreError::backup(folder, reason);
    let engine = folder.join(ENGINE);
    let list = engine.join("meta").join(id.to_string());
    let text = read_small(&list).map_err(|error| failed(format!("{}: {error}", list.display())))?;
    let mut files = Vec::new();
    for line in text.lines() {
        let mut words = line.split(' ');
        if let (Some(file), Some("crc32"), Some(sum)) = (words.next(), words.next(), words.next()) {
            let sum: u32 = sum.parse().map_err(|_| failed(format!("{} is damaged", list.display())))?;
            files.push((engine.join(file), sum));
        }
    }
    let mut total = 0;
    for (path, _) in &files {
        total += fs::metadata(path).map_err(|error| failed(format!("{}: {error}", path.display())))?.len();
    }
    let mut done = 0;
    tell(RestoreStage::Verifying { done, total });
    for (path, wanted) in &files {
        let found = checksum(path, |bytes| {
            done += bytes;
            tell(RestoreStage::Verifying { done, total });
        });
        let found = found.map_err(|error| failed(format!("{}: {error}", path.display())))?;
        if found != *wanted {
            return Err(failed(format!(
                "{} is damaged: its checksum is {found:08x}, it was written with {wanted:08x}; restore another backup",
                path.display()
            )));
        }
    }
    Ok(())
}

fn checksum(path: &Path, mut tell: impl FnMut(u64)) -> io::Result<u32> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 20];
    let mut sum = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(sum);
        }
        sum = crc32c::extend(sum, buffer.get(..read).unwrap_or_default());
        tell(read as u64);
    }
}
