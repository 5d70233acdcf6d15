//! The hostile corpus: guests that mean harm, how each is sent, and the code that it must get. It builds them and judges
//! nothing; `tests/containment.rs` sends them.
//!
//! A guest is a file of this folder: the fields of a core module, which gets what every action has and it leaves out (see
//! [`FRAME`]), or a whole component. What is too large to be written down is made by `bombs`. A new guest is one file and one
//! line of [`RUNS`] or [`UPLOADS`].

mod bombs;
mod frame;

use anyhow::{Context as _, Result};
use weir_tests::committed;

/// A guest that is admitted and must fail, or be held, in its step.
pub struct Run {
    /// Its file, which is its action's name too.
    pub guest: &'static str,
    /// What its step must fail with; none where the step must go well.
    pub code: Option<&'static str>,
    /// What its flow limits besides [`LIMITS`], or instead.
    pub limits: &'static [(&'static str, u64)],
}

/// A guest that must be refused when it is uploaded.
pub struct Upload {
    /// Its file, or what `bombs` calls it.
    pub guest: &'static str,
    /// What it must be refused with: any of these, where more than one check may be the first to see it.
    pub codes: &'static [&'static str],
    /// How often it is sent.
    pub times: Times,
}

/// Stands among codes for an upload that is taken.
pub const ADMITTED: &str = "admitted";

/// How often an upload is sent: what the server may take seconds for, by design, is not sent over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// In each round.
    Each,
    /// Once.
    Once,
    /// Once, and only by the soak.
    Soak,
}

/// What the flows of all guests are limited to: little, so that many of them end in a short time.
pub const LIMITS: &[(&str, u64)] = &[
    ("fuel", 50_000_000),
    ("step_millis", 3_000),
    ("memory_bytes", 16 << 20),
    ("host_calls", 20_000),
    ("host_bytes", 8 << 20),
    ("kv_operations", 100),
    ("output_bytes", 1 << 20),
];

/// For guests that wait, or that could go on for longer than this.
const SHORT: (&str, u64) = ("step_millis", 150);

const fn run(guest: &'static str, code: &'static str) -> Run {
    Run { guest, code: Some(code), limits: &[] }
}

const fn timed(guest: &'static str) -> Run {
    Run { guest, code: Some("WEIR-STEP-TIMEOUT"), limits: &[SHORT] }
}

const fn harmless(guest: &'static str) -> Run {
    Run { guest, code: None, limits: &[] }
}

