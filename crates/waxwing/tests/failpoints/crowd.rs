//! Players who bet round after round until the server is gone: some click as soon as the climb
//! begins, some have a target, some ride to the end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::Player;
use crate::harness::numbers::text;
use crate::harness::time::within;
use crate::load::book::Book;
use crate::load::socket_io::{Gone, Socket};

/// How a player plays each of his bets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Clicks at the first multiplier he sees.
    Click,
    /// Has a target.
    Target(&'static str),
    /// Waits for the end.
    Ride,
}

/// What the bets of a crowd are, one player after another, over and over.
pub(crate) const HABITS: [&[Habit]; 4] = [
    &[Habit::Click],
    &[Habit::Target("1.05"), Habit::Ride],
    &[Habit::Ride],
    &[Habit::Target("1.19"), Habit::Target("1.02")],
];
/// Two bets of everyone.
pub(crate) const PAIRS: [&[Habit]; 3] = [
    &[Habit::Click, Habit::Click],
    &[Habit::Target("1.05"), Habit::Ride],
    &[Habit::Target("1.19"), Habit::Target("1.02")],
];

/// Plays at `base` until the server is gone, or for `rounds` rounds each.
pub(crate) async fn play(
    base: &str,
    lobby: u64,
    players: &[(Player, &'static [Habit])],
    book: &Arc<Book>,
    rounds: usize,
) {
    // Everybody sits before anybody bets: the first bet begins the countdown.
    let seats = join_all(players.iter().map(|_| join(base, lobby))).await;
    let mut playing = JoinSet::new();
    for ((player, habits), seat) in players.iter().cloned().zip(seats) {
        let book = Arc::clone(book);
        playing.spawn(async move {
            let Ok(mut socket) = seat else { return };
            let mut played = 0;
            while played < rounds {
                let round = one_round(&mut socket, lobby, &player, habits, &book);
                match within("a round", round).await {
                    Ok(bets) => played += usize::from(bets > 0),
                    Err(Gone) => return,
                }
            }
        });
    }
    while let Some(ended) = playing.join_next().await {
        ended.expect("no player saw anything wrong");
    }
}

/// Joins, also where so many do that some are asked to come again.
async fn join(base: &str, lobby: u64) -> Result<Socket, Gone> {
    let socket = Socket::connect(base).await?;
    loop {
        let answer = socket.call("joinRoom", json!({ "lobby_id": lobby })).await?;
        if answer == json!(format!("Joined room: {lobby}")) {
            return Ok(socket);
        }
        let asked_again = ["rate_limited", "internal", "wallet_unavailable"];
        assert!(asked_again.contains(&text(&answer["code"])), "{answer}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Bets once, in whatever round takes it, and waits for each result; how many bets it took.
async fn one_round(
    socket: &mut Socket,
    lobby: u64,
    player: &Player,
    habits: &'static [Habit],
    book: &Book,
) -> Result<usize, Gone> {
    let mut open = Vec::new();
    for habit in habits {
        let mut bet = json!({ "token": player.token, "lobby_id": lobby, "amount": "10.00" });
        if let Habit::Target(target) = habit {
            bet["coefficient"] = json!(target);
        }
        let answer = socket.call("place_bet", bet).await?;
        let placed = book.placed(player.id, &answer);
        open.extend(placed.map(|placed| placed.bet_id));
    }
    if open.is_empty() {
        // The round is closed: the next one opens soon.
        socket.event(Duration::from_millis(50)).await?;
    }
    let (taken, mut clicked) = (open.len(), false);
    let mut seen = Vec::new();
    while !open.is_empty() {
        let Some(event) = socket.event(Duration::from_secs(20)).await? else {
            panic!("no result of {open:?} for 20 s; after {seen:?}");
        };
        if event.name != "coefficient_update" {
            seen.push(format!("{} {}", event.name, event.data));
        }
        if event.name == "bet_result"
            && let Some(told) = book.told(player.id, &event.data)
        {
            open.retain(|bet| *bet != told.bet_id);
        }
        if event.name == "coefficient_update" && !clicked && habits[0] == Habit::Click {
            clicked = true;
            // A refusal is a click that came too late.
            let click = json!({ "token": player.token, "lobby_id": lobby });
            let answer = socket.call("withdraw", click).await?;
            book.told(player.id, &answer);
        }
    }
    Ok(taken)
}
