//! The senders' own libraries, in processes that live as long as the test. They sign; what is right is the test's.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

/// Headers by their names.
pub(crate) type Headers = BTreeMap<String, String>;

/// A process that signs.
pub(crate) struct Signer {
    process: Child,
    orders: ChildStdin,
    signed: BufReader<ChildStdout>,
}

impl Signer {
    /// npm's libraries; none where they are not installed, which CI does not let pass.
    pub(crate) fn node() -> Result<Option<Self>> {
        let Some(folder) = installed("node-signers")? else { return Ok(None) };
        let mut command = Command::new("node");
        command.args(["--input-type=module", "--eval", include_str!("sign.mjs")]);
        Self::start(command, &folder).map(Some)
    }

    /// Python's.
    pub(crate) fn python() -> Result<Option<Self>> {
        let Some(folder) = installed("python-signers")? else { return Ok(None) };
        let mut command = Command::new(folder.join("bin/python"));
        command.args(["-c", include_str!("sign.py")]);
        Self::start(command, &folder).map(Some)
    }

    fn start(mut command: Command, folder: &Path) -> Result<Self> {
        let mut process = command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let orders = process.stdin.take().context("no standard input")?;
        let signed = BufReader::new(process.stdout.take().context("no standard output")?);
        Ok(Self { process, orders, signed })
    }

    /// The headers that each of its schemes puts to a body.
    pub(crate) fn sign(&mut self, secret: &str, id: &str, time: i64, body: &str) -> Result<BTreeMap<String, Headers>> {
        let order = json!({ "secret": secret, "id": id, "time": time, "body": body });
        writeln!(self.orders, "{order}")?;
        let mut line = String::new();
        ensure!(self.signed.read_line(&mut line)? > 0, "the signer ended");
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where `cargo xtask tools` puts libraries.
fn installed(name: &str) -> Result<Option<PathBuf>> {
    let tools = std::env::var_os("WEIR_TOOLS").map(PathBuf::from);
    let tools = tools.or_else(|| Some(std::env::home_dir()?.join(".cache/weir/tools"))).context("no home")?;
    let folder = tools.join(name);
    if folder.join("installed.txt").exists() {
        return Ok(Some(folder));
    }
    ensure!(std::env::var_os("CI").is_none(), "{} is missing: `cargo xtask tools`", folder.display());
    println!("skipped: {} is missing; `cargo xtask tools` installs it", folder.display());
    Ok(None)
}
