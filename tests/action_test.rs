//! Promise: an author sees what a component does and uses without a server, and sees the same as the
//! server records.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use weir_tests::{Cli, Scratch, Server, component};

/// Names of flow and step are part of what the action reads: here they are those of a local test.
const FLOW: &str = "weir: 1
name: local-test
steps:
  - { id: test, uses: echo@1 }
  - { id: answer, uses: response, with: { status: 204 } }
";

/// `weir action test` in a folder, where no server is.
fn command(scratch: &Scratch, action: &str, args: &[&str]) -> Result<std::process::Command> {
    let component = component(action);
    let mut command = Cli::command(&[&["action", "test", &*component.to_string_lossy()][..], args].concat())?;
    // What it keeps for the time of the test goes with the scratch folder, even where it is killed.
    command.current_dir(scratch.path()).env("TMPDIR", scratch.path());
    Ok(command)
}

fn run(scratch: &Scratch, action: &str, args: &[&str]) -> Result<Cli> {
    Cli::ended(&mut command(scratch, action, args)?)
}

/// The row of one limit.
fn limit<'a>(report: &'a Value, name: &str) -> &'a Value {
    let rows = report["limits"].as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter().find(|row| row["name"] == name).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn a_component_runs_here_with_the_fuel_that_it_takes_on_a_server() -> Result<()> {
    let scratch = Scratch::new()?;
    scratch.file("in.json", "{ \"name\": \"Ada\",\n  \"deep\": [1, {\"a\": null}] }\n")?;
    let told = run(&scratch, "echo", &["--input", "in.json", "--repeat", "5", "--json"])?;
    assert_eq!(told.code, 0, "{told:?}");
    let told = told.json()?;
    let input = json!({ "name": "Ada", "deep": [1, { "a": null }] });
    assert_eq!((&told["output"], &told["exit"], &told["error"]), (&input, &json!("next"), &Value::Null));
    assert_eq!((&told["outcome"], &told["action"]["name"]), (&json!("completed"), &json!("echo")));
    let runs = &told["runs"];
    assert_eq!(
        (&runs["count"], &runs["failed"], &runs["same_fuel"], &runs["same_output"]),
        (&json!(5), &json!(0), &json!(true), &json!(true))
    );
    let fuel = &told["usage"]["fuel"];
    assert!(fuel.as_u64() > Some(0) && told["usage"]["memory_bytes"].as_u64() > Some(0), "{told}");
    assert_eq!((&limit(&told, "fuel")["used"], &limit(&told, "fuel")["reached"]), (fuel, &json!(false)));
    assert!(limit(&told, "step_millis")["limit"].as_u64() > Some(0));

    let server = Server::start()?;
    server.push_action("echo")?;
    let (url, _) = server.publish(FLOW)?;
    assert_eq!(server.post(&url, input.to_string()).await?.status(), 204);
    let run = server.last_run().await?;
    assert_eq!(&run["steps"][0]["usage"]["fuel"], fuel, "{run}");
    let shown = server.cli(&["run", "show", run["id"].as_str().context("no id")?])?.stdout;
    assert!(shown.contains("used") && shown.contains("fuel ") && shown.contains("memory "), "{shown}");
    Ok(())
}

