//! Which addresses are the internet's and which are not: the special-purpose registries of IANA (RFC 6890 and what was
//! added since). It names the block; whether an exception opens it is `rules`' business.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Blocks of IPv4 that are not globally reachable, or reach something else than they say: first address, prefix length,
/// name.
const V4: &[(Ipv4Addr, u8, &str)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared by carriers"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local, where clouds keep their metadata"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "for protocols"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "for documentation"),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "AS112"),
    (Ipv4Addr::new(192, 52, 193, 0), 24, "for multicast relays"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "the 6to4 relay"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(192, 175, 48, 0), 24, "AS112"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "for benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "for documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// The same within 2000::/3, the only block of IPv6 that is given out; all outside it is refused as a whole.
const V6: &[(Ipv6Addr, u8, &str)] = &[
    // Teredo, ORCHID and others; globally reachable exceptions in it are anycast services nobody posts to.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "for protocols"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "for documentation"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4"),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48, "AS112"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "for documentation"),
];

/// Names of the blocks outside 2000::/3 that have one, for messages.
const V6_NAMED: &[(Ipv6Addr, u8, &str)] = &[
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified"),
    (Ipv6Addr::LOCALHOST, 128, "loopback"),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, "NAT64"),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, "NAT64"),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64, "discarded"),
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16, "for segment routing"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "private"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link-local"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast"),
];

/// The address that a connection would reach: an IPv4 address in IPv6 clothes is that IPv4 address.
pub(crate) fn canonical(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// Why a canonical address is not the internet's; none where it is.
pub(crate) fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => {
            let bits = u32::from(v4);
            let hit = V4.iter().find(|(base, length, _)| (u32::from(*base) ^ bits) >> (32 - u32::from(*length)) == 0);
            hit.map(|(_, _, name)| *name)
        }
        IpAddr::V6(v6) if v6.segments()[0] >> 13 == 1 => find(V6, v6),
        IpAddr::V6(v6) => Some(find(V6_NAMED, v6).unwrap_or("not given out")),
    }
}

fn find(table: &[(Ipv6Addr, u8, &'static str)], address: Ipv6Addr) -> Option<&'static str> {
    let bits = u128::from(address);
    let hit = table.iter().find(|(base, length, _)| {
        (u128::from(*base) ^ bits).checked_shr(128 - u32::from(*length)).is_none_or(|rest| rest == 0)
    });
    hit.map(|(_, _, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_internet_are_not_special() {
        for fine in ["1.1.1.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1"] {
            assert_eq!(special(fine.parse().unwrap()), None, "{fine}");
        }
        for (address, name) in [
            ("0.0.0.0", "this network"),
            ("10.255.255.255", "private"),
            ("100.64.0.1", "shared by carriers"),
            ("127.255.0.1", "loopback"),
            ("169.254.169.254", "link-local, where clouds keep their metadata"),
            ("172.31.9.9", "private"),
            ("255.255.255.255", "reserved"),
            ("239.1.1.1", "multicast"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("::7f00:1", "not given out"),
            ("64:ff9b::7f00:1", "NAT64"),
            ("64:ff9b:1::1", "NAT64"),
            ("2002:7f00:1::", "6to4"),
            ("2001:0:1::1", "for protocols"),
            ("2001:db8::1", "for documentation"),
            ("3fff::1", "for documentation"),
            ("fd00::1", "private"),
            ("fe80::1", "link-local"),
            ("fec0::1", "not given out"),
            ("ff02::1", "multicast"),
            ("100::1", "discarded"),
            ("5f00::1", "for segment routing"),
        ] {
            assert_eq!(special(canonical(address.parse().unwrap())), Some(name), "{address}");
        }
        let mapped = canonical("::ffff:127.0.0.1".parse().unwrap());
        assert_eq!((mapped, special(mapped)), ("127.0.0.1".parse().unwrap(), Some("loopback")));
    }
}
