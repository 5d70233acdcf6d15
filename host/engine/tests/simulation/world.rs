//! One simulation: a machine, the servers that live on it one after another, and the requests that they get, one at a time.
//! The seed decides everything that happens, and the ledger judges it.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use weir_engine::{Catalog, Engine, LaneOptions, Options, Payload, Start};
use weir_model::{FlowName, LimitOverrides, ManualClock, Mode, Outcome, RequestInfo, RunId, TenantId, Timestamp};
use weir_sandbox::Sandbox;

use crate::cluster;
use crate::content::Content;
use crate::effect::WithEffect;
use crate::flows::{FLOWS, effects, text};
use crate::ledger::Ledger;
use crate::machine::{Fault, Machine, Point};
use crate::random::{Random, Seeded};

/// How often other tasks get their turn before the time moves on.
const TURNS: usize = 64;
/// How long the simulated time may go on without an end.
const PATIENCE: usize = 4_000;
/// What the simulated clock moves at a time, and how long that really takes.
const TICK: Duration = Duration::from_millis(1);

/// What came of a simulation.
pub(crate) struct Told {
    /// Everything that happened, in its order.
    pub(crate) lines: Vec<String>,
    /// What must not have happened.
    pub(crate) violations: Vec<String>,
}

/// Requests that come one after another, before what they started has ended.
struct Batch {
    flow: &'static str,
    count: u64,
}

struct World {
    machine: Arc<Machine>,
    ledger: Arc<Ledger>,
    clock: Arc<ManualClock>,
    tenant: TenantId,
    script: Vec<Batch>,
    /// The next batch.
    next: usize,
    /// Requests so far.
    requests: u64,
    acknowledged: Vec<(u64, &'static str)>,
}

/// Plays a seed.
pub(crate) fn play(seed: u64, forgets_synced: bool) -> Told {
    let mut random = Random::of(seed, "script");
    let ledger = Arc::new(Ledger::new(seed));
    let mut world = World {
        machine: Machine::new(definitions(), Arc::clone(&ledger), forgets_synced),
        ledger,
        clock: Arc::new(ManualClock::at(start())),
        tenant: tenant(),
        script: script(&mut random),
        next: 0,
        requests: 0,
        acknowledged: Vec::new(),
    };
    let faults = 1 + random.below(4);
    let mut power_was_cut = false;
    for life in 0..=faults {
        let fault = (life < faults).then(|| fault(&mut random));
        world.machine.start(power_was_cut, fault);
        let entropy = Random::of(seed, &format!("life {life}"));
        runtime().block_on(world.live(entropy, fault.is_none()));
        power_was_cut = fault.is_some_and(|fault| fault.power_cut);
        if let Some(fault) = fault {
            world.ledger.note(format!("life {life} ends{}", if fault.power_cut { " with a power cut" } else { "" }));
        }
        // A restart takes a while.
        world.clock.advance(Duration::from_secs(1));
    }
    let (lines, violations) = world.ledger.close();
    Told { lines, violations }
}

impl World {
    /// One life of the server: what is left from the one before, then requests, until it ends. The last one checks the books.
    async fn live(&mut self, entropy: Random, is_last: bool) {
        let engine = start_engine(&self.machine, &self.clock, entropy).await;
        if !self.settle().await {
            return;
        }
        while let Some(Batch { flow, count }) = self.script.get(self.next) {
            let (flow, count) = (*flow, *count);
            self.next += 1;
            for _ in 0..count {
                self.call(&engine, flow).await;
                if !self.machine.works() {
                    break;
                }
            }
            if !self.settle().await {
                return;
            }
        }
        if is_last {
            self.check(&engine).await;
        }
    }

