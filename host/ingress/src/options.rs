//! The listener's limits and what it trusts. It holds numbers and their reasons; server and body keep to them.

use std::time::Duration;

use weir_model::Network;

/// Settings of the webhook listener.
#[derive(Clone, Debug)]
pub struct Options {
    /// What holds for connections.
    pub listener: weir_listener::Options,
    /// For a whole body, so that a stalled sender does not hold a connection for ever.
    pub body_time: Duration,
    /// Bytes of a body where the flow does not say.
    pub body_bytes: u64,
    /// Bytes of a body that no flow can go above.
    pub most_body_bytes: u64,
    /// Where proxies stand whose word about the caller's address is believed.
    pub trusted_proxies: Vec<Network>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listener: weir_listener::Options::default(),
            body_time: Duration::from_secs(30),
            body_bytes: 5 << 20,
            most_body_bytes: 10 << 20,
            trusted_proxies: Vec::new(),
        }
    }
}
