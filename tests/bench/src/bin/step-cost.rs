//! The cost of one step in-process: a fresh instance of a small Rust action, or of the interpreter with a script of ten
//! lines, from store to drop, with all limits on.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use rand::Rng as _;
use weir_model::{Clock, Entropy, FlowName, Limits, RunId, TenantId, Timestamp};
use weir_sandbox::{Action, BuiltIn, Call, Compiler, NoKv, NoOutbound, NoVariables, Options, Sandbox, script_settings};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Calls before anything is measured.
const WARM: usize = 2_000;
/// Calls measured.
const CALLS: usize = 50_000;
const INPUT: &str = r#"{"name":"Ada Lovelace","email":"ada@example.com","total":42}"#;
/// Ten lines of what scripts do.
const SCRIPT: &str = r#"const { name, email, total } = payload;
if (!email?.includes("@")) {
  throw new TypeError("no address");
}
const [first, ...rest] = name.split(" ");
const host = email.slice(email.indexOf("@") + 1);
const points = [total > 10, host.endsWith(".com"), rest.length > 0].filter(Boolean).length;
const labels = Object.entries({ host, points }).map(([key, value]) => `${key}:${value}`);
const score = await Promise.resolve(points * 25);
return { greeting: `Hello ${first}`, labels, score, tax: Math.round(total * 19) / 100 };"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("weir-step-cost-{}", std::process::id()));
    let measured = measure(&folder).await;
    let _ = std::fs::remove_dir_all(&folder);
    for (what, mut nanos) in measured? {
        nanos.sort_unstable();
        let at = |part: usize| nanos.get(nanos.len() * part / 1_000).map_or(0.0, |nanos| *nanos as f64 / 1_000.0);
        println!(
            "One step, {what}, {} bytes in, {CALLS} calls: p50 {:.1} µs, p99 {:.1} µs.",
            INPUT.len(),
            at(500),
            at(990)
        );
    }
    Ok(())
}

async fn measure(folder: &Path) -> Result<[(&'static str, Vec<u64>); 2]> {
    let system = Arc::new(System);
    let options = Options {
        cache_dir: folder.join("components"),
        cache_bytes: 1 << 30,
        compiler: Compiler::InProcess,
        compilers: 1,
        instances: 16,
        clock: system.clone(),
        entropy: system,
    };
    let sandbox = Sandbox::new(options)?;
    let tenant = TenantId::new("default")?;
    let component = concat!(env!("CARGO_MANIFEST_DIR"), "/../guests/prebuilt/echo.wasm");
    let bytes = Bytes::from(std::fs::read(component)?);
    let admitted = sandbox.admit(&tenant, bytes, |_| {}).await?;
    let echo = sandbox.get(&admitted.hash).context("the action is not ready")?;
    let code = sandbox.built_in(&tenant, BuiltIn::Code).await?;
    let seen = format!(r#"{{"payload":{INPUT}}}"#);
    Ok([
        ("`echo`", times(&echo, &tenant, "{}", INPUT).await?),
        ("`code` with ten lines", times(&code, &tenant, script_settings(SCRIPT).text(), &seen).await?),
    ])
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
async fn times(action: &Action, tenant: &TenantId, config: &str, input: &str) -> Result<Vec<u64>> {
    let (flow, limits) = (FlowName::new("bench")?, Limits::default());
    let mut nanos = Vec::with_capacity(CALLS);
    for call in 0..WARM + CALLS {
        let context = weir_sandbox::Context {
            tenant,
            flow: &flow,
            flow_version: 1,
            step: "work",
            run: RunId::from_bytes([0; 16]),
            attempt: 1,
            idempotency_key: "bench",
        };
        let started = Instant::now();
        let (variables, kv, outbound) = (Arc::new(NoVariables), Arc::new(NoKv), Arc::new(NoOutbound));
        let ran = action.run(Call { context, config, input, limits: &limits, variables, kv, outbound }).await;
        let took = started.elapsed();
        if let Err(failure) = ran.result {
            bail!("the step failed: {}", failure.message);
        }
        if call >= WARM {
            nanos.push(u64::try_from(took.as_nanos())?);
        }
    }
    Ok(nanos)
}

/// The real clock and randomness.
struct System;

impl Clock for System {
    #[expect(clippy::disallowed_methods, reason = "this is where time comes in")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn elapsed(&self) -> Duration {
        SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
    }
}

impl Entropy for System {
    #[expect(clippy::disallowed_methods, reason = "this is where randomness comes in")]
    fn fill(&self, bytes: &mut [u8]) {
        rand::rng().fill_bytes(bytes);
    }
}
