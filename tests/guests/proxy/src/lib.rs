//! What the benchmark runs under `wasmtime serve`: reads a JSON body and answers 201 with two of its members, as weir's
//! flow with one action does. It is a component of `wasi:http/proxy` and no action.

// The bindings' export has `unsafe` of its own.
#![deny(unsafe_code)]
#![cfg(target_arch = "wasm32")]

use std::io::{Read as _, Write as _};

use serde_json::{Value, json};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

struct Proxy;

#[allow(unsafe_code, reason = "generated")]
mod export {
    use super::Proxy;
    wasip2::http::proxy::export!(Proxy);
}

impl Guest for Proxy {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let (status, answer) = match read(&request) {
            Some(body) => (201, json!({ "hello": body.get("name"), "total": body.get("total") })),
            None => (400, json!({ "error": "the body is not JSON" })),
        };
        let fields = Fields::new();
        let _ = fields.set("content-type", &[b"application/json".to_vec()]);
        let response = OutgoingResponse::new(fields);
        let _ = response.set_status_code(status);
        let Ok(body) = response.body() else { return };
        ResponseOutparam::set(out, Ok(response));
        if let Ok(mut stream) = body.write() {
            let _ = stream.write_all(answer.to_string().as_bytes());
            let _ = stream.flush();
        }
        let _ = OutgoingBody::finish(body, None);
    }
}

fn read(request: &IncomingRequest) -> Option<Value> {
    let body = request.consume().ok()?;
    let mut bytes = Vec::new();
    body.stream().ok()?.read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}
