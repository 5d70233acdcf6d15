//! Promise: whatever an author does wrong, the message says what happened, where, and what to do next: a tool that is
//! missing, a project without an action, a component of another contract, settings and schemas that do not fit, and an action
//! that goes wrong while it runs, in each language.

#[path = "authoring/components.rs"]
mod components;
#[path = "authoring/project.rs"]
mod project;

use anyhow::Result;
use serde_json::json;
use weir_tests::{Cli, Scratch, Server, component};

use components::{Refused, refused, what_a_server_compiled};
use project::{Project, holds};

#[test]
fn a_missing_tool_is_named_with_what_installs_it() -> Result<()> {
    let no_target = "echo \"the \\`wasm32-wasip2\\` target may not be installed\" >&2; exit 101";
    let again = "then run `weir action build` again (WEIR-ACTION-TOOL)";
    for (language, there, parts) in [
        ("rust", &[][..], &["Rust's cargo is missing: install Rust with rustup (https://rustup.rs)"][..]),
        (
            "rust",
            &[("cargo", no_target)],
            &["Rust's target wasm32-wasip2 is missing: `rustup target add wasm32-wasip2`"],
        ),
        ("js", &[], &["Node.js is missing: install Node.js 20 or newer (https://nodejs.org)"]),
        ("js", &[("node", "")], &["JavaScript's esbuild is missing: `npm install --save-dev esbuild@"]),
        (
            "js",
            &[("node", ""), ("esbuild", "")],
            &["JavaScript's componentize-qjs is missing: `npm install --save-dev componentize-qjs@"],
        ),
        (
            "python",
            &[],
            &["Python's componentize-py is missing: `python3 -m venv .venv && .venv/bin/pip install componentize-py=="],
        ),
        (
            "go",
            &[],
            &["Go's compiler is missing: install Go 1.24 or newer (https://go.dev), or `python3 -m venv .venv"],
        ),
        ("c", &[], &["a C compiler for WebAssembly (zig, or clang with a WASI sysroot in WASI_SYSROOT) is missing: "]),
        // Without WASI's C library clang is of no use.
        ("c", &[("clang", "")], &["is missing: `python3 -m venv .venv && .venv/bin/pip install ziglang=="]),
    ] {
        let project = Project::new(language)?;
        let told = project.build_with(there)?;
        holds(language, &told, parts);
        holds(language, &told, &[again]);
    }
    Ok(())
}

#[test]
fn what_a_project_lacks_is_named() -> Result<()> {
    let scratch = Scratch::new()?;
    let told = Cli::ended(Cli::command(&["action", "build"])?.current_dir(scratch.path()))?;
    holds(
        "no project",
        &told.stderr,
        &["is no action project, for it has no weir.toml", "`weir action new --lang rust NAME`"],
    );
    for (language, file, parts) in [
        (
            "js",
            "src/action.js",
            &["neither src/action.js nor src/action.ts is there: write the action into one of them"][..],
        ),
        ("python", "src/app.py", &["src/app.py is not there: write the action into it"]),
        ("c", "src/action.c", &["src/ holds no file that ends in .c: write the action into one"]),
        (
            "js",
            "weir-sdk",
            &["weir-sdk/src/index.js is not there: let `sdk` in weir.toml name weir's SDK for JavaScript"],
        ),
        (
            "python",
            "weir-sdk",
            &["weir-sdk/weir_action is not there: let `sdk` in weir.toml name weir's SDK for Python"],
        ),
        ("c", "weir-sdk", &["weir-sdk/src holds no C files: let `sdk` in weir.toml name weir's SDK for C"]),
        ("go", "wit", &["wit is not there: let `wit` in weir.toml name the folder of action.wit"]),
    ] {
        let project = Project::new(language)?;
        project.remove(file)?;
        let every = ["node", "esbuild", "componentize-qjs", "componentize-py", "go", "zig"].map(|tool| (tool, ""));
        let told = project.build_with(&every)?;
        holds(file, &told, parts);
        holds(file, &told, &["(WEIR-ACTION-PROJECT)"]);
    }
    Ok(())
}

