//! Runs every test of the workspace with nextest, in the one profile, and those of the SDKs in their own languages. It adds no
//! tests of its own.

use anyhow::Result;

use crate::{actions, sdks, setup, shell, tools};

/// The packages that become components and what they are built with. They are tested by themselves: together with the host
/// they would give its dependencies other features.
const GUESTS: [&str; 16] = [
    "weir-action",
    "weir-action-macros",
    "action-ai-prompt",
    "action-csv",
    "action-date-math",
    "action-hash",
    "action-html-to-text",
    "action-jq",
    "action-json-schema-validate",
    "action-jwt",
    "action-markdown-to-html",
    "action-send-email",
    "action-slack-message",
    "action-xml-to-json",
    "lead-score",
    "score-rust",
];

/// Sets up what is missing, builds, and runs the tests; `args` go to nextest, e.g. a filter.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    setup::run()?;
    // The black-box tests start this binary.
    shell::build()?;
    let mut words = vec!["nextest", "run", "--cargo-profile", shell::PROFILE];
    words.extend(args);
    if args.is_empty() {
        let packages = GUESTS.iter().flat_map(|name| ["--package", name]);
        // They use none of what is dear to compile, so that the quick profile is the faster one.
        let guests = ["nextest", "run", "--no-tests", "pass"];
        shell::run("cargo", &guests.into_iter().chain(packages).collect::<Vec<_>>())?;
    }
    // What senders of webhooks sign with.
    tools::signers()?;
    // Examples are built in every language they are written in; Rust's need the target.
    actions::ensure_target()?;
    let path = tools::path()?;
    if args.is_empty() {
        sdks::run(&path)?;
    }
    shell::run_with_path(&path, "cargo", &words)
}
