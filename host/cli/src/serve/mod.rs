//! `weir serve`: wires the rooms together, tells where it listens, and takes everything down in order. It decides nothing
//! that a room decides.

pub(crate) mod args;
mod connections;
mod egress;
mod limits;
mod local;
mod shutdown;
mod sockets;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::watch;
use weir_admin::{Admin, AdminOptions, AdminState};
use weir_catalog::{Catalog, RetentionDef};
use weir_cluster::Cluster;
use weir_egress::Egress;
use weir_engine::{Engine, LaneOptions};
use weir_model::{Clock, Entropy, LimitOverrides};
use weir_sandbox::Sandbox;
use weir_store::Store;

use crate::failure::Failure;
use crate::key_file::KeyFile;
use crate::output::Out;
use crate::system::{SystemClock, SystemEntropy};
pub(crate) use args::ServeArgs;
use connections::ConnectionArgs;
use local::LocalServer;
use shutdown::{Asked, Signals};
use sockets::Given;
pub(crate) use sockets::Successor;

/// How long requests and runs may go on once the server is told to stop.
const FAREWELL: Duration = Duration::from_secs(10);
/// How long runs may go on that the last requests left behind.
const LAST_RUNS: Duration = Duration::from_secs(1);
/// How long the next program may take to tell its version.
const TRIAL: Duration = Duration::from_secs(10);
/// Where the store lies in the data folder.
pub(crate) const STORE: &str = "store";
/// Instances that may be alive at a time: one for each run of both lanes, and as many again for parallel paths.
const INSTANCES: u32 = 512;
/// Bytes of compiled code that are kept on disk.
const CACHE_BYTES: u64 = 2 << 30;

/// Runs the server until it is told to stop. Where it is told to restart, what follows is for the caller to start once
/// everything of this one is closed.
pub(crate) async fn run(args: ServeArgs, out: &Out) -> Result<Option<Successor>> {
    let given = Given::take()?;
    log_to_stderr();
    let program = sockets::own_program()?;
    let hangups = shutdown::hangups()?;
    let limits =
        args.limits.as_deref().map_or_else(|| Ok(LimitOverrides::default()), |file| limits::read(file, out))?;
    let retention = args.retention();
    let tls = args.connections.tls().map_err(Failure::from)?;
    let keys = KeyFile::of(args.secret_keys.as_deref(), &args.data);
    // Before anything runs: no run may ever call the server itself.
    let sockets = given.completed(&args).await?;
    let (hooks, admin) = sockets.listeners()?;
    let own = [&hooks, &admin].into_iter().filter_map(|socket| socket.local_addr().ok());
    let egress = egress::open(&args, own)?;
    let rooms = Rooms::open(&args.data, limits, retention, keys, egress).await?;
    let mut signals = Signals::listen(hangups)?;
    let here = LocalServer {
        hooks: args
            .public_url
            .unwrap_or_else(|| url_of(hooks.local_addr().unwrap_or(args.listen), tls.hooks.is_some())),
        admin: url_of(admin.local_addr().unwrap_or(args.admin_listen), tls.admin.is_some()),
        certificate: tls.admin.as_ref().map(|tls| tls.certificate().into()),
        folder: args.data,
    };
    rooms.engine.set_public_url(&here.hooks);
    match here.announce(&rooms.catalog, out) {
        // Who took the sockets over has callers; that nobody reads its words any more is no reason to leave them.
        Err(error) if sockets.were_given => tracing::warn!(%error, "The server listens, but could not say so."),
        told => told?,
    }
    let renewing = tokio::spawn(local::renew(here.clone(), Arc::clone(&rooms.catalog)));

    let (stop_hooks, hooks_stop) = watch::channel(false);
    let (stop_admin, admin_stop) = watch::channel(false);
    let admin_state = AdminState::new(AdminOptions {
        engine: rooms.engine.clone(),
        entropy: Arc::clone(&rooms.entropy),
        flow_schema: weir_flow::flow_schema(&*weir_engine::kinds()),
        hosts: args.admin_host,
        webhook_url: here.hooks.clone(),
        data: here.folder.clone(),
        body_time: args.connections.admin_body_time(),
    });
    let bounds = args.connections.admin();
    let admin = tokio::spawn(Admin::serve(admin, admin_state.clone(), bounds, tls.admin, wait(admin_stop)));
    let bounds = weir_ingress::Options { trusted_proxies: args.trusted_proxy, ..args.connections.hooks() };
    let engine = rooms.engine.clone();
    let hooks = tokio::spawn(weir_ingress::serve(hooks, engine, bounds, tls.hooks, wait(hooks_stop), FAREWELL));

    let asked = asked_for(&mut signals, &program, &args.connections).await;
    signals.end_at_once();
    renewing.abort();
    // A load balancer may see that first: what it still sends is answered.
    admin_state.leave();
    // A listener that nobody else holds open closes with its last user; the successor's stays open throughout.
    let successor = (asked == Asked::Restart).then(|| Successor::new(program, sockets));
    stop_hooks.send_replace(true);
    let _ = tokio::join!(hooks, rooms.engine.drain(FAREWELL));
    let left = rooms.engine.drain(LAST_RUNS).await;
    if left > 0 {
        tracing::warn!(left, "Runs were still alive; those that were acknowledged go on at the next start.");
    }
    stop_admin.send_replace(true);
    let _ = admin.await;
    here.withdraw();
    Ok(successor)
}

