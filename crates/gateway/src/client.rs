//! Who is at the other end: the connection's own address, or what a trusted proxy says.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

/// Where each proxy adds the address that it was called from, at the end.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client's address. The header is believed from a trusted peer alone, and of its hops the
/// last that is not such a proxy itself: everything before it, anybody could have written.
pub(crate) fn address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.contains(address);
    let peer = peer.to_canonical();
    if !is_trusted(&peer) {
        return peer;
    }
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    // A line that is no text stands for a hop that is no address.
    let hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(',').map(hop));
    // What cannot be read hides who called: then it is the last that is known.
    let mut nearest = peer;
    for hop in hops {
        match hop {
            Some(address) if is_trusted(&address) => nearest = address,
            Some(address) => return address,
            None => return nearest,
        }
    }
    nearest
}

/// One hop, with or without a port.
fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    text.parse().or_else(|_| with_port()).ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use http::{HeaderMap, HeaderValue};

    /// The client where `10.0.0.1` and `10.0.0.2` are trusted.
    fn client(peer: &str, lines: &[&str]) -> String {
        let trusted: Vec<IpAddr> =
            ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().unwrap()).into();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("X-Forwarded-For", HeaderValue::from_str(line).unwrap());
        }
        super::address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(client("192.0.2.9", &["198.51.100.7"]), "192.0.2.9");
        assert_eq!(client("192.0.2.9", &["10.0.0.1"]), "192.0.2.9");
    }

    #[test]
    fn a_proxy_is_believed_for_the_last_hop_alone() {
        assert_eq!(client("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(client("::ffff:10.0.0.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &["127.0.0.1, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &["127.0.0.1", "[2001:db8::1]:80"]), "2001:db8::1");
        assert_eq!(client("10.0.0.1", &["127.0.0.1, 198.51.100.7, 10.0.0.2"]), "198.51.100.7");
    }

    #[test]
    fn without_a_hop_it_is_the_proxy_itself() {
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.7, unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["10.0.0.2"]), "10.0.0.2");
    }
}
