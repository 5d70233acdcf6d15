//! The compilers of other languages: finds them, says how to install one that is missing, and runs them. It knows none of
//! them by itself.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use weir_model::Code;

use crate::action::project::Project;
use crate::failure::Failure;

/// Bytes of a program's output that are shown: its end says why.
const MOST_SHOWN: usize = 64 << 10;

/// Why there is no component, and what the program said that did not make it.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) said: String,
    pub(super) failure: Failure,
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self { said: String::new(), failure }
    }
}

impl Trouble {
    /// A failure with a code.
    pub(super) fn new(code: &'static str, message: String) -> Self {
        Failure::Action { code: Code::new(code), message, findings: Vec::new() }.into()
    }

    /// Something is missing from the project.
    pub(super) fn project(message: String) -> Self {
        Self::new("WEIR-ACTION-PROJECT", message)
    }

    /// A program is missing.
    pub(super) fn missing(what: &str, install: &str) -> Self {
        let message = format!("{what} is missing: {install}, then run `weir action build` again");
        Self::new("WEIR-ACTION-TOOL", message)
    }
}

/// A program that a build starts.
pub(super) struct Tool {
    /// What it is called in a message, such as `Python's componentize-py`.
    pub(super) title: &'static str,
    /// Its file's name.
    pub(super) program: &'static str,
    /// How to get it: a command in backticks, or words.
    pub(super) install: &'static str,
}

/// Where programs are looked for, in order.
pub(super) struct Tools {
    folders: Vec<PathBuf>,
    home: PathBuf,
}

impl Tools {
    /// What a project brings along, then what the machine has.
    pub(super) fn of(project: &Project) -> Self {
        let own = ["node_modules/.bin", ".venv/bin"].map(|folder| project.folder.join(folder));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = own.into_iter().chain(std::env::split_paths(&path)).collect();
        Self { folders, home: project.folder.clone() }
    }

    /// A program's file.
    pub(super) fn find(&self, program: &str) -> Option<PathBuf> {
        let runs = |path: &PathBuf| {
            fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
        };
        self.folders.iter().map(|folder| folder.join(program)).find(runs)
    }

    /// A program's file.
    ///
    /// # Errors
    /// Where it is missing: how to install it.
    pub(super) fn need(&self, tool: &Tool) -> Result<PathBuf, Trouble> {
        self.find(tool.program).ok_or_else(|| Trouble::missing(tool.title, tool.install))
    }

    /// A command in the project's folder, which finds other programs where this does.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.home).stdin(Stdio::null());
        if let Ok(path) = std::env::join_paths(&self.folders) {
            command.env("PATH", path);
        }
        command
    }
}

/// Runs a program to its end.
///
/// # Errors
/// Where it does not start, or says that it failed.
pub(super) fn run(command: &mut Command) -> Result<Output, Trouble> {
    let output = attempt(command)?;
    if output.status.success() { Ok(output) } else { Err(failed(command, &output)) }
}

/// The same for a caller who looks at how it ended.
pub(super) fn attempt(command: &mut Command) -> Result<Output, Trouble> {
    command.output().map_err(|error| {
        let message = format!("{} could not be started: {error}; install it anew", name(command));
        Trouble::new("WEIR-ACTION-TOOL", message)
    })
}

/// A program ran and failed.
pub(super) fn failed(command: &Command, output: &Output) -> Trouble {
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).trim_end().to_owned());
    let said = said.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    let from = said.ceil_char_boundary(said.len().saturating_sub(MOST_SHOWN));
    let said = said.get(from..).unwrap_or_default().to_owned();
    let hint = if said.is_empty() { "it does not say why" } else { "what it says is above: correct that" };
    let message = format!("{} ended with {}; {hint}", name(command), output.status);
    Trouble { said, ..Trouble::new("WEIR-ACTION-BUILD", message) }
}

fn name(command: &Command) -> String {
    let program: OsString = Path::new(command.get_program()).file_name().unwrap_or_default().to_owned();
    program.to_string_lossy().into_owned()
}
