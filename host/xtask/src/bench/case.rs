//! What is measured: each case's server, request and load.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::server::Server;
use super::wrk::{self, Load};

/// The request body of every case.
pub(crate) const BODY: &str = r#"{"name":"Ada Lovelace","email":"ada@example.com","total":42}"#;

const TEMPLATE: &str = r#"weir: 1
name: bench-template
trigger: { webhook: { methods: [POST] } }
steps:
  - id: answer
    uses: response
    with: { status: 201, json: { hello: "{{ payload.name }}", total: "{{ payload.total }}" } }
"#;

const ACTION: &str = r#"weir: 1
name: bench-action
trigger: { webhook: { methods: [POST] } }
steps:
  - id: work
    uses: echo@1
    save: result
  - id: answer
    uses: response
    with: { status: 201, json: { hello: "{{ result.name }}", total: "{{ result.total }}" } }
"#;

const SCRIPT: &str = r#"weir: 1
name: bench-script
trigger: { webhook: { methods: [POST] } }
steps:
  - id: work
    uses: code
    with: { source: "return { name: payload.name, total: payload.total }" }
    save: result
  - id: answer
    uses: response
    with: { status: 201, json: { hello: "{{ result.name }}", total: "{{ result.total }}" } }
"#;

const BACKGROUND: &str = r#"weir: 1
name: bench-background
trigger: { webhook: { methods: [POST] } }
steps:
  - id: note
    uses: set
    with: { seen: "{{ payload.name }}" }
"#;

/// One case.
pub(crate) struct Case {
    /// What it is, for the table.
    pub name: &'static str,
    what: What,
    connections: u32,
}

/// What serves a case.
enum What {
    /// The yardstick.
    Bare,
    /// `wasmtime serve`.
    Wasmtime,
    /// weir with this flow.
    Flow(&'static str),
}

/// What one round of a case gave.
pub(crate) struct Measured {
    /// What the load generator saw.
    pub load: Load,
    /// User and system time of the server per request, in microseconds.
    pub cpu_us: f64,
    /// The server's resident memory after the load, in MiB.
    pub resident_mib: f64,
}

impl Case {
    /// Every case, the bare server first.
    pub(crate) fn all() -> Vec<Self> {
        let case = |name, what, connections| Self { name, what, connections };
        vec![
            case("bare hyper, one thread", What::Bare, 16),
            case("`wasmtime serve`, a Rust component", What::Wasmtime, 16),
            case("template and Response, run logged", What::Flow(TEMPLATE), 16),
            case("the same with one Rust action", What::Flow(ACTION), 16),
            case("the same with a JavaScript code step", What::Flow(SCRIPT), 16),
            case("fire-and-forget, synced", What::Flow(BACKGROUND), 64),
        ]
    }

    /// Starts the server, warms it, loads it, and reads what it used.
    pub(crate) fn measure(&self, scratch: &Path, time: Duration) -> Result<Measured> {
        let server = match self.what {
            What::Bare => Server::bare()?,
            What::Wasmtime => Server::wasmtime()?,
            What::Flow(flow) => Server::weir(scratch, flow)?,
        };
        wrk::load(scratch, &server.url, self.connections, Duration::from_secs(1))?;
        let before = server.cpu_us()?;
        let load = wrk::load(scratch, &server.url, self.connections, time)?;
        let used = server.cpu_us()? - before;
        let resident_mib = server.resident_mib()?;
        Ok(Measured { cpu_us: used / load.requests, load, resident_mib })
    }
}
