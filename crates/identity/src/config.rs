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
    /// Fewest characters of a new password.
    pub password_min: usize,
    /// Memory of one password hash, in KiB (OWASP's least: 19 MiB with two passes).
    pub argon2_memory_kib: u32,
    /// Passes of one password hash over that memory.
    pub argon2_passes: u32,
    /// Password hashes computed at once.
    pub hashes_at_once: usize,
    /// Password hashes that may wait; more are refused with 503.
    pub hashes_waiting: usize,
    /// Failed sign-ins under one name that may follow each other without a pause.
    pub failures_at_once: u32,
    /// Pause between further tries under that name, and the time in which one failure is
    /// forgotten, in milliseconds.
    pub failure_pause_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            token_minutes: 60,
            password_min: 4,
            argon2_memory_kib: 19 * 1_024,
            argon2_passes: 2,
            hashes_at_once: 2,
            hashes_waiting: 64,
            failures_at_once: 10,
            failure_pause_ms: 6_000,
        }
    }
}

impl Config {
    /// Whether the settings can work together.
    ///
    /// # Errors
    /// [`InvalidConfig`], naming the first field that cannot be.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        let rules = [
            ("token_minutes", (1..=1_440).contains(&self.token_minutes), "must be 1 to 1440"),
            ("password_min", (1..=128).contains(&self.password_min), "must be 1 to 128"),
            ("hashes_at_once", (1..=64).contains(&self.hashes_at_once), "must be 1 to 64"),
            ("hashes_waiting", self.hashes_waiting <= 10_000, "must be at most 10000"),
            ("failures_at_once", (1..=1_000).contains(&self.failures_at_once), "must be 1 to 1000"),
            (
                "failure_pause_ms",
                (100..=3_600_000).contains(&self.failure_pause_ms),
                "must be 100 to 3600000",
            ),
            ("argon2_passes", (1..=100).contains(&self.argon2_passes), "must be 1 to 100"),
            (
                "argon2_memory_kib",
                (Params::MIN_M_COST..=1 << 20).contains(&self.argon2_memory_kib),
                "must be 8 to 1048576",
            ),
        ];
        match rules.into_iter().find(|(_, holds, _)| !holds) {
            Some((field, _, reason)) => Err(InvalidConfig::new(field, reason)),
            None => Ok(()),
        }
    }
}
