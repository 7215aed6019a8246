//! How many texts a player's socket gets: one lobby of a thousand, of whom five hundred bet in each
//! round and leave it one after another.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context as _;

use super::bursts::until;
use super::call::open_lobbies;
use super::seats::{self, Rows};
use super::venue::Venue;
use super::{Crowd, bet_id};

const ROWS: Rows = Rows { lobbies: 1, seats: 1_000 };
/// Bets in each round, a player each.
const BETS: u32 = 500;
/// Climbs are as long as chance makes them: they are watched for so long in sum, or for so many
/// rounds.
const ENOUGH_S: f64 = 60.0;
const ROUNDS: u32 = 15;
/// No house edge, so that every second climb lasts eleven seconds; none lasts longer than 38.
const SETTINGS: &[(&str, &str)] = &[
    ("WAXWING_GAME__HOUSE_EDGE_BPS", "0"),
    ("WAXWING_GAME__MULTIPLIER_MAX_CENTI", "1000"),
    ("WAXWING_GAME__PLAYERS__BETTING_MS", "5000"),
    ("WAXWING_GAME__PAUSE_MS", "100"),
];

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Texts to each player and second of a climb.
    pub(crate) climbing: f64,
    /// Texts to each player and second of whole rounds.
    pub(crate) all: f64,
    /// Seconds of climbs in sum.
    pub(crate) climbed_s: f64,
    pub(crate) bets_acknowledged: u32,
    pub(crate) bets: u32,
}

/// Starts a server, seats the crowd, and counts.
pub(crate) fn measure() -> anyhow::Result<Figures> {
    let venue = Venue::open(SETTINGS)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(play(&venue))
}

async fn play(venue: &Venue) -> anyhow::Result<Figures> {
    let tokens = venue.players(ROWS.players()).await?;
    let lobbies =
        open_lobbies(venue.address(), &tokens, ROWS, "on_first_bet", Duration::ZERO).await?;
    let crowd = Crowd::of(&lobbies, ROWS.seats, ROUNDS * BETS);
    crowd.answers.begin(0, crowd.watch.seconds(), BETS);
    let sockets = seats::take(venue.address(), &tokens, &lobbies, &crowd, |_| {}).await?;
    let now = || (crowd.watch.seconds(), crowd.heard.load(Ordering::Relaxed));
    let (mut climbed_s, mut climbing, mut played) = (0.0, 0, 0);
    let mut begin = None;
    while played < ROUNDS && climbed_s < ENOUGH_S {
        until(|| crowd.windows.all_wait()).await.context("betting opens")?;
        begin.get_or_insert_with(now);
        let (lobby, round) = crowd.windows.round(0);
        for (number, socket) in (played * BETS..(played + 1) * BETS).zip(&sockets) {
            socket.send(&bet_text(number, lobby, round)).context("a frame fits")?;
        }
        until(|| crowd.windows.climbs(0)).await.context("the climb begins")?;
        let (started_s, before) = now();
        // A climb at its longest takes longer than anything else that is waited for.
        while crowd.windows.climbs(0) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let (ended_s, after) = now();
        (climbed_s, climbing) = (climbed_s + ended_s - started_s, climbing + after - before);
        played += 1;
    }
    until(|| crowd.windows.all_wait()).await.context("the last round ends")?;
    let ((begin_s, before), (end_s, after)) = (begin.context("a round was played")?, now());
    let outcomes = crowd.answers.outcomes(0..played * BETS);
    Ok(Figures {
        climbing: each(climbing, climbed_s),
        all: each(after - before, end_s - begin_s),
        climbed_s,
        bets_acknowledged: outcomes.acknowledged,
        bets: played * BETS,
    })
}

/// Of so many texts, how many a player got a second.
#[expect(clippy::cast_precision_loss, reason = "a figure for people, of 3 digits")]
fn each(texts: u64, seconds: f64) -> f64 {
    texts as f64 / f64::from(ROWS.seats) / seconds
}

/// A bet of 1 that leaves between 1.01x and 6.00x, as its number says.
fn bet_text(number: u32, lobby: u64, round: u32) -> String {
    let (bet, target) = (bet_id(number), 101 + number % BETS);
    format!(r#"{{"type":"place_bet","id":{number},"lobby_id":{lobby},"round":{round},"#)
        + &format!(r#""bet_id":"{bet}","stake":"1","#)
        + &format!(r#""auto_cash_out":"{}.{:02}"}}"#, target / 100, target % 100)
}
