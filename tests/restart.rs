//! Promise: a server that is told to stop, or to restart, drops no request that it accepted.

#![allow(clippy::disallowed_methods, reason = "the test is a caller with a watch: it opens its own sockets")]

use std::collections::HashSet;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use weir_tests::{BACKGROUND, HELLO, Server};

/// Callers that keep their connections, for each of two flows.
const KEEPING: usize = 12;
/// Callers that open a connection for each call, for each of two flows.
const FRESH: usize = 2;
/// What those pause after a call, so that the system does not run out of ports.
const PAUSE: Duration = Duration::from_millis(10);
/// An answer that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_drops_no_accepted_request() -> Result<()> {
    let rounds = if is_soak() { 50 } else { 5 };
    let mut server = Server::start()?;
    let paths = [path_of(&server.publish(HELLO)?.0)?, path_of(&server.publish(BACKGROUND)?.0)?];
    let mut total = Tally::default();
    for round in 0..rounds {
        let load = Load::start(&server, &paths, true);
        tokio::time::sleep(Duration::from_millis(100 + round * 37 % 300)).await;
        load.asked.store(true, Ordering::SeqCst);
        let asked = Instant::now();
        server = stopped(server).await?;
        assert!(asked.elapsed() < Duration::from_secs(12), "the end took {:?}", asked.elapsed());
        total.add(load.end().await?);
        server.start_again(&[])?;
    }
    println!("{rounds} SIGTERMs: {} answered, {} turned away unaccepted", total.answered, total.turned_away);
    assert!(total.lost.is_empty(), "{} of {} requests: {:#?}", total.lost.len(), total.answered, total.lost);
    assert!(total.answered > 100 * usize::try_from(rounds)?, "only {} answers; the load was no load", total.answered);
    all_completed(&server, &total.acknowledged).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sighup_hands_the_sockets_over_and_no_call_is_refused() -> Result<()> {
    let rounds = if is_soak() { 20 } else { 3 };
    let mut server = Server::start()?;
    let paths = [path_of(&server.publish(HELLO)?.0)?, path_of(&server.publish(BACKGROUND)?.0)?];
    let pid = server.pid();
    let load = Load::start(&server, &paths, false);
    for _ in 0..rounds {
        tokio::time::sleep(Duration::from_millis(300)).await;
        send("HUP", pid)?;
        taken_over(&mut server).await?;
        assert_eq!(server.get("/ready").await?["status"], "ready");
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let tally = load.end().await?;
    println!("{rounds} SIGHUPs: {} answered", tally.answered);
    assert!(tally.lost.is_empty(), "{} of {} requests: {:#?}", tally.lost.len(), tally.answered, tally.lost);
    assert_eq!((tally.refused, tally.turned_away), (0, 0), "connections were refused or reset");
    assert!(tally.answered > 200 * rounds, "only {} answers; the load was no load", tally.answered);
    all_completed(&server, &tally.acknowledged).await?;
    server.stop()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_ends_and_load_balancers_are_told_first() -> Result<()> {
    let server = Server::start()?;
    let slow = path_of(&server.publish(&slow_flow("1200ms"))?.0)?;
    let address = address_of(&server.hooks)?;
    let (mut idle, mut watcher) = (Connection::open(&address).await?, Connection::open(&address).await?);
    for connection in [&mut idle, &mut watcher] {
        let answer = connection.call("GET", "/readyz", "").await?;
        assert_eq!((answer.status, answer.closes), (200, false));
    }
    let mut caller = Connection::open(&address).await?;
    let slow = tokio::spawn(async move { caller.call("POST", &slow, "{}").await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let ending = tokio::spawn(stopped(server));
    // Within the last call: not ready, and the answer ends the connection.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let answer = watcher.call("GET", "/readyz", "").await?;
    assert_eq!((answer.status, answer.closes), (503, true));
    assert_eq!(idle.stream.read(&mut [0]).await?, 0, "an idle connection is closed, not reset");
    let answer = slow.await??;
    assert_eq!((answer.status, answer.closes), (201, true));
    ending.await?.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_the_server_at_once() -> Result<()> {
    let mut server = Server::start()?;
    let slow = path_of(&server.publish(&slow_flow("8s"))?.0)?;
    let mut caller = Connection::open(&address_of(&server.hooks)?).await?;
    let slow = tokio::spawn(async move { caller.call("POST", &slow, "{}").await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    send("TERM", server.pid())?;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let second = Instant::now();
    assert!(server.stop().is_err(), "cut short is no good end");
    assert!(second.elapsed() < Duration::from_secs(3) && slow.await?.is_err());
    Ok(())
}

fn slow_flow(time: &str) -> String {
    format!(
        "weir: 1\nname: slow\nsteps:\n  - {{ id: pause, uses: wait, with: {{ for: {time} }} }}\n  \
         - {{ id: answer, uses: response, with: {{ status: 201 }} }}\n"
    )
}

/// Callers of all kinds, until they are told to end or, where the server stops, until they are refused.
struct Load {
    /// Set before the server is told to stop: what is opened later need not be accepted.
    asked: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    callers: Vec<tokio::task::JoinHandle<Tally>>,
}

impl Load {
    fn start(server: &Server, paths: &[String; 2], ends_when_refused: bool) -> Self {
        let mut load = Self { asked: Arc::default(), over: Arc::default(), callers: Vec::new() };
        for (path, wanted) in paths.iter().zip([201, 202]) {
            for place in 0..KEEPING + FRESH {
                let caller = Caller {
                    address: address_of(&server.hooks).unwrap_or_default(),
                    path: path.clone(),
                    wanted,
                    keeps: place < KEEPING,
                    ends_when_refused,
                    asked: Arc::clone(&load.asked),
                    over: Arc::clone(&load.over),
                };
                load.callers.push(tokio::spawn(caller.call_on()));
            }
        }
        load
    }

    async fn end(self) -> Result<Tally> {
        if !self.asked.load(Ordering::SeqCst) {
            self.over.store(true, Ordering::SeqCst);
        }
        let mut total = Tally::default();
        for caller in self.callers {
            total.add(caller.await?);
        }
        Ok(total)
    }
}

/// What became of requests.
#[derive(Default)]
struct Tally {
    answered: usize,
    /// Connections that were not made.
    refused: usize,
    /// Requests on connections that were made after the server was told to stop, and that it never accepted.
    turned_away: usize,
    /// Requests that were sent on a connection which the server had, and not answered as they should.
    lost: Vec<String>,
    /// Runs that go on in the background.
    acknowledged: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.refused += other.refused;
        self.turned_away += other.turned_away;
        self.lost.extend(other.lost);
        self.acknowledged.extend(other.acknowledged);
    }
}

struct Caller {
    address: String,
    path: String,
    wanted: u16,
    keeps: bool,
    ends_when_refused: bool,
    asked: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
}

impl Caller {
    async fn call_on(self) -> Tally {
        let (mut tally, mut kept) = (Tally::default(), None);
        while !self.over.load(Ordering::SeqCst) {
            let mut connection = match kept.take() {
                Some(kept) => kept,
                None => match Connection::open(&self.address).await {
                    Ok(opened) => opened,
                    Err(_) => {
                        tally.refused += 1;
                        if self.ends_when_refused {
                            break;
                        }
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                },
            };
            // Opened before the signal was sent, or answered on once: the server has it.
            connection.is_accepted |= !self.asked.load(Ordering::SeqCst);
            let body = format!("{{\"n\":{}}}", tally.answered);
            match connection.call("POST", &self.path, &body).await {
                Ok(answer) if answer.status == self.wanted => {
                    tally.answered += 1;
                    tally.acknowledged.extend(answer.run);
                    connection.is_accepted = true;
                    kept = (self.keeps && !answer.closes).then_some(connection);
                }
                Ok(answer) => tally.lost.push(format!("answered {}", answer.status)),
                Err(error) if connection.is_accepted => tally.lost.push(format!("{error:#}")),
                Err(_) => tally.turned_away += 1,
            }
            if !self.keeps {
                tokio::time::sleep(PAUSE).await;
            }
        }
        tally
    }
}

/// One HTTP/1.1 connection, by hand, so that nothing is tried again behind the test's back.
struct Connection {
    stream: BufReader<TcpStream>,
    is_accepted: bool,
}

struct Answer {
    status: u16,
    /// Whether the server ends the connection after it.
    closes: bool,
    run: Option<String>,
}

impl Connection {
    async fn open(address: &str) -> Result<Self> {
        let stream = tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), is_accepted: false })
    }

    async fn call(&mut self, method: &str, path: &str, body: &str) -> Result<Answer> {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).await.context("sending")?;
        tokio::time::timeout(PATIENCE, self.answer()).await.context("no answer in time")?
    }

    async fn answer(&mut self) -> Result<Answer> {
        let (mut head, mut length) = (Vec::new(), 0);
        loop {
            let mut line = String::new();
            let read = self.stream.read_line(&mut line).await.context("reading the head")?;
            ensure!(read > 0, "the connection was closed after {} lines", head.len());
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            head.push(line);
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.context("reading the body")?;
        let status = head.first().and_then(|line| line.split(' ').nth(1)).context("no status")?.parse()?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let run = body.get("run_id").and_then(Value::as_str).map(str::to_owned);
        Ok(Answer { status, closes: head.iter().any(|line| line == "connection: close"), run })
    }
}

fn is_soak() -> bool {
    std::env::var_os("WEIR_SOAK").is_some()
}

/// The host and port of a URL such as `http://127.0.0.1:8787`.
fn address_of(url: &str) -> Result<String> {
    Ok(url.strip_prefix("http://").context("no HTTP URL")?.to_owned())
}

/// The path of a hook's URL, which a restart does not change.
fn path_of(url: &str) -> Result<String> {
    let rest = url.strip_prefix("http://").context("no HTTP URL")?;
    Ok(rest.get(rest.find('/').context("no path")?..).unwrap_or_default().to_owned())
}

fn send(signal: &str, pid: u32) -> Result<()> {
    ensure!(
        Command::new("kill").args(["-s", signal, &pid.to_string()]).status()?.success(),
        "SIG{signal} was not sent"
    );
    Ok(())
}

/// The server, after SIGTERM ended it well. On a thread of its own: the callers need theirs.
async fn stopped(mut server: Server) -> Result<Server> {
    tokio::task::spawn_blocking(move || server.stop().map(|()| server)).await?
}

/// Waits until the next server took over, and learns its token.
async fn taken_over(server: &mut Server) -> Result<()> {
    let file = server.data().join("server.json");
    for _ in 0..1_200 {
        let known = std::fs::read(&file).ok().and_then(|known| serde_json::from_slice::<Value>(&known).ok());
        let token = known.as_ref().and_then(|known| known["token"].as_str());
        if let Some(token) = token.filter(|token| *token != server.token) {
            token.clone_into(&mut server.token);
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    bail!("the next server did not listen within 30 s")
}

/// Every acknowledged run is in the log and completed, once none is running any more.
async fn all_completed(server: &Server, acknowledged: &[String]) -> Result<()> {
    let until = Instant::now() + Duration::from_secs(60);
    while !runs(server, "running").await?.is_empty() {
        ensure!(Instant::now() < until, "some runs did not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let completed = runs(server, "completed").await?;
    let lost: Vec<_> = acknowledged.iter().filter(|run| !completed.contains(*run)).collect();
    ensure!(lost.is_empty(), "{} of {} acknowledged runs are lost: {lost:?}", lost.len(), acknowledged.len());
    Ok(())
}

/// The runs that stand or ended so.
async fn runs(server: &Server, outcome: &str) -> Result<HashSet<String>> {
    let (mut runs, mut after) = (HashSet::new(), String::new());
    loop {
        let page = server.get(&format!("/tenants/default/runs?outcome={outcome}&limit=200{after}")).await?;
        let items = page["items"].as_array().with_context(|| format!("no items: {page}"))?;
        runs.extend(items.iter().filter_map(|run| run["id"].as_str().map(str::to_owned)));
        let Some(next) = page["next"].as_str() else { return Ok(runs) };
        after = format!("&after={next}");
    }
}
