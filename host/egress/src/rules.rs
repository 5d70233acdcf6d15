//! What a request may reach: exceptions to the address policy, and lists of hosts. They come from the operator, the
//! tenant, the flow and the action; a host must be on every list there is.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::EgressError;

/// What one request may reach.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Whose connections are shared: requests of different owners never use the same connection.
    pub owner: Arc<str>,
    /// Blocks that are reachable though they are not the internet's; set by operators, for all tenants or for this one.
    pub exceptions: Arc<[IpNet]>,
    /// Lists of hosts, each with the setting it comes from.
    pub hosts: Vec<HostList>,
}

/// A list of hosts that a request must be for.
#[derive(Clone, Debug)]
pub struct HostList {
    /// The setting that holds it, for messages, such as `egress.hosts of the flow`.
    pub setting: &'static str,
    /// The hosts.
    pub hosts: Arc<[HostPattern]>,
    /// Methods, in upper case, where only some are allowed.
    pub methods: Option<Arc<[String]>>,
}

/// A host as lists name it: `api.example.com`, `*.example.com` for all below it, or `*`; with a port where only that one
/// is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPattern {
    host: Box<str>,
    port: Option<u16>,
}

/// Why a text is no host pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no host: write one such as api.example.com, *.example.com, api.example.com:8443 or *")]
pub struct PatternError(String);

impl FromStr for HostPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let wrong = || PatternError(text.chars().take(80).collect());
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port))
                if !port.contains(']') && !host.ends_with(':') && !(host.contains(':') && !host.starts_with('[')) =>
            {
                (host, Some(port.parse().map_err(|_| wrong())?))
            }
            _ => (text, None),
        };
        if host == "*" {
            return Ok(Self { host: "*".into(), port });
        }
        let (star, name) = host.strip_prefix("*.").map_or(("", host), |name| ("*.", name));
        // The same reading as that of URLs, so that both spell a host alike.
        let name = url::Host::parse(name).map_err(|_| wrong())?;
        let is_name = matches!(name, url::Host::Domain(_));
        if !star.is_empty() && !is_name {
            return Err(wrong());
        }
        let name = name.to_string();
        let name = name.strip_suffix('.').unwrap_or(&name);
        if name.is_empty() || text.len() > 300 {
            return Err(wrong());
        }
        Ok(Self { host: format!("{star}{name}").into(), port })
    }
}

impl TryFrom<String> for HostPattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse()
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl HostPattern {
    /// Whether it names this host, spelled as URLs spell it, without a dot at the end.
    pub fn matches(&self, host: &str, port: u16) -> bool {
        if self.port.is_some_and(|own| own != port) {
            return false;
        }
        match self.host.strip_prefix('*') {
            Some("") => true,
            // The dot stays, so that `*.example.com` is neither `badexample.com` nor `example.com` itself.
            Some(below) => host.len() > below.len() && host.ends_with(below),
            None => *self.host == *host,
        }
    }
}

impl Rules {
    /// Whether the lists have this host.
    pub(crate) fn check_host(&self, method: &http::Method, host: &str, port: u16) -> Result<(), EgressError> {
        for list in &self.hosts {
            if !list.hosts.iter().any(|pattern| pattern.matches(host, port)) {
                return Err(EgressError::Host { host: host.to_owned(), setting: list.setting });
            }
            if let Some(methods) = &list.methods
                && !methods.iter().any(|allowed| allowed == method.as_str())
            {
                return Err(EgressError::Method { method: method.to_string(), setting: list.setting });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> HostPattern {
        text.parse().unwrap()
    }

    #[test]
    fn patterns_match_hosts_as_urls_spell_them() {
        for (text, host, port, wanted) in [
            ("api.example.com", "api.example.com", 443, true),
            ("API.Example.com.", "api.example.com", 443, true),
            ("api.example.com", "xapi.example.com", 443, false),
            ("*.example.com", "a.b.example.com", 80, true),
            ("*.example.com", "example.com", 80, false),
            ("*.example.com", "badexample.com", 80, false),
            ("api.example.com:8443", "api.example.com", 8443, true),
            ("api.example.com:8443", "api.example.com", 443, false),
            ("*", "anything", 1, true),
            ("*:443", "anything", 80, false),
            ("2130706433", "127.0.0.1", 80, true),
            ("[::1]:80", "[::1]", 80, true),
            ("bücher.example", "xn--bcher-kva.example", 443, true),
        ] {
            assert_eq!(pattern(text).matches(host, port), wanted, "{text} {host}:{port}");
        }
        for wrong in ["", "*.", "a b", "a/b", "http://a", "*.127.0.0.1", "a:b", "**", "::1"] {
            assert!(wrong.parse::<HostPattern>().is_err(), "{wrong}");
        }
        assert_eq!(String::from(pattern("*.Example.com:8443")), "*.example.com:8443");
    }
}
