//! Promise: `weir` is made for scripts and for people: the same JSON every time, exit codes that say what went wrong, and help
//! that teaches.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use weir_tests::{Cli, HELLO, Scratch, Server, component};

/// Whether an object has these keys; with `exactly`, no others.
fn has_keys(object: &Value, keys: &[&str], exactly: bool) {
    let there =
        object.as_object().map(|fields| fields.keys().map(String::as_str).collect::<Vec<_>>()).unwrap_or_default();
    let missing: Vec<_> = keys.iter().filter(|key| !there.contains(key)).collect();
    assert!(missing.is_empty(), "without {missing:?}: {object}");
    assert!(!exactly || there.len() == keys.len(), "more than {keys:?}: {object}");
}

fn file(server: &Server, name: &str, text: &str) -> Result<String> {
    Ok(server.scratch().file(name, text)?.to_string_lossy().into_owned())
}

#[tokio::test]
async fn flows_are_printed_as_json_for_scripts() -> Result<()> {
    let server = Server::start()?;
    let hello = file(&server, "hello.yaml", HELLO)?;
    let pushed = server.cli(&["flow", "push", &hello, "--json"])?.json()?;
    let keys = ["name", "tenant", "draft", "published", "enabled", "urls"];
    has_keys(&pushed, &keys, false);
    has_keys(&pushed["urls"], &["production", "development"], true);
    assert_eq!(
        (&pushed["name"], &pushed["tenant"], &pushed["published"], &pushed["enabled"]),
        (&json!("hello"), &json!("default"), &Value::Null, &json!(true))
    );
    let published = server.cli(&["flow", "push", &hello, "--publish", "--note", "first", "--json"])?.json()?;
    assert_eq!((&published["published"], &published["urls"]), (&json!(1), &pushed["urls"]));
    let shown = server.cli(&["flow", "show", "hello", "--json"])?.json()?;
    has_keys(&shown, &keys, false);
    assert_eq!(shown, server.get("/tenants/default/flows/hello").await?, "what the API says");
    assert_eq!(server.cli(&["flow", "list", "--json"])?.json()?, json!([shown]));
    assert_eq!(server.cli(&["flow", "versions", "hello", "--json"])?.json()?[0]["note"], "first");

    // A URL alone on its line, and the text as it was pushed, so that both can be passed on.
    let url = server.cli(&["flow", "url", "hello"])?.stdout;
    assert_eq!(url.trim_end(), shown["urls"]["production"].as_str().context("no URL")?);
    assert_eq!(server.cli(&["flow", "url", "hello", "--dev"])?.stdout, format!("{}/dev\n", url.trim_end()));
    assert_eq!(server.cli(&["flow", "show", "hello", "--text"])?.stdout, HELLO);
    assert_eq!(server.cli(&["flow", "show", "hello", "--version", "1"])?.stdout, HELLO);
    let changes: [(&[&str], &str, Value); 6] = [
        (&["flow", "disable", "hello", "--json"], "enabled", json!(false)),
        (&["flow", "enable", "hello", "--json"], "enabled", json!(true)),
        (&["flow", "publish", "hello", "--json"], "published", json!(2)),
        (&["flow", "rollback", "hello", "--json"], "published", json!(1)),
        (&["flow", "rollback", "hello", "--to", "2", "--json"], "published", json!(2)),
        (&["flow", "delete", "hello", "--yes", "--json"], "deleted", json!(true)),
    ];
    for (args, field, value) in changes {
        assert_eq!(server.cli(args)?.json()?[field], value, "{args:?}");
    }
    assert_eq!(server.cli(&["flow", "list", "--json"])?.json()?, json!([]));
    Ok(())
}

