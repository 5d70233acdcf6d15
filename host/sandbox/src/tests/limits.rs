//! Calls that must be stopped, and the code that each gets.

use std::time::Duration;

use weir_model::Limits;

use super::guest::{Guest, echo};
use super::{admitted, failure, run, sandbox};

const SLEEP: &str = r#"
    (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $sleep (param i64) (result i32)))
    (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))"#;

#[tokio::test]
async fn each_limit_has_its_code() {
    let (_dir, sandbox) = sandbox();
    let limits = Limits { fuel: 10_000_000, memory_bytes: 4 << 20, ..Limits::default() };
    let grow = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable";
    let cases = [
        ("(loop $l (br $l)) unreachable", "", "WEIR-STEP-FUEL", "10000000"),
        (grow, "", "WEIR-STEP-MEMORY", "4194304"),
        ("(call $crash_here) unreachable", "(func $crash_here unreachable)", "WEIR-STEP-TRAP", "crash_here"),
        ("(call $deep) unreachable", "(func $deep (call $deep) (call $deep))", "WEIR-STEP-STACK", "deep"),
        ("(i32.load (i32.const -8))", "", "WEIR-STEP-TRAP", "out of bounds"),
    ];
    for (body, items, code, words) in cases {
        let action = admitted(&sandbox, &Guest::new(body).item(items)).await;
        let ran = run(&action, "{}", &limits).await;
        assert!(ran.usage.memory_bytes <= 4 << 20);
        let (found, message) = failure(ran);
        assert!(found == code && message.contains(words), "{body}: {found} {message}");
    }
}

#[tokio::test]
async fn a_guest_larger_than_the_limit_does_not_start() {
    let (_dir, sandbox) = sandbox();
    let action = admitted(&sandbox, &Guest::new(&echo())).await;
    let limits = Limits { memory_bytes: 32 << 10, ..Limits::default() };
    assert_eq!(failure(run(&action, "{}", &limits).await).0, "WEIR-STEP-MEMORY");
}

#[tokio::test]
async fn a_call_that_waits_is_stopped_by_the_clock() {
    let (_dir, sandbox) = sandbox();
    let body = format!("(call $block (call $sleep (i64.const 3600000000000))) {}", echo());
    let action = admitted(&sandbox, &Guest::new(&body).import(SLEEP)).await;
    let limits = Limits { step_millis: 50, ..Limits::default() };
    let ran = tokio::time::timeout(Duration::from_secs(5), run(&action, "{}", &limits)).await.unwrap();
    assert_eq!(failure(ran).0, "WEIR-STEP-TIMEOUT");
    let short = Guest::new(&body.replace("3600000000000", "1000000")).import(SLEEP);
    let action = admitted(&sandbox, &short).await;
    run(&action, "{}", &Limits::default()).await.result.unwrap();
}

#[tokio::test]
async fn a_call_that_computes_lets_others_run_and_is_stopped_by_the_clock() {
    let (_dir, sandbox) = sandbox();
    let action = admitted(&sandbox, &Guest::new("(loop $l (br $l)) unreachable")).await;
    let limits = Limits { step_millis: 100, fuel: u64::MAX, ..Limits::default() };
    // One thread for both: the second future can only win if the first lets go.
    let (ran, beat) = tokio::join!(run(&action, "{}", &limits), async {
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        true
    });
    assert!(beat);
    assert_eq!(failure(ran).0, "WEIR-STEP-TIMEOUT");
}

#[tokio::test]
async fn a_place_is_waited_for_and_its_lack_has_a_code() {
    let (_dir, sandbox) = sandbox();
    let body = format!("(call $block (call $sleep (i64.const 300000000))) {}", echo());
    let action = admitted(&sandbox, &Guest::new(&body).import(SLEEP)).await;
    let (patient, hasty) = (Limits::default(), Limits { step_millis: 50, ..Limits::default() });
    let (a, b, c, d, fifth, sixth) = tokio::join!(
        run(&action, "1", &patient),
        run(&action, "2", &patient),
        run(&action, "3", &patient),
        run(&action, "4", &patient),
        run(&action, "5", &patient),
        run(&action, "6", &hasty),
    );
    for ran in [a, b, c, d, fifth] {
        ran.result.unwrap();
    }
    assert_eq!(failure(sixth).0, "WEIR-STEP-CAPACITY");
}

#[tokio::test]
async fn a_flood_of_output_is_cut_and_the_guest_goes_on() {
    let (_dir, sandbox) = sandbox();
    // Writes its 4,096 bytes 1,000 times.
    let body = format!(
        "(local.set $x (i32.const 1000))
         (loop $l
           (call $write (call $stdout) (i32.const 4096) (i32.const 4096) (i32.const 256))
           (local.set $x (i32.sub (local.get $x) (i32.const 1)))
           (br_if $l (local.get $x))) {}",
        echo()
    );
    let line = format!("{}\\0a", "x".repeat(63)).repeat(64);
    // Each call opens the stream anew and never closes it, so handles run out unless it is dropped.
    let guest = Guest::new(&body.replace("(call $stdout)", "(local.get $out)"))
        .import(
            r#"(import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))
               (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-write-and-flush"
                 (func $write (param i32 i32 i32 i32)))"#,
        )
        .item(&format!("(data (i32.const 4096) \"{line}\")"));
    let guest = guest.local("(local $out i32) (local.set $out (call $stdout))");
    let action = admitted(&sandbox, &guest).await;
    let ran = run(&action, "{}", &Limits::default()).await;
    ran.result.unwrap();
    let kept: usize = ran.logs.iter().map(|line| line.message.len()).sum();
    assert!(kept <= 64 << 10 && !ran.logs.is_empty());
    assert!(ran.logs_dropped > 3_900_000, "{}", ran.logs_dropped);
}

#[tokio::test]
async fn handles_are_limited() {
    let (_dir, sandbox) = sandbox();
    let import = r#"(import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))"#;
    let guest = Guest::new("(loop $l (drop (call $stdout)) (br $l)) unreachable").import(import);
    let action = admitted(&sandbox, &guest).await;
    assert_eq!(failure(run(&action, "{}", &Limits::default()).await).0, "WEIR-STEP-HANDLES");
}

#[tokio::test]
async fn leaving_by_exit_is_a_failure() {
    let (_dir, sandbox) = sandbox();
    let import = r#"(import "wasi:cli/exit@0.2.6" "exit" (func $exit (param i32)))"#;
    let action = admitted(&sandbox, &Guest::new("(call $exit (i32.const 1)) unreachable").import(import)).await;
    let (code, message) = failure(run(&action, "{}", &Limits::default()).await);
    assert!(code == "WEIR-STEP-TRAP" && message.contains("called exit"), "{message}");
}
