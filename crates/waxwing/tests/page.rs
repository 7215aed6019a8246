//! The page, in browsers that are real: people play on it, over wires that are slow or cut. It must
//! have been built before this binary was: `make page`.

use std::process::Command;
use std::time::Duration;

use crate::harness::Place;
use crate::harness::process::{Finished, finish, repository};
use crate::harness::settings::SHORT;

/// Some rounds, each of which may climb for a while.
const LIMIT: Duration = Duration::from_mins(4);

/// A round every few seconds.
const QUICK: &[(&str, &str)] = &[
    ("WAXWING_GAME__MULTIPLIER_MAX_CENTI", "160"),
    ("WAXWING_GAME__MAIN__BETTING_MS", "1500"),
    ("WAXWING_GAME__PAUSE_MS", "200"),
];

/// Rounds of some seconds, in whose climbs a crowd leaves up to 1.10x, and whoever signs it in.
const CROWDED: &[(&str, &str)] = &[
    ("WAXWING_GAME__MULTIPLIER_MAX_CENTI", "110"),
    ("WAXWING_GAME__PLAYERS__BETTING_MS", "2500"),
    ("WAXWING_GAME__PAUSE_MS", "100"),
    ("WAXWING_IDENTITY__ARGON2_MEMORY_KIB", "64"),
    ("WAXWING_IDENTITY__ARGON2_PASSES", "1"),
    ("WAXWING_IDENTITY__TOKEN_MINUTES", "1440"),
];

/// Starts a server, runs a script of the page's and expects it to succeed.
async fn run(script: &str, arguments: &[&str]) {
    run_with(SHORT, LIMIT, script, arguments).await;
}

/// The same with other settings, for up to `limit`.
async fn run_with(settings: &[(&str, &str)], limit: Duration, script: &str, arguments: &[&str]) {
    let web = repository().join("web");
    assert!(web.join("node_modules").exists(), "run `make deps`");
    let place = Place::new().and(settings);
    let server = place.start().await;
    let home = server.caller().get("/").await;
    assert!(home.text.contains("id=\"app\""), "no page was built before this: run `make page`");
    let mut command = Command::new("node");
    command.current_dir(&web).arg(web.join(script)).arg(&server.base).args(arguments);
    let Finished { status, stdout, stderr } = finish(command, limit).await;
    assert!(status.success(), "{script}: {status}\n{stdout}\n{stderr}");
    // Figures, for whoever asked for them.
    println!("{stdout}");
}

/// How long the crowd is watched: `(rounds, players)`.
#[expect(clippy::disallowed_methods, reason = "`make page-soak` asks for the long run")]
fn asked_for() -> (u32, u32) {
    let number = |name: &str, short: u32| match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is a number")),
        Err(_) => short,
    };
    (number("PAGE_SOAK_ROUNDS", 3), number("PAGE_SOAK_PLAYERS", 60))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_play_in_one_lobby_and_verify_the_round() {
    run("tests/browser/people.mjs", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_in_mid_climb_costs_neither_the_bet_nor_the_right_multiplier() {
    run("tests/browser/trouble.mjs", &["cut"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_tab_comes_back_without_a_jump_or_a_stale_button() {
    run("tests/browser/trouble.mjs", &["frozen"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_slow_wire_the_multiplier_shown_is_the_servers() {
    run("tests/browser/trouble.mjs", &["late"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_links_sign_outs_and_auto_bet_do_what_people_expect() {
    run_with(QUICK, LIMIT, "tests/browser/habits.mjs", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_plays_a_round_from_both_tabs_of_the_console() {
    run("tests/browser/console.mjs", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_console_offers_to_copy_runs_in_every_language() {
    run_with(QUICK, LIMIT, "tests/browser/copied.mjs", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn published_rounds_of_other_sites_are_verified_by_pasting() {
    run("tests/browser/paste.mjs", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_live_bets_leave_the_page_smooth_and_its_memory_flat() {
    run("tests/browser/crowd.mjs", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_is_accessible_light_and_within_its_width() {
    run("tests/browser/views.mjs", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_round_brings_is_accessible() {
    run_with(QUICK, LIMIT, "tests/browser/states.mjs", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_keys_alone_one_registers_bets_and_cashes_out() {
    run("tests/browser/keyboard.mjs", &[]).await;
}

/// `make page-soak` is the long run; every run of the tests watches a few rounds of a small crowd.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_watches_a_crowd_for_long_holds_no_more() {
    let (rounds, players) = asked_for();
    let limit = LIMIT + Duration::from_secs(30) * rounds;
    let arguments = [rounds.to_string(), players.to_string()];
    let arguments = arguments.each_ref().map(String::as_str);
    run_with(CROWDED, limit, "tests/browser/soak.mjs", &arguments).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_bot_plays_a_round() {
    run("client/examples/bot.mjs", &["bot", "secret word", "1", "1"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_curve_and_the_formulas_of_the_page_are_ours() {
    run("tests/unit.mjs", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_types_of_the_page_are_what_the_server_says() {
    run("scripts/types.mjs", &["--check"]).await;
}
