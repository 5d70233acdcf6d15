//! `cargo xtask soak api`: calls every operation of the OpenAPI document with what the document allows and what it does not, and
//! compares the answers with it. Schemathesis makes the calls; this starts the server and says what is left out.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::bench::server::Server;
use crate::{setup, shell, tools};

/// What is left out: a stream without an end, and the one that writes a folder of the server's machine by any name.
const LEFT_OUT: [&str; 2] = ["listen", "back_up"];

/// What has to hold of every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,unsupported_method,ignored_auth";

/// What its hooks teach it: components are sent as they are.
const HOOKS: &str =
    "import schemathesis\nschemathesis.serializer.alias(\"application/wasm\", \"application/octet-stream\")\n";

/// The settings of the second round, whose calls are about what is there.
const THERE: &str = "[parameters]\n\"path.tenant\" = \"default\"\n\"path.name\" = \"hello\"\n";

/// A flow to have something there.
const FLOW: &str = "weir: 1\nname: hello\nsteps:\n  - { id: answer, uses: response, with: { text: hello } }\n";

/// Runs it with so many examples an operation, once with any names and once with those of what is there.
pub(crate) fn run(examples: u32, seed: u64) -> Result<()> {
    setup::run()?;
    shell::build()?;
    let program = tools::schemathesis()?;
    let scratch = std::env::temp_dir().join(format!("weir-api-{}", std::process::id()));
    fs::create_dir_all(&scratch)?;
    fs::write(scratch.join("hooks.py"), HOOKS)?;
    let strangers = tried(&program.to_string_lossy(), &scratch, examples, seed, &LEFT_OUT);
    fs::write(scratch.join("schemathesis.toml"), THERE)?;
    let there = [&LEFT_OUT[..], &["delete_flow"]].concat();
    let tried = strangers.and_then(|()| tried(&program.to_string_lossy(), &scratch, examples, seed, &there));
    let _ = fs::remove_dir_all(&scratch);
    tried
}

fn tried(program: &str, scratch: &Path, examples: u32, seed: u64, left_out: &[&str]) -> Result<()> {
    // It ends when it is dropped.
    let _server = Server::weir(scratch, FLOW)?;
    let known: Value = serde_json::from_str(&fs::read_to_string(scratch.join("data/server.json"))?)?;
    let text = |name| known.get(name).and_then(Value::as_str).with_context(|| format!("server.json has no {name}"));
    let document = format!("{}/api/v1/openapi.json", text("admin")?);
    let authorization = format!("Authorization: Bearer {}", text("token")?);
    let (examples, seed) = (examples.to_string(), seed.to_string());
    let mut words = vec!["run", &document, "--max-examples", &examples, "--seed", &seed, "--checks", CHECKS];
    words.extend(["--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-color"]);
    words.extend(left_out.iter().flat_map(|operation| ["--exclude-operation-id", operation]));
    println!("$ {program} {}", words.join(" "));
    // The token is not shown.
    let mut command = shell::command(program);
    command.current_dir(scratch).env("SCHEMATHESIS_HOOKS", "hooks").args(words).args(["-H", &authorization]);
    let status = command.status();
    let status = status.with_context(|| format!("{program} could not be started"))?;
    if !status.success() {
        bail!("the API answered otherwise than its document says; the lines above say where");
    }
    Ok(())
}
