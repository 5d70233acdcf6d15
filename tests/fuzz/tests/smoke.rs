//! Promise: whatever bytes come, what reads them returns, fast, and keeps its word. First what once broke it, then new
//! inputs for `WEIR_FUZZ_SECONDS` (5 where nothing is said) from `WEIR_FUZZ_SEED`, beginning at `WEIR_FUZZ_FROM`.

#![expect(clippy::disallowed_methods, reason = "cargo xtask fuzz sets these variables")]

use std::path::Path;
use std::time::Duration;

use weir_fuzz::{driver, target};

/// The seed of the suite: the same inputs in the same order, run by run.
const SEED: u64 = 2_026;

fn setting(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{name} must be a whole number, not {text:?}"))
}

fn try_out(name: &str) {
    let target = target(name).unwrap_or_else(|| panic!("there is no target {name}"));
    let replayed = driver::replay(target).unwrap_or_else(|trouble| panic!("{trouble}"));
    let options = driver::Options {
        time: Duration::from_secs(setting("WEIR_FUZZ_SECONDS", 5)),
        seed: setting("WEIR_FUZZ_SEED", SEED),
        from: setting("WEIR_FUZZ_FROM", 0),
        folder: Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz"),
    };
    let tried = driver::smoke(target, &options).unwrap_or_else(|trouble| panic!("{trouble}"));
    println!("{name}: {replayed} known inputs, {tried} new ones");
}

macro_rules! targets {
    ($($name:ident),*) => {
        $(#[test]
        fn $name() {
            try_out(stringify!($name));
        })*

        #[test]
        fn every_target_is_tried() {
            let named = [$(stringify!($name)),*];
            assert!(weir_fuzz::TARGETS.iter().all(|target| named.contains(&target.name)));
            let folders = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/regressions"));
            for name in folders.into_iter().flatten().flatten().map(|folder| folder.file_name()) {
                // Without the host some targets are left out.
                let known = named.iter().any(|known| name == *known) || cfg!(not(feature = "host"));
                assert!(known, "{name:?} is no target, so its inputs are not tried");
            }
        }
    };
}

#[cfg(feature = "host")]
targets!(conditions, data, definitions, kinds, payloads, store, templates, uploads);
#[cfg(not(feature = "host"))]
targets!(conditions, data, definitions, templates);
