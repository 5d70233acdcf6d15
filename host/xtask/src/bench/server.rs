//! The server under load: started for one case, read through /proc, ended by its id.

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::{shell, tools};

/// A running server and the URL to load.
pub(crate) struct Server {
    process: Child,
    /// What the load generator calls.
    pub url: String,
}

impl Server {
    /// The yardstick.
    pub(crate) fn bare() -> Result<Self> {
        let (process, line) = start(&mut Command::new(shell::binary("bare")?))?;
        Ok(Self { process, url: format!("http://{}/", line.trim()) })
    }

    /// weir on a fresh data folder, with the flow published.
    pub(crate) fn weir(scratch: &Path, flow: &str) -> Result<Self> {
        let data = scratch.join("data");
        let _ = fs::remove_dir_all(&data);
        let file = scratch.join("flow.yaml");
        fs::write(&file, flow)?;
        let weir = shell::binary("weir")?;
        let (data, file) = (text(&data)?, text(&file)?);
        let any = "127.0.0.1:0";
        let mut serve = Command::new(&weir);
        serve.args(["serve", "--data", data, "--listen", any, "--admin-listen", any]);
        let (process, _) = start(&mut serve)?;
        let mut server = Self { process, url: String::new() };
        let weir = text(&weir)?.to_owned();
        let echo = shell::root().join("tests/guests/prebuilt/echo.wasm");
        shell::output(&weir, &["action", "push", text(&echo)?, "--data", data])?;
        let pushed = shell::output(&weir, &["flow", "push", file, "--publish", "--json", "--data", data])?;
        let pushed: serde_json::Value = serde_json::from_str(&pushed)?;
        let url = pushed.pointer("/urls/production").and_then(serde_json::Value::as_str);
        url.context("flow push --json names no production URL")?.clone_into(&mut server.url);
        Ok(server)
    }

    /// `wasmtime serve` as it comes, with a component that reads the same JSON and answers the same.
    pub(crate) fn wasmtime() -> Result<Self> {
        let component = shell::root().join("tests/guests/prebuilt/proxy.wasm");
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = format!("127.0.0.1:{port}");
        let mut serve = Command::new(tools::wasmtime()?);
        // `-S cli` is for what every Rust component imports.
        serve.args(["serve", "-S", "cli", "--addr", &address, text(&component)?]);
        let mut process = serve.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let stderr = process.stderr.take().context("wasmtime serve has no standard error")?;
        let url = format!("http://{address}/");
        let server = Self { process, url };
        if !first_line(stderr)?.contains(&server.url) {
            bail!("wasmtime serve does not listen on {address}");
        }
        Ok(server)
    }

    /// User and system time so far, in microseconds (proc(5), /proc/pid/stat, fields 14 and 15, at 100 ticks a second).
    pub(crate) fn cpu_us(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let (_, after) = stat.rsplit_once(") ").context("/proc/pid/stat has no command")?;
        let ticks: f64 = after.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
        Ok(ticks * 10_000.0)
    }

    /// Resident memory in MiB.
    pub(crate) fn resident_mib(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("/proc/pid/status has no VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts a server and waits for the first line it prints, which says that it listens.
fn start(command: &mut Command) -> Result<(Child, String)> {
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()?;
    let stdout = process.stdout.take().context("the server has no standard output")?;
    let line = first_line(stdout)?;
    if line.is_empty() {
        bail!("the server ended before it listened");
    }
    Ok((process, line))
}

/// The first line of what a server prints. The rest is read and dropped, so that the server never waits for its reader.
fn first_line(printed: impl Read + Send + 'static) -> Result<String> {
    let mut lines = BufReader::new(printed);
    let mut line = String::new();
    lines.read_line(&mut line)?;
    std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
    Ok(line)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}
