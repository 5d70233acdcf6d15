//! Everything of weir that takes bytes from strangers, each as one function of bytes that must return, and fast. It
//! lists them and finds their seeds; `driver` tries them, `make` thinks up inputs. It must not know why an input is bad.

#![forbid(unsafe_code)]

pub mod driver;
pub mod make;
pub mod random;
mod targets;

use std::path::{Path, PathBuf};

use crate::random::Random;

/// One thing to try.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder of regressions.
    pub name: &'static str,
    /// Takes any bytes. It panics where a promise is broken.
    pub run: fn(&[u8]),
    /// Thinks up an input that is nearly right.
    pub make: fn(&mut Random) -> Vec<u8>,
    /// Inputs that are right, to be changed and cut.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words that mean something to it.
    pub words: &'static [&'static str],
}

/// All targets.
pub const TARGETS: &[Target] = &[
    targets::conditions::TARGET,
    targets::data::TARGET,
    targets::definitions::TARGET,
    targets::templates::TARGET,
    #[cfg(feature = "host")]
    targets::kinds::TARGET,
    #[cfg(feature = "host")]
    targets::payloads::TARGET,
    #[cfg(feature = "host")]
    targets::store::TARGET,
    #[cfg(feature = "host")]
    targets::uploads::TARGET,
];

/// The target of a name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Runs one input of a target; for coverage-guided fuzzers.
pub fn run(name: &str, input: &[u8]) {
    match target(name) {
        Some(target) => (target.run)(input),
        None => panic!("there is no target {name:?}"),
    }
}

/// The folder of inputs that once broke a target.
pub fn regressions(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions").join(target.name)
}

/// The files of a folder of the checkout that end in one of `endings`, by name; none where the folder is not there.
fn files(folder: &str, endings: &[&str]) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
    let mut found = driver::listed(&root.join(folder));
    found.retain(|path| path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known)));
    found.iter().filter_map(|path| std::fs::read(path).ok()).collect()
}
