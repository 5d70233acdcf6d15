//! Children that do not do what they should: each is ended, and what it was is told. The child is a shell script that
//! gets the file to write as `$0`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use weir_model::{ArtifactHash, Coded as _, TenantId};

use super::process::{Bounds, Order, compile};
use super::{Queue, Turn};
use crate::SandboxError;
use crate::cache::Fresh;

const SOME: Duration = Duration::from_secs(30);

async fn turn(queue: &Arc<Queue>) -> Turn {
    queue.turn(&TenantId::new("default").unwrap(), &|_| {}).await.unwrap()
}

fn order(dir: &Path, script: &str, bounds: Bounds) -> Order {
    let fresh = Fresh::new(ArtifactHash::new(&"ab".repeat(32)).unwrap(), dir.join("fresh.new"));
    let args = vec!["-c".into(), script.into()];
    Order { program: PathBuf::from("/bin/sh"), args, bounds, bytes: Bytes::from_static(b"the component"), fresh }
}

async fn outcome(script: &str, bounds: Bounds) -> Result<Vec<u8>, SandboxError> {
    let dir = tempfile::tempdir().unwrap();
    let queue = Queue::new(1);
    let order = order(dir.path(), script, bounds);
    let done = compile(order, turn(&queue).await).await.map(|fresh| fs::read(fresh.path()).unwrap());
    assert!(!dir.path().join("fresh.new").exists(), "what was not adopted is gone");
    // The turn came back.
    drop(tokio::time::timeout(SOME, turn(&queue)).await.unwrap());
    done
}

#[tokio::test]
async fn a_child_gets_the_component_and_writes_its_file() {
    let script = r#"cat > "$0"; echo '"done"'"#;
    assert_eq!(outcome(script, Bounds::default()).await.unwrap(), b"the component");
    // Nothing of this process comes with it, and it yields to calls.
    let script =
        r#"cat > /dev/null; { env | grep -v -e ^PWD= -e ^SHLVL= -e ^_=; ulimit -v; nice; } > "$0"; echo '"done"'"#;
    let about =
        String::from_utf8(outcome(script, Bounds { memory: 1 << 30, ..Bounds::default() }).await.unwrap()).unwrap();
    if cfg!(target_os = "linux") {
        assert_eq!(about, "1048576\n19\n");
    }
}

#[tokio::test]
async fn a_child_that_takes_too_much_is_ended_and_told() {
    // At the lowest priority, a second of work may take minutes.
    let bounds = || Bounds { wall: SOME * 10, ..Bounds::default() };
    let spin = "while :; do :; done";
    let cases = [
        (spin, Bounds { wall: Duration::from_millis(200), ..bounds() }, "more time than"),
        ("sleep 60 & exec sleep 60", Bounds { wall: Duration::from_millis(200), ..bounds() }, "more time than"),
        (spin, Bounds { processor: 1, ..bounds() }, "more processor time than the limit of 1 s"),
        (
            r#"exec head -c 3000000 /dev/zero > "$0""#,
            Bounds { file: 1 << 20, ..bounds() },
            "more machine code than the limit of 1 MiB",
        ),
        (
            "echo memory allocation of 9 bytes failed >&2; kill -ABRT $$",
            bounds(),
            "more memory than the limit of 2048 MiB",
        ),
        ("kill -KILL $$", bounds(), "more memory than"),
        (r#"echo '"out-of-memory"'"#, bounds(), "more memory than"),
        ("echo thread has overflowed its stack >&2; kill -ABRT $$", bounds(), "more stack than"),
    ];
    for (script, bounds, words) in cases {
        let error = outcome(script, bounds).await.unwrap_err();
        assert_eq!(error.code().as_str(), "WEIR-SANDBOX-TOO-COSTLY", "{script}: {error}");
        assert!(error.to_string().contains(words), "{script}: {error}");
    }
}

#[tokio::test]
async fn a_child_that_fails_says_why() {
    let cases = [
        (r#"echo noise; echo '{"refused":"it is bad"}'"#, "it is bad"),
        ("echo it broke >&2; exit 3", "exit status: 3): it broke"),
        ("kill -SEGV $$", "signal: 11"),
    ];
    for (script, words) in cases {
        let error = outcome(script, Bounds { wall: SOME, ..Bounds::default() }).await.unwrap_err();
        assert!(error.to_string().contains(words), "{script}: {error}");
    }
    let dir = tempfile::tempdir().unwrap();
    let mut missing = order(dir.path(), "", Bounds::default());
    missing.program = dir.path().join("missing");
    let error = compile(missing, turn(&Queue::new(1)).await).await.unwrap_err();
    assert_eq!(error.code().as_str(), "WEIR-SANDBOX-COMPILE");
}

#[tokio::test]
async fn a_child_that_nobody_waits_for_is_ended() {
    let dir = tempfile::tempdir().unwrap();
    let queue = Queue::new(1);
    let order = order(dir.path(), "exec sleep 60", Bounds::default());
    let waiting = compile(order, turn(&queue).await);
    assert!(tokio::time::timeout(Duration::from_millis(100), waiting).await.is_err());
    // Its turn comes back only when the process is dead.
    drop(tokio::time::timeout(SOME, turn(&queue)).await.unwrap());
}
