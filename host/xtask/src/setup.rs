//! Installs what building weir needs and a fresh machine lacks. It changes nothing that is there already.

use std::process::Command;

use anyhow::{Result, bail};

use crate::shell;

/// What RocksDB's bindings are generated with, and Debian's package for it.
const LIBCLANG: &str = "libclang-dev";

/// Makes sure that everything building and testing needs is there.
pub(crate) fn run() -> Result<()> {
    for_building()?;
    if !shell::has("cargo-nextest") {
        println!("cargo-nextest is missing; it runs the tests.");
        shell::run("cargo", &["install", "--locked", "cargo-nextest"])?;
    }
    Ok(())
}

/// Makes sure that everything the build needs is there.
pub(crate) fn for_building() -> Result<()> {
    if has_libclang() { Ok(()) } else { install(&[LIBCLANG]) }
}

/// Installs Debian packages, saying so.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if !shell::has("apt-get") {
        bail!("{list} is missing and there is no apt-get here; install it with this system's package manager");
    }
    println!("Installing {list} with apt-get.");
    let sudo: &[&str] = if is_root() { &[] } else { &["sudo"] };
    let apt = |args: &[&str]| {
        let words: Vec<&str> = sudo.iter().copied().chain(["apt-get"]).chain(args.iter().copied()).collect();
        match words.split_first() {
            Some((program, rest)) => shell::run(program, rest),
            None => Ok(()),
        }
    };
    apt(&["update", "-q"])?;
    let install: Vec<&str> = ["install", "-y", "-q"].into_iter().chain(packages.iter().copied()).collect();
    apt(&install)
}

fn has_libclang() -> bool {
    let search = "ls /usr/lib/llvm-*/lib/libclang*.so* /usr/lib/*/libclang*.so* /usr/lib*/libclang.so* 2>/dev/null | \
                  grep -v libclang-cpp | grep -q .";
    Command::new("sh").args(["-c", search]).status().is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    shell::output("id", &["-u"]).is_ok_and(|id| id.trim() == "0")
}
