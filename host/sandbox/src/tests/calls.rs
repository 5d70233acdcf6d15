//! Calls that do what they should, and what they leave behind.

use std::sync::Arc;

use weir_model::{Limits, LogLevel};

use super::guest::{Guest, echo, returns};
use super::{admitted, failure, run, run_with, sandbox};

#[tokio::test]
async fn an_action_gets_its_input_and_hands_on_its_output() {
    let (_dir, sandbox) = sandbox();
    let action = admitted(&sandbox, &Guest::new(&echo())).await;
    // On a task of its own: what a server does, and it needs futures that can change threads.
    let ran = tokio::spawn({
        let action = Arc::clone(&action);
        async move { run(&action, r#"{"name":"Ada"}"#, &Limits::default()).await }
    });
    let ran = ran.await.unwrap();
    let output = ran.result.unwrap();
    assert_eq!(output.payload.text(), r#"{"name":"Ada"}"#);
    assert_eq!(output.branch, None);
    assert!(ran.usage.fuel > 0 && ran.usage.memory_bytes >= 65_536 && ran.usage.host_calls == 0, "{:?}", ran.usage);
    assert!(ran.logs.is_empty() && ran.variables.is_empty());
    assert_eq!(action.validate("{}", &Limits::default()).await.unwrap(), Ok(()));
}

#[tokio::test]
async fn no_call_sees_what_another_left() {
    let (_dir, sandbox) = sandbox();
    let counts = format!(
        "(i32.store8 (i32.const 600) (i32.add (i32.const 48) (global.get $n))) (global.set $n (i32.const 7)) {}",
        returns("(i32.const 600)", "(i32.const 1)")
    );
    let action = admitted(&sandbox, &Guest::new(&counts).item("(global $n (mut i32) (i32.const 0))")).await;
    for _ in 0..3 {
        assert_eq!(run(&action, "{}", &Limits::default()).await.result.unwrap().payload.text(), "0");
    }
}

#[tokio::test]
async fn logs_variables_and_parts_of_the_input_reach_the_host() {
    let (_dir, sandbox) = sandbox();
    // Logs "seen", sets `seen` to true, reads `seen` and then `/a/1` of the input, which it returns.
    let body = format!(
        r#"(call $write (i32.const 3) (i32.const 600) (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 0))
           (call $set (i32.const 600) (i32.const 4) (i32.const 620) (i32.const 4) (i32.const 700))
           (call $get (i32.const 600) (i32.const 4) (i32.const 720))
           (call $write (i32.const 2) (i32.load (i32.const 724)) (i32.load (i32.const 728)) (i32.const 0) (i32.const 0) (i32.const 0))
           (call $get (i32.const 640) (i32.const 3) (i32.const 720))
           (call $write (i32.const 2) (i32.load (i32.const 724)) (i32.load (i32.const 728)) (i32.const 0) (i32.const 0) (i32.const 0))
           (call $slice (i32.const 660) (i32.const 4) (i32.const 740)) {}"#,
        returns("(i32.load (i32.const 744))", "(i32.load (i32.const 748))")
    );
    let guest = Guest::new(&body)
        .import(
            r#"(import "weir:action/log@1.0.0" "write" (func $write (param i32 i32 i32 i32 i32 i32)))
               (import "weir:action/variables@1.0.0" "get" (func $get (param i32 i32 i32)))
               (import "weir:action/variables@1.0.0" "set" (func $set (param i32 i32 i32 i32 i32)))
               (import "weir:action/payload@1.0.0" "slice" (func $slice (param i32 i32 i32)))"#,
        )
        .item(r#"(data (i32.const 600) "seen") (data (i32.const 620) "true") (data (i32.const 640) "eur") (data (i32.const 660) "/a/1")"#);
    let action = admitted(&sandbox, &guest).await;
    let variables = |name: &str| (name == "eur").then(|| "\"EUR\"".to_owned());
    let ran = run_with(&action, r#"{"a":[1, {"b":2} ]}"#, &Limits::default(), Arc::new(variables)).await;
    assert_eq!(ran.result.unwrap().payload.text(), r#"{"b":2}"#);
    let lines: Vec<_> = ran.logs.iter().map(|line| (line.level, line.message.as_str())).collect();
    assert_eq!(lines, [(LogLevel::Warn, "seen"), (LogLevel::Info, "true"), (LogLevel::Info, "\"EUR\"")]);
    assert_eq!(ran.variables.len(), 1);
    assert_eq!(ran.variables[0].1.as_ref().unwrap().text(), "true");
    assert_eq!(ran.usage.host_calls, 7);
}

#[tokio::test]
async fn failures_of_the_action_keep_their_kind() {
    let (_dir, sandbox) = sandbox();
    // The input's first character says which failure; the input is its text.
    let body = r"(i32.store (i32.const 256) (i32.const 1))
        (i32.store (i32.const 260) (i32.sub (i32.load8_u offset=1 (i32.load offset=60 (local.get $p))) (i32.const 48)))
        (i32.store (i32.const 264) (i32.load offset=60 (local.get $p)))
        (i32.store (i32.const 268) (i32.load offset=64 (local.get $p)))
        (i32.store (i32.const 272) (i32.const 1)) (i32.store (i32.const 276) (i32.const 1500)) (i32.const 256)";
    let action = admitted(&sandbox, &Guest::new(body)).await;
    let call = async |input| run(&action, input, &Limits::default()).await.result.unwrap_err();
    let invalid = call("\"0 bad\u{1b}\"").await;
    assert_eq!((invalid.code.as_str(), invalid.retryable), ("WEIR-STEP-INVALID", false));
    assert_eq!(invalid.message, "\"0 bad\\u{1b}\"");
    let later = call("\"1 later\"").await;
    assert_eq!(
        (later.code.as_str(), later.retryable, later.retry_after_ms),
        ("WEIR-STEP-RETRYABLE", true, Some(1_500))
    );
    let failed = call("\"2 no\"").await;
    assert_eq!((failed.code.as_str(), failed.message.as_str()), ("WEIR-STEP-FAILED", "2 no"));
    assert_eq!(failed.detail.unwrap().text(), "\"2 no\"");
}

#[tokio::test]
async fn an_output_must_be_json_of_the_right_size_and_name_a_declared_branch() {
    let (_dir, sandbox) = sandbox();
    let action = admitted(&sandbox, &Guest::new(&echo())).await;
    let limits = Limits { output_bytes: 10, ..Limits::default() };
    for input in ["{", "\"0123456789\""] {
        assert_eq!(failure(run(&action, input, &limits).await).0, "WEIR-STEP-OUTPUT", "{input}");
    }
    let branch = |text: &str| {
        let run = echo().replace("(i32.store (i32.const 268) (i32.const 0))", "(i32.store (i32.const 268) (i32.const 1)) (i32.store (i32.const 272) (i32.const 600)) (i32.store (i32.const 276) (i32.const 4))");
        Guest::new(&run).item(&format!("(data (i32.const 600) {text:?})"))
    };
    let left = admitted(&sandbox, &branch("left")).await;
    let output = run(&left, "{}", &Limits::default()).await.result.unwrap();
    assert_eq!(output.branch.as_deref(), Some("left"));
    let other = admitted(&sandbox, &branch("blue")).await;
    let (code, message) = failure(run(&other, "{}", &Limits::default()).await);
    assert!(code == "WEIR-STEP-OUTPUT" && message.contains("\"blue\""), "{message}");
}
