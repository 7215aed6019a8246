//! The boards of Grafana and the rules of Prometheus, against a live Prometheus that asks a live
//! server with players: a query that gives no number names a metric that nobody counts.

mod board;
mod prometheus;
mod trouble;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use self::board::{Board, Query};
use self::prometheus::Watch;
use crate::harness::settings::FAST;
use crate::harness::time::{eventually, now};
use crate::harness::{Place, Random, Server};
use crate::load::book::Book;
use crate::load::player::{Gambler, Habit};

/// How long a number may take to appear, from the start of play.
const LIMIT: Duration = Duration::from_mins(2);
/// Players, half of whom cash out by hand.
const PLAYERS: u64 = 6;

/// Bounds so low that a test reaches them.
const NARROW: &[(&str, &str)] = &[
    ("WAXWING_IDENTITY__FAILURES_AT_ONCE", "2"),
    ("WAXWING_GATEWAY__SIGN_INS_PER_SECOND", "10"),
    ("WAXWING_GATEWAY__SIGN_IN_BURST", "100"),
];

/// What only processes that share databases and NATS show; `apart` finds it there.
pub(crate) const OF_MANY: [&str; 3] =
    ["waxwing_store_user_answers", "waxwing_store_game_answers", "waxwing_nats_connected"];

/// What only a server with TLS shows; `secure` finds it there.
pub(crate) const OF_TLS: &str = "waxwing_tls_certificate_expires_timestamp_seconds";

/// People who play until the server is gone.
async fn play(server: &Server) -> JoinSet<u32> {
    let (caller, mut random) = (server.caller(), Random::announced());
    let (mut playing, book) = (JoinSet::new(), Arc::<Book>::default());
    for number in 0..PLAYERS {
        let player = caller.rich_player(&format!("player-{number}"), "100000").await;
        let habit = if number % 2 == 0 { Habit::Auto } else { Habit::Hand };
        let (book, random) = (Arc::clone(&book), random.fork());
        let gambler = Gambler { player, lobby: 1, habit, book, random };
        playing.spawn(gambler.play(server.base.clone()));
    }
    playing
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_of_every_dashboard_gives_a_number() {
    let place = Place::with(FAST).and(NARROW);
    let server = place.start().await;
    let watch = Watch::over(&server);
    let _playing = play(&server).await;
    let mut open: Vec<Query> = Board::all().iter().flat_map(Board::queries).collect();
    assert!(open.len() > 50, "the boards ask only {} questions", open.len());
    let began = now();
    for round in 0.. {
        trouble::make(&server, round).await;
        let mut unanswered = Vec::new();
        for query in open {
            if !watch.gives_a_number(&query.asked()).await {
                unanswered.push(query);
            }
        }
        open = unanswered;
        if open.is_empty() {
            return;
        }
        assert!(began.elapsed() < LIMIT, "no number after {LIMIT:?}: {open:#?}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// That each alert fires when it should is shown on made-up numbers by `make alerts`; here its
/// numbers are those of a real process.
#[tokio::test(flavor = "multi_thread")]
async fn every_alert_watches_numbers_that_are_there() {
    let place = Place::with(FAST);
    let server = place.start().await;
    let watch = Watch::over(&server);
    let _playing = play(&server).await;
    let rules = eventually("rules that were all judged", LIMIT, || watch.rules()).await;
    let alerts = rules.iter().filter(|rule| rule.kind == "alerting").count();
    assert!(alerts >= 14 && rules.len() > alerts, "{rules:#?}");
    for rule in &rules {
        assert_eq!(rule.health, "ok", "{rule:#?}");
    }
    let queries = rules.iter().map(|rule| rule.query.as_str());
    let names: BTreeSet<&str> = queries.flat_map(board::numbers_in).collect();
    let caller = server.caller();
    let elsewhere = |name: &str| OF_MANY.contains(&name) || name == OF_TLS;
    for name in names.into_iter().filter(|name| !elsewhere(name)) {
        // Shares of requests are numbers while there are requests.
        let seen = || async {
            caller.get("/gateway/status").await;
            watch.gives_a_number(name).await.then_some(())
        };
        eventually(name, LIMIT, seen).await;
    }
}

#[test]
fn every_panel_has_a_unit_and_a_sentence_and_a_place_of_its_own() {
    let boards = Board::all();
    assert_eq!(boards.len(), 4);
    for board in &boards {
        assert_eq!(board.uid, format!("waxwing-{}", board.name));
        let mut covered = BTreeSet::new();
        for panel in &board.panels {
            let (unit, words) = (&panel.unit, &panel.description);
            assert!(!unit.is_empty(), "{} {panel:?}", board.name);
            assert!(words.len() > 20 && words.ends_with('.'), "{} {panel:?}", board.name);
            assert_eq!(panel.source, "waxwing", "{} {panel:?}", board.name);
            assert!(!panel.queries.is_empty(), "{} {panel:?}", board.name);
            for cell in panel.cells() {
                assert!(cell.0 < 24, "{} {panel:?} stands outside", board.name);
                assert!(covered.insert(cell), "{} {panel:?} lies on another", board.name);
            }
        }
    }
}