#[tokio::test]
async fn runs_and_actions_are_printed_as_json_for_scripts() -> Result<()> {
    let server = Server::start()?;
    server.push_action("echo")?;
    let (url, _) = server
        .publish(&HELLO.replace("steps:\n", "steps:\n  - { id: work, uses: echo@1, on: { error: answer } }\n"))?;
    for name in ["Ada", "Bo", "Cy"] {
        assert_eq!(server.post(&url, json!({ "name": name }).to_string()).await?.status(), 201);
    }
    let runs = server.cli(&["run", "list", "--json"])?.json()?;
    assert_eq!(runs.as_array().map(Vec::len), Some(3), "an array: {runs}");
    let filters: [(&[&str], usize); 4] = [
        (&["--limit", "2"], 2),
        (&["--flow", "hello", "--outcome", "completed", "--since", "1h"], 3),
        (&["--outcome", "failed"], 0),
        (&["--since", "2099-01-01T00:00:00Z"], 0),
    ];
    for (args, count) in filters {
        let listed = server.cli(&[&["run", "list", "--json"][..], args].concat())?.json()?;
        assert_eq!(listed.as_array().map(Vec::len), Some(count), "{args:?}");
    }
    let id = runs[0]["id"].as_str().context("no id")?;
    let run = server.cli(&["run", "show", id, "--json"])?.json()?;
    has_keys(&run, &["id", "flow", "version", "mode", "outcome", "trigger", "steps", "answer"], false);
    has_keys(&run["answer"], &["status", "headers", "body"], true);
    assert_eq!(
        (&run["flow"], &run["version"], &run["mode"], &run["outcome"]),
        (&json!("hello"), &json!(1), &json!("production"), &json!("completed"))
    );
    for step in run["steps"].as_array().context("no steps")? {
        has_keys(step, &["id", "uses", "exit", "duration_us", "output", "error"], false);
    }
    has_keys(&run["steps"][0]["usage"], &["fuel", "memory_bytes", "host_calls", "output_bytes"], false);
    assert_eq!((run["steps"].as_array().map(Vec::len), &run["steps"][0]["error"]), (Some(2), &Value::Null));
    let shown = server.cli(&["run", "show", id])?.stdout;
    for told in ["completed", "echo@1", "fuel", "Payload", "Answer", "201"] {
        assert!(shown.contains(told), "no {told} in {shown}");
    }

    let listed = server.cli(&["action", "list", "--json"])?.json()?;
    has_keys(&listed[0], &["name", "version", "title", "description", "size", "config_schema"], false);
    let version = listed[0]["version"].as_str().context("no version")?;
    let again = server.cli(&["action", "push", &component("echo").to_string_lossy(), "--json"])?.json()?;
    assert_eq!(again, listed[0], "the same bytes again change nothing");
    let named = format!("echo@{version}");
    let used = server.cli(&["action", "delete", &named, "--yes"])?;
    assert!(used.code == 1 && used.stderr.contains("WEIR-CATALOG-IN-USE"), "{used:?}");
    assert_eq!(server.cli(&["flow", "delete", "hello", "--yes"])?.code, 0);
    assert_eq!(server.cli(&["action", "delete", &named, "--yes"])?.code, 0);
    assert_eq!(server.cli(&["action", "list", "--json"])?.json()?, json!([]));
    Ok(())
}

