//! What templates and conditions see while they are tried. It reads no input but the payload.

use std::sync::Arc;

use serde_json::json;
use weir_flow::{Data, Globals, Item, Locals, Scope, request_data};
use weir_model::{RequestInfo, Timestamp};

/// The scope of a step with this payload; an example where the bytes are not JSON.
pub(crate) fn scope(payload: &[u8]) -> Scope {
    let example = json!({
        "a": { "b": { "c": [1, 2, 3] } }, "b": "x", "email": "ada@example.com", "n": 12.5, "items": [{ "a": 1 }, { "a": "é" }, null],
    });
    let payload = Data::from_json(payload).unwrap_or_else(|_| Data::from(&example));
    let request = RequestInfo {
        method: "POST".into(),
        path: "/a/b".into(),
        query: "a=1&a=2&b=%zz".into(),
        headers: vec![("x-a".into(), "1".into()), ("x-a".into(), "<b>".into())],
        content_type: Some("text/plain".into()),
        client_ip: None,
        received_at: Timestamp::from_millis(1_795_512_600_000),
    };
    let globals = Globals {
        secrets: Data::null(),
        payload: payload.clone().into(),
        request: request_data(Arc::new(request), vec![0xff, 0, 1].into()),
        run: Data::from(
            &json!({ "id": "r", "mode": "production", "started_at": "2026-11-24T09:30:00Z", "attempt": 1 }),
        ),
        flow: Data::from(&json!({ "name": "fuzz", "version": 3, "tenant": "default" })),
    };
    let mut locals = Locals::default();
    locals.set_var("list", Data::from(&json!([3, "1", 2.5, null, [], { "a": 1 }])));
    locals.set_var("text", Data::from("grüße {{ 7*7 }} <b>"));
    locals.set_var("x", Data::from(5_i64));
    locals.set_output("one", payload);
    locals.items.push(Item { name: "item".into(), value: Data::from("i"), index: 1, length: 3 });
    locals.error = Some(Data::from(&json!({ "code": "X", "message": "m", "step": "one" })));
    Scope::new(Arc::new(globals), locals)
}
