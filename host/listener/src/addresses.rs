//! How many connections each address has open. It counts; it closes nothing.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

/// The count of open connections by address.
#[derive(Clone)]
pub(crate) struct Addresses {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    most: usize,
}

impl Addresses {
    pub(crate) fn new(most: usize) -> Self {
        Self { open: Arc::default(), most }
    }

    /// A place for one more connection of this address; none where it has as many as it may.
    pub(crate) fn enter(&self, address: IpAddr) -> Option<Place> {
        let group = group(address);
        let mut open = self.open.lock();
        let count = open.entry(group).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Place { open: Arc::clone(&self.open), group })
    }
}

/// Holds the place of one connection until it is dropped.
pub(crate) struct Place {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    group: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock();
        if let Some(count) = open.get_mut(&self.group) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.group);
            }
        }
    }
}

/// Whom an address counts as: of IPv6 the network, since one machine has all of its addresses.
fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_as_many_places_as_it_may_and_has_them_back() {
        let addresses = Addresses::new(2);
        let enter = |text: &str| addresses.enter(text.parse().unwrap());
        let first = enter("192.0.2.1");
        let second = enter("::ffff:192.0.2.1");
        assert!(first.is_some() && second.is_some() && enter("192.0.2.1").is_none());
        let other = enter("192.0.2.2");
        assert!(other.is_some());
        drop(first);
        assert!(enter("192.0.2.1").is_some());
        drop((second, other));
        assert!(addresses.open.lock().is_empty());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let addresses = Addresses::new(1);
        let place = addresses.enter("2001:db8:1:2::1".parse().unwrap());
        assert!(addresses.enter("2001:db8:1:2:ffff::2".parse().unwrap()).is_none());
        assert!(addresses.enter("2001:db8:1:3::1".parse().unwrap()).is_some());
        drop(place);
    }
}
