//! `cargo xtask actions`: builds every component of the repository and keeps the committed bytes up to date, or with
//! `--check` compares them. It owns the exact build command, which needs nothing but cargo and the Wasm target; what the
//! interpreter of scripts needs besides is in `interpreter`.
//!
//! The same sources give the same bytes wherever the checkout, the target folder and cargo's home are: paths are
//! remapped, symbols stripped, one codegen unit, and each package is built by itself so that no other one's features
//! reach it. The compiler's version matters, so it is written down beside the bytes.

mod interpreter;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::shell;

const TARGET: &str = "wasm32-wasip2";
const PROFILE: &str = "guest";

/// Folders with one component per subfolder, and where their bytes are committed.
const GROUPS: [(&str, &str); 3] = [
    ("actions", "actions/prebuilt"),
    ("examples/actions", "actions/prebuilt"),
    ("tests/guests", "tests/guests/prebuilt"),
];

/// The compiler that made the committed bytes.
const COMPILER: &str = "actions/prebuilt/rustc.txt";

/// Builds every component; writes the bytes that changed, or with `check` only says which ones differ.
///
/// # Errors
/// Where the Wasm target is missing, a build fails, or with `check` bytes differ.
pub(crate) fn run(check: bool) -> Result<()> {
    let root = shell::root();
    let rustc = Rustc::of(&root)?;
    rustc.ensure_target()?;
    if check {
        rustc.ensure_same(&root)?;
    }
    let target_dir = target_dir(&root);
    let flags = rust_flags(&root, &target_dir, &rustc)?;

    let mut stale = Vec::new();
    for component in components(&root)? {
        let bytes = match &component.source {
            Source::Package(package) => build(&root, package, &target_dir, &flags, check)?,
            Source::Interpreter => interpreter::build(&root, &target_dir, &flags, check)?,
        };
        let same = fs::read(root.join(&component.committed)).is_ok_and(|committed| committed == bytes);
        let kilobytes = bytes.len().div_ceil(1_000);
        println!("{kilobytes:>6} kB  {}{}", component.committed.display(), if same { "" } else { "  (changed)" });
        if same {
            continue;
        }
        if check {
            stale.push(component.committed.display().to_string());
        } else {
            write(&root.join(&component.committed), &bytes)?;
        }
    }
    if !check {
        return write(&root.join(COMPILER), format!("{}\n", rustc.version).as_bytes());
    }
    ensure!(
        stale.is_empty(),
        "the committed bytes are not what the sources make: {}; run `cargo xtask actions` and commit",
        stale.join(", ")
    );
    Ok(())
}

/// Makes sure that Rust's compiler makes components.
///
/// # Errors
/// Where the Wasm target is missing and rustup does not add it.
pub(crate) fn ensure_target() -> Result<()> {
    Rustc::of(&shell::root())?.ensure_target()
}

/// One package that becomes one component.
struct Component {
    source: Source,
    committed: PathBuf,
}

/// Where a component comes from.
enum Source {
    /// A package of this workspace, by name.
    Package(String),
    /// What scripts run in.
    Interpreter,
}

/// All components, in the order of their names within each group.
fn components(root: &Path) -> Result<Vec<Component>> {
    let mut found = Vec::new();
    for (group, prebuilt) in GROUPS {
        let folder = root.join(group);
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        let mut folders: Vec<PathBuf> =
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        folders.sort();
        for folder in folders {
            let manifest = folder.join("Cargo.toml");
            let (true, Some(name)) = (manifest.is_file(), folder.file_name()) else { continue };
            let mut committed = Path::new(prebuilt).join(name).into_os_string();
            committed.push(".wasm");
            let source = match folder == root.join("actions").join(interpreter::FOLDER) {
                true => Source::Interpreter,
                false => Source::Package(package_name(&manifest)?),
            };
            found.push(Component { source, committed: committed.into() });
        }
    }
    Ok(found)
}