/// Every guest that is run.
pub const RUNS: &[Run] = &[
    // Work without an end.
    run("loop", "WEIR-STEP-FUEL"),
    run("loop-of-calls", "WEIR-STEP-FUEL"),
    run("loop-in-realloc", "WEIR-STEP-FUEL"),
    run("loop-in-post-return", "WEIR-STEP-FUEL"),
    run("fill-memory", "WEIR-STEP-FUEL"),
    run("recursion", "WEIR-STEP-STACK"),
    run("recursion-of-two", "WEIR-STEP-STACK"),
    // Dear to compile, as it may seem: the compiler takes it in its stride.
    harmless("branch-table"),
    // Time.
    Run { limits: &[SHORT, ("fuel", 10_000_000_000)], ..timed("loop-past-the-clock") },
    timed("sleeps"),
    timed("sleeps-in-slices"),
    timed("waits-for-many"),
    run("waits-for-nothing", "WEIR-STEP-TRAP"),
    // Memory and tables.
    run("grow-memory", "WEIR-STEP-MEMORY"),
    run("grow-memory-at-once", "WEIR-STEP-MEMORY"),
    run("grow-table", "WEIR-STEP-MEMORY"),
    run("starts-too-large", "WEIR-STEP-MEMORY"),
    // Results.
    run("returns-too-much", "WEIR-STEP-OUTPUT"),
    run("returns-no-json", "WEIR-STEP-OUTPUT"),
    run("returns-deep-json", "WEIR-STEP-OUTPUT"),
    run("returns-an-unknown-branch", "WEIR-STEP-OUTPUT"),
    run("returns-a-gigabyte", "WEIR-STEP-TRAP"),
    run("returns-bad-utf8", "WEIR-STEP-TRAP"),
    run("returns-a-surrogate", "WEIR-STEP-TRAP"),
    run("returns-a-bad-tag", "WEIR-STEP-TRAP"),
    run("returns-unaligned", "WEIR-STEP-TRAP"),
    run("returns-out-of-bounds", "WEIR-STEP-TRAP"),
    run("fails-with-a-giant", "WEIR-STEP-FAILED"),
    run("fails-with-escapes", "WEIR-STEP-INVALID"),
    // Floods.
    run("prints-a-flood", "WEIR-STEP-HOST-CALLS"),
    harmless("prints-a-burst"),
    run("logs-a-flood", "WEIR-STEP-HOST-CALLS"),
    run("logs-a-giant", "WEIR-STEP-HOST-BYTES"),
    run("logs-bad-utf8", "WEIR-STEP-TRAP"),
    run("logs-from-nowhere", "WEIR-STEP-TRAP"),
    run("logs-at-no-level", "WEIR-STEP-TRAP"),
    run("asks-the-time", "WEIR-STEP-HOST-CALLS"),
    run("draws-a-flood", "WEIR-STEP-RANDOM"),
    run("draws-a-terabyte", "WEIR-STEP-RANDOM"),
    run("sends-a-list-bomb", "WEIR-STEP-HOST-BYTES"),
    run("points-far", "WEIR-STEP-HOST-BYTES"),
    run("sets-giants", "WEIR-STEP-HOST-BYTES"),
    run("sets-many", "WEIR-STEP-HOST-CALLS"),
    run("counts-until-refused", "WEIR-STEP-KV-OPERATIONS"),
    run("counts-regardless", "WEIR-STEP-HOST-CALLS"),
    harmless("asks-for-what-is-not-its-own"),
    // Handles.
    run("hoards-streams", "WEIR-STEP-HANDLES"),
    run("hoards-timers", "WEIR-STEP-HANDLES"),
    run("uses-a-dropped-handle", "WEIR-STEP-TRAP"),
    run("drops-a-handle-twice", "WEIR-STEP-TRAP"),
    run("forges-a-handle", "WEIR-STEP-TRAP"),
    run("confuses-handles", "WEIR-STEP-TRAP"),
    run("orphans-a-handle", "WEIR-STEP-TRAP"),
    // The rules of calls.
    run("calls-out-of-realloc", "WEIR-STEP-TRAP"),
    run("calls-out-of-post-return", "WEIR-STEP-TRAP"),
    run("traps-in-post-return", "WEIR-STEP-TRAP"),
    run("reallocs-out-of-bounds", "WEIR-STEP-TRAP"),
    run("reallocs-unaligned", "WEIR-STEP-TRAP"),
    // Traps.
    run("panics", "WEIR-STEP-TRAP"),
    run("divides-by-zero", "WEIR-STEP-TRAP"),
    run("reads-out-of-bounds", "WEIR-STEP-TRAP"),
    run("calls-nothing", "WEIR-STEP-TRAP"),
    run("calls-the-wrong-type", "WEIR-STEP-TRAP"),
    run("exits", "WEIR-STEP-TRAP"),
];

const COMPLEX: &[&str] = &["WEIR-SANDBOX-TOO-COMPLEX"];
const COSTLY: &[&str] = &["WEIR-SANDBOX-TOO-COMPLEX", "WEIR-SANDBOX-TOO-COSTLY"];
const DESCRIBE: &[&str] = &["WEIR-SANDBOX-DESCRIBE"];
const IMPORT: &[&str] = &["WEIR-SANDBOX-IMPORT"];
const MALFORMED: &[&str] = &["WEIR-SANDBOX-MALFORMED"];
/// Types that the validator may refuse before they are counted.
const TYPES: &[&str] = &["WEIR-SANDBOX-TOO-COMPLEX", "WEIR-SANDBOX-MALFORMED"];

