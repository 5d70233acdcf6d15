//! Blocks of addresses (CIDR, RFC 4632). It compares addresses; whose they are it does not know.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A block of addresses such as `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

/// Why a text is no block of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// It has not the form of one.
    #[error("{0:?} is no block of addresses: write one such as 192.0.2.0/24 or 2001:db8::/32, or one address")]
    Form(String),
    /// It is an address within a block, not the block.
    #[error("{given} is an address within a block: write {block} for the block, or {address} for the address alone")]
    Within {
        /// What was written.
        given: String,
        /// The block.
        block: String,
        /// The address.
        address: String,
    },
    /// It is an IPv4 block in IPv6's clothes, which no caller's address is compared with.
    #[error("{0:?} is an IPv4 block written as IPv6: write it as IPv4, such as 192.0.2.0/24")]
    Mapped(String),
}

impl Network {
    /// Whether an address belongs to it. An IPv4 address written as IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let text = text.trim();
        let given = || text.chars().take(80).collect::<String>();
        let net = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        let net: IpNet = net.map_err(|_| NetworkError::Form(given()))?;
        if net.addr().to_canonical() != net.addr() {
            return Err(NetworkError::Mapped(given()));
        }
        if net.trunc() != net {
            let (block, address) = (net.trunc().to_string(), net.addr().to_string());
            return Err(NetworkError::Within { given: given(), block, address });
        }
        Ok(Self(net))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_addresses_contain_what_belongs_to_them() {
        for (block, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("10.0.0.0/8", "::ffff:10.0.0.1", "::10.0.0.1"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("0.0.0.0/0", "203.0.113.1", "::1"),
            ("::/0", "::1", "127.0.0.1"),
            ("2001:db8::/32", "2001:db8:1::1", "2001:db9::1"),
            ("::1", "::1", "::2"),
        ] {
            let network: Network = block.parse().unwrap();
            assert!(network.contains(inside.parse().unwrap()), "{block} {inside}");
            assert!(!network.contains(outside.parse().unwrap()), "{block} {outside}");
        }
        let within = "10.1.2.3/8".parse::<Network>().unwrap_err().to_string();
        assert!(within.contains("10.0.0.0/8") && within.contains("10.1.2.3 for"), "{within}");
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "example.com", "::ffff:10.0.0.0/104", "1.2.3.4:80", "::1/129"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }
}
