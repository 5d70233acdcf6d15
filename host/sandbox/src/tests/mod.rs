//! Tests of the whole room over components assembled from text: calls, limits, admission and the cache.

mod admission;
mod cache;
mod calls;
mod cost;
mod guest;
mod host;
mod limits;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tempfile::TempDir;
use weir_model::{Entropy, FlowName, Limits, ManualClock, RunId, TenantId};

use crate::{Action, Call, Compiler, Context, MemoryKv, NoOutbound, NoVariables, Options, Ran, Sandbox, Variables};

#[derive(Default)]
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0.fetch_add(37, Ordering::Relaxed).to_le_bytes()[0];
        }
    }
}

fn sandbox_in(dir: &Path) -> Arc<Sandbox> {
    Sandbox::new(options(dir, Arc::new(ManualClock::default()))).unwrap()
}

fn options(dir: &Path, clock: Arc<ManualClock>) -> Options {
    Options {
        cache_dir: dir.to_owned(),
        cache_bytes: 1 << 30,
        compiler: Compiler::InProcess,
        compilers: 1,
        instances: 4,
        clock,
        entropy: Arc::new(Counting(AtomicU64::new(7))),
    }
}

fn tenant() -> TenantId {
    TenantId::new("default").unwrap()
}

fn sandbox() -> (TempDir, Arc<Sandbox>) {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = sandbox_in(dir.path());
    (dir, sandbox)
}

async fn admitted(sandbox: &Arc<Sandbox>, guest: &guest::Guest) -> Arc<Action> {
    let admitted = sandbox.admit(&tenant(), Bytes::from(guest.build()), |_| {}).await.unwrap();
    sandbox.get(&admitted.hash).unwrap()
}

async fn run(action: &Action, input: &str, limits: &Limits) -> Ran {
    run_with(action, input, limits, Arc::new(NoVariables)).await
}

async fn run_with(action: &Action, input: &str, limits: &Limits, variables: Arc<dyn Variables>) -> Ran {
    let context = Context {
        tenant: &tenant(),
        flow: &FlowName::new("new-lead").unwrap(),
        flow_version: 3,
        step: "score",
        run: RunId::from_bytes([1; 16]),
        attempt: 1,
        idempotency_key: "key",
    };
    let kv = Arc::new(MemoryKv::new(Arc::new(ManualClock::default())));
    let outbound = Arc::new(NoOutbound);
    action.run(Call { context, config: "{}", input, limits, variables, kv, outbound }).await
}

/// The code of a call that failed, and its message.
fn failure(ran: Ran) -> (String, String) {
    let failure = ran.result.unwrap_err();
    (failure.code.to_string(), failure.message)
}
