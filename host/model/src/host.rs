//! Hosts as lists of allowed ones name them. It matches names; it resolves none.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest pattern: a name has 253 characters at most (RFC 1035).
const MAX_LENGTH: usize = 300;

/// A host, and the methods that may be used there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRule {
    /// The host.
    pub host: HostPattern,
    /// Methods in upper case; all of them where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub methods: Vec<String>,
}

impl HostRule {
    /// Whether this method may be used.
    pub fn allows(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|allowed| allowed == method)
    }
}

impl From<HostPattern> for HostRule {
    fn from(host: HostPattern) -> Self {
        Self { host, methods: Vec::new() }
    }
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
        // Colons within brackets belong to an IPv6 address.
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port.parse().map_err(|_| wrong())?)),
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
        if name.is_empty() || name.contains('*') || text.len() > MAX_LENGTH {
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
