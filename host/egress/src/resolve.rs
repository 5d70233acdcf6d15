//! Names become addresses. It asks name servers and says what they say; which address may be used is the connection's
//! business.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;

use crate::{BoxFuture, OptionsError};

/// Addresses looked at of one name.
const MOST: usize = 16;

/// Who knows the addresses of a name.
pub trait Resolve: Send + Sync {
    /// The addresses of a host.
    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, String>>;
}

/// Name servers, and the hosts file of the machine.
pub struct Dns {
    resolver: TokioResolver,
}

impl Dns {
    /// The machine's name servers and hosts file, or only these name servers.
    ///
    /// # Errors
    /// Where the machine's settings cannot be read.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, OptionsError> {
        let trouble = |error: &dyn std::fmt::Display| OptionsError::Dns(error.to_string());
        let provider = TokioRuntimeProvider::default();
        let mut builder = if servers.is_empty() {
            TokioResolver::builder(provider).map_err(|error| trouble(&error))?
        } else {
            let servers = servers.iter().map(name_server).collect();
            TokioResolver::builder_with_config(ResolverConfig::from_parts(None, Vec::new(), servers), provider)
        };
        let options = builder.options_mut();
        options.timeout = Duration::from_secs(3);
        options.attempts = 2;
        options.use_hosts_file = if servers.is_empty() { ResolveHosts::Always } else { ResolveHosts::Never };
        // A name server may say that an answer holds for ever; a moved host should be found again within minutes.
        options.positive_max_ttl = Some(Duration::from_secs(300));
        options.negative_max_ttl = Some(Duration::from_secs(30));
        Ok(Self { resolver: builder.build().map_err(|error| trouble(&error))? })
    }
}

fn name_server(address: &SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
    let with_port = connections.into_iter().map(|mut connection| {
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, with_port.collect())
}

impl Resolve for Dns {
    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<Vec<IpAddr>, String>> {
        Box::pin(async move {
            // With the dot, so that no search domain is tried: the name is whole.
            let name = if host.contains('.') { format!("{host}.") } else { host.to_owned() };
            let found = self.resolver.lookup_ip(name).await.map_err(|error| {
                if error.is_no_records_found() { "there is no such name".to_owned() } else { error.to_string() }
            })?;
            Ok(found.iter().take(MOST).collect())
        })
    }
}
