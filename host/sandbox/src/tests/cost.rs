//! What a step costs from store to drop, with all limits and with none. Run by hand; figures are printed and never asserted.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use wasmtime::Store;
use wasmtime::component::Component;
use weir_model::{Limits, ManualClock, TenantId};

use super::guest::{Guest, echo};
use super::{Counting, run, sandbox};
use crate::bindings::weir::action::types::Context;
use crate::bindings::{self, ActionPre};
use crate::state::{Given, State, World};
use crate::{Action, engine, linker};

const INPUT: &str = r#"{"name":"Ada","email":"ada@example.com","company":"weir","size":40}"#;
/// Calls of one round, and rounds; both kinds take turns, for the machine is not the same all the time.
const CALLS: usize = 5_000;
const ROUNDS: usize = 6;

#[tokio::test]
#[ignore = "measures; run it alone with --ignored --nocapture, and WEIR_GUEST=file for another guest"]
async fn a_step_with_all_limits_and_with_none() {
    let bytes = match std::env::var_os("WEIR_GUEST") {
        Some(path) => std::fs::read(path).unwrap(),
        None => Guest::new(&echo()).build(),
    };
    let bare = Bare::new(&bytes);
    let (_dir, sandbox) = sandbox();
    let admitted = sandbox.admit(&TenantId::new("default").unwrap(), Bytes::from(bytes), |_| {}).await.unwrap();
    let action = sandbox.get(&admitted.hash).unwrap();
    let limits = Limits::default();
    println!("{:?}", run(&action, INPUT, &limits).await.usage);
    let (mut all, mut none) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        times(&mut all, async || limited(&action, &limits).await).await;
        times(&mut none, async || bare.call().await).await;
    }
    print("all limits", all);
    print("no limits ", none);
}

async fn times(into: &mut Vec<Duration>, call: impl AsyncFn()) {
    for _ in 0..CALLS {
        let start = Instant::now();
        call().await;
        into.push(start.elapsed());
    }
}

fn print(what: &str, mut times: Vec<Duration>) {
    let mean = times.iter().sum::<Duration>() / u32::try_from(times.len()).unwrap();
    times.sort_unstable();
    let at = |part: usize| times[times.len() * part / 100];
    println!("{what}: p50 {:?} p90 {:?} p99 {:?} mean {mean:?}", at(50), at(90), at(99));
}

async fn limited(action: &Action, limits: &Limits) {
    assert!(run(action, INPUT, limits).await.result.is_ok());
}

/// The same engine, pool and imports without fuel, without counts and without clocks.
struct Bare {
    pre: ActionPre<State>,
    world: Arc<World>,
}

impl Bare {
    fn new(bytes: &[u8]) -> Self {
        let engine = engine::without_fuel();
        let component = Component::from_binary(&engine, bytes).unwrap();
        let pre = linker::linker(&engine).unwrap().instantiate_pre(&component).unwrap();
        let world = World { clock: Arc::new(ManualClock::default()), entropy: Arc::new(Counting::default()) };
        Self { pre: ActionPre::new(pre).unwrap(), world: Arc::new(world) }
    }

    async fn call(&self) {
        let limits = Limits::default();
        let state = State::new(Arc::clone(&self.world), &limits, Given::nothing(Arc::default()));
        let mut store = Store::new(self.pre.engine(), state);
        let action: bindings::Action = self.pre.instantiate_async(&mut store).await.unwrap();
        let facts = Context {
            tenant: "default",
            flow: "new-lead",
            flow_version: 3,
            step: "score",
            execution: "01010101-0101-0101-0101-010101010101",
            attempt: 1,
            deadline_ms: 10_000,
            idempotency_key: "key",
        };
        assert!(action.call_run(&mut store, facts, "{}", INPUT).await.unwrap().is_ok());
    }
}
