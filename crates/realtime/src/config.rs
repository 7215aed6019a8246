//! What sockets may cost: every queue, rate and size has its bound here.

use platform::config::InvalidConfig;
use serde::{Deserialize, Serialize};

use crate::{Delivery, plain};

/// Limits on sockets. Every field has a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Sockets a process holds; one more is answered 503.
    pub sockets_max: u32,
    /// Sockets from one address, or one /64 of IPv6; one more is answered 429.
    pub sockets_per_address_max: u32,
    /// How events for many reach their sockets: `auto`, `io_uring` or `write`.
    pub delivery: Delivery,
    /// Origins whose pages may open plain sockets, e.g. `https://play.example.org`. Without any,
    /// the page must come from the host it asks; `*` is every page. Who sends no `Origin` is no
    /// browser, and may.
    pub origins: Vec<String>,
    /// Bytes of one HTTP or Engine.IO payload, and of a plain socket's message that is passed over
    /// because it is longer than is taken; a longer one ends the socket.
    pub payload_bytes_max: u32,
    /// Bytes of one message.
    pub message_bytes_max: u32,
    /// Messages a socket may send at once; cash-outs have a bucket of their own, as large.
    pub burst_max: u32,
    /// Messages a second that a socket may go on sending.
    pub messages_per_second: u32,
    /// Messages over the rate, less one for each taken since, at which the socket is closed.
    pub strikes_max: u32,
    /// Messages of a socket that may wait for their answers; one more is refused.
    pub in_flight_max: u32,
    /// Events the transport holds for a socket.
    pub buffered_events: u32,
    /// Events that wait behind the transport's; one more closes the socket as slow.
    pub backlog_events: u32,
    /// Bytes that wait for a socket behind the one event on its way; more closes it as slow.
    pub backlog_bytes_max: u32,
    /// How long a socket may take nothing at all while events wait, in milliseconds.
    pub slow_ms: u64,
    /// How often the server asks whether the client is there, in milliseconds.
    pub ping_interval_ms: u64,
    /// How long it waits for the answer, in milliseconds.
    pub ping_timeout_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            sockets_max: 10_000,
            sockets_per_address_max: 1_000,
            delivery: Delivery::Auto,
            origins: Vec::new(),
            payload_bytes_max: 65_536,
            message_bytes_max: 4_096,
            burst_max: 50,
            messages_per_second: 20,
            strikes_max: 100,
            in_flight_max: 32,
            buffered_events: 64,
            backlog_events: 256,
            backlog_bytes_max: 262_144,
            slow_ms: 5_000,
            ping_interval_ms: 25_000,
            ping_timeout_ms: 20_000,
        }
    }
}

impl Config {
    /// Checks every bound.
    ///
    /// # Errors
    /// The field that is out of its range, and what it must be.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        let positive = [
            ("sockets_max", u64::from(self.sockets_max)),
            ("sockets_per_address_max", u64::from(self.sockets_per_address_max)),
            ("burst_max", u64::from(self.burst_max)),
            ("messages_per_second", u64::from(self.messages_per_second)),
            ("strikes_max", u64::from(self.strikes_max)),
            ("in_flight_max", u64::from(self.in_flight_max)),
            ("backlog_events", u64::from(self.backlog_events)),
            ("backlog_bytes_max", u64::from(self.backlog_bytes_max)),
            ("slow_ms", self.slow_ms),
            ("ping_interval_ms", self.ping_interval_ms),
            ("ping_timeout_ms", self.ping_timeout_ms),
        ];
        if let Some((field, _)) = positive.into_iter().find(|(_, value)| *value == 0) {
            return Err(InvalidConfig::new(field, "must be more than 0"));
        }
        if self.buffered_events < 8 {
            return Err(InvalidConfig::new("buffered_events", "must be at least 8"));
        }
        if !(256..=65_536).contains(&self.message_bytes_max) {
            return Err(InvalidConfig::new("message_bytes_max", "must be 256 to 65536"));
        }
        if !self.origins.iter().all(|origin| plain::is_origin(origin)) {
            let reason = "must be `*` or http:// or https:// and a host, without a path";
            return Err(InvalidConfig::new("origins", reason));
        }
        if self.payload_bytes_max < self.message_bytes_max {
            return Err(InvalidConfig::new(
                "payload_bytes_max",
                "must be at least message_bytes_max",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn the_defaults_are_valid_and_zeros_are_not() {
        assert_eq!(Config::default().validate(), Ok(()));
        let broken = Config { in_flight_max: 0, ..Config::default() };
        assert_eq!(broken.validate().unwrap_err().field, "in_flight_max");
        let broken = Config { payload_bytes_max: 300, ..Config::default() };
        assert_eq!(broken.validate().unwrap_err().field, "payload_bytes_max");
    }
}