#[test]
fn bytes_that_are_no_action_of_this_contract_are_refused_with_what_to_do() -> Result<()> {
    let server = Server::start()?;
    server.push_action("echo")?;
    let compiled = Refused {
        name: "compiled",
        bytes: what_a_server_compiled(&server.data())?,
        code: "WEIR-SANDBOX-PRECOMPILED",
        parts: &["precompiled machine code, which weir never runs; upload the component it was made from"],
    };
    for Refused { name, bytes, code, parts } in refused()?.into_iter().chain([compiled]) {
        let file = server.scratch().file(&format!("{name}.wasm"), bytes)?;
        let file = file.to_string_lossy();
        let tested = Cli::ended(&mut Cli::command(&["action", "test", &file])?)?;
        for told in [tested, server.cli(&["action", "push", &file])?] {
            assert_eq!(told.code, 1, "{name}: {told:?}");
            holds(name, &told.stderr, &[code]);
            holds(name, &told.stderr, parts);
        }
    }
    let told = Cli::ended(&mut Cli::command(&["action", "test", "nowhere.wasm"])?)?;
    holds("no file", &told.stderr, &["cannot read nowhere.wasm: No such file"]);
    Ok(())
}

#[test]
fn settings_that_do_not_fit_are_told_with_their_place_before_anything_runs() -> Result<()> {
    let server = Server::start()?;
    server.push_action("csv")?;
    let settings = server.scratch().file("with.yaml", "types: infer\nop: explode\n")?;
    let csv = component("csv");
    let (csv, settings) = (csv.to_string_lossy(), settings.to_string_lossy());
    let told = Cli::ended(&mut Cli::command(&["action", "test", &csv, "--config", &settings])?)?;
    holds(
        "test",
        &told.stderr,
        &["with.yaml do not fit csv@", "correct them, or the schema that the action states", "(WEIR-FLOW-CONFIG)"],
    );
    holds("test", &told.stderr, &["line 2", "/op", "\"explode\" is none of \"parse\", \"write\""]);
    let told = Cli::ended(&mut Cli::command(&["action", "test", &csv])?)?;
    holds("none", &told.stderr, &["needs settings: give them with --config FILE", "\"op\" is a required property"]);

    let flow = "weir: 1\nname: bad\nsteps:\n  - id: read\n    uses: csv@1\n    with:\n      op: explode\n";
    let file = server.scratch().file("bad.yaml", flow)?;
    let told = server.cli(&["flow", "push", &file.to_string_lossy(), "--publish"])?;
    let shown = format!("{}{}", told.stdout, told.stderr);
    assert_eq!(told.code, 1, "{shown}");
    holds(
        "publish",
        &shown,
        &[
            "bad.yaml:7:",
            "\"explode\" is none of \"parse\", \"write\"",
            "the action's schema of `with` does not allow it",
        ],
    );
    Ok(())
}

#[tokio::test]
async fn rust_goes_wrong_readably() -> Result<()> {
    let Some(project) = Project::of("rust")? else { return Ok(()) };
    let lib = "src/lib.rs";
    for (source, parts) in [
        (
            "pub fn score() {}\n",
            &[
                "the library is no action, for it does not export describe, validate, run",
                "put `#[weir_action::action]` on a public",
            ][..],
        ),
        ("fn score( {}\n", &["error: ", "src/lib.rs:1:", "cargo ended with", "what it says is above: correct that"]),
        (
            "#[weir_action::action(branch(\"hot\"))]\npub fn score(input: u32) -> weir_action::Result<u32> { Ok(input) }\n",
            &["src/lib.rs:1:", "branches"],
        ),
    ] {
        holds(source, &project.build_of(lib, source)?, parts);
    }
    project.copy(&[("lib.rs", lib)])?;
    project
        .trial()
        .await?
        .of(&[
            (
                "raise",
                "WEIR-STEP-TRAP",
                &["the action panicked at src/lib.rs:", ": a lead has visits", "raise", "correct the action"],
            ),
            (
                "recurse",
                "WEIR-STEP-STACK",
                &["nested too deep for its stack in ", "recurse (", "does a recursion not end?"],
            ),
            ("loop", "WEIR-STEP-FUEL", &["used up its fuel of ", "turn", "does a loop not end? else raise the limit"]),
            (
                "hog",
                "WEIR-STEP-MEMORY",
                &["needs more than its ", "bytes of memory", "hog", "use less, or raise the limit"],
            ),
            (
                "exit",
                "WEIR-STEP-TRAP",
                &["the action called exit in wrong_rust::wrong_rust", "return from `run` instead"],
            ),
            (
                "branch",
                "WEIR-STEP-OUTPUT",
                &["names the branch \"warm\", which its `describe` does not declare: it declares hot, cold"],
            ),
            ("fly", "WEIR-STEP-INVALID", &["nobody knows how to fly"]),
            ("7", "WEIR-STEP-INVALID", &["input", "what", "invalid type: integer `7`, expected a string"]),
        ])
        .await
}

