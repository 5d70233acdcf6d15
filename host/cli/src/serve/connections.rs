//! What `weir serve` is told about its listeners: how many connections, how long things may take, and TLS. The rooms keep to it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use weir_admin::Admin;
use weir_listener::{Options, Tls, TlsError};
use weir_model::Span;

/// What holds for connections.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Connections")]
pub(crate) struct ConnectionArgs {
    /// Connections for webhooks at a time; more wait
    #[arg(long, value_name = "N", default_value_t = 4_096, env = "WEIR_MAX_CONNECTIONS", hide_env_values = true)]
    max_connections: usize,

    /// Connections at a time from one address, on each port; more are closed. 1024 for webhooks and 512 for the admin API
    /// where nothing is said; a proxy in front counts as one address
    #[arg(long, value_name = "N", env = "WEIR_MAX_CONNECTIONS_PER_ADDRESS", hide_env_values = true)]
    max_connections_per_address: Option<usize>,

    /// How long a connection may take to its first byte
    #[arg(long, value_name = "TIME", default_value = "5s", env = "WEIR_FIRST_BYTE_TIME", hide_env_values = true)]
    first_byte_time: Span,

    /// How long a request's head may take
    #[arg(long, value_name = "TIME", default_value = "10s", env = "WEIR_HEAD_TIME", hide_env_values = true)]
    head_time: Span,

    /// How long a request's body may take; 30s for webhooks and 60s for the admin API where nothing is said
    #[arg(long, value_name = "TIME", env = "WEIR_BODY_TIME", hide_env_values = true)]
    body_time: Option<Span>,

    /// How long a connection may be without a request; keep it longer than the proxy in front does
    #[arg(long, value_name = "TIME", default_value = "60s", env = "WEIR_IDLE_TIME", hide_env_values = true)]
    idle_time: Span,

    /// How long an answer may lie unread; 30s for webhooks and 60s for the admin API where nothing is said
    #[arg(long, value_name = "TIME", env = "WEIR_UNREAD_TIME", hide_env_values = true)]
    unread_time: Option<Span>,

    /// How long an HTTP/2 connection is used before its caller is told to open another
    #[arg(long, value_name = "TIME", default_value = "1h", env = "WEIR_CONNECTION_AGE", hide_env_values = true)]
    connection_age: Span,

    /// File with the certificate for webhooks over TLS, followed by those that signed it, in PEM form; read again on SIGHUP
    #[arg(long, value_name = "FILE", requires = "tls_key", env = "WEIR_TLS_CERT", hide_env_values = true)]
    tls_cert: Option<PathBuf>,

    /// File with the key of that certificate
    #[arg(long, value_name = "FILE", requires = "tls_cert", env = "WEIR_TLS_KEY", hide_env_values = true)]
    tls_key: Option<PathBuf>,

    /// The same for the admin API; commands on this machine trust this certificate without more
    #[arg(long, value_name = "FILE", requires = "admin_tls_key", env = "WEIR_ADMIN_TLS_CERT", hide_env_values = true)]
    admin_tls_cert: Option<PathBuf>,

    /// File with the key of that certificate
    #[arg(long, value_name = "FILE", requires = "admin_tls_cert", env = "WEIR_ADMIN_TLS_KEY", hide_env_values = true)]
    admin_tls_key: Option<PathBuf>,
}

/// TLS of both listeners, where they have it.
pub(super) struct BothTls {
    pub(super) hooks: Option<Tls>,
    pub(super) admin: Option<Tls>,
}

impl ConnectionArgs {
    /// Limits of the webhook listener.
    pub(super) fn hooks(&self) -> weir_ingress::Options {
        let defaults = weir_ingress::Options::default();
        weir_ingress::Options {
            listener: Options { connections: self.max_connections, ..self.applied(defaults.listener) },
            body_time: self.body_time.map_or(defaults.body_time, Span::duration),
            ..defaults
        }
    }

    /// Bounds of the admin's listener.
    pub(super) fn admin(&self) -> Options {
        self.applied(Admin::listener_options())
    }

    /// How long a body to the admin may take.
    pub(super) fn admin_body_time(&self) -> Duration {
        self.body_time.map_or(weir_admin::BODY_TIME, Span::duration)
    }

    fn applied(&self, defaults: Options) -> Options {
        Options {
            connections_per_address: self.max_connections_per_address.unwrap_or(defaults.connections_per_address),
            first_byte_time: self.first_byte_time.duration(),
            head_time: self.head_time.duration(),
            idle_time: self.idle_time.duration(),
            age: self.connection_age.duration(),
            unread_time: self.unread_time.map_or(defaults.unread_time, Span::duration),
            ..defaults
        }
    }

    /// Reads the certificates and keys that are named.
    pub(super) fn tls(&self) -> Result<BothTls, TlsError> {
        let read = |certificate: &Option<PathBuf>, key: &Option<PathBuf>| match (certificate, key) {
            (Some(certificate), Some(key)) => Tls::read(certificate, key).map(Some),
            _ => Ok(None),
        };
        Ok(BothTls {
            hooks: read(&self.tls_cert, &self.tls_key)?,
            admin: read(&self.admin_tls_cert, &self.admin_tls_key)?,
        })
    }
}
