//! What is not admitted, and why.

use bytes::Bytes;
use weir_model::Coded;

use super::guest::{Guest, echo, stranger};
use super::sandbox;

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
        let error = sandbox.admit(Bytes::from(bytes)).await.unwrap_err();
        assert!(error.code().as_str() == code && error.to_string().contains(words), "{code}: {error}");
    }
}

#[tokio::test]
async fn an_admitted_action_says_what_it_is() {
    let (_dir, sandbox) = sandbox();
    let bytes = Guest::new(&echo()).build();
    let size = bytes.len() as u64;
    let admitted = sandbox.admit(Bytes::from(bytes)).await.unwrap();
    assert_eq!((admitted.info.name.as_str(), admitted.info.version.as_str()), ("echo", "1.2.3"));
    assert_eq!(admitted.info.branches, ["left"]);
    assert_eq!(admitted.info.config_schema, serde_json::json!({ "type": "object" }));
    assert_eq!(admitted.size, size);
}
