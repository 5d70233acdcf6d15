//! Promise: a request that nobody waits for is acknowledged only after it was synced to disk; one that only answers its
//! caller costs no sync. The system calls of the server are the witness.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use weir_tests::{BACKGROUND, HELLO, Server};

/// What the server asked of the system while `json` was posted to `url`; none where it cannot be watched here.
async fn watched(server: &Server, url: &str, status: u16) -> Result<Option<Vec<String>>> {
    let pid = server.pid().to_string();
    let calls = "trace=read,recvfrom,write,writev,sendto,sendmsg,fsync,fdatasync,sync_file_range";
    let mut strace = Command::new("strace");
    strace.args(["-f", "-s", "64", "-e", calls, "-p", &pid]).stdout(Stdio::null()).stderr(Stdio::piped());
    let Ok(mut strace) = strace.spawn() else { return Ok(None) };
    let mut lines = BufReader::new(strace.stderr.take().context("strace has no output")?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    if !first.contains("attached") {
        let _ = strace.wait();
        return Ok(None);
    }
    let answered = server.post(url, r#"{"n":1}"#).await;
    // Ended by its id, so that it lets go of the server and writes out all it saw.
    ensure!(Command::new("kill").args(["-INT", &strace.id().to_string()]).status()?.success(), "strace was not ended");
    let seen = lines.collect::<std::io::Result<Vec<_>>>()?;
    strace.wait()?;
    ensure!(answered?.status() == status, "{url} did not answer {status}");
    Ok(Some(seen))
}

/// Where in the trace the request was read, a sync begun after that ended, and the answer's head was written.
fn order(seen: &[String], status: u16) -> Result<(usize, Option<usize>, usize)> {
    let read = seen.iter().position(|line| line.contains("POST /webhook/")).context("the request was not seen")?;
    let answer = format!("\"HTTP/1.1 {status} ");
    let answered = seen.iter().position(|line| line.contains(&answer)).context("the answer was not seen")?;
    let thread = |line: &str| {
        line.strip_prefix("[pid").and_then(|line| line.split_once(']')).map(|(pid, _)| pid.trim().to_owned())
    };
    let is_sync = |line: &str| line.contains("fdatasync(") || line.contains("fsync(");
    let synced = (read..seen.len()).find_map(|at| {
        let begun = seen.get(at).filter(|line| is_sync(line))?;
        if !begun.contains("<unfinished") {
            return begun.contains("= 0").then_some(at);
        }
        let ends =
            |line: &String| thread(line) == thread(begun) && line.contains("sync resumed>") && line.contains("= 0");
        seen.iter().skip(at).position(ends).map(|more| at + more)
    });
    Ok((read, synced, answered))
}

#[tokio::test]
async fn an_acknowledgement_follows_the_sync_and_a_plain_answer_needs_none() -> Result<()> {
    let server = Server::start()?;
    let (background, _) = server.publish(BACKGROUND)?;
    let (hello, _) = server.publish(HELLO)?;
    // Whatever publishing leaves to be written is written.
    server.get("/tenants/default/runs").await?;
    let (Some(plain), Some(acknowledged)) =
        (watched(&server, &hello, 201).await?, watched(&server, &background, 202).await?)
    else {
        println!("skipped: strace is not installed here, or may not watch other processes");
        return Ok(());
    };
    let (read, synced, answered) = order(&acknowledged, 202)?;
    let synced = synced.with_context(|| format!("no sync in {acknowledged:#?}"))?;
    assert!(
        read < synced && synced < answered,
        "read at {read}, synced at {synced}, answered at {answered}: {acknowledged:#?}"
    );
    let (read, synced, answered) = order(&plain, 201)?;
    assert!(
        synced.is_none_or(|synced| synced > answered),
        "read at {read}, synced at {synced:?}, answered at {answered}: {plain:#?}"
    );
    Ok(())
}
