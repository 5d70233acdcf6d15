//! What every black-box test needs: the real binary on a scratch folder, its command line, and a client. It asserts nothing
//! about weir.

mod cli;
mod disk;
mod load;
mod names;
mod peer;
mod process;
mod server;
mod tools;

pub use cli::Cli;
pub use disk::{Counts, Disk, Fault, Tails};
pub use load::{Called, Load, lost, soaking};
pub use names::Names;
pub use peer::{Peer, Seen};
pub use process::Scratch;
pub use server::{Server, committed, component, speak_tls};
pub use tools::can_build;

/// A flow that answers 201 with the caller's name.
pub const HELLO: &str = r#"weir: 1
name: hello
trigger: { webhook: { methods: [GET, POST] } }
steps:
  - id: answer
    uses: response
    with: { status: 201, json: { hello: "{{ payload.name }}" } }
"#;

/// A flow that nobody waits for.
pub const BACKGROUND: &str = r#"weir: 1
name: background
steps:
  - id: note
    uses: set
    with: { seen: "{{ payload.n }}" }
"#;

/// Ten steps of the action `spin` that lead to the step `answer`, as lines of a flow. Each ends at its time or, where the
/// machine is quick, at its fuel before that; ten are longer than a wait of one second everywhere.
pub fn spins() -> String {
    let step = |at| {
        let next = if at == 9 { "answer".to_owned() } else { format!("spin-{}", at + 1) };
        format!("  - {{ id: spin-{at}, uses: spin@1, timeout: 700ms, on: {{ error: {next} }} }}\n")
    };
    (0..10).map(step).collect()
}
