//! What a call may do with the host, counted over the whole call: each total has its code.

use weir_model::Limits;

use super::guest::{Guest, echo};
use super::{admitted, failure, run, sandbox};

const LOG: &str = r#"(import "weir:action/log@1.0.0" "write" (func $write (param i32 i32 i32 i32 i32 i32)))"#;
const KV: &str = r#"
    (import "weir:action/kv@1.0.0" "get" (func $get (param i32 i32 i32 i32 i32)))
    (import "weir:action/kv@1.0.0" "increment" (func $increment (param i32 i32 i32 i32 i64 i32 i64 i32)))"#;

/// Does it for ever.
fn forever(code: &str) -> String {
    format!("(loop $l {code} (br $l)) unreachable")
}

#[tokio::test]
async fn calls_bytes_and_randomness_have_an_end() {
    let (_dir, sandbox) = sandbox();
    let limits = Limits { host_calls: 100, host_bytes: 1_000_000, random_bytes: 10_000, ..Limits::default() };
    let line = |size: u32| {
        forever(&format!(
            "(call $write (i32.const 2) (i32.const 4096) (i32.const {size}) (i32.const 0) (i32.const 0) (i32.const 0))"
        ))
    };
    let random = r#"(import "wasi:random/random@0.2.6" "get-random-bytes" (func $random (param i64 i32)))"#;
    let exhausts = |size: u64| forever(&format!("(call $random (i64.const {size}) (i32.const 256))"));
    let clock = r#"
        (import "wasi:clocks/monotonic-clock@0.2.6" "subscribe-duration" (func $sleep (param i64) (result i32)))
        (import "wasi:io/poll@0.2.6" "[method]pollable.block" (func $block (param i32)))"#;
    let naps = "(local $nap i32) (local.set $nap (call $sleep (i64.const 1)))";
    let cases = [
        (Guest::new(&line(1)).import(LOG), "WEIR-STEP-HOST-CALLS", "host_calls"),
        (Guest::new(&line(12_000)).import(LOG), "WEIR-STEP-HOST-BYTES", "host_bytes"),
        (Guest::new(&exhausts(1_000)).import(random), "WEIR-STEP-RANDOM", "random_bytes"),
        (Guest::new(&exhausts(u64::MAX)).import(random), "WEIR-STEP-RANDOM", "random_bytes"),
        // Functions that take handles are not refused one by one, and end all the same.
        (
            Guest::new(&forever("(call $block (local.get $nap))")).import(clock).local(naps),
            "WEIR-STEP-HOST-CALLS",
            "host_calls",
        ),
    ];
    for (guest, code, limit) in cases {
        let action = admitted(&sandbox, &guest).await;
        let ran = run(&action, "{}", &limits).await;
        assert!(ran.usage.host_calls <= 101, "{code}: {:?}", ran.usage);
        assert!(ran.limits_reached.contains(&limit), "{:?}", ran.limits_reached);
        assert_eq!(failure(ran).0, code);
    }
}

#[tokio::test]
async fn more_than_the_host_copies_at_a_time_is_refused() {
    let (_dir, sandbox) = sandbox();
    let limits = Limits { output_bytes: 1_000, variable_bytes: 1_000, kv_value_bytes: 1_000, ..Limits::default() };
    let grown = "(drop (memory.grow (i32.const 32)))";
    let write =
        "(call $write (i32.const 2) (i32.const 16) (i32.const 2000000) (i32.const 0) (i32.const 0) (i32.const 0))";
    let hands = admitted(&sandbox, &Guest::new(&format!("{grown} {write} unreachable")).import(LOG)).await;
    assert_eq!(failure(run(&hands, "{}", &limits).await).0, "WEIR-STEP-HOST-BYTES");
    let returns = super::guest::returns("(i32.const 0)", "(i32.const 2000000)");
    let returns = admitted(&sandbox, &Guest::new(&format!("{grown} {returns}"))).await;
    assert_eq!(failure(run(&returns, "{}", &limits).await).0, "WEIR-STEP-OUTPUT");
}

#[tokio::test]
async fn only_declared_buckets_answer_and_operations_have_an_end() {
    let (_dir, sandbox) = sandbox();
    let limits = Limits { kv_operations: 3, ..Limits::default() };
    let increment = "(call $increment (i32.const 600) (i32.const 4) (i32.const 600) (i32.const 4) (i64.const 2)
        (i32.const 0) (i64.const 0) (i32.const 704))";
    // Goes on while the result is the ok case, and traps when it is not.
    let body = format!("(loop $l {increment} (br_if $l (i32.eqz (i32.load8_u (i32.const 704))))) unreachable");
    let guest = Guest::new(&body).import(KV).item(r#"(data (i32.const 600) "seen")"#);
    let stranger = admitted(&sandbox, &guest).await;
    let ran = run(&stranger, "{}", &limits).await;
    assert_eq!((ran.usage.kv_operations, failure(ran).0.as_str()), (0, "WEIR-STEP-TRAP"));

    let guest = Guest::new(&body).import(KV).item(r#"(data (i32.const 600) "seen")"#).bucket("seen").name("counts");
    let counts = admitted(&sandbox, &guest).await;
    let ran = run(&counts, "{}", &limits).await;
    assert_eq!((ran.usage.kv_operations, &*ran.limits_reached), (3, &["kv_operations"][..]));
    assert_eq!(failure(ran).0, "WEIR-STEP-KV-OPERATIONS");

    // A guest that takes the refusal goes on.
    let calm = format!("{increment} {increment} {increment} {increment} {}", echo());
    let guest = Guest::new(&calm).import(KV).item(r#"(data (i32.const 600) "seen")"#).bucket("seen").name("calm");
    let calm = admitted(&sandbox, &guest).await;
    let ran = run(&calm, "{}", &limits).await;
    assert!(ran.result.is_ok() && ran.limits_reached == ["kv_operations"]);
}