#[tokio::test]
async fn javascript_goes_wrong_readably() -> Result<()> {
    let Some(project) = Project::of("js")? else { return Ok(()) };
    let no_action = "src/action.js exports no action: write `export const { describe, validate, run } = action({ … })`";
    let import = "import { action } from \"weir-action\";\n";
    for (source, parts) in [
        (format!("{import}action({{ name: \"a\", version: \"1.0.0\", run() {{}} }});\n"), &[no_action][..]),
        (format!("{import}export default 1;\n"), &[no_action]),
        (format!("{import}const x = ;\n"), &["src/action.js:2:10", "Unexpected \";\"", "esbuild ended with"]),
        ("import x from \"lodash\";\n".to_owned(), &["Could not resolve \"lodash\"", "src/action.js:1:14"]),
        (
            format!(
                "{import}export const {{ describe, validate, run }} = action({{ name: \"A\", version: \"1.0.0\", run() {{}} }});"
            ),
            &["src/action.js could not be loaded: ", "`name` has a-z, 0-9 and `-`", "not \"A\"; correct it"],
        ),
    ] {
        holds(&source, &project.build_of("src/action.js", &source)?, parts);
    }
    project.copy(&[("action.js", "src/action.js"), ("work.js", "src/work.js")])?;
    let trial = project.trial().await?;
    trial
        .of(&[
            (
                "raise",
                "WEIR-STEP-FAILED",
                &["a lead has visits", "TypeError", "at first (src/work.js:30)", "at run (src/action.js:20)"],
            ),
            ("reject", "WEIR-STEP-FAILED", &["no such lead", "RangeError", "(src/work.js:22)"]),
            ("recurse", "WEIR-STEP-STACK", &["nested too deep for its stack", "does a recursion not end?"]),
            ("loop", "WEIR-STEP-FUEL", &["used up its fuel of ", "does a loop not end? else raise the limit"]),
            ("hog", "WEIR-STEP-MEMORY", &["needs more than its ", "bytes of memory in hog (src/work.js:17); use less"]),
            (
                "branch",
                "WEIR-STEP-FAILED",
                &["the action left by the branch \"warm\", which it does not declare", "hot"],
            ),
            ("no JSON", "WEIR-STEP-FAILED", &["the output cannot be written as JSON: it is the function () => 1"]),
            ("fly", "WEIR-STEP-INVALID", &["nobody knows how to fly"]),
        ])
        .await?;
    let error = trial.call("reject").await?.to_string();
    assert!(!error.contains("bundle.js"), "lines of the bundle help nobody: {error}");
    Ok(())
}

