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
    /// Tries that were not looked at, by the budget that ran out.
    pub throttled: Family<BudgetLabels, Counter>,
    /// Refresh tokens shown, by what became of them.
    pub refreshes: Family<RefreshLabels, Counter>,
    /// Sign-ins ended before their time, by why.
    pub sessions_ended: Family<EndLabels, Counter>,
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

/// Which budget of failed sign-ins ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct BudgetLabels {
    /// The budget.
    pub budget: Budget,
}

/// The budgets of failed sign-ins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Budget {
    /// Of a name from one network.
    NameHere,
    /// Of a network.
    Network,
    /// Of a name from everywhere it is not at home.
    Name,
    /// One network's share of that.
    NameShare,
}

/// What became of a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RefreshLabels {
    /// The end.
    pub outcome: RefreshOutcome,
}

/// What becomes of refresh tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum RefreshOutcome {
    /// A pair was given.
    Accepted,
    /// No token of ours, or of a sign-in that was ended.
    Refused,
    /// The sign-in had run out.
    Over,
    /// Spent long before: it may be in the wrong hands.
    Reused,
}

/// Why sign-ins ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct EndLabels {
    /// The reason.
    pub reason: EndReason,
}

/// The reasons for which sign-ins end before their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum EndReason {
    /// The player signed out.
    SignedOut,
    /// The player changed the password elsewhere.
    PasswordChanged,
    /// A spent refresh token came again.
    Reused,
    /// The player signed in more often than may be.
    TooMany,
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
            throttled: Family::default(),
            refreshes: Family::default(),
            sessions_ended: Family::default(),
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
        identity.register(
            "throttled",
            "Tries not looked at after too many failures, by the budget that ran out",
            metrics.throttled.clone(),
        );
        identity.register(
            "refreshes",
            "Refresh tokens shown by what became of them",
            metrics.refreshes.clone(),
        );
        identity.register(
            "sessions_ended",
            "Sign-ins ended before their time by why",
            metrics.sessions_ended.clone(),
        );
        metrics
    }

    /// Counts one try that was not looked at.
    pub fn throttle(&self, budget: Budget) {
        self.throttled.get_or_create(&BudgetLabels { budget }).inc();
    }

    /// Counts one refresh.
    pub fn refresh(&self, outcome: RefreshOutcome) {
        self.refreshes.get_or_create(&RefreshLabels { outcome }).inc();
    }

    /// Counts sign-ins that ended.
    pub fn ended(&self, reason: EndReason, count: usize) {
        self.sessions_ended.get_or_create(&EndLabels { reason }).inc_by(count as u64);
    }

    /// Counts one attempt to sign in.
    pub fn login(&self, outcome: LoginOutcome) {
        self.logins.get_or_create(&LoginLabels { outcome }).inc();
    }
}
