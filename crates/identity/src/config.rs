//! How players sign up and in.

use argon2::Params;
use platform::config::InvalidConfig;
use serde::{Deserialize, Serialize};

/// The settings of identity. Defaults are the play profile's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How long an access token is good for, in minutes.
    pub token_minutes: u32,
    /// Days without a refresh after which a sign-in is over.
    pub refresh_idle_days: u32,
    /// Days after which a sign-in is over in any case.
    pub refresh_days: u32,
    /// Sign-ins a player may have at once; one more ends the one used longest ago.
    pub sessions_per_player: u32,
    /// Fewest characters of a new password.
    pub password_min: usize,
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
            token_minutes: 60,
            refresh_idle_days: 30,
            refresh_days: 180,
            sessions_per_player: 50,
            password_min: 4,
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
            ("token_minutes", (1..=1_440).contains(&self.token_minutes), "must be 1 to 1440"),
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
            ("password_min", (1..=128).contains(&self.password_min), "must be 1 to 128"),
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
