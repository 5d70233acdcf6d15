//! The parent's side: starts a child process, holds it to its bounds, waits for it no longer than it may take, and says
//! what came of it. It must not trust what the child wrote before the cache has sealed it.

use std::ffi::OsString;
use std::io::{self, PipeReader, Read as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::sync::oneshot;

use super::Turn;
use super::report::Report;
use crate::SandboxError;
use crate::cache::Fresh;

/// What a child says is read up to here.
const MOST_SAID: u64 = 64 << 10;

/// What one child may take.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    /// Bytes of address space.
    pub(super) memory: u64,
    /// Seconds of processor time.
    pub(super) processor: u64,
    /// Time from its start.
    pub(super) wall: Duration,
    /// Bytes of machine code.
    pub(super) file: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { memory: 2 << 30, processor: 60, wall: Duration::from_secs(300), file: 256 << 20 }
    }
}

/// One compilation.
pub(super) struct Order {
    pub(super) program: PathBuf,
    pub(super) args: Vec<OsString>,
    pub(super) bounds: Bounds,
    pub(super) bytes: Bytes,
    pub(super) fresh: Fresh,
}

/// What ends the wait for a child.
enum Word {
    /// It closed its output after it said this.
    Said(Vec<u8>),
    /// Whoever wanted it is gone.
    Abandoned,
}

/// Has the child killed where it is dropped.
struct Leash(Sender<Word>);

impl Drop for Leash {
    fn drop(&mut self) {
        // Nobody listens where the child has ended.
        let _ = self.0.send(Word::Abandoned);
    }
}

/// Has a child do the work. Dropping this kills it; the turn ends when it is dead.
pub(super) async fn compile(order: Order, turn: Turn) -> Result<Fresh, SandboxError> {
    let (word, heard) = mpsc::channel();
    let leash = Leash(word.clone());
    let (answer, answered) = oneshot::channel();
    let job = move || {
        let done = run(&order, word, &heard);
        drop(turn);
        let _ = answer.send(done.map(|()| order.fresh));
    };
    // The child is told to end with the thread that started it, so that this thread stays until it has ended.
    let thread = thread::Builder::new().name("weir-compile".into()).spawn(job);
    thread.map_err(|error| failed(format!("there is no thread to watch the compiler: {error}")))?;
    let done = answered.await;
    drop(leash);
    done.map_err(|_| failed("the compiler's watch stopped without an answer"))?
}

fn run(order: &Order, word: Sender<Word>, heard: &Receiver<Word>) -> Result<(), SandboxError> {
    let started = start(order);
    let (mut child, output) =
        started.map_err(|error| failed(format!("the compiler's process did not start: {error}")))?;
    let pid = Pid::from_child(&child);
    // It has read nothing yet: what an uploader sent is met by a process that is held already.
    let ready = hold(pid, &order.bounds).and_then(|()| attend(&mut child, output, order.bytes.clone(), word));
    let word = match &ready {
        Ok(()) => heard.recv_timeout(order.bounds.wall).ok(),
        Err(_) => None,
    };
    // Also where it closed its output: it has nothing left to do, nor has anything that it started.
    let _ = kill_process_group(pid, Signal::KILL);
    let status = child.wait();
    ready.map_err(|error| failed(format!("the compiler's process could not be held to its limits: {error}")))?;
    match (word, status) {
        (Some(Word::Said(said)), Ok(status)) => verdict(&String::from_utf8_lossy(&said), status, &order.bounds),
        (Some(Word::Said(_)), Err(error)) => Err(failed(format!("the compiler's process was lost: {error}"))),
        (Some(Word::Abandoned), _) => Err(failed("nobody waited for it any more")),
        (None, _) => Err(costly("time", seconds(order.bounds.wall.as_secs()))),
    }
}

/// A process with nothing of this one but its user: no environment, no open files, a group of its own.
fn start(order: &Order) -> io::Result<(Child, PipeReader)> {
    let (output, input) = io::pipe()?;
    let mut command = Command::new(&order.program);
    command.args(&order.args).arg(order.fresh.path()).env_clear().process_group(0);
    command.stdin(Stdio::piped()).stdout(input.try_clone()?).stderr(input);
    // The command goes, and with it this process's own ends of the pipe: else the output would never end.
    Ok((command.spawn()?, output))
}

#[cfg(target_os = "linux")]
fn hold(pid: Pid, bounds: &Bounds) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, prlimit, setpriority_process};

    let limits = [
        (Resource::As, bounds.memory, bounds.memory),
        // The first sends a signal that says why, the second kills.
        (Resource::Cpu, bounds.processor, bounds.processor + 1),
        (Resource::Fsize, bounds.file, bounds.file),
        (Resource::Core, 0, 0),
        (Resource::Nofile, 64, 64),
    ];
    for (resource, current, maximum) in limits {
        // Where this process has less, it cannot give more.
        let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let limit = Rlimit { current: Some(current.min(most)), maximum: Some(maximum.min(most)) };
        prlimit(Some(pid), resource, limit)?;
    }
    // Calls come first.
    Ok(setpriority_process(Some(pid), 19)?)
}

/// Elsewhere one process cannot set another's limits: time is what bounds it.
#[cfg(not(target_os = "linux"))]
fn hold(pid: Pid, _: &Bounds) -> io::Result<()> {
    Ok(rustix::process::setpriority_process(Some(pid), 19)?)
}

/// Sends the component and listens to what is said, each on a thread: neither may hold up the watch.
fn attend(child: &mut Child, output: PipeReader, bytes: Bytes, word: Sender<Word>) -> io::Result<()> {
    let input = child.stdin.take();
    let feed = move || {
        // It may end before it has read all, and says why.
        let _ = input.map(|mut input| input.write_all(&bytes));
    };
    thread::Builder::new().name("weir-feed".into()).spawn(feed)?;
    let listen = move || {
        let mut said = Vec::new();
        // What was read before it broke off counts.
        let _ = output.take(MOST_SAID).read_to_end(&mut said);
        let _ = word.send(Word::Said(said));
    };
    thread::Builder::new().name("weir-listen".into()).spawn(listen)?;
    Ok(())
}

fn verdict(said: &str, status: ExitStatus, bounds: &Bounds) -> Result<(), SandboxError> {
    let memory = || costly("memory", format!("{} MiB", bounds.memory >> 20));
    match Report::find(said) {
        Some(Report::Done) => return Ok(()),
        Some(Report::OutOfMemory) => return Err(memory()),
        Some(Report::Refused(reason)) => return Err(failed(reason)),
        None => {}
    }
    let is = |signal: Signal| status.signal() == Some(signal.as_raw());
    Err(if is(Signal::XCPU) {
        costly("processor time", seconds(bounds.processor))
    } else if is(Signal::XFSZ) {
        costly("machine code", format!("{} MiB", bounds.file >> 20))
    } else if is(Signal::KILL) || said.contains("memory allocation of") {
        // Nobody here killed it before it ended: the system did, which it does where memory is short.
        memory()
    } else if said.contains("has overflowed its stack") {
        costly("stack", format!("{} MiB", super::COMPILER_STACK >> 20))
    } else {
        let words: String = said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(500).collect();
        failed(format!("the compiler's process ended without a result ({status}): {words}"))
    })
}

fn failed(reason: impl Into<String>) -> SandboxError {
    SandboxError::Compile { reason: reason.into() }
}

fn costly(what: &'static str, limit: String) -> SandboxError {
    SandboxError::TooCostly { what, limit }
}

fn seconds(number: u64) -> String {
    format!("{number} s")
}