#[tokio::test]
async fn exit_codes_say_what_kind_of_failure_it_was() -> Result<()> {
    let server = Server::start()?;
    server.publish(HELLO)?;
    let broken = file(&server, "broken.yaml", "weir: 1\nname: broken\nsteps:\n  - id: a\n    uses: respons\n")?;
    let no_run = "0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b";
    let commands: &[(&[&str], i32)] = &[
        (&["flow", "show", "hello"], 0),
        (&["flow", "push", &broken], 0),
        (&["flow", "push", &broken, "--publish"], 1),
        (&["flow", "publish", "broken"], 1),
        (&["flow", "push", &broken, "--if-revision", "7"], 1),
        (&["flow", "push", "nowhere.yaml"], 2),
        (&["flow", "delete", "hello"], 2),
        (&["flow", "explode"], 2),
        (&["run", "list", "--outcome", "well"], 2),
        (&["run", "list", "--since", "soon"], 2),
        (&["run", "list", "--server", "http://127.0.0.1:1", "--token", "x"], 3),
        (&["flow", "list", "--token", "weir_operator_x_y"], 4),
        (&["flow", "list", "--server", "http://127.0.0.1:1"], 4),
        (&["flow", "show", "nobody"], 5),
        (&["flow", "rollback", "hello", "--to", "9"], 5),
        (&["run", "show", no_run], 5),
        (&["action", "show", "nobody"], 5),
        (&["flow", "list", "--tenant", "nobody"], 5),
    ];
    for (args, code) in commands {
        let ended = server.cli(args)?;
        assert_eq!(ended.code, *code, "{args:?}: {ended:?}");
        assert_eq!(ended.stderr.contains("error:"), *code != 0, "{args:?}: {ended:?}");
        assert!([0, 2].contains(code) || ended.stderr.contains("(WEIR-"), "a code: {ended:?}");
    }
    let refused = server.cli(&["flow", "push", &broken, "--publish", "--json"])?;
    let found = refused.json()?;
    has_keys(&found["error"], &["code", "message", "findings"], true);
    has_keys(&found["error"]["findings"][0], &["code", "severity", "path", "line", "step", "message"], true);
    let text = server.cli(&["flow", "push", &broken])?.stderr;
    assert!(
        text.contains("broken.yaml:5: error[WEIR-FLOW-USES]") && text.contains("`response`"),
        "as a compiler prints it: {text}"
    );
    Ok(())
}

