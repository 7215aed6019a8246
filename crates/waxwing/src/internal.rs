//! How the processes of one deployment find and reach each other.

use std::net::{Ipv4Addr, SocketAddr};

use platform::config::{InvalidConfig, Redacted};
use serde::{Deserialize, Serialize};

/// The section `internal`: read by `waxwing user`, `waxwing game` and `waxwing gateway` alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the user and game roles take calls of other processes, HTTP without TLS: a private
    /// network's. A gateway takes none. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// The host, a name or an address without a port, that other processes and Prometheus reach
    /// this one under. Without it, the address that is bound; where that is every address, the
    /// one by which this machine reaches NATS, else the one that its own name stands for.
    pub advertise: Option<String>,
    /// The NATS server (`nats://user:password@host:port`) over which processes find each other and
    /// pictures of lobbies go.
    pub nats: Option<Redacted>,
}

impl Default for Config {
    fn default() -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 9465));
        Self { listen, advertise: None, nats: None }
    }
}

impl Config {
    /// # Errors
    /// The first field that cannot be what it is.
    pub(crate) fn validate(&self) -> Result<(), InvalidConfig> {
        let is_host = |host: &str| {
            let authority = format!("{host}:1").parse::<axum::http::uri::Authority>();
            // Colons stand in brackets: what follows one outside of them is a port.
            let is_bare = !host.contains(':') || host.starts_with('[');
            is_bare && !host.is_empty() && authority.is_ok_and(|found| found.host() == host)
        };
        if self.advertise.as_deref().is_some_and(|host| !is_host(host)) {
            return Err(InvalidConfig::new("advertise", "must be a host without a port"));
        }
        let is_nats = |url: &Redacted| {
            ["nats://", "tls://"].iter().any(|scheme| url.expose().starts_with(scheme))
        };
        if self.nats.as_ref().is_some_and(|url| !is_nats(url)) {
            return Err(InvalidConfig::new("nats", "must begin with nats://"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use platform::config::Redacted;

    use super::Config;

    #[test]
    fn a_host_without_a_port_is_advertised_and_nats_has_its_scheme() {
        let refused = |advertise: &str| {
            let config = Config { advertise: Some(advertise.to_owned()), ..Config::default() };
            config.validate().map_err(|invalid| invalid.field.into_owned())
        };
        for host in ["game-1", "10.0.0.7", "[2001:db8::1]", "a.example"] {
            assert_eq!(refused(host), Ok(()), "{host}");
        }
        for host in ["", "game-1:9465", "http://a", "a b", "2001:db8::1", "me@a"] {
            assert_eq!(refused(host), Err("advertise".to_owned()), "{host}");
        }
        let nats = Some(Redacted::new("localhost:4222"));
        let error = Config { nats, ..Config::default() }.validate().unwrap_err();
        assert_eq!(error.field, "nats");
    }
}