#[tokio::test]
async fn python_goes_wrong_readably() -> Result<()> {
    let Some(project) = Project::of("python")? else { return Ok(()) };
    for (source, parts) in [
        ("def score(lead): pass\n", &["src/app.py has no action: decorate a function with `@action(…)`"][..]),
        (
            "import requests\n",
            &[
                "File \"src/app.py\", line 1",
                "src/app.py could not be imported: ModuleNotFoundError: No module named 'requests'",
            ],
        ),
        (
            "from weir_action import action\n\n\n@action(name=\"a\")\ndef score(a, b): pass\n",
            &[
                "`score` has two parameters for the input, `a` and `b`; `config` and `context` are the others that there are",
            ],
        ),
    ] {
        let told = project.build_of("src/app.py", source)?;
        holds(source, &told, parts);
        assert!(!told.contains("componentize-py") && !told.contains("Caused by"), "{told}");
    }
    project.copy(&[("app.py", "src/app.py")])?;
    let trial = project.trial().await?;
    assert!(
        !project.has("src/__pycache__") && !project.has("weir-sdk/weir_action/__pycache__"),
        "the build left bytecode"
    );
    trial
        .of(&[
            ("raise", "WEIR-STEP-FAILED", &["IndexError: list index out of range in first (app.py:", "wrong (app.py:"]),
            ("recurse", "WEIR-STEP-FAILED", &["RecursionError: maximum recursion depth exceeded in recurse (app.py:"]),
            ("loop", "WEIR-STEP-FUEL", &["used up its fuel of ", "does a loop not end? else raise the limit"]),
            (
                "hog",
                "WEIR-STEP-MEMORY",
                &["needs more than its ", "bytes of memory in hog (app.py:", "use less, or raise the limit"],
            ),
            ("exit", "WEIR-STEP-FAILED", &["SystemExit: 3 in leave (app.py:"]),
            (
                "clock",
                "WEIR-STEP-FAILED",
                &["there is no clock in a Python action; let the flow hand over the time in clock (app.py:"],
            ),
            (
                "late",
                "WEIR-STEP-FAILED",
                &["`decimal` was not imported while the component was built; import it at the top"],
            ),
            ("files", "WEIR-STEP-FAILED", &["there are no files in an action", "in files (app.py:"]),
            (
                "branch",
                "WEIR-STEP-FAILED",
                &["the action left by the branch 'warm', which its decorator does not name in `branches`"],
            ),
            ("no JSON", "WEIR-STEP-FAILED", &["the output", "set"]),
            ("fly", "WEIR-STEP-INVALID", &["nobody knows how to fly"]),
            ("7", "WEIR-STEP-INVALID", &["input at `what`: expected a string"]),
        ])
        .await?;
    assert_eq!(trial.call("parse").await?, json!("29.11.2026 06:00"), "dates are reckoned with without a clock");
    Ok(())
}

#[tokio::test]
async fn go_goes_wrong_readably() -> Result<()> {
    let Some(project) = Project::of("go")? else { return Ok(()) };
    for (source, parts) in [
        (
            "package main\n\nfunc main() {}\n",
            &["failed to find export of function `describe`", "call action.Register of weir.dev/action in func init()"]
                [..],
        ),
        ("package main\n\nfunc main() { score() }\n", &["./action.go:3:15: undefined: score", "go ended with"]),
    ] {
        holds(source, &project.build_of("action.go", source)?, parts);
    }
    project.copy(&[("action.go", "action.go")])?;
    project
        .trial()
        .await?
        .of(&[
            (
                "raise",
                "WEIR-STEP-FAILED",
                &["panic: runtime error: index out of range [0] with length 0 in main.first (action.go:", "main.run"],
            ),
            (
                "goroutine",
                "WEIR-STEP-TRAP",
                &["the action panicked at action.go:", "index out of range [0]", "correct the action"],
            ),
            (
                "recurse",
                "WEIR-STEP-STACK",
                &["nested too deep for its stack in main.recurse (", "does a recursion not end?"],
            ),
            (
                "loop",
                "WEIR-STEP-FUEL",
                &["used up its fuel of ", "in main.turn", "does a loop not end? else raise the limit"],
            ),
            (
                "hog",
                "WEIR-STEP-MEMORY",
                &["needs more than its ", "bytes of memory", "main.hog", "use less, or raise the limit"],
            ),
            ("exit", "WEIR-STEP-TRAP", &["the action called exit in main.run", "return from `run` instead"]),
            ("wait", "WEIR-STEP-TRAP", &["the action panicked at action.go:", "all goroutines are asleep - deadlock!"]),
            ("branch", "WEIR-STEP-FAILED", &["left by the branch \"warm\", which its definition does not declare"]),
            ("no JSON", "WEIR-STEP-FAILED", &["the output is no JSON: json: unsupported type: func()"]),
            ("fly", "WEIR-STEP-INVALID", &["nobody knows how to fly"]),
            ("7", "WEIR-STEP-INVALID", &["input", "what", "string"]),
        ])
        .await
}

