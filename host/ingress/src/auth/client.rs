//! The address a request comes from, where proxies that the operator trusts stand in front. Anybody can write the header,
//! so only what a trusted proxy has added to it is believed.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use weir_model::Network;

const FORWARDED_FOR: &str = "x-forwarded-for";
/// Proxies in a row that are followed.
const MOST_HOPS: usize = 32;

/// The caller's address: the connection's own, or the last in `X-Forwarded-For` that no trusted proxy has.
pub(crate) fn address(headers: &HeaderMap, peer: IpAddr, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    if !is_trusted(client) {
        return client;
    }
    // Every proxy appends the address that it was called from: of several lines the last is the newest.
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    for hop in hops.take(MOST_HOPS) {
        // What is no address was not written by a proxy that knows its trade: who passed it on is all that is known.
        let Some(address) = read(hop) else { break };
        client = address;
        if !is_trusted(client) {
            break;
        }
    }
    client
}

/// An address, which some proxies write with a port or in brackets.
fn read(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = match bare {
        Some(bare) => bare.parse().ok(),
        None => text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip())),
    };
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn trusted() -> Vec<Network> {
        ["10.0.0.0/8", "::1"].iter().map(|text| text.parse().unwrap()).collect()
    }

    fn seen(peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        address(&headers, peer.parse().unwrap(), &trusted()).to_string()
    }

    #[test]
    fn the_last_address_that_is_no_trusted_proxys_counts() {
        for (peer, lines, expected) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1 , 10.9.9.9"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1", "198.51.100.1", "10.9.9.9"], "198.51.100.1"),
            ("10.0.0.1", &["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
            ("10.0.0.1", &["198.51.100.1:443"], "198.51.100.1"),
            ("::1", &["[2001:db8::7]"], "2001:db8::7"),
            ("::1", &["[2001:db8::7]:80"], "2001:db8::7"),
            ("10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["198.51.100.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1, unknown, 10.3.3.3"], "10.3.3.3"),
            ("10.0.0.1", &["198.51.100.1,"], "10.0.0.1"),
        ] {
            assert_eq!(seen(peer, lines), expected, "{peer} {lines:?}");
        }
    }

    proptest! {
        #[test]
        fn nobody_makes_it_panic_or_say_what_no_proxy_added(line in "[ -~]{0,80}") {
            prop_assert_eq!(seen("203.0.113.9", &[&line]), "203.0.113.9");
            prop_assert_eq!(seen("10.0.0.1", &[&line, "198.51.100.7"]), "198.51.100.7");
            let _ = seen("10.0.0.1", &[&line]);
        }
    }
}