const fn upload(guest: &'static str, codes: &'static [&'static str]) -> Upload {
    Upload { guest, codes, times: Times::Each }
}

const fn once(guest: &'static str, codes: &'static [&'static str]) -> Upload {
    Upload { guest, codes, times: Times::Once }
}

const fn soak(guest: &'static str, codes: &'static [&'static str]) -> Upload {
    Upload { guest, codes, times: Times::Soak }
}

/// Every guest that is refused at upload.
pub const UPLOADS: &[Upload] = &[
    // No component.
    upload("nothing", &["WEIR-SANDBOX-NOT-BINARY"]),
    upload("text", &["WEIR-SANDBOX-NOT-BINARY"]),
    upload("core-module", &["WEIR-SANDBOX-CORE-MODULE"]),
    upload("machine-code", &["WEIR-SANDBOX-PRECOMPILED"]),
    upload("half", MALFORMED),
    upload("memory-of-64-bits", MALFORMED),
    upload("shares-memory", MALFORMED),
    once("too-large", &["WEIR-API-BODY-SIZE", "WEIR-SANDBOX-TOO-LARGE"]),
    // No action.
    upload("another-world", &["WEIR-SANDBOX-WORLD"]),
    upload("imports-sockets", IMPORT),
    upload("imports-http", IMPORT),
    upload("imports-a-bare-function", IMPORT),
    upload("imports-another-log", IMPORT),
    // Code that runs while it is admitted.
    once("loops-in-start", DESCRIBE),
    upload("traps-in-start", DESCRIBE),
    once("loops-in-describe", DESCRIBE),
    upload("describes-a-list-bomb", DESCRIBE),
    upload("describes-no-name", DESCRIBE),
    soak("sleeps-in-describe", DESCRIBE),
    // Declared giants.
    upload("memory-of-4-gib", COMPLEX),
    upload("table-of-millions", COMPLEX),
    upload("many-instances", COMPLEX),
    upload("many-memories", COMPLEX),
    upload("many-modules", COMPLEX),
    upload("many-functions", COMPLEX),
    upload("many-types", COMPLEX),
    upload("many-locals", COMPLEX),
    upload("nested-components", COMPLEX),
    upload("nested-types", TYPES),
    upload("growing-types", TYPES),
    upload("one-huge-function", COMPLEX),
    // Compile bombs below those caps.
    soak("locals-bomb", COSTLY),
    // A machine that compiles it within its bounds may as well have it.
    soak("straight-line-bomb", &[ADMITTED, "WEIR-SANDBOX-TOO-COSTLY"]),
];

impl Run {
    /// Its flow's limits as YAML.
    pub fn limits(&self) -> String {
        let own = |name: &str| self.limits.iter().any(|(other, _)| *other == name);
        let common = LIMITS.iter().filter(|(name, _)| !own(name));
        let all: Vec<_> = common.chain(self.limits).map(|(name, limit)| format!("{name}: {limit}")).collect();
        format!("{{ {} }}", all.join(", "))
    }

    /// The wall time of its step in milliseconds.
    pub fn step_millis(&self) -> u64 {
        let all = || LIMITS.iter().chain(self.limits);
        all().rev().find(|(name, _)| *name == "step_millis").map_or(0, |(_, millis)| *millis)
    }
}

/// The component that a guest is sent as, or the bytes that pretend to be one.
///
/// # Errors
/// Where there is no such guest or it does not assemble.
pub fn bytes(guest: &str) -> Result<Vec<u8>> {
    match bombs::bytes(guest)? {
        Some(bytes) => Ok(bytes),
        None => {
            let path = committed(&format!("tests/guests/hostile/{guest}.wat"));
            let text = std::fs::read_to_string(&path).with_context(|| format!("no guest {}", path.display()))?;
            frame::component(guest, &text).with_context(|| format!("{guest} does not assemble"))
        }
    }
}
