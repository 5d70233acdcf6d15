//! A URL becomes a target: what is connected to, checked as far as that goes without a look-up. It resolves nothing.

use url::{Host, Url};

use crate::EgressError;

/// Longest URL; servers rarely take more than 8 KiB.
const MAX_URL: usize = 16 << 10;

/// Where a request goes.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The URL, in its one normal spelling.
    pub(crate) url: Url,
    /// Its host, without a dot at the end.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
}

impl Target {
    /// Reads a URL as browsers do (the URL standard), so that every spelling of an address ends as that address.
    pub(crate) fn parse(text: &str) -> Result<Self, EgressError> {
        if text.len() > MAX_URL {
            return Err(EgressError::Url(format!("the URL has {} bytes; {MAX_URL} are allowed", text.len())));
        }
        let url = Url::parse(text).map_err(|error| EgressError::Url(format!("the URL cannot be read: {error}")))?;
        Self::of(url)
    }

    /// The target of a URL.
    pub(crate) fn of(mut url: Url) -> Result<Self, EgressError> {
        if !matches!(url.scheme(), "http" | "https") {
            let scheme: String = url.scheme().chars().take(20).collect();
            return Err(EgressError::Url(format!("the URL's scheme is `{scheme}`; only http and https are sent")));
        }
        if !url.username().is_empty() || url.password().is_some() {
            let message = "the URL has a user or a password in it; send credentials in a header";
            return Err(EgressError::Url(message.to_owned()));
        }
        url.set_fragment(None);
        let host = match url.host() {
            None => return Err(EgressError::Url("the URL has no host".to_owned())),
            Some(Host::Domain(name)) => name.strip_suffix('.').unwrap_or(name).to_owned(),
            Some(address) => address.to_string(),
        };
        if host.is_empty() || host.len() > 253 {
            return Err(EgressError::Url("the URL's host has no name, or too long a one".to_owned()));
        }
        let port = url.port_or_known_default().unwrap_or(443);
        if port == 0 {
            return Err(EgressError::Url("the URL's port is 0".to_owned()));
        }
        Ok(Self { url, host, port })
    }

    /// Whether both have the same scheme, host and port.
    pub(crate) fn is_same_origin(&self, other: &Self) -> bool {
        self.url.scheme() == other.url.scheme() && self.host == other.host && self.port == other.port
    }
}
