//! How players sign up and in.

use argon2::Params;
use platform::config::InvalidConfig;
use serde::{Deserialize, Serialize};

/// Minutes of an access token and fewest characters of a password where money is play money.
const PLAY: (u32, usize) = (60, 4);

/// The settings of identity.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How long an access token is good for, in minutes: 60 for play money, 10 otherwise.
    pub token_minutes: Option<u32>,
    /// Days without a refresh after which a sign-in is over.
    pub refresh_idle_days: u32,
    /// Days after which a sign-in is over in any case.
    pub refresh_days: u32,
    /// Sign-ins a player may have at once; one more ends the one used longest ago.
    pub sessions_per_player: u32,
    /// Fewest characters of a new password: 4 for play money, 8 otherwise.
    pub password_min: Option<usize>,
    /// Memory of one password hash, in KiB (OWASP's least: 19 MiB with two passes).
    pub argon2_memory_kib: u32,
    /// Passes of one password hash over that memory.
    pub argon2_passes: u32,
    /// Password hashes computed at once.
    pub hashes_at_once: u32,
    /// Password hashes that may wait; more are refused with 503.
    pub hashes_waiting: u32,
    /// Of these, how many may come from one network.
    pub hashes_waiting_per_network: u32,
    /// Failed sign-ins under one name from one network that may follow each other without a pause.
    pub failures_at_once: u32,
    /// Pause between further tries under that name, and the time in which one failure is
    /// forgotten, in milliseconds.
    pub failure_pause_ms: u64,
    /// The same for one network, whatever the names: failures without a pause.
    pub network_failures_at_once: u32,
    /// The pause of a network, in milliseconds.
    pub network_failure_pause_ms: u64,
    /// The same for one name, from all networks that it never signed in from.
    pub name_failures_at_once: u32,
    /// The pause of a name, in milliseconds.
    pub name_failure_pause_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            token_minutes: None,
            refresh_idle_days: 30,
            refresh_days: 180,
            sessions_per_player: 50,
            password_min: None,
            argon2_memory_kib: 19 * 1_024,
            argon2_passes: 2,
            hashes_at_once: 2,
            hashes_waiting: 128,
            hashes_waiting_per_network: 64,
            failures_at_once: 10,
            failure_pause_ms: 6_000,
            network_failures_at_once: 100,
            network_failure_pause_ms: 1_000,
            name_failures_at_once: 100,
            name_failure_pause_ms: 60_000,
        }
    }
}

impl Config {
    /// Fills in what was not set: players who help themselves to money play with play money.
    pub fn fill_in(&mut self, is_play_money: bool) {
        let (token_minutes, password_min) = if is_play_money { PLAY } else { (10, 8) };
        self.token_minutes.get_or_insert(token_minutes);
        self.password_min.get_or_insert(password_min);
    }

    /// How long an access token is good for, in minutes.
    pub(crate) fn token_minutes(&self) -> u32 {
        self.token_minutes.unwrap_or(PLAY.0)
    }

    /// Fewest characters of a new password.
    pub(crate) fn password_min(&self) -> usize {
        self.password_min.unwrap_or(PLAY.1)
    }

    /// Whether the settings can work together.
    ///
    /// # Errors
    /// [`InvalidConfig`], naming the first field that cannot be.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        let day = 1..=3_650;
        let at_once = 1..=100_000;
        let pause = 100..=3_600_000;
        let whole = self.refresh_idle_days..=3_650;
        let in_network = 1..=self.hashes_waiting;
        let memory = Params::MIN_M_COST..=1 << 20;
        let (days, at_once_is, pause_is) =
            ("must be 1 to 3650", "must be 1 to 100000", "must be 100 to 3600000");
        let rules = [
            (
                "token_minutes",
                self.token_minutes.is_none_or(|minutes| (1..=1_440).contains(&minutes)),
                "must be 1 to 1440",
            ),
            ("refresh_idle_days", day.contains(&self.refresh_idle_days), days),
            (
                "refresh_days",
                whole.contains(&self.refresh_days),
                "must be at least refresh_idle_days and at most 3650",
            ),
            (
                "sessions_per_player",
                (1..=1_000).contains(&self.sessions_per_player),
                "must be 1 to 1000",
            ),
            (
                "password_min",
                self.password_min.is_none_or(|least| (1..=128).contains(&least)),
                "must be 1 to 128",
            ),
            ("hashes_at_once", (1..=64).contains(&self.hashes_at_once), "must be 1 to 64"),
            ("hashes_waiting", self.hashes_waiting <= 10_000, "must be at most 10000"),
            (
                "hashes_waiting_per_network",
                in_network.contains(&self.hashes_waiting_per_network),
                "must be 1 to hashes_waiting",
            ),
            ("failures_at_once", at_once.contains(&self.failures_at_once), at_once_is),
            ("failure_pause_ms", pause.contains(&self.failure_pause_ms), pause_is),
            (
                "network_failures_at_once",
                at_once.contains(&self.network_failures_at_once),
                at_once_is,
            ),
            ("network_failure_pause_ms", pause.contains(&self.network_failure_pause_ms), pause_is),
            ("name_failures_at_once", at_once.contains(&self.name_failures_at_once), at_once_is),
            ("name_failure_pause_ms", pause.contains(&self.name_failure_pause_ms), pause_is),
            ("argon2_passes", (1..=100).contains(&self.argon2_passes), "must be 1 to 100"),
            ("argon2_memory_kib", memory.contains(&self.argon2_memory_kib), "must be 8 to 1048576"),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((field, _, reason)) => Err(InvalidConfig::new(field, reason)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
