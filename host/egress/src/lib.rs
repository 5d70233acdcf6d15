//! The one way out: an HTTP client that decides for each address whether it may be reached, puts secrets in place on the
//! wire and takes them out of what comes back. It must not know flows, runs or where secrets are kept.

#![forbid(unsafe_code)]

mod address;
mod client;
mod connect;
mod error;
mod exchange;
mod options;
mod pool;
mod redirect;
mod request;
mod resolve;
mod rules;
mod secrets;
mod target;

pub use client::Egress;
pub use error::EgressError;
pub use options::{EgressOptions, OptionsError};
pub use request::{Answer, Basic, Outgoing};
pub use resolve::{Dns, Resolve};
pub use rules::{HostList, Rules};
pub use secrets::{NoSecrets, OpenSecret, Secrets};

pub use weir_model::HostPattern;

/// A boxed future.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
