//! Promise: a data folder with a torn log or a flipped bit is either served with right bytes only, or refused with an error
//! that names it; nothing crashes, and no wrong record is shown. `weir doctor` is asked of each folder too.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use weir_tests::{BACKGROUND, Cli, Load, Scratch, Server, soaking};

/// How many folders are looked at at a time.
const ABREAST: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn damage_is_refused_or_harmless_and_never_shown() -> Result<()> {
    let scratch = Scratch::new()?;
    let whole = Arc::new(Whole::make(&scratch).await?);
    let damages = damages(&whole.folder, if soaking() { 700 } else { 40 })?;
    let (places, mut cases) = (Arc::new(Semaphore::new(ABREAST)), JoinSet::new());
    for (number, damage) in damages.into_iter().enumerate() {
        let (whole, places) = (Arc::clone(&whole), Arc::clone(&places));
        let folder = scratch.path().join(format!("case-{number}"));
        cases.spawn(async move {
            let _place = places.acquire().await?;
            copy(&whole.folder, &folder)?;
            damage.apply(&folder)?;
            let ended = whole.judge(&folder, &damage).await.with_context(|| format!("{damage:?}"));
            fs::remove_dir_all(&folder)?;
            ended
        });
    }
    let mut ends: HashMap<End, usize> = HashMap::new();
    while let Some(case) = cases.join_next().await {
        *ends.entry(case??).or_default() += 1;
    }
    println!("{ends:?}");
    ensure!(ends.contains_key(&End::Served) && ends.len() > 1, "no damage did any harm, or all of it did: {ends:?}");
    Ok(())
}

/// What became of a damaged folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum End {
    /// It was served; all that was shown was right.
    Served,
    /// It was served, and what cannot be read any more was refused.
    ServedInPart,
    /// It was not opened.
    Refused,
}

/// What is done to a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// The file ends there.
    Cut,
    /// One bit of the byte there is another.
    Flip(u8),
}

#[derive(Clone, Debug)]
struct Damage {
    /// Relative to the data folder.
    file: PathBuf,
    at: u64,
    what: What,
}

impl Damage {
    fn apply(&self, folder: &Path) -> Result<()> {
        let path = folder.join(&self.file);
        let mut bytes = fs::read(&path)?;
        let at = usize::try_from(self.at)?;
        match self.what {
            What::Cut => bytes.truncate(at),
            What::Flip(bit) => bytes[at] ^= 1 << bit,
        }
        Ok(fs::write(path, bytes)?)
    }
}

/// A sound folder of a server that was killed, and what it shows.
struct Whole {
    folder: PathBuf,
    /// Summaries by id, and some full records.
    runs: HashMap<String, Value>,
    records: HashMap<String, Value>,
}

impl Whole {
    /// Two starts and two kills, so that there are both files of rows and a log.
    async fn make(scratch: &Scratch) -> Result<Self> {
        let folder = scratch.path().join("whole");
        let mut server = Server::start_in(&folder, &[])?;
        server.publish(BACKGROUND)?;
        for last in [false, true] {
            let url = server.production("background").await?;
            let load = Load::start(&server.client, &url, 4, Duration::from_millis(2));
            load.acknowledged(100).await?;
            load.stop().await?;
            server.all_ended(Duration::from_secs(20)).await?;
            // What is not synced is written within moments.
            tokio::time::sleep(Duration::from_millis(200)).await;
            if !last {
                server.kill()?;
                server.start_again(&[])?;
            }
        }
        let runs = server.runs("").await?;
        let mut ids: Vec<_> = runs.keys().collect();
        ids.sort_unstable();
        let mut records = HashMap::new();
        for id in ids.iter().step_by(ids.len() / 20) {
            records.insert((*id).clone(), server.get(&format!("/tenants/default/runs/{id}")).await?);
        }
        server.kill()?;
        Ok(Self { folder, runs, records })
    }