/// The package's name: the first `name = "…"` of its manifest.
fn package_name(manifest: &Path) -> Result<String> {
    let text = fs::read_to_string(manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    let name = text.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    Ok(name.with_context(|| format!("{} has no line `name = \"…\"`", manifest.display()))?.to_owned())
}

/// Builds one component and returns its bytes.
fn build(root: &Path, package: &str, target_dir: &Path, flags: &OsString, locked: bool) -> Result<Vec<u8>> {
    let mut cargo = cargo(root);
    cargo.args(["build", "--quiet", "--profile", PROFILE, "--target", TARGET, "--package", package]);
    if locked {
        cargo.arg("--locked");
    }
    // `CARGO_ENCODED_RUSTFLAGS` goes before `RUSTFLAGS` and the configuration, so that neither reaches the bytes.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags).env("CARGO_TARGET_DIR", target_dir);
    let status = cargo.status().context("cannot start cargo")?;
    ensure!(status.success(), "the build of `{package}` failed; the compiler's messages are above");
    let file = target_dir.join(TARGET).join(PROFILE).join(format!("{}.wasm", package.replace('-', "_")));
    fs::read(&file)
        .with_context(|| format!("`{package}` made no {}; its [lib] needs crate-type = [\"cdylib\"]", file.display()))
}

/// Flags that keep this machine's paths out of the bytes, in cargo's encoding.
fn rust_flags(root: &Path, target_dir: &Path, rustc: &Rustc) -> Result<OsString> {
    let mut prefixes = vec![(root.to_owned(), "weir".to_owned()), (target_dir.to_owned(), "target".to_owned())];
    let registry = cargo_home()?.join("registry/src");
    if let Ok(entries) = fs::read_dir(&registry) {
        // One folder per registry, named after its address: a mirror has another name, but the same sources.
        prefixes.extend(entries.flatten().map(|entry| (entry.path(), "registry".to_owned())));
    }
    prefixes.push((rustc.sysroot.join("lib/rustlib/src/rust"), format!("/rustc/{}", rustc.commit)));
    let mut flags = OsString::new();
    for (from, to) in prefixes {
        if !flags.is_empty() {
            flags.push("\u{1f}");
        }
        flags.push("--remap-path-prefix=");
        flags.push(from);
        flags.push(format!("={to}"));
    }
    Ok(flags)
}

/// What is known of the compiler.
struct Rustc {
    version: String,
    commit: String,
    sysroot: PathBuf,
}

impl Rustc {
    fn of(root: &Path) -> Result<Self> {
        let verbose = output(Command::new("rustc").arg("-vV").current_dir(root))?;
        let commit = verbose.lines().find_map(|line| line.strip_prefix("commit-hash: ")).unwrap_or_default();
        Ok(Self {
            version: verbose.lines().next().unwrap_or_default().to_owned(),
            commit: commit.to_owned(),
            sysroot: output(Command::new("rustc").args(["--print", "sysroot"]).current_dir(root))?.into(),
        })
    }

    fn ensure_target(&self) -> Result<()> {
        let library = self.sysroot.join("lib/rustlib").join(TARGET);
        if !library.is_dir() {
            println!("The Wasm target is missing; rustup adds it.");
            let _ = Command::new("rustup").args(["target", "add", TARGET]).status();
        }
        ensure!(library.is_dir(), "components need the Wasm target: run `rustup target add {TARGET}` and try again");
        Ok(())
    }

    fn ensure_same(&self, root: &Path) -> Result<()> {
        let committed = fs::read_to_string(root.join(COMPILER)).with_context(|| format!("cannot read {COMPILER}"))?;
        if committed.trim() != self.version {
            bail!(
                "the committed bytes were made by {}, this is {}; compare with that compiler, or run `cargo xtask \
                 actions` to make them anew",
                committed.trim(),
                self.version
            );
        }
        Ok(())
    }
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}

fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    cargo
}

/// The checkout: this package lies two folders below it.
fn target_dir(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

fn cargo_home() -> Result<PathBuf> {
    match std::env::var_os("CARGO_HOME") {
        Some(home) => Ok(home.into()),
        None => Ok(std::env::home_dir().context("there is no home folder; set CARGO_HOME")?.join(".cargo")),
    }
}

/// Writes beside the file and renames, so that nobody reads half of it.
fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let beside = file.with_extension("new");
    fs::write(&beside, bytes).with_context(|| format!("cannot write {}", beside.display()))?;
    fs::rename(&beside, file).with_context(|| format!("cannot write {}", file.display()))
}
