//! How long, how hard, and with whom.

use std::time::Duration;

/// The plan of one run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) lasts: Duration,
    /// Deaths by `kill -9`, at least.
    pub(crate) kills: u64,
    /// SIGSTOPs, at least.
    pub(crate) pauses: u64,
    /// The longest of them.
    pub(crate) pause_max_ms: u64,
    /// Dropped responses and requests, cuts and partitions, at least.
    pub(crate) storms: u64,
    /// One death in so many is looked at before the next life.
    pub(crate) dump_every: u64,
    /// Short climbs.
    pub(crate) quick_lobbies: usize,
    /// Climbs as long as they come.
    pub(crate) slow_lobbies: usize,
    /// Tables in each lobby.
    pub(crate) tables: usize,
    /// Players at each.
    pub(crate) seats: usize,
    /// Players with a plain socket in each lobby.
    pub(crate) singles: usize,
}

/// The run that a release is judged by, in minutes.
const WHOLE_RUN: u64 = 70;

/// From here on a run is played by a crowd, on a release build, and its recoveries are judged.
const LONG: Duration = Duration::from_mins(10);

impl Plan {
    /// For so many minutes: as many faults a minute as in the whole run, which has a thousand
    /// deaths. A short one is played by fewer, since it also runs on a build for tests.
    pub(crate) fn of_minutes(minutes: u64) -> Self {
        let lasts = Duration::from_secs(60 * minutes);
        let is_long = lasts >= LONG;
        let share = |whole: u64| whole * minutes / WHOLE_RUN;
        Self {
            lasts,
            kills: share(1_050),
            pauses: share(215),
            pause_max_ms: if is_long { 30_000 } else { 6_000 },
            storms: share(240),
            dump_every: if is_long { 4 } else { 1 },
            quick_lobbies: if is_long { 12 } else { 4 },
            slow_lobbies: if is_long { 3 } else { 2 },
            tables: if is_long { 5 } else { 2 },
            seats: if is_long { 10 } else { 5 },
            singles: if is_long { 4 } else { 2 },
        }
    }

    /// Whether it is one of those that measure.
    pub(crate) fn is_long(&self) -> bool {
        self.lasts >= LONG
    }

    /// Each fault of the network has so much time of its own.
    pub(crate) fn storm_every(&self) -> Duration {
        // A tenth more than asked for.
        self.lasts * 9 / 10 / u32::try_from(self.storms.max(1)).unwrap()
    }
}

/// A number that `make` hands to a test by the environment.
#[expect(clippy::disallowed_methods, reason = "`make` asks for the long runs")]
pub(crate) fn asked_number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

/// Limits for a crowd behind one address, cheap passwords, tokens for longer than any run.
pub(crate) const SETTINGS: &[(&str, &str)] = &[
    ("WAXWING_GAME__DRAIN_MAX_S", "3"),
    ("WAXWING_GAME__PAUSE_MS", "100"),
    ("WAXWING_GAME__MAIN__BETTING_MS", "1000"),
    ("WAXWING_IDENTITY__ARGON2_MEMORY_KIB", "64"),
    ("WAXWING_IDENTITY__ARGON2_PASSES", "1"),
    ("WAXWING_IDENTITY__TOKEN_MINUTES", "1440"),
    ("WAXWING_TELEMETRY__FILTER", "warn"),
];
/// Under which lobbies with short climbs are made; most climbs reach their end.
pub(crate) const QUICK: &[(&str, &str)] = &[
    ("WAXWING_GAME__PLAYERS__BETTING_MS", "700"),
    ("WAXWING_GAME__MULTIPLIER_MAX_CENTI", "112"),
    ("WAXWING_GAME__HOUSE_EDGE_BPS", "400"),
];
/// Under which the other ones are made.
pub(crate) const SLOW: &[(&str, &str)] = &[("WAXWING_GAME__PLAYERS__BETTING_MS", "1000")];