#[test]
fn people_read_output_variables_log_and_every_limit() -> Result<()> {
    let scratch = Scratch::new()?;
    scratch.file("with.yaml", "set: { score: 80 }\nremove: [old]\nget: [lang]\nbranch: left\n")?;
    scratch.file("vars.yaml", "lang: de\n")?;
    let told = run(&scratch, "vars", &["--config", "with.yaml", "--variables", "vars.yaml"])?;
    assert_eq!(told.code, 0, "{told:?}");
    for part in
        ["vars@", "left", "Output", "\"lang\": \"de\"", "Variables", "score = 80", "old removed", "vars is done"]
    {
        assert!(told.stdout.contains(part), "no {part} in {}", told.stdout);
    }
    for name in ["fuel", "memory_bytes", "step_millis", "host_calls", "kv_operations", "output_bytes"] {
        let row = told.stdout.lines().find(|line| line.starts_with(&format!("{name}\t")));
        assert_eq!(row.map(|row| row.split('\t').count()), Some(4), "{name} in {}", told.stdout);
    }
    // The same from standard input.
    let mut child = command(&scratch, "vars", &["--config", "-", "--json"])?
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().context("no standard input")?.write_all(br#"{"set":{"score":80},"remove":["old"]}"#)?;
    let told: Value = serde_json::from_slice(&child.wait_with_output()?.stdout)?;
    assert_eq!(told["variables"], json!({ "score": 80, "old": null }));
    assert_eq!(told["logs"][0]["message"], "vars is done");
    Ok(())
}

#[test]
fn a_failure_has_its_code_and_the_limit_that_was_reached() -> Result<()> {
    let scratch = Scratch::new()?;
    scratch.file("limits.yaml", "fuel: 50000000\nmemory_bytes: 4194304\n")?;
    for (action, code, reached) in [
        ("spin", "WEIR-STEP-FUEL", "fuel"),
        ("hog", "WEIR-STEP-MEMORY", "memory_bytes"),
        ("trap", "WEIR-STEP-TRAP", ""),
    ] {
        let told = run(&scratch, action, &["--limits", "limits.yaml", "--json"])?;
        assert!(told.code == 1 && told.stderr.contains(&format!("({code})")), "{action}: {told:?}");
        let told = told.json()?;
        assert_eq!(
            (&told["error"]["code"], &told["exit"], &told["output"]),
            (&json!(code), &json!("error"), &Value::Null),
            "{action}"
        );
        let rows = told["limits"].as_array().context("no limits")?;
        let names: Vec<_> = rows.iter().filter(|row| row["reached"] == true).map(|row| &row["name"]).collect();
        let wanted: Vec<_> = Some(json!(reached)).into_iter().filter(|name| name != "").collect();
        assert_eq!(names, wanted.iter().collect::<Vec<_>>(), "{action}: {told}");
        let text = run(&scratch, action, &["--limits", "limits.yaml"])?;
        assert!(text.code == 1 && text.stdout.contains(code) && text.stdout.contains("Limits"), "{text:?}");
    }
    scratch.file("fail.yaml", "fail: retryable\n")?;
    let told = run(&scratch, "vars", &["--config", "fail.yaml", "--json"])?.json()?;
    assert_eq!((&told["error"]["retryable"], &told["error"]["retry_after_ms"]), (&json!(true), &json!(50)));
    Ok(())
}

#[test]
fn what_a_push_or_a_check_would_refuse_is_refused_before_anything_runs() -> Result<()> {
    let scratch = Scratch::new()?;
    scratch.file("wrong.yaml", "set: {}\nstate: 3\n")?;
    let told = run(&scratch, "vars", &["--config", "wrong.yaml"])?;
    assert!(told.code == 1 && told.stderr.contains("(WEIR-FLOW-CONFIG)") && told.stdout.is_empty(), "{told:?}");
    let told = run(&scratch, "vars", &["--config", "wrong.yaml", "--json"])?.json()?;
    assert_eq!(told["error"]["findings"][0]["code"], "WEIR-FLOW-CONFIG");

    scratch.file("limits.yaml", "memory_bytes: 4194304\nfule: 5\n")?;
    let told = run(&scratch, "echo", &["--limits", "limits.yaml"])?;
    assert!(told.code == 1 && told.stderr.contains("line 2") && told.stderr.contains("`fuel`"), "{told:?}");
    let module = scratch.file("module.wasm", b"\0asm\x01\0\0\0")?;
    let told = Cli::ended(Cli::command(&["action", "test", &module.to_string_lossy()])?.current_dir(scratch.path()))?;
    assert!(told.code == 1 && told.stderr.contains("(WEIR-SANDBOX-CORE-MODULE)"), "{told:?}");
    scratch.file("bad.json", "{'a': 1}")?;
    for args in [
        &["--input", "nowhere.json"][..],
        &["--input", "bad.json"],
        &["--input", "-", "--config", "-"],
        &["--input", "-", "--watch"],
        &["--repeat", "0"],
    ] {
        let told = run(&scratch, "echo", args)?;
        assert!(told.code == 2 && told.stderr.contains("error:"), "{args:?}: {told:?}");
    }
    Ok(())
}

/// Ends the watcher with the test.
struct Watcher(Child);

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_change_of_a_file_runs_it_again() -> Result<()> {
    let scratch = Scratch::new()?;
    scratch.file("in.json", "\"first\"")?;
    let child = command(&scratch, "echo", &["--input", "in.json", "--watch"])?
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut watcher = Watcher(child);
    let output = BufReader::new(watcher.0.stdout.take().context("no output")?);
    let (said, lines) = mpsc::channel();
    std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
    for (now, next) in [("  \"first\"", "\"second\""), ("  \"second\"", "\"third one\""), ("  \"third one\"", "0")] {
        while lines.recv_timeout(Duration::from_secs(60)).context(now)? != now {}
        scratch.file("in.json", next)?;
    }
    Ok(())
}
