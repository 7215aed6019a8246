//! What can be set, and what follows where it is not.

use super::Config;

#[test]
fn what_is_not_set_follows_the_kind_of_money() {
    for (is_play_money, minutes, least) in [(true, 60, 4), (false, 10, 8)] {
        let mut config = Config::default();
        config.fill_in(is_play_money);
        assert_eq!((config.token_minutes, config.password_min), (Some(minutes), Some(least)));
        let mut set = Config { token_minutes: Some(7), password_min: Some(5), ..Config::default() };
        set.fill_in(is_play_money);
        assert_eq!((set.token_minutes, set.password_min), (Some(7), Some(5)));
    }
}

#[test]
fn settings_that_cannot_be_are_named() {
    for (config, field) in [
        (Config { token_minutes: Some(0), ..Config::default() }, "token_minutes"),
        (Config { password_min: Some(129), ..Config::default() }, "password_min"),
        (Config { hashes_at_once: 0, ..Config::default() }, "hashes_at_once"),
        (Config { argon2_memory_kib: 7, ..Config::default() }, "argon2_memory_kib"),
        (Config { argon2_passes: 0, ..Config::default() }, "argon2_passes"),
        (
            Config { hashes_waiting_per_network: 0, ..Config::default() },
            "hashes_waiting_per_network",
        ),
        (
            Config { hashes_waiting_per_network: 129, ..Config::default() },
            "hashes_waiting_per_network",
        ),
        (Config { refresh_idle_days: 0, ..Config::default() }, "refresh_idle_days"),
        (Config { refresh_days: 29, ..Config::default() }, "refresh_days"),
        (Config { sessions_per_player: 0, ..Config::default() }, "sessions_per_player"),
        (Config { network_failures_at_once: 0, ..Config::default() }, "network_failures_at_once"),
        (Config { name_failure_pause_ms: 0, ..Config::default() }, "name_failure_pause_ms"),
        (Config { failures_at_once: 0, ..Config::default() }, "failures_at_once"),
        (Config { failure_pause_ms: 99, ..Config::default() }, "failure_pause_ms"),
        (Config { failure_pause_ms: 3_600_001, ..Config::default() }, "failure_pause_ms"),
    ] {
        assert_eq!(config.validate().unwrap_err().field, field);
    }
    assert_eq!(Config::default().validate(), Ok(()));
}
