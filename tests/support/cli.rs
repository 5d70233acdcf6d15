//! One run of the command line. It says how it ended; what that should be is the test's.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::process::binary;

/// How a command ended.
#[derive(Debug)]
pub struct Cli {
    /// The exit code.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl Cli {
    /// Runs `weir` with arguments on a data folder.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn run(data: &Path, args: &[&str]) -> Result<Self> {
        Self::ended(Self::command(args)?.arg("--data").arg(data))
    }

    /// `weir` with arguments and none of the variables it reads.
    ///
    /// # Errors
    /// Where it is not built.
    pub fn command(args: &[&str]) -> Result<Command> {
        let mut command = Command::new(binary()?);
        command.args(args);
        for variable in ["WEIR_SERVER", "WEIR_TOKEN", "WEIR_DATA", "WEIR_TENANT"] {
            command.env_remove(variable);
        }
        Ok(command)
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn ended(command: &mut Command) -> Result<Self> {
        let Output { status, stdout, stderr } = command.output()?;
        Ok(Self {
            code: status.code().unwrap_or(-1),
            stdout: String::from_utf8(stdout)?,
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        })
    }

    /// What it printed, as JSON.
    ///
    /// # Errors
    /// Where that is no JSON; the error shows all it printed.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.stdout).with_context(|| format!("no JSON: {self:?}"))
    }
}
