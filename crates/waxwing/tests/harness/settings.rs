//! The settings the tests start servers with, by the names of the environment.

/// Every test is one client at one address, and a busy one: limits made for one person are raised.
pub(crate) const RAISED: &[(&str, &str)] = &[
    ("WAXWING_GATEWAY__REQUESTS_PER_SECOND", "100000"),
    ("WAXWING_GATEWAY__REQUEST_BURST", "100000"),
    ("WAXWING_GATEWAY__PLAYER_REQUESTS_PER_SECOND", "100000"),
    ("WAXWING_GATEWAY__PLAYER_REQUEST_BURST", "100000"),
    ("WAXWING_GATEWAY__SIGN_INS_PER_SECOND", "1000"),
    ("WAXWING_GATEWAY__SIGN_IN_BURST", "1000"),
    ("WAXWING_GATEWAY__SOCKETS__BURST_MAX", "10000"),
    ("WAXWING_GATEWAY__SOCKETS__MESSAGES_PER_SECOND", "10000"),
    ("WAXWING_GATEWAY__SOCKETS__IN_FLIGHT_MAX", "1000"),
    ("WAXWING_GATEWAY__SOCKETS__BACKLOG_EVENTS", "4096"),
];

/// No climb takes longer than 27 seconds, which is 5.00x; one that gets there pays everybody.
pub(crate) const SHORT: &[(&str, &str)] = &[("WAXWING_GAME__MULTIPLIER_MAX_CENTI", "500")];

/// An edge so high that nine rounds of ten crash at 1.00x, and hardly a pause: rounds pass quickly.
/// No climb goes beyond 5.00x, which takes 27 seconds and pays everybody.
pub(crate) const FAST: &[(&str, &str)] = &[
    ("WAXWING_GAME__MULTIPLIER_MAX_CENTI", "500"),
    ("WAXWING_GAME__HOUSE_EDGE_BPS", "9000"),
    ("WAXWING_GAME__MAIN__BETTING_MS", "400"),
    ("WAXWING_GAME__PLAYERS__BETTING_MS", "400"),
    ("WAXWING_GAME__PAUSE_MS", "100"),
];

/// Short countdowns and honest climbs, up to 3.00x or 18 seconds: a death falls into any part of a
/// round.
pub(crate) const BRISK: &[(&str, &str)] = &[
    ("WAXWING_GAME__MULTIPLIER_MAX_CENTI", "300"),
    ("WAXWING_GAME__MAIN__BETTING_MS", "1200"),
    ("WAXWING_GAME__PLAYERS__BETTING_MS", "900"),
    ("WAXWING_GAME__PAUSE_MS", "200"),
];
