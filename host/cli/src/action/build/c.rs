//! C: zig's compiler, or clang with a library for WASI, makes a core module, which is wrapped into a component here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::component;
use super::tools::{Tools, Trouble, attempt, failed};
use crate::action::project::{Project, files_with};

/// Where Debian's packages put WASI's C library.
const SYSROOT: &str = "/usr";

/// Otherwise zig reserves sixteen times as much, which every run would pay for.
const STACK: &str = "-Wl,-z,stack-size=1048576";

/// Builds the project's component.
pub(super) fn build(project: &Project, tools: &Tools) -> Result<(), Trouble> {
    let mut compiler = compiler(tools)?;
    let own = files_with(&project.folder.join("src"), "c");
    if own.is_empty() {
        return Err(Trouble::project("src/ holds no file that ends in .c: write the action into one".into()));
    }
    let sdk = files_with(&project.sdk.join("src"), "c");
    if sdk.is_empty() {
        let place = project.sdk.display();
        let message = format!("{place}/src holds no C files: let `sdk` in weir.toml name weir's SDK for C");
        return Err(Trouble::project(message));
    }
    let joined = |option: &str, path: &Path, rest: &str| {
        let mut word = OsString::from(option);
        word.push(path);
        word.push(rest);
        word
    };
    compiler
        // Names of functions for the message of a trap; what debuggers want besides is left out of the component. A failed
        // assertion says more than what would follow, so that optimising must not drop it.
        .args(["-Oz", "-g", "-UNDEBUG", "-mexec-model=reactor", STACK])
        // What a failed assertion says of its file is not where that file is on this machine.
        .arg(joined("-fmacro-prefix-map=", &project.folder, "/="))
        .arg(joined("-I", &project.sdk.join("include"), ""))
        .args(own)
        .args(sdk)
        .args(["-o", "build/core.wasm"]);
    let output = attempt(&mut compiler)?;
    if output.status.success() {
        return component::make(project);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let missing = ["weir_info", "run"].into_iter().find(|name| said.contains(&format!("undefined symbol: {name}\n")));
    Err(match missing {
        Some(name) => Trouble::project(format!(
            "src/ defines no `{name}`: an action has a description, `const weir_action_info weir_info = {{ … }}`, and a \
             function `weir_status run(…)`; weir_action.h has an example"
        )),
        None => failed(&compiler, &output),
    })
}

/// The first compiler that there is, with what it needs to compile for WASI.
fn compiler(tools: &Tools) -> Result<Command, Trouble> {
    if let Some(zig) = tools.find("zig").or_else(|| tools.find("python-zig")) {
        let mut command = tools.command(&zig);
        command.args(["cc", "-target", "wasm32-wasi"]);
        return Ok(command);
    }
    if let (Some(clang), Some(sysroot)) = (tools.find("clang"), sysroot()) {
        let mut option = OsString::from("--sysroot=");
        option.push(&sysroot);
        let mut command = tools.command(&clang);
        // With the stack first in memory, one that overflows traps instead of overwriting data; zig does so by itself.
        command.args(["--target=wasm32-wasi", "-Wl,--stack-first"]).arg(option);
        // The libraries that compiled code calls may be missing for this target; C's own is enough.
        if sysroot == Path::new(SYSROOT) {
            command.args(["-nodefaultlibs", "-lc"]);
        }
        return Ok(command);
    }
    let install = "`python3 -m venv .venv && .venv/bin/pip install ziglang==0.17.1`";
    Err(Trouble::missing("a C compiler for WebAssembly (zig, or clang with a WASI sysroot in WASI_SYSROOT)", install))
}

/// Where WASI's C library is: named by `WASI_SYSROOT`, or installed by a package.
fn sysroot() -> Option<PathBuf> {
    let named = std::env::var_os("WASI_SYSROOT").map(PathBuf::from);
    let installed = || Path::new(SYSROOT).join("include/wasm32-wasi").is_dir().then(|| SYSROOT.into());
    named.filter(|folder| folder.is_dir()).or_else(installed)
}
