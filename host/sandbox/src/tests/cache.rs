//! The cache of compiled components: it outlives the sandbox and takes nothing that it did not write.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use weir_model::{Coded, Limits, ManualClock};

use super::guest::{Guest, echo};
use super::{options, run, sandbox_in, tenant};
use crate::{Sandbox, Stage};

fn file(dir: &Path, kind: &str) -> PathBuf {
    let mut files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.extension().is_some_and(|extension| extension == kind)).unwrap()
}

#[tokio::test]
async fn a_compiled_component_outlives_the_sandbox() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = Bytes::from(Guest::new(&echo()).build());
    let admitted = sandbox_in(dir.path()).admit(&tenant(), bytes, |_| {}).await.unwrap();
    assert_eq!(fs::metadata(file(dir.path(), "cwasm")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(dir.path()).unwrap().permissions().mode() & 0o777, 0o700);
    let next = sandbox_in(dir.path());
    assert!(next.get(&admitted.hash).is_none());
    let action = next.load(&tenant(), &admitted.hash, || Err("not needed".into())).await.unwrap();
    assert_eq!(run(&action, "[1]", &Limits::default()).await.result.unwrap().payload.text(), "[1]");
}

#[tokio::test]
async fn a_file_that_was_changed_is_refused_and_compiled_again() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = Bytes::from(Guest::new(&echo()).build());
    let hash = sandbox_in(dir.path()).admit(&tenant(), bytes.clone(), |_| {}).await.unwrap().hash;
    let path = file(dir.path(), "cwasm");
    let good = fs::read(&path).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    fs::write(&path, &bad).unwrap();
    let error = sandbox_in(dir.path()).load(&tenant(), &hash, || Err("asked for".into())).await.unwrap_err();
    assert_eq!(error.code().as_str(), "WEIR-SANDBOX-SOURCE", "the file was not used");
    sandbox_in(dir.path()).load(&tenant(), &hash, move || Ok(bytes)).await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), good);
    // A seal made without the key, or with another one, is no seal.
    fs::remove_file(dir.path().join("key")).unwrap();
    fs::write(dir.path().join("key"), [9; 32]).unwrap();
    fs::set_permissions(dir.path().join("key"), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(sandbox_in(dir.path()).load(&tenant(), &hash, || Err("asked for".into())).await.is_err());
}

#[tokio::test]
async fn bytes_of_another_component_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = sandbox_in(dir.path());
    let hash = sandbox.admit(&tenant(), Bytes::from(Guest::new(&echo()).build()), |_| {}).await.unwrap().hash;
    sandbox.forget(&hash);
    assert!(sandbox.get(&hash).is_none());
    let other = Bytes::from(Guest::new(&echo()).name("other").build());
    let error = sandbox.load(&tenant(), &hash, move || Ok(other)).await.unwrap_err();
    assert_eq!(error.code().as_str(), "WEIR-SANDBOX-HASH");
}

#[tokio::test]
async fn what_was_used_longest_ago_makes_room() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::default());
    let one = Bytes::from(Guest::new(&echo()).build());
    let sandbox = Sandbox::new(options(dir.path(), clock.clone())).unwrap();
    let first = sandbox.admit(&tenant(), one, |_| {}).await.unwrap().hash;
    let size = fs::metadata(file(dir.path(), "cwasm")).unwrap().len();
    drop(sandbox);
    // Room for two and a half of them.
    let sandbox =
        Sandbox::new(crate::Options { cache_bytes: size * 5 / 2, ..options(dir.path(), clock.clone()) }).unwrap();
    let mut hashes = vec![first.clone()];
    for name in ["second", "third", "fourth"] {
        clock.advance(Duration::from_secs(61));
        // The first is in use all the time, if only in memory.
        sandbox.load(&tenant(), &first, || Err("not needed".into())).await.unwrap();
        let bytes = Bytes::from(Guest::new(&echo()).name(name).build());
        hashes.push(sandbox.admit(&tenant(), bytes, |_| {}).await.unwrap().hash);
    }
    let kept = |hash: &weir_model::ArtifactHash| {
        let names = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().starts_with(hash.as_str())).count()
    };
    assert_eq!(hashes.iter().map(kept).collect::<Vec<_>>(), [2, 0, 0, 2], "machine code and seal, or neither");
}

#[tokio::test]
async fn many_calls_of_a_component_load_it_once_and_an_upload_tells_its_stages() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = sandbox_in(dir.path());
    let bytes = Bytes::from(Guest::new(&echo()).build());
    let stages = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&stages);
    let admitted = sandbox.admit(&tenant(), bytes.clone(), move |stage| told.lock().push(stage)).await.unwrap();
    assert_eq!(*stages.lock(), [Stage::Checking, Stage::Compiling, Stage::Describing]);
    sandbox.forget(&admitted.hash);
    let read = Arc::new(Mutex::new(0));
    let loads: Vec<_> = (0..100)
        .map(|_| {
            let (sandbox, hash, bytes, read) = (sandbox.clone(), admitted.hash.clone(), bytes.clone(), read.clone());
            tokio::spawn(async move {
                let source = move || {
                    *read.lock() += 1;
                    Ok(bytes)
                };
                sandbox.load(&tenant(), &hash, source).await.map(drop)
            })
        })
        .collect();
    for load in loads {
        load.await.unwrap().unwrap();
    }
    assert_eq!(*read.lock(), 1);
    sandbox.forget(&admitted.hash);
    let failed = sandbox.load(&tenant(), &admitted.hash, || Err("gone".into())).await.unwrap_err();
    assert_eq!(failed.code().as_str(), "WEIR-SANDBOX-SOURCE");
}