#[tokio::test]
async fn flows_are_written_and_checked_without_a_server() -> Result<()> {
    let scratch = Scratch::new()?;
    let run = |args: &[&str]| Cli::ended(Cli::command(args)?.current_dir(scratch.path()));
    let none = run(&["flow", "list"])?;
    assert!(none.code == 3 && none.stderr.contains("weir serve"), "what to do next: {none:?}");
    assert_eq!(run(&["flow", "init", "orders"])?.code, 0);
    assert_eq!(run(&["flow", "init", "orders"])?.code, 2, "nothing is overwritten");
    assert_eq!(run(&["flow", "init", "Not A Name"])?.code, 2);
    assert_eq!(run(&["flow", "validate", "orders.yaml"])?.code, 0);
    scratch.file("faulty.yaml", "weir: 1\nname: faulty\nsteps:\n  - { id: a, uses: mine@1, with: { any: thing } }\n  - id: b\n    uses: set\n    on: { next: nowhere }\n")?;
    let faulty = run(&["flow", "validate", "faulty.yaml"])?;
    assert_eq!(faulty.code, 1);
    assert!(faulty.stdout.contains("faulty.yaml:7: error[WEIR-FLOW-TARGET]"), "{faulty:?}");
    let faulty = run(&["flow", "validate", "faulty.yaml", "--json"])?.json()?;
    assert_eq!(
        (&faulty["file"], &faulty["ok"], &faulty["unchecked_actions"]),
        (&json!("faulty.yaml"), &json!(false), &json!(["mine@1"]))
    );
    assert_eq!(
        run(&["flow", "validate", "orders.yaml", "faulty.yaml", "--json"])?.json()?.as_array().map(Vec::len),
        Some(2)
    );

    let server = Server::start()?;
    let orders = scratch.path().join("orders.yaml");
    let pushed = server.cli(&["flow", "push", &orders.to_string_lossy(), "--publish", "--json"])?.json()?;
    let url = pushed["urls"]["production"].as_str().context("no URL")?;
    assert_eq!(server.post(url, r#"{"name":"Ada"}"#).await?.status(), 201, "the starter runs as it is");
    assert_eq!(server.post(url, "{}").await?.status(), 400);
    Ok(())
}

#[tokio::test]
async fn the_server_is_named_by_flags_variables_or_its_folder() -> Result<()> {
    let server = Server::start()?;
    let elsewhere = Scratch::new()?;
    let command = |args: &[&str]| -> Result<std::process::Command> {
        let mut command = Cli::command(args)?;
        command.current_dir(elsewhere.path());
        Ok(command)
    };
    let list = ["flow", "list", "--json"];
    assert_eq!(Cli::ended(&mut command(&list)?)?.code, 3);
    let flags = Cli::ended(command(&list)?.args(["--server", &server.admin, "--token", &server.token]))?;
    assert_eq!(flags.json()?, json!([]));
    let variables = Cli::ended(command(&list)?.env("WEIR_SERVER", &server.admin).env("WEIR_TOKEN", &server.token))?;
    assert_eq!(variables.json()?, json!([]));
    let flag_first = Cli::ended(
        command(&list)?.args(["--token", "wrong"]).env("WEIR_SERVER", &server.admin).env("WEIR_TOKEN", &server.token),
    )?;
    assert_eq!(flag_first.code, 4, "a flag is stronger than a variable: {flag_first:?}");
    assert_eq!(Cli::ended(command(&list)?.env("WEIR_DATA", server.data()))?.json()?, json!([]));
    std::os::unix::fs::symlink(server.data(), elsewhere.path().join("weir-data"))?;
    assert_eq!(Cli::ended(&mut command(&list)?)?.json()?, json!([]), "./weir-data where nothing is said");
    Ok(())
}

#[tokio::test]
async fn help_teaches() -> Result<()> {
    let scratch = Scratch::new()?;
    let run = |args: &[&str]| Cli::ended(Cli::command(args)?.current_dir(scratch.path()));
    let bare = run(&[])?;
    assert!(bare.code == 2 && bare.stderr.contains("weir serve"), "{bare:?}");
    let top = run(&["--help"])?.stdout;
    for told in ["serve", "flow", "action", "run", "listen", "First steps:", "Exit codes:", "WEIR_SERVER", "WEIR_TOKEN"]
    {
        assert!(top.contains(told), "no {told} in {top}");
    }
    let groups: [(&str, &[&str]); 5] = [
        (
            "flow",
            &["init", "validate", "push", "publish", "rollback", "list", "show", "enable", "disable", "delete", "url"],
        ),
        ("action", &["push", "list", "show", "delete"]),
        ("run", &["list", "show", "tail"]),
        ("serve", &[""]),
        ("listen", &[""]),
    ];
    for (group, commands) in groups {
        for &command in commands {
            let words = [group, command, "--help"];
            let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
            let help = run(&words)?;
            let name = format!("weir {group} {command}");
            assert!(help.code == 0 && help.stdout.contains("Example") && help.stdout.contains(name.trim()), "{help:?}");
        }
    }
    let slip = run(&["flow", "pubish", "x"])?;
    assert!(slip.code == 2 && slip.stderr.contains("publish"), "a slip is understood: {slip:?}");
    Ok(())
}

/// A process that ends with the test, whatever becomes of that.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn the_first_start_shows_the_operators_token_once() -> Result<()> {
    let scratch = Scratch::new()?;
    let any = "127.0.0.1:0";
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let mut serve = Cli::command(&["serve", "--listen", any, "--admin-listen", any, "--data"])?;
        let mut serve = Kept(serve.arg(scratch.path().join("data")).stdout(Stdio::piped()).spawn()?);
        let lines = BufReader::new(serve.0.stdout.take().context("no output")?).lines();
        let mut told = String::new();
        for line in lines {
            told.push_str(&(line? + "\n"));
            if told.contains("Ctrl-C") {
                break;
            }
        }
        let word = |start: &str| told.split_whitespace().find(|word| word.starts_with(start)).map(str::to_owned);
        let admin = told.split_whitespace().find(|word| word.ends_with("/api/v1")).map(str::to_owned);
        assert!(told.contains("/webhook/") && told.contains("Sign in"), "both addresses and the sign-in line: {told}");
        tokens.push((word("weir_operator_"), admin.context("no admin address")?));
        if let Some((Some(token), admin)) = tokens.first().filter(|_| tokens.len() == 1) {
            let listed = Cli::ended(
                Cli::command(&["flow", "list", "--json", "--token", token, "--server"])?
                    .arg(admin.trim_end_matches("/api/v1")),
            )?;
            assert_eq!(listed.json()?, json!([]));
        }
    }
    assert!(
        tokens.first().is_some_and(|(token, _)| token.is_some())
            && tokens.last().is_some_and(|(token, _)| token.is_none()),
        "{tokens:?}"
    );
    Ok(())
}