    async fn call(&mut self, engine: &Engine, flow: &'static str) {
        self.requests += 1;
        let n = self.requests;
        let hook = engine.catalog().hook_by_name(&self.tenant, &FlowName::new(flow).unwrap()).unwrap();
        let body = Bytes::from(format!("{{\"n\":{n}}}"));
        let start = Start {
            tenant: self.tenant.clone(),
            flow: hook.name.clone(),
            flow_id: hook.flow,
            release: hook.published.clone().unwrap(),
            mode: Mode::Production,
            request: Arc::new(request()),
            payload: Payload::from_json(&body).unwrap(),
            body,
            origin: None,
        };
        // Where the process ends meanwhile, the call hangs or is answered by a shadow.
        let reply = tokio::select! {
            biased;
            () = over(&self.machine) => None,
            reply = engine.call(start) => Some(reply),
        };
        let Some(reply) = reply.filter(|_| !self.machine.is_over()) else {
            return self.ledger.note(format!("request {n} for {flow} is not answered"));
        };
        self.ledger.note(format!("request {n} for {flow} is answered {}", reply.status.as_u16()));
        if reply.status.is_success() {
            self.acknowledged.push((n, flow));
        }
    }

    /// Lets everything go on until nothing is queued: false where the server cannot go on.
    async fn settle(&self) -> bool {
        for _ in 0..PATIENCE {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            if !self.machine.works() {
                return false;
            }
            if self.machine.read(|content| content.queue.is_empty()) {
                return true;
            }
            tokio::time::sleep(TICK).await;
            self.clock.advance(TICK);
        }
        let left = self.machine.read(|content| content.queue.keys().map(|(_, run)| *run).collect::<Vec<_>>());
        let left: Vec<String> = left.into_iter().map(|run| self.ledger.name(run)).collect();
        self.ledger.blame(format!("these runs do not end: {left:?}"));
        false
    }

    /// Holds what is in the log to what was promised and done.
    async fn check(&self, engine: &Engine) {
        for (n, flow) in &self.acknowledged {
            match self.ledger.runs_of(*n).as_slice() {
                [run] => self.ledger.ended(*run, self.outcome(engine, *run).await, effects(flow)),
                [] => self.ledger.blame(format!("request {n} for {flow} was acknowledged and is lost")),
                runs => self.ledger.blame(format!("request {n} for {flow} started {} runs", runs.len())),
            }
        }
        for run in self.ledger.all_runs() {
            let outcome = self.outcome(engine, run).await;
            if outcome.is_none_or(|outcome| matches!(outcome, Outcome::Running | Outcome::Waiting)) {
                self.ledger.blame(format!("{} stands as {outcome:?} in the end", self.ledger.name(run)));
            }
        }
        let chains = self.ledger.runs_in("chain");
        let mut failed = 0;
        for run in &chains {
            failed += usize::from(self.outcome(engine, *run).await == Some(Outcome::Failed));
        }
        // A process may end after it started the flow for a failure and before it logged that; the run may end well then.
        let tidied = self.ledger.runs_in("cleanup").len();
        if !(failed..=chains.len()).contains(&tidied) {
            let all = chains.len();
            self.ledger.blame(format!("of {all} runs of chain {failed} failed, and cleanup ran {tidied} times"));
        }
    }

