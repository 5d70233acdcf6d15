//! The cache of compiled components: it outlives the sandbox and takes nothing that it did not write.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use weir_model::{Coded, Limits};

use super::guest::{Guest, echo};
use super::{run, sandbox_in};

fn file(dir: &Path, kind: &str) -> PathBuf {
    let mut files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.extension().is_some_and(|extension| extension == kind)).unwrap()
}

#[tokio::test]
async fn a_compiled_component_outlives_the_sandbox() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = Bytes::from(Guest::new(&echo()).build());
    let admitted = sandbox_in(dir.path()).admit(bytes).await.unwrap();
    assert_eq!(fs::metadata(file(dir.path(), "cwasm")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(dir.path()).unwrap().permissions().mode() & 0o777, 0o700);
    let next = sandbox_in(dir.path());
    assert!(next.get(&admitted.hash).is_none());
    let action = next.load(&admitted.hash, || Err("not needed".into())).await.unwrap();
    assert_eq!(run(&action, "[1]", &Limits::default()).await.result.unwrap().payload.text(), "[1]");
}

#[tokio::test]
async fn a_file_that_was_changed_is_refused_and_compiled_again() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = Bytes::from(Guest::new(&echo()).build());
    let hash = sandbox_in(dir.path()).admit(bytes.clone()).await.unwrap().hash;
    let path = file(dir.path(), "cwasm");
    let good = fs::read(&path).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    fs::write(&path, &bad).unwrap();
    let error = sandbox_in(dir.path()).load(&hash, || Err("asked for".into())).await.unwrap_err();
    assert_eq!(error.code().as_str(), "WEIR-SANDBOX-SOURCE", "the file was not used");
    sandbox_in(dir.path()).load(&hash, move || Ok(bytes)).await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), good);
    // A seal made without the key, or with another one, is no seal.
    fs::remove_file(dir.path().join("key")).unwrap();
    fs::write(dir.path().join("key"), [9; 32]).unwrap();
    fs::set_permissions(dir.path().join("key"), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(sandbox_in(dir.path()).load(&hash, || Err("asked for".into())).await.is_err());
}

#[tokio::test]
async fn bytes_of_another_component_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = sandbox_in(dir.path());
    let hash = sandbox.admit(Bytes::from(Guest::new(&echo()).build())).await.unwrap().hash;
    sandbox.forget(&hash);
    assert!(sandbox.get(&hash).is_none());
    let other = Bytes::from(Guest::new(&echo()).name("other").build());
    let error = sandbox.load(&hash, move || Ok(other)).await.unwrap_err();
    assert_eq!(error.code().as_str(), "WEIR-SANDBOX-HASH");
}
