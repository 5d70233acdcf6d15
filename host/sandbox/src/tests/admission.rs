//! What is not admitted, and why.

use bytes::Bytes;
use weir_model::Coded;

use super::guest::{Guest, echo, stranger};
use super::{sandbox, tenant};

#[tokio::test]
async fn what_is_no_action_is_refused_with_a_reason() {
    let (_dir, sandbox) = sandbox();
    let locals = format!("(func (local {}))", "i32 ".repeat(5_000));
    let sockets = r#"(import "wasi:sockets/tcp@0.2.6" "connect" (func $connect (result i32)))"#;
    let mut broken = Guest::new(&echo()).build();
    broken.truncate(broken.len() - 10);
    let precompiled = sandbox.precompiled(&Guest::new(&echo()).build());
    let cases = [
        (b"(component)".to_vec(), "WEIR-SANDBOX-NOT-BINARY", "text"),
        (Vec::new(), "WEIR-SANDBOX-NOT-BINARY", "binary"),
        (Guest::new(&echo()).module(), "WEIR-SANDBOX-CORE-MODULE", "weir action build"),
        (precompiled, "WEIR-SANDBOX-PRECOMPILED", "machine code"),
        (broken, "WEIR-SANDBOX-MALFORMED", "not valid"),
        (vec![0; crate::MAX_COMPONENT_BYTES + 1], "WEIR-SANDBOX-TOO-LARGE", "33554432"),
        (Guest::new(&echo()).item(&locals).build(), "WEIR-SANDBOX-TOO-COMPLEX", "local variables"),
        (Guest::new("(call $connect)").import(sockets).build(), "WEIR-SANDBOX-IMPORT", "wasi:sockets/tcp@0.2.6"),
        (stranger(), "WEIR-SANDBOX-WORLD", "describe"),
        (Guest::new(&echo()).schema("{").build(), "WEIR-SANDBOX-DESCRIBE", "config-schema is not JSON"),
        (Guest::new(&echo()).name("No Name").build(), "WEIR-SANDBOX-DESCRIBE", "No Name"),
    ];
    for (bytes, code, words) in cases {
        let error = sandbox.admit(&tenant(), Bytes::from(bytes), |_| {}).await.unwrap_err();
        assert!(error.code().as_str() == code && error.to_string().contains(words), "{code}: {error}");
    }
}

#[tokio::test]
async fn an_admitted_action_says_what_it_is() {
    let (_dir, sandbox) = sandbox();
    let bytes = Guest::new(&echo()).build();
    let size = bytes.len() as u64;
    let admitted = sandbox.admit(&tenant(), Bytes::from(bytes), |_| {}).await.unwrap();
    assert_eq!((admitted.info.name.as_str(), admitted.info.version.as_str()), ("echo", "1.2.3"));
    assert_eq!(admitted.info.branches, ["left"]);
    assert_eq!(admitted.info.config_schema, serde_json::json!({ "type": "object" }));
    assert_eq!(admitted.size, size);
}

#[test]
fn what_declares_more_than_any_call_could_have_is_refused() {
    let component = |module: &str| wat::parse_str(format!("(component (core module {module}))")).unwrap();
    // One type in another, three bytes for each: enough to run out of stack where they are read by calls in calls.
    let depth = 2_000_000;
    let mut types = vec![1];
    types.extend([0x42, 1, 1].repeat(depth));
    types.extend([0x42, 0]);
    let cases = [
        (component("(memory 5000)"), "a memory with a first size in bytes of 327680000"),
        (component("(import \"a\" \"b\" (memory 5000))"), "a memory with a first size"),
        (component("(memory 1) (memory 1)"), "a number of memories of 2"),
        (component("(table 30000 funcref)"), "a table with a number of elements of 30000"),
        (component(&"(table 1 funcref)".repeat(3)), "a number of tables of 3"),
        (component(&"(import \"a\" \"b\" (func))".repeat(60_000)), "a number of imports"),
        (component(&"(type (func))".repeat(60_000)), "a number of types"),
        (section(7, &types), "types nested to a depth of 33"),
        (section(7, &[1, 0x42, 1, 9, 0x42, 0]), "not valid"),
    ];
    for (bytes, words) in cases {
        let error = crate::inspect(&bytes).unwrap_err();
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
}

/// A component of one section.
fn section(id: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    bytes.push(id);
    let mut left = content.len();
    while left >= 0x80 {
        bytes.push((left % 0x80) as u8 | 0x80);
        left /= 0x80;
    }
    bytes.push(left as u8);
    bytes.extend(content);
    bytes
}