    async fn outcome(&self, engine: &Engine, run: RunId) -> Option<Outcome> {
        let record = engine.history().get(&self.tenant, run).await.unwrap()?;
        serde_json::from_value(record.to_value()["outcome"].clone()).ok()
    }
}

/// What the server is asked for: each flow now and then, the ordered one always several times at once.
fn script(random: &mut Random) -> Vec<Batch> {
    let batches = 3 + random.below(4);
    let mut script: Vec<Batch> = (0..batches)
        .map(|_| {
            let flow = ["chain", "chain", "answered", "ordered", "ordered", "forked", "looped"];
            let flow = flow[usize::try_from(random.below(7)).unwrap()];
            Batch { flow, count: if flow == "ordered" { 2 + random.below(3) } else { 1 } }
        })
        .collect();
    // It takes a while, so only some have it.
    if random.chance(4) {
        script.insert(1, Batch { flow: "parked", count: 1 });
    }
    script
}

fn fault(random: &mut Random) -> Fault {
    let at = |most: u64, random: &mut Random| u32::try_from(1 + random.below(most)).unwrap();
    let point = if random.chance(3) { Point::Effect(at(8, random)) } else { Point::Write(at(14, random)) };
    Fault { point, is_done: random.chance(2), ends: !random.chance(3), power_cut: random.chance(2) }
}

/// Ready once the process has ended.
async fn over(machine: &Machine) {
    while !machine.is_over() {
        tokio::task::yield_now().await;
    }
}

async fn start_engine(machine: &Arc<Machine>, clock: &Arc<ManualClock>, entropy: Random) -> Engine {
    let (cluster, entropy) = (cluster::on(machine), Arc::new(Seeded::new(entropy)));
    let catalog = Catalog::open(weir_catalog::Options {
        cluster: cluster.clone(),
        sandbox: sandbox(),
        kinds: WithEffect::on(machine),
        clock: clock.clone(),
        entropy: entropy.clone(),
        limits: LimitOverrides::default(),
        retention: weir_catalog::RetentionDef::default(),
        keys: Arc::new(weir_vault::Keyring::generate(&Seeded::new(Random::of(0, "secret keys")))),
    });
    Engine::start(Options {
        catalog: catalog.await.unwrap(),
        cluster,
        sandbox: sandbox(),
        clock: clock.clone(),
        entropy,
        // One run at a time: which of two goes first would depend on real time.
        lanes: LaneOptions { background_slots: 1, ..LaneOptions::default() },
    })
}

/// A disk with all flows published; made once.
fn definitions() -> Content {
    static MADE: OnceLock<Content> = OnceLock::new();
    let make = || {
        let machine = Machine::new(Content::default(), Arc::new(Ledger::new(0)), false);
        let clock = Arc::new(ManualClock::at(start().minus(Duration::from_secs(60))));
        runtime().block_on(async {
            let engine = start_engine(&machine, &clock, Random::of(0, "definitions")).await;
            for (name, _, rest) in FLOWS {
                let (catalog, name) = (engine.catalog(), FlowName::new(name).unwrap());
                catalog.save_draft(&tenant(), None, &text(name.as_str(), rest), None).await.unwrap();
                catalog.publish(&tenant(), &name, None).await.unwrap();
            }
        });
        machine.read(Content::clone)
    };
    MADE.get_or_init(make).clone()
}

/// One for all simulations: no flow has a component.
fn sandbox() -> Arc<Sandbox> {
    static MADE: OnceLock<Arc<Sandbox>> = OnceLock::new();
    let make = || {
        let sandbox = Sandbox::new(weir_sandbox::Options {
            cache_dir: folder(),
            cache_bytes: 1 << 20,
            compiler: weir_sandbox::Compiler::InProcess,
            compilers: 1,
            instances: 1,
            clock: Arc::new(ManualClock::at(start())),
            entropy: Arc::new(Seeded::new(Random::of(0, "sandbox"))),
        });
        sandbox.unwrap()
    };
    Arc::clone(MADE.get_or_init(make))
}

/// The sandbox's folder, in which nothing is ever kept.
fn folder() -> PathBuf {
    std::env::temp_dir().join(format!("weir-simulation-{}", std::process::id()))
}

/// Takes away what simulations leave on the real disk.
pub(crate) fn clean() {
    let _ = std::fs::remove_dir_all(folder());
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

const fn start() -> Timestamp {
    Timestamp::from_millis(1_795_512_345_678)
}

fn tenant() -> TenantId {
    TenantId::new("default").unwrap()
}

fn request() -> RequestInfo {
    RequestInfo {
        method: "POST".into(),
        path: "/".into(),
        query: String::new(),
        headers: Vec::new(),
        content_type: Some("application/json".into()),
        client_ip: None,
        received_at: start(),
    }
}
