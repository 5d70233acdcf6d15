//! Promise: a server is looked after while it serves: its backup has all that was acknowledged before, its data can be
//! checked from end to end, and its operator says how long runs are kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;
use weir_tests::{BACKGROUND, Cli, Load, Scratch, Server, lost};

/// A flow whose runs wait for a time that is far.
const PATIENT: &str = "weir: 1\nname: patient\nsteps:\n  - { id: rest, uses: wait, with: { for: 30d } }\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_restores_to_a_server_with_every_acknowledged_run() -> Result<()> {
    let (server, scratch) = (Server::start()?, Scratch::new()?);
    let (url, _) = server.publish(PATIENT)?;
    let waits: Value = server.post(&url, "{}").await?.json().await?;
    let waits = waits["run_id"].as_str().context("no run")?.to_owned();
    let (url, _) = server.publish(BACKGROUND)?;
    let load = Load::start(&server.client, &url, 8, Duration::ZERO);
    let (backup, restored) = (scratch.path().join("backup"), scratch.path().join("restored"));
    let folder = backup.to_string_lossy();
    tokio::time::sleep(Duration::from_millis(400)).await;
    let first = server.cli(&["backup", &folder, "--json"])?;
    tokio::time::sleep(Duration::from_millis(400)).await;
    let begun = Instant::now();
    let second = server.cli(&["backup", &folder, "--json"])?;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let calls = load.stop().await?;
    ensure!(first.code == 0 && second.code == 0, "{first:?} {second:?}");
    assert!(calls.iter().all(|call| call.status == 202), "the server went on serving");
    let before: Vec<String> = calls
        .iter()
        .filter(|call| call.sent + call.took <= begun)
        .filter_map(|call| call.acknowledged().map(str::to_owned))
        .collect();
    assert!(before.len() > 100, "only {} calls were acknowledged; the load was no load", before.len());
    let (first, second) = (first.json()?, second.json()?);
    assert_eq!((&first["id"], &second["id"]), (&json!(1), &json!(2)));
    assert!(second["runs"].as_u64() >= Some(before.len() as u64), "{second}");

    // The first server still serves.
    let list = Cli::run(&restored, &["restore", &folder, "--list", "--json"])?.json()?;
    assert_eq!(list.as_array().map(Vec::len), Some(2), "{list}");
    let made = Cli::run(&restored, &["restore", &folder, "--json"])?;
    ensure!(made.code == 0, "{made:?}");
    assert!(made.json()?["runs"].as_u64() >= Some(before.len() as u64), "{made:?}");
    let again = Cli::run(&restored, &["restore", &folder])?;
    assert!(again.code == 2 && again.stderr.contains("not empty"), "{again:?}");
    let checked = Cli::run(&restored, &["doctor", "--json"])?;
    assert!(checked.code == 0 && checked.json()?["total"] == 0, "{checked:?}");

    let copy = Server::start_in(&restored, &[])?;
    let started = Instant::now();
    while !copy.runs("outcome=running").await?.is_empty() {
        ensure!(started.elapsed() < Duration::from_secs(30), "some runs of the copy did not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let runs = copy.runs("mode=production").await?;
    let lost = lost(&before, &runs);
    assert!(lost.is_empty(), "{} of {} acknowledged runs are not in the backup: {lost:?}", lost.len(), before.len());
    assert_eq!(runs[&waits]["outcome"], "waiting");
    assert_eq!(copy.post(&copy.production("background").await?, "{}").await?.status(), 202);
    Ok(())
}

#[tokio::test]
async fn a_backup_is_the_operators_and_goes_to_a_folder_of_its_own() -> Result<()> {
    let (server, scratch) = (Server::start()?, Scratch::new()?);
    scratch.file("letter", "dear")?;
    let inside = server.data().join("backup");
    for (folder, reason) in [(scratch.path(), "something else"), (&inside, "data folder")] {
        let refused = server.cli(&["backup", &folder.to_string_lossy()])?;
        assert!(refused.code == 1 && refused.stderr.contains("WEIR-STORE-BACKUP"), "{refused:?}");
        assert!(refused.stderr.contains(reason), "{refused:?}");
    }
    let made = server.api(Method::POST, "/tokens").json(&json!({ "role": "admin" })).send().await?;
    let admin = made.json::<Value>().await?["token"].as_str().context("no token")?.to_owned();
    let asked = server.client.post(format!("{}/api/v1/backup", server.admin)).bearer_auth(admin);
    let folder = scratch.path().join("backup");
    assert_eq!(asked.json(&json!({ "folder": folder })).send().await?.status(), 403);
    assert!(!folder.exists());
    let none = Cli::run(scratch.path(), &["restore", &scratch.path().to_string_lossy(), "--list"])?;
    assert!(none.code == 1 && none.stderr.contains("no backups"), "{none:?}");
    Ok(())
}

/// The largest file of the store's rows.
fn largest(store: &Path) -> Result<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(store)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "sst" || extension == "log") {
            found.push((path.metadata()?.len(), path));
        }
    }
    Ok(found.into_iter().max().context("the store has no files")?.1)
}