/// Ready once the server is to stop, or to restart with a program that can be started.
async fn asked_for(signals: &mut Signals, program: &Path, connections: &ConnectionArgs) -> Asked {
    loop {
        let asked = signals.asked().await;
        if asked == Asked::Stop {
            tracing::info!("Stopping: what is under way ends, nothing new is taken.");
            return asked;
        }
        let tried = tokio::select! {
            tried = tokio::time::timeout(TRIAL, sockets::starts(program.to_owned())) => {
                tried.unwrap_or_else(|_| Err(anyhow::anyhow!("it did not tell its version in time")))
            }
            Asked::Stop = signals.asked() => {
                tracing::info!("Stopping: what is under way ends, nothing new is taken.");
                return Asked::Stop;
            }
        };
        // A successor that cannot read its certificates would not come back either.
        let tried = tried.and_then(|version| Ok(connections.tls().map(|_| version)?));
        match tried {
            Ok(version) => {
                tracing::info!(program = %program.display(), version, "Restarting: calls wait until the next one listens.");
                return asked;
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(program = %program.display(), error, "The server goes on: its successor would not start.");
            }
        }
    }
}

/// The rooms that hold state.
struct Rooms {
    catalog: Arc<weir_engine::Catalog>,
    engine: Engine,
    entropy: Arc<dyn Entropy>,
}

impl Rooms {
    async fn open(
        data: &Path,
        limits: LimitOverrides,
        retention: RetentionDef,
        keys: KeyFile,
        egress: Arc<Egress>,
    ) -> Result<Self> {
        std::fs::create_dir_all(data).with_context(|| format!("the data folder {} cannot be made", data.display()))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let cluster = Cluster::local(Store::open(&data.join(STORE), &weir_store::Options::default())?);
        let sandbox = Sandbox::new(weir_sandbox::Options {
            cache_dir: data.join("components"),
            cache_bytes: CACHE_BYTES,
            compiler: crate::compile::compiler()?,
            compilers: 1,
            instances: INSTANCES,
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
        })?;
        let catalog = Catalog::open(weir_catalog::Options {
            cluster: cluster.clone(),
            sandbox: Arc::clone(&sandbox),
            kinds: weir_engine::kinds(),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            limits,
            retention,
            keys: Arc::new(keys),
        })
        .await?;
        let engine = Engine::start(weir_engine::Options {
            catalog: Arc::clone(&catalog),
            cluster,
            sandbox,
            egress,
            clock,
            entropy: Arc::clone(&entropy),
            lanes: LaneOptions::default(),
        });
        Ok(Self { catalog, engine, entropy })
    }
}

async fn wait(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// How this machine's own programs reach an address.
fn url_of(address: SocketAddr, has_tls: bool) -> String {
    let scheme = if has_tls { "https" } else { "http" };
    if address.ip().is_unspecified() {
        return format!("{scheme}://localhost:{}", address.port());
    }
    format!("{scheme}://{address}")
}

fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("WEIR_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    // A second call in one process keeps the first's settings.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .try_init();
}
