//! What the operator says of outgoing requests. It holds settings; the other files keep to them.

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;
use rustls_pki_types::CertificateDer;
use weir_model::{Code, Coded};

/// Settings for all tenants.
#[derive(Clone, Debug)]
pub struct EgressOptions {
    /// Blocks that every tenant may reach though they are not the internet's.
    pub allow: Vec<IpNet>,
    /// Ports of this server; they are never reached on an address of this machine.
    pub own_ports: Vec<u16>,
    /// Name servers; the machine's where there are none.
    pub name_servers: Vec<SocketAddr>,
    /// Certificates that are trusted besides Mozilla's list.
    pub authorities: Vec<CertificateDer<'static>>,
    /// For a connection, its TLS handshake included.
    pub connect_time: Duration,
    /// How long an unused connection is kept.
    pub idle_time: Duration,
    /// Unused connections kept per tenant and host.
    pub idle_connections: usize,
    /// Requests of one tenant at a time; more wait.
    pub at_once: usize,
}

impl Default for EgressOptions {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            own_ports: Vec::new(),
            name_servers: Vec::new(),
            authorities: Vec::new(),
            connect_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(30),
            idle_connections: 8,
            at_once: 256,
        }
    }
}

/// Settings that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// No name server can be asked.
    #[error("the name servers cannot be used: {0}; name some with --egress-dns")]
    Dns(String),
    /// A certificate cannot be used.
    #[error("a certificate of --egress-ca cannot be used: {0}")]
    Authority(String),
}

impl Coded for OptionsError {
    fn code(&self) -> Code {
        Code::new(match self {
            Self::Dns(_) => "WEIR-EGRESS-DNS",
            Self::Authority(_) => "WEIR-EGRESS-CA",
        })
    }
}
