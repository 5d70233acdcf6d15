//! `weir serve`: wires the rooms together, tells where it listens, and takes everything down in order. It decides nothing
//! that a room decides.

pub(crate) mod args;
mod limits;
mod local;
mod shutdown;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::sync::watch;
use weir_admin::{Admin, AdminOptions, AdminState};
use weir_catalog::Catalog;
use weir_cluster::Cluster;
use weir_engine::{Engine, LaneOptions};
use weir_model::{Clock, Entropy, LimitOverrides};
use weir_sandbox::Sandbox;
use weir_store::Store;

use crate::output::Out;
use crate::system::{SystemClock, SystemEntropy};
pub(crate) use args::ServeArgs;
use local::LocalServer;

/// How long runs and requests may go on once the server is told to stop.
const FAREWELL: Duration = Duration::from_secs(10);
/// Instances that may be alive at a time: one for each run of both lanes, and as many again for parallel paths.
const INSTANCES: u32 = 512;
/// Bytes of compiled code that are kept on disk.
const CACHE_BYTES: u64 = 2 << 30;

/// Runs the server until it is told to stop.
pub(crate) async fn run(args: ServeArgs, out: &Out) -> Result<()> {
    log_to_stderr();
    let limits =
        args.limits.as_deref().map_or_else(|| Ok(LimitOverrides::default()), |file| limits::read(file, out))?;
    let rooms = Rooms::open(&args.data, limits).await?;
    let hooks = listen(args.listen, "webhooks", "--listen").await?;
    let admin = listen(args.admin_listen, "the admin API", "--admin-listen").await?;
    let here = LocalServer {
        hooks: args.public_url.unwrap_or_else(|| url_of(hooks.local_addr().unwrap_or(args.listen))),
        admin: url_of(admin.local_addr().unwrap_or(args.admin_listen)),
        folder: args.data,
    };
    here.announce(&rooms.catalog, out)?;
    let renewing = tokio::spawn(local::renew(here.clone(), Arc::clone(&rooms.catalog)));

    let (stop, stopped) = watch::channel(false);
    let admin_state = AdminState::new(AdminOptions {
        engine: rooms.engine.clone(),
        entropy: rooms.entropy,
        flow_schema: weir_flow::flow_schema(&*weir_engine::kinds()),
        hosts: args.admin_host,
        webhook_url: here.hooks.clone(),
    });
    let admin = tokio::spawn(Admin::serve(admin, admin_state, wait(stopped.clone())));
    let ingress = weir_ingress::Options::default();
    let hooks = tokio::spawn(weir_ingress::serve(hooks, rooms.engine.clone(), ingress, wait(stopped), FAREWELL));

    shutdown::asked_for().await?;
    tracing::info!("Stopping: no new calls, open ones end.");
    renewing.abort();
    stop.send_replace(true);
    let _ = hooks.await;
    let left = rooms.engine.drain(FAREWELL).await;
    if left > 0 {
        tracing::warn!(left, "Runs were still alive; those that were acknowledged go on at the next start.");
    }
    let _ = admin.await;
    here.withdraw();
    Ok(())
}

/// The rooms that hold state.
struct Rooms {
    catalog: Arc<weir_engine::Catalog>,
    engine: Engine,
    entropy: Arc<dyn Entropy>,
}

impl Rooms {
    async fn open(data: &Path, limits: LimitOverrides) -> Result<Self> {
        std::fs::create_dir_all(data).with_context(|| format!("the data folder {} cannot be made", data.display()))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let cluster = Cluster::local(Store::open(&data.join("store"), &weir_store::Options::default())?);
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
        })
        .await?;
        let engine = Engine::start(weir_engine::Options {
            catalog: Arc::clone(&catalog),
            cluster,
            sandbox,
            clock,
            entropy: Arc::clone(&entropy),
            lanes: LaneOptions::default(),
        });
        Ok(Self { catalog, engine, entropy })
    }
}

async fn listen(address: SocketAddr, what: &str, option: &str) -> Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.with_context(|| format!("{address} is not free for {what}; choose another address with {option}"))
}

async fn wait(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// How this machine's own programs reach an address.
fn url_of(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        return format!("http://localhost:{}", address.port());
    }
    format!("http://{address}")
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
