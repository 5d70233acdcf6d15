//! What a request may reach: exceptions to the address policy, and lists of hosts. They come from the operator, the
//! tenant, the flow and the action; a host must be on every list there is.

use std::borrow::Cow;
use std::sync::Arc;

use http::Method;
use ipnet::IpNet;
use weir_model::HostRule;

use crate::EgressError;

/// What one request may reach.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Whose connections are shared: requests of different owners never use the same connection.
    pub owner: Arc<str>,
    /// Blocks that this owner may reach though they are not the internet's.
    pub exceptions: Arc<[IpNet]>,
    /// Lists of hosts, each with the setting it comes from.
    pub hosts: Vec<HostList>,
}

/// A list of hosts that a request must be for.
#[derive(Clone, Debug)]
pub struct HostList {
    /// The setting that holds it, for messages, such as "`egress.hosts` of the flow".
    pub setting: Cow<'static, str>,
    /// The hosts, and methods where only some are allowed.
    pub rules: Arc<[HostRule]>,
}

impl Rules {
    /// Whether the lists have this host.
    pub(crate) fn check_host(&self, method: &Method, host: &str, port: u16) -> Result<(), EgressError> {
        for list in &self.hosts {
            let mut for_host = list.rules.iter().filter(|rule| rule.host.matches(host, port)).peekable();
            if for_host.peek().is_none() {
                return Err(EgressError::Host { host: host.to_owned(), setting: list.setting.to_string() });
            }
            if !for_host.any(|rule| rule.allows(method.as_str())) {
                return Err(EgressError::Method { method: method.to_string(), setting: list.setting.to_string() });
            }
        }
        Ok(())
    }
}
