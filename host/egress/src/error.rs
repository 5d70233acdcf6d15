//! Why a request was not sent or brought no answer. A refusal names the exact setting that would allow it.

use std::net::IpAddr;

use weir_model::{Code, Coded};

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The URL cannot be used.
    #[error("{0}")]
    Url(String),
    /// The request cannot be written as HTTP.
    #[error("{0}")]
    Request(String),
    /// The request is larger than it may be.
    #[error("the request has {size} bytes; {limit} are allowed: send less, or raise the limit `http_bytes`")]
    TooLarge {
        /// Its bytes.
        size: u64,
        /// How many it may have.
        limit: u64,
    },
    /// The answer is larger than it may be.
    #[error("the answer of {host} has more than {limit} bytes: ask for less, or raise the limit `http_bytes`")]
    AnswerTooLarge {
        /// The host.
        host: String,
        /// How many bytes were left for it.
        limit: u64,
    },
    /// A list of hosts does not have this one.
    #[error("requests to {host} are not allowed: add it to {setting}")]
    Host {
        /// The host.
        host: String,
        /// The setting.
        setting: String,
    },
    /// A list of hosts allows other methods.
    #[error("{method} requests are not allowed: add the method to {setting}")]
    Method {
        /// The method.
        method: String,
        /// The setting.
        setting: String,
    },
    /// The host has no address that may be reached.
    #[error(
        "{host} is at {address}, which is {block} and not the internet's: an operator opens it with \
         `weir egress set allow={address}` for this tenant, or with `weir serve --egress-allow {address}` for all"
    )]
    Address {
        /// The host.
        host: String,
        /// The address.
        address: IpAddr,
        /// What the address belongs to.
        block: &'static str,
    },
    /// The target is this server's own port; no setting opens it.
    #[error("{host}:{port} is this server itself, which no flow may call: use a `call` step to run another flow")]
    Own {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// A secret may not go to that host.
    #[error(
        "the secret {secret} may not be sent to {host}: add the host with `weir secret set {secret} --host {host} …`"
    )]
    Secret {
        /// The secret.
        secret: String,
        /// The host.
        host: String,
    },
    /// The host's name has no address, or no name server answered.
    #[error("{host} was not found: {reason}")]
    Dns {
        /// The host.
        host: String,
        /// Why.
        reason: String,
    },
    /// No connection.
    #[error("no connection to {host}: {reason}")]
    Connect {
        /// The host.
        host: String,
        /// Why.
        reason: String,
    },
    /// The TLS handshake failed.
    #[error("no secure connection to {host}: {reason}")]
    Tls {
        /// The host.
        host: String,
        /// Why.
        reason: String,
    },
    /// The other side does not speak HTTP properly, or went away.
    #[error("{host} broke off or does not speak HTTP: {reason}")]
    Protocol {
        /// The host.
        host: String,
        /// Why.
        reason: String,
    },
    /// No whole answer in time.
    #[error("{host} did not answer within {millis} ms: raise `timeout`, or find out why it is slow")]
    Timeout {
        /// The host.
        host: String,
        /// The time in milliseconds.
        millis: u64,
    },
    /// A redirect that is not followed.
    #[error("{0}")]
    Redirect(String),
}

impl EgressError {
    /// Whether the same request may be answered later.
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Dns { .. } | Self::Connect { .. } | Self::Tls { .. } | Self::Protocol { .. } | Self::Timeout { .. }
        )
    }
}

impl Coded for EgressError {
    fn code(&self) -> Code {
        Code::new(match self {
            Self::Url(_) => "WEIR-HTTP-URL",
            Self::Request(_) => "WEIR-HTTP-REQUEST",
            Self::TooLarge { .. } | Self::AnswerTooLarge { .. } => "WEIR-HTTP-TOO-LARGE",
            Self::Host { .. } => "WEIR-HTTP-HOST-DENIED",
            Self::Method { .. } => "WEIR-HTTP-METHOD-DENIED",
            Self::Address { .. } => "WEIR-HTTP-ADDRESS-DENIED",
            Self::Own { .. } => "WEIR-HTTP-OWN-PORT",
            Self::Secret { .. } => "WEIR-HTTP-SECRET-DENIED",
            Self::Dns { .. } => "WEIR-HTTP-DNS",
            Self::Connect { .. } => "WEIR-HTTP-CONNECT",
            Self::Tls { .. } => "WEIR-HTTP-TLS",
            Self::Protocol { .. } => "WEIR-HTTP-PROTOCOL",
            Self::Timeout { .. } => "WEIR-HTTP-TIMEOUT",
            Self::Redirect(_) => "WEIR-HTTP-REDIRECT",
        })
    }
}
