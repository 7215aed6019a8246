//! What identity counts. Names are `waxwing_identity_<name>`; units are in the name.

use platform::metrics::Registry;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

/// The numbers of the service. Clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Players made.
    pub registrations: Counter,
    /// Attempts to sign in, by how they ended.
    pub logins: Family<LoginLabels, Counter>,
    /// Time of one password hash, the wait for its turn left out.
    pub hash_seconds: Histogram,
    /// Requests refused because too many hashes waited.
    pub hashes_refused: Counter,
}

/// How an attempt to sign in ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct LoginLabels {
    /// The end.
    pub outcome: LoginOutcome,
}

/// The ends of an attempt to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum LoginOutcome {
    /// A token was given.
    Accepted,
    /// Name and password do not belong together.
    Refused,
    /// Too many sign-ins under this name had failed; the password was not looked at.
    Throttled,
}

impl Metrics {
    /// Registers every number.
    #[must_use]
    pub fn register(registry: &Registry) -> Self {
        let metrics = Self {
            registrations: Counter::default(),
            logins: Family::default(),
            hash_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 12)),
            hashes_refused: Counter::default(),
        };
        let identity = registry.sub_registry_with_prefix("waxwing_identity");
        identity.register("registrations", "Players made", metrics.registrations.clone());
        identity.register("logins", "Attempts to sign in by outcome", metrics.logins.clone());
        identity.register("hash_seconds", "Time of a password hash", metrics.hash_seconds.clone());
        identity.register(
            "hashes_refused",
            "Requests refused because too many password hashes waited",
            metrics.hashes_refused.clone(),
        );
        metrics
    }

    /// Counts one attempt to sign in.
    pub fn login(&self, outcome: LoginOutcome) {
        self.logins.get_or_create(&LoginLabels { outcome }).inc();
    }
}