#[tokio::test]
async fn c_goes_wrong_readably() -> Result<()> {
    let Some(project) = Project::of("c")? else { return Ok(()) };
    let head = "#include \"weir_action.h\"\n";
    let described = "const weir_action_info weir_info = {.name = \"a\", .version = \"1.0.0\", .title = \"A\"};\n";
    for (source, parts) in [
        (head.to_owned(), &["src/ defines no `weir_info`", "weir_action.h has an example"][..]),
        (format!("{head}{described}"), &["src/ defines no `run`"]),
        (format!("{head}int x = \"a\";\n"), &["src/action.c:2:5: error: ", "what it says is above: correct that"]),
    ] {
        holds(&source, &project.build_of("src/action.c", &source)?, parts);
    }
    for (schema, parts) in [
        (
            "{ not",
            &["the action's description cannot be used: config-schema is not JSON: ", "(WEIR-SANDBOX-DESCRIBE)"][..],
        ),
        ("[]", &["config-schema is JSON, but no JSON Schema: it must be an object", "correct what `describe` returns"]),
        (
            "{\\\"type\\\": 7}",
            &["its config schema is no JSON Schema that weir can use: ", "(WEIR-CATALOG-ACTION-REFUSED)"],
        ),
    ] {
        let info = described.replace(".title", &format!(".config_schema = \"{schema}\", .title"));
        let run = "weir_status run(const weir_context *cx, const weir_json *config, const weir_json *input, weir_output *out) \
                   { (void)cx, (void)config; return weir_next(out, input); }\n";
        project.write("src/action.c", &format!("{head}{info}{run}"))?;
        holds(schema, &project.tested(&["--build"])?.stderr, parts);
        let server = Server::start()?;
        holds(schema, &project.pushed(&server)?.stderr, parts);
    }
    project.copy(&[("action.c", "src/action.c")])?;
    project
        .trial()
        .await?
        .of(&[
            (
                "raise",
                "WEIR-STEP-TRAP",
                &["panicked or aborted in first <- run", "it said: src/action.c:20: first: assertion `", "failed)"],
            ),
            (
                "abort",
                "WEIR-STEP-TRAP",
                &["panicked or aborted in run", "it said: src/action.c:", "abort() was called"],
            ),
            ("exit", "WEIR-STEP-TRAP", &["the action called exit in run", "return from `run` instead"]),
            ("point", "WEIR-STEP-TRAP", &["the action trapped (out of bounds memory access) in point <- run"]),
            (
                "recurse",
                "WEIR-STEP-STACK",
                &["nested too deep for its stack in recurse (", "does a recursion not end?"],
            ),
            (
                "loop",
                "WEIR-STEP-FUEL",
                &["used up its fuel of ", "in turn <- run", "does a loop not end? else raise the limit"],
            ),
            (
                "hog",
                "WEIR-STEP-MEMORY",
                &["needs more than its ", "bytes of memory in hog <- run", "use less, or raise the limit"],
            ),
            (
                "branch",
                "WEIR-STEP-OUTPUT",
                &["names the branch \"warm\", which its `describe` does not declare: it declares hot, cold"],
            ),
            ("fly", "WEIR-STEP-INVALID", &["nobody knows how to fly"]),
        ])
        .await?;
    project.write("input.json", "{\"what\":\"kind\"}")?;
    let told = project.tested(&["--input", "input.json"])?;
    holds(
        "kind",
        &told.stderr,
        &["warning: the output does not fit the action's output schema: \"kind\" is not of type \"integer\""],
    );
    let component = project.component()?;
    assert!(
        !component.contains(".debug_") && !component.contains(&*project.place()),
        "paths of this machine are in it"
    );

    let contract = std::fs::read_to_string(weir_tests::committed("guest-sdk/wit/action.wit"))?;
    project.write("wit/action.wit", &contract.replace("@1.0.0;", "@2.0.0;").replace("@since(version = 1.0.0)", ""))?;
    holds("another contract", &project.build()?, &["makes no component of the world `action`", "weir:action/"]);
    Ok(())
}
