//! How long until a cash-out is acknowledged, in one lobby of thousands, at a thousand a second.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::answers::Outcomes;
use super::bursts::until;
use super::call::open_lobbies;
use super::seats::{self, Rows};
use super::socket::Socket;
use super::venue::Venue;
use super::{Crowd, bet_id, bet_text};

/// Cash-outs a second.
pub(crate) const RATE: u32 = 1_000;
/// One lobby, a bet for each socket.
const ROWS: Rows = Rows { lobbies: 1, seats: 5_000 };
/// Climbs are as long as chance makes them: they go on until so many cash-outs came, or so many
/// rounds were played.
const ENOUGH: u32 = 15_000;
const ROUNDS: u32 = 12;
/// Bets are numbered from here, so that they are no cash-outs.
const FIRST_BET: u32 = ROUNDS * ROWS.seats;
/// How long a climb has gone on when the first one leaves, in seconds: below 1.01x nobody may.
const TOO_EARLY_S: f64 = 0.5;
const LAST_ANSWERS: Duration = Duration::from_secs(1);
/// No house edge, so that every second climb lasts eleven seconds; none lasts longer than that.
const SETTINGS: &[(&str, &str)] = &[
    ("WAXWING_GAME__HOUSE_EDGE_BPS", "0"),
    ("WAXWING_GAME__MULTIPLIER_MAX_CENTI", "200"),
    ("WAXWING_GAME__PLAYERS__BETTING_MS", "5000"),
    ("WAXWING_GAME__PAUSE_MS", "100"),
];

/// Starts a server, seats the crowd, and lets it leave the climbs one by one.
pub(crate) fn measure() -> anyhow::Result<Outcomes> {
    let venue = Venue::open(SETTINGS)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(play(&venue))
}

async fn play(venue: &Venue) -> anyhow::Result<Outcomes> {
    let tokens = venue.players(ROWS.players()).await?;
    let lobbies =
        open_lobbies(venue.address(), &tokens, ROWS, "on_first_bet", Duration::ZERO).await?;
    let crowd = Crowd::of(&lobbies, ROWS.seats, FIRST_BET);
    let sockets = seats::take(venue.address(), &tokens, &lobbies, &crowd, |_| {}).await?;
    let sockets = Arc::new(sockets);
    let mut sent = 0;
    for played in 0..ROUNDS {
        until(|| crowd.windows.all_wait()).await.context("betting opens")?;
        let (lobby, round) = crowd.windows.round(0);
        let first_bet = FIRST_BET + played * ROWS.seats;
        for (number, socket) in (first_bet..).zip(&*sockets) {
            socket.send(&bet_text(number, lobby, round)).context("a frame fits")?;
        }
        until(|| crowd.windows.climbs(0)).await.context("the climb begins")?;
        crowd.answers.begin(sent, crowd.watch.seconds() + TOO_EARLY_S, RATE);
        let (leaving, sockets) = (Arc::clone(&crowd), Arc::clone(&sockets));
        let climb = Climb { lobby, round, first_bet, first: sent };
        sent = tokio::task::spawn_blocking(move || leave(&leaving, &sockets, climb)).await??;
        until(|| !crowd.windows.climbs(0)).await.context("the climb ends")?;
        if sent >= ENOUGH {
            break;
        }
    }
    tokio::time::sleep(LAST_ANSWERS).await;
    Ok(crowd.answers.outcomes(0..sent))
}

/// One climb.
#[derive(Clone, Copy)]
struct Climb {
    lobby: u64,
    round: u32,
    /// The number of the first player's bet.
    first_bet: u32,
    /// The number of the first cash-out.
    first: u32,
}

/// Cashes out one bet after another when it is due, while the climb goes on and anybody is left;
/// the number after the last one sent.
fn leave(crowd: &Crowd, sockets: &[Socket], climb: Climb) -> anyhow::Result<u32> {
    let Climb { lobby, round, first_bet, first } = climb;
    for (number, (bet, socket)) in (first..).zip((first_bet..).zip(sockets)) {
        let early_s = crowd.answers.due_s(number) - crowd.watch.seconds();
        if early_s > 0.0 {
            std::thread::sleep(Duration::from_secs_f64(early_s));
        }
        if !crowd.windows.climbs(0) {
            return Ok(number);
        }
        crowd.answers.sent(number, crowd.watch.seconds());
        let bet = bet_id(bet);
        let text = format!(r#"{{"type":"cash_out","id":{number},"lobby_id":{lobby},"#)
            + &format!(r#""round":{round},"bet_id":"{bet}"}}"#);
        socket.send(&text).context("a frame fits")?;
    }
    Ok(first + ROWS.seats)
}