#[tokio::test]
async fn the_doctor_tells_a_sound_folder_from_a_damaged_one() -> Result<()> {
    let mut server = Server::start()?;
    let (url, _) = server.publish(BACKGROUND)?;
    for _ in 0..20 {
        assert_eq!(server.post(&url, "{}").await?.status(), 202);
    }
    let held = server.cli(&["doctor"])?;
    assert!(held.code == 1 && held.stderr.contains("WEIR-STORE-LOCKED"), "{held:?}");
    server.stop()?;
    let sound = server.cli(&["doctor"])?;
    assert_eq!((sound.code, sound.stderr.as_str()), (0, ""), "{sound:?}");
    assert!(sound.stdout.contains("Nothing is wrong"), "{sound:?}");

    let file = largest(&server.data().join("store"))?;
    let mut bytes = std::fs::read(&file)?;
    let at = bytes.len() / 3;
    bytes[at] ^= 4;
    std::fs::write(&file, &bytes)?;
    let damaged = server.cli(&["doctor", "--json"])?;
    assert_eq!(damaged.code, 1, "{damaged:?}");
    let name = file.file_name().context("no name")?.to_string_lossy();
    let faults = damaged.json()?["faults"].as_array().cloned().unwrap_or_default();
    let named =
        |fault: &Value| fault["kind"] == "file" && fault["what"].as_str().is_some_and(|what| what.contains(&*name));
    assert!(faults.iter().any(named), "{damaged:?}");
    assert!(faults.iter().all(|fault| fault["next"].as_str().is_some_and(|next| !next.is_empty())), "{damaged:?}");
    assert_eq!(std::fs::read(&file)?, bytes, "it changes nothing");
    assert_eq!(Cli::run(Path::new("nowhere"), &["doctor"])?.code, 5);
    Ok(())
}

#[tokio::test]
async fn retention_is_set_by_operators_and_of_each_number_the_lower_holds() -> Result<()> {
    let mut server = Server::start()?;
    let shown = server.cli(&["retention", "show", "--json"])?.json()?;
    assert_eq!(shown["holds"], json!({ "days": 30, "bytes": 10_u64 << 30 }));
    server.stop()?;
    server.start_again(&["--retain-days", "10", "--retain-bytes", "0"])?;
    let set = server.cli(&["retention", "set", "days=90", "bytes=2GiB", "--json"])?;
    ensure!(set.code == 0, "{set:?}");
    assert_eq!(set.json()?["holds"], json!({ "days": 10, "bytes": 2_u64 << 30 }));
    let set = server.cli(&["retention", "set", "days=7"])?;
    assert!(set.code == 0 && set.stdout.contains("days\t7\ttenant"), "{set:?}");
    assert_eq!(
        server.cli(&["retention", "set", "days=", "--json"])?.json()?["own"],
        json!({ "days": null, "bytes": 2_u64 << 30 })
    );
    assert_eq!(server.cli(&["retention", "set", "weeks=1"])?.code, 2);

    let path = "/tenants/default/retention";
    let made =
        server.api(Method::POST, "/tokens").json(&json!({ "role": "admin", "tenant": "default" })).send().await?;
    let admin = made.json::<Value>().await?["token"].as_str().context("no token")?.to_owned();
    let url = format!("{}/api/v1{path}", server.admin);
    assert_eq!(server.client.put(&url).bearer_auth(&admin).json(&json!({ "days": 1 })).send().await?.status(), 403);
    assert_eq!(server.client.get(&url).bearer_auth(&admin).send().await?.status(), 200);
    // Today's runs stay, however little may be kept.
    let (hook, _) = server.publish(BACKGROUND)?;
    let run = server.post(&hook, "{}").await?.json::<Value>().await?;
    let run = run["run_id"].as_str().context("no run")?.to_owned();
    server.ended(&run).await?;
    assert_eq!(server.cli(&["retention", "set", "days=1", "bytes=1"])?.code, 0);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(server.get(&format!("/tenants/default/runs/{run}")).await?["id"], run);
    Ok(())
}