    async fn judge(&self, folder: &Path, damage: &Damage) -> Result<End> {
        let place = folder.to_string_lossy().into_owned();
        let doctor = doctor(folder.to_owned()).await?;
        let says = format!("{}{}", doctor.stdout, doctor.stderr);
        ensure!([0, 1].contains(&doctor.code) && !says.contains("panicked"), "the doctor: {doctor:?}");
        ensure!(doctor.code == 0 || says.contains("store"), "the doctor names no place: {doctor:?}");

        let server = Server::at(folder)?;
        let (server, started) = tokio::task::spawn_blocking(move || {
            let mut server = server;
            let started = server.start_again(&[]);
            (server, started)
        })
        .await?;
        let shown = match started {
            Ok(()) => Some(self.shown(&server).await?),
            Err(_) => None,
        };
        let complaints = server.complaints()?;
        ensure!(!complaints.contains("panicked"), "{complaints}");
        match shown {
            None => {
                ensure!(doctor.code == 1, "the doctor found nothing, and yet it does not start: {complaints}");
                ensure!(complaints.contains(&place), "the refusal does not tell where: {complaints}");
                Ok(End::Refused)
            }
            Some(0) => Ok(End::Served),
            Some(refused) => {
                ensure!(doctor.code == 1, "the doctor found nothing, and yet {refused} reads were refused");
                ensure!(damage.file.extension().is_some_and(|end| end == "sst"), "a log cannot end in refused reads");
                Ok(End::ServedInPart)
            }
        }
    }

    /// Everything that is shown is as it was; how many reads were refused.
    async fn shown(&self, server: &Server) -> Result<usize> {
        let mut refused = 0;
        match server.runs("").await {
            Ok(runs) => {
                for (id, run) in &runs {
                    // A run whose end was cut off the log is run again: only when it ran and how long may differ.
                    ensure!(self.runs.get(id).is_some_and(|was| same(was, run)), "a wrong run: {run}");
                }
            }
            Err(_) => refused += 1,
        }
        for (id, was) in &self.records {
            let found = server.api(reqwest::Method::GET, &format!("/tenants/default/runs/{id}")).send().await?;
            let status = found.status().as_u16();
            let found: Value = found.json().await?;
            match status {
                200 => ensure!(found["payload"] == was["payload"] && same(was, &found), "a wrong record: {found}"),
                // It was in the part of the log that was cut off.
                404 => {}
                _ => {
                    ensure!(found["error"]["code"].is_string(), "neither a record nor an error: {found}");
                    refused += 1;
                }
            }
        }
        Ok(refused)
    }
}

/// Whether two views of a run tell of the same run, which may have ended meanwhile.
fn same(was: &Value, is: &Value) -> bool {
    let fields = ["id", "flow", "flow_id", "version", "mode"];
    fields.iter().all(|field| was[*field] == is[*field])
        && ["completed", "running"].contains(&is["outcome"].as_str().unwrap_or_default())
}

async fn doctor(folder: PathBuf) -> Result<Cli> {
    tokio::task::spawn_blocking(move || Cli::run(&folder, &["doctor", "--json"])).await?
}

/// So many damages, spread over the logs and the files of rows: half of them cuts of a log.
fn damages(folder: &Path, count: u64) -> Result<Vec<Damage>> {
    let (logs, rows) = (files(folder, "log")?, files(folder, "sst")?);
    let damage = |number: u64| -> Result<Damage> {
        let (what, files) = match number % 4 {
            0 | 1 => (What::Cut, &logs),
            2 => (What::Flip((number % 8) as u8), &logs),
            _ => (What::Flip((number % 8) as u8), &rows),
        };
        let total: u64 = files.iter().map(|(_, length)| length).sum();
        ensure!(total > 0, "there is nothing to damage in {}", folder.display());
        // The golden ratio spreads places evenly, however many there are.
        let mut at = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % total;
        for (file, length) in files {
            if at < *length {
                return Ok(Damage { file: file.clone(), at, what });
            }
            at -= length;
        }
        anyhow::bail!("no place for damage {number}")
    };
    (0..count).map(damage).collect()
}

/// The store's files of a kind that have content, by their paths below the data folder.
fn files(folder: &Path, end: &str) -> Result<Vec<(PathBuf, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder.join("store"))? {
        let entry = entry?;
        let length = entry.metadata()?.len();
        if entry.path().extension().is_some_and(|found| found == end) && length > 0 {
            found.push((Path::new("store").join(entry.file_name()), length));
        }
    }
    found.sort();
    Ok(found)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else if entry.file_type()?.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
