//! How the public door is set up.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::Uri;
use http::uri::Scheme;
use platform::config::InvalidConfig;
use serde::{Deserialize, Serialize};

mod tls;

pub use tls::TlsConfig;

/// The gateway's part of the configuration. Every field has a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the public listener stands. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// The origin that players reach it under, e.g. `https://play.example.org`; without it, the
    /// address it is bound to. What clients are told about sockets comes from here, never from a
    /// request's `Host`.
    pub public_url: Option<String>,
    /// Proxies in front of us, by the addresses they connect from. Their `X-Forwarded-For` is
    /// believed: its last hop that is not one of them is the client whom the limits below are
    /// counted for, and their own connections count among all alone. Empty believes nobody; behind
    /// a proxy that is not named here all players share one client's limits.
    pub trusted_proxies: Vec<IpAddr>,
    /// Connections held at once, sockets included; more wait in the kernel's queue. The process
    /// must be allowed as many open files.
    pub connections_max: u32,
    /// Connections from one address, or one /64 of IPv6; more are closed at once.
    pub connections_per_address_max: u32,
    /// Requests a second that one address, or one /64 of IPv6, may go on sending.
    pub requests_per_second: u32,
    /// Requests that one address may send at once.
    pub request_burst: u32,
    /// Requests a second that one player may go on sending, from all addresses together. Who that
    /// is says a token that proved good; without one the address alone is counted.
    pub player_requests_per_second: u32,
    /// Requests that one player may send at once.
    pub player_request_burst: u32,
    /// What an address may, for signing in and up, which costs us a password hash each.
    pub sign_ins_per_second: u32,
    /// Sign-ins that one address may send at once.
    pub sign_in_burst: u32,
    /// How long a call to a lobby's owner is sent again while it has no answer, in milliseconds.
    pub play_patience_ms: u64,
    /// How long a lobby may be silent before its listener asks the owner how it stands, or ends
    /// if nobody is there any more, in milliseconds.
    pub feed_quiet_ms: u64,
    /// How often a lobby hears that somebody only watches it, in milliseconds: one that nobody
    /// visits for a day is closed.
    pub feed_visit_ms: u64,
    /// TLS, if the door speaks it itself.
    pub tls: TlsConfig,
    /// Limits on sockets.
    pub sockets: realtime::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            public_url: None,
            trusted_proxies: Vec::new(),
            connections_max: 16_384,
            connections_per_address_max: 4_096,
            requests_per_second: 200,
            request_burst: 400,
            player_requests_per_second: 200,
            player_request_burst: 400,
            sign_ins_per_second: 50,
            sign_in_burst: 200,
            play_patience_ms: 10_000,
            feed_quiet_ms: 5_000,
            feed_visit_ms: 3_600_000,
            tls: TlsConfig::default(),
            sockets: realtime::Config::default(),
        }
    }
}

impl Config {
    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is not what it must be.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        if let Some(url) = &self.public_url
            && !is_origin(url)
        {
            let reason = "must be http:// or https:// and a host, without a path";
            return Err(InvalidConfig::new("public_url", reason));
        }
        let positive = [
            ("connections_max", self.connections_max),
            ("connections_per_address_max", self.connections_per_address_max),
            ("requests_per_second", self.requests_per_second),
            ("request_burst", self.request_burst),
            ("player_requests_per_second", self.player_requests_per_second),
            ("player_request_burst", self.player_request_burst),
            ("sign_ins_per_second", self.sign_ins_per_second),
            ("sign_in_burst", self.sign_in_burst),
        ];
        if let Some((field, _)) = positive.into_iter().find(|(_, value)| *value == 0) {
            return Err(InvalidConfig::new(field, "must be more than 0"));
        }
        if self.play_patience_ms > 60_000 {
            return Err(InvalidConfig::new("play_patience_ms", "must be at most 60000"));
        }
        if !(50..=60_000).contains(&self.feed_quiet_ms) {
            return Err(InvalidConfig::new("feed_quiet_ms", "must be 50 to 60000"));
        }
        if !(50..=43_200_000).contains(&self.feed_visit_ms) {
            return Err(InvalidConfig::new("feed_visit_ms", "must be 50 to 43200000"));
        }
        self.tls.validate().map_err(|invalid| invalid.within("tls"))?;
        let names_http = self.public_url.as_ref().is_some_and(|url| !names_https(url));
        if names_http && self.tls.files().is_some() {
            let reason =
                "must begin with https:// where gateway.tls is set: no plain HTTP is spoken";
            return Err(InvalidConfig::new("public_url", reason));
        }
        self.sockets.validate().map_err(|invalid| invalid.within("sockets"))
    }

    /// What the public listener takes.
    pub(crate) fn connection_limits(&self) -> platform::http::Limits {
        platform::http::Limits {
            connections: self.connections_max as usize,
            connections_per_network: self.connections_per_address_max,
            handshakes: (self.connections_max / 4).max(1),
            handshakes_per_network: (self.connections_per_address_max / 4).max(1),
            proxies: self.proxies(),
            ..platform::http::Limits::default()
        }
    }

    /// The trusted proxies, an IPv4 address in IPv6's clothes as that address.
    pub(crate) fn proxies(&self) -> Vec<IpAddr> {
        self.trusted_proxies.iter().map(IpAddr::to_canonical).collect()
    }

    /// The origin players are told, once the listener is bound to `bound`.
    #[must_use]
    pub fn origin(&self, bound: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.clone(),
            None if bound.ip().is_unspecified() => {
                format!("{}://localhost:{}", self.scheme(), bound.port())
            }
            None => format!("{}://{bound}", self.scheme()),
        }
    }

    /// What the public listener speaks: `http`, or `https` where it has a certificate.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.tls.files().is_some() { "https" } else { "http" }
    }
}

/// Whether the origin is reached over TLS.
fn names_https(origin: &str) -> bool {
    origin.parse::<Uri>().is_ok_and(|url| url.scheme() == Some(&Scheme::HTTPS))
}

/// Whether `url` is a scheme, a host and perhaps a port, and no more.
fn is_origin(url: &str) -> bool {
    let Ok(parsed) = url.parse::<Uri>() else { return false };
    let scheme = parsed.scheme_str().is_some_and(|scheme| matches!(scheme, "http" | "https"));
    let bare = parsed.query().is_none() && parsed.path() == "/" && !url.ends_with('/');
    let authority = parsed.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    scheme && bare && authority
}

#[cfg(test)]
mod tests;
