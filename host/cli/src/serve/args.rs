//! The command line of `weir serve`. It holds settings; the rest of this folder acts on them.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use ipnet::IpNet;
use weir_catalog::RetentionDef;
use weir_model::{Network, TenantId};

use super::connections::ConnectionArgs;

/// Run the server
///
/// Runs the server until it is told to stop: webhooks on one port, the admin API on another, so that a page served by
/// a hook never shares an origin with the admin. At its first start it makes an operator token and shows it once. While
/// it runs, other weir commands on this machine find it through `server.json` in its data folder.
///
/// Ctrl-C or SIGTERM stops it: it takes no new calls, finishes what it can, and keeps the rest for its next start. SIGHUP
/// restarts it: the program installed now takes over both sockets, and no call is refused. Sockets handed in by systemd
/// (LISTEN_FDS: webhooks, then admin) are used instead of --listen and --admin-listen.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Examples:
  weir serve
  weir serve --listen 127.0.0.1:8787
  weir serve --data /var/lib/weir --public-url https://hooks.example.com
  weir serve --listen 0.0.0.0:443 --tls-cert hooks.pem --tls-key hooks.key")]
pub(crate) struct ServeArgs {
    /// Folder that holds everything: flows, actions, runs; made where it is missing
    #[arg(long, value_name = "DIR", default_value = "./weir-data", env = "WEIR_DATA", hide_env_values = true)]
    pub(crate) data: PathBuf,

    /// Address for webhooks; 0.0.0.0:8787 opens them to the network
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8787", env = "WEIR_LISTEN", hide_env_values = true)]
    pub(crate) listen: SocketAddr,

    /// Address for the admin API; keep it away from the open network
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:8788",
        env = "WEIR_ADMIN_LISTEN",
        hide_env_values = true
    )]
    pub(crate) admin_listen: SocketAddr,

    /// What callers put before /webhook/…, where a proxy stands in front; made from --listen otherwise
    #[arg(long, value_name = "URL", env = "WEIR_PUBLIC_URL", hide_env_values = true)]
    pub(crate) public_url: Option<String>,

    /// Address or block of a proxy whose X-Forwarded-For says where a call comes from; may be repeated
    #[arg(long, value_name = "CIDR", env = "WEIR_TRUSTED_PROXY", hide_env_values = true, value_delimiter = ',')]
    pub(crate) trusted_proxy: Vec<Network>,

    /// Name under which the admin API may be called besides localhost, where a proxy stands in front; may be repeated
    #[arg(long, value_name = "NAME", env = "WEIR_ADMIN_HOST", hide_env_values = true, value_delimiter = ',')]
    pub(crate) admin_host: Vec<String>,

    /// File with limits of runs and steps for all tenants, as YAML or JSON, such as `fuel: 50000000`; what it names may be
    /// lower or higher than the defaults, which `weir limits show` lists
    #[arg(long, value_name = "FILE", env = "WEIR_LIMITS", hide_env_values = true)]
    pub(crate) limits: Option<PathBuf>,

    /// Worker threads for calls; as many as there are cores where nothing is said, and never less than two, so that
    /// nobody waits behind one long step
    #[arg(long, value_name = "N", env = "WEIR_WORKERS", hide_env_values = true)]
    pub(crate) workers: Option<NonZeroUsize>,

    /// Days for which runs are kept, whichever tenant's they are; 0 for no bound. `weir retention` lowers it for a tenant
    #[arg(long, value_name = "N", default_value_t = 30, env = "WEIR_RETAIN_DAYS", hide_env_values = true)]
    pub(crate) retain_days: u32,

    /// Bytes on disk that the runs of each tenant may take, such as 500MiB; the oldest go first; 0 for no bound
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "10GiB",
        value_parser = crate::retention::size,
        env = "WEIR_RETAIN_BYTES",
        hide_env_values = true
    )]
    pub(crate) retain_bytes: u64,

    /// Address, or block of them, that every tenant may reach though it is not the internet's; may be repeated. `weir
    /// egress` does it for one tenant
    #[arg(long, value_name = "BLOCK", value_parser = block, env = "WEIR_EGRESS_ALLOW", hide_env_values = true, value_delimiter = ',')]
    pub(crate) egress_allow: Vec<IpNet>,

    /// File with certificates (PEM) of authorities that requests trust besides Mozilla's list
    #[arg(long, value_name = "FILE", env = "WEIR_EGRESS_CA", hide_env_values = true)]
    pub(crate) egress_ca: Option<PathBuf>,

    /// Name server that is asked for the hosts of requests, such as 10.0.0.2:53; the machine's where nothing is said; may
    /// be repeated
    #[arg(long, value_name = "ADDR", env = "WEIR_EGRESS_DNS", hide_env_values = true, value_delimiter = ',')]
    pub(crate) egress_dns: Vec<SocketAddr>,

    /// File of the keys that seal secrets, one line `id base64(32 bytes)` each: the first seals, all open. Without it
    /// `secret-keys` in the data folder, made at the first start; no backup has it, so keep a copy apart
    #[arg(long, value_name = "FILE", env = "WEIR_SECRET_KEYS", hide_env_values = true)]
    pub(crate) secret_keys: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) connections: ConnectionArgs,

    #[command(flatten)]
    unused: NoServer,
}

/// What only commands take that talk to a server: hidden here, so that the help of others speaks of what they do alone.
#[derive(Args, Clone, Debug)]
pub(crate) struct NoServer {
    #[arg(long = "server", id = "server", hide = true)]
    _server: Option<String>,
    #[arg(long = "token", id = "token", hide = true)]
    _token: Option<String>,
    #[arg(long = "tenant", id = "tenant", hide = true)]
    _tenant: Option<TenantId>,
}

impl ServeArgs {
    /// How long runs are kept, whichever tenant's they are.
    pub(super) fn retention(&self) -> RetentionDef {
        RetentionDef {
            days: Some(self.retain_days).filter(|days| *days > 0),
            bytes: Some(self.retain_bytes).filter(|bytes| *bytes > 0),
        }
    }
}

/// Reads an address, or a block such as `10.1.0.0/16`.
fn block(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address
        .or_else(|_| text.parse())
        .map_err(|_| "write an address such as 10.1.2.3, or a block such as 10.1.0.0/16".into())
}
