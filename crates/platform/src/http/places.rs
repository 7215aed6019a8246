//! Places that clients take up: so many altogether, so many a network.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

/// What of an address its owner cannot change: all of IPv4, the /64 of IPv6. One household or one
/// machine is one network, and every limit on an address counts by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

/// Counts places. A clone counts the same.
#[derive(Clone, Debug)]
pub struct Places(Arc<Inner>);

/// One place, given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    places: Places,
    network: Option<Network>,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// All are taken.
    Everywhere,
    /// The network has as many as it may have.
    ForNetwork,
}

#[derive(Debug)]
struct Inner {
    total_max: u32,
    per_network_max: u32,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    total: u32,
    by_network: HashMap<Network, u32>,
}

impl Network {
    /// The network that `address` belongs to; an IPv4 address in IPv6's clothes is that address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
            v4 @ IpAddr::V4(_) => v4,
        })
    }

    /// Tells networks apart, to hash by.
    #[must_use]
    pub const fn number(self) -> u64 {
        match self.0 {
            IpAddr::V4(v4) => v4.to_bits() as u64,
            IpAddr::V6(v6) => (v6.to_bits() >> 64) as u64,
        }
    }
}

impl Places {
    /// Nobody is there yet.
    #[must_use]
    pub fn new(total_max: u32, per_network_max: u32) -> Self {
        Self(Arc::new(Inner { total_max, per_network_max, taken: Mutex::default() }))
    }

    /// A place for a client from `network`; without one it counts among all alone.
    ///
    /// # Errors
    /// Why there is none.
    pub fn take(&self, network: Option<Network>) -> Result<Place, Full> {
        let mut taken = self.0.taken.lock();
        if taken.total >= self.0.total_max {
            return Err(Full::Everywhere);
        }
        if let Some(network) = network {
            let count = taken.by_network.entry(network).or_default();
            if *count >= self.0.per_network_max {
                return Err(Full::ForNetwork);
            }
            *count += 1;
        }
        taken.total += 1;
        Ok(Place { places: self.clone(), network })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.taken.lock();
        taken.total -= 1;
        let Some(network) = self.network else { return };
        if let Some(count) = taken.by_network.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                taken.by_network.remove(&network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Full, Network, Places};

    fn network(address: &str) -> Network {
        Network::of(address.parse().unwrap())
    }

    #[test]
    fn one_household_is_one_network() {
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:2"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
        assert_ne!(network("10.0.0.1"), network("10.0.0.2"));
        assert_eq!(network("2001:db8::7").number(), 0x2001_0db8_0000_0000);
        assert_eq!(network("10.0.0.1").number(), 0x0a00_0001);
    }

    #[test]
    fn places_are_counted_by_network_and_given_back() {
        let places = Places::new(3, 2);
        let take = |address: &str| places.take(Some(network(address)));
        let anns = [take("2001:db8::1").unwrap(), take("2001:db8::2").unwrap()];
        assert_eq!(take("2001:db8::3").err(), Some(Full::ForNetwork));
        let _bobs = take("10.0.0.2").unwrap();
        assert_eq!(take("10.0.0.2").err(), Some(Full::Everywhere));
        assert_eq!(places.take(None).err(), Some(Full::Everywhere));
        drop(anns);
        assert!(places.take(None).is_ok());
        assert_eq!(places.0.taken.lock().by_network.len(), 1, "nobody is counted as zero");
    }
}
