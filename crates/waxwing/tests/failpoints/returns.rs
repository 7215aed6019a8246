//! Players of `waxwing.v1` whose stakes come back: cancelled bets, and bets too late for the lock.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::Player;
use crate::harness::numbers::{text, whole};
use crate::load::book::Book;
use crate::load::socket_io::Gone;
use crate::plain::client::{Plain, bet_id};

/// A player at the table, and the number of his next bet.
struct Seat<'a> {
    socket: Plain,
    player: &'a Player,
    lobby: u64,
    book: &'a Book,
    bets: u64,
}

/// Everybody bets twice and takes one bet back, round after round until the server is gone.
pub(super) async fn take_back(base: &str, lobby: u64, players: &[Player], book: &Book) {
    let (seats, round) = sit(base, lobby, players, book).await;
    let playing = seats.into_iter().map(async |mut seat| {
        let mut round = round;
        while let Ok(next) = seat.take_one_back(round).await {
            round = next;
        }
    });
    join_all(playing).await;
}

/// One bet is in the round; all others are sent when it is, and are still on their way at the lock.
pub(super) async fn come_late(base: &str, lobby: u64, players: &[Player], book: &Book) {
    let (mut seats, round) = sit(base, lobby, players, book).await;
    let placed = seats[0].place(round).await;
    assert!(matches!(placed, Ok(Some(_))), "the first bet is in the round: {placed:?}");
    let playing = seats.into_iter().map(async |mut seat| {
        // Nobody is told of his bet: the server is gone before.
        while seat.place(round).await.is_ok() {
            if seat.next_round(round).await.is_err() {
                return;
            }
        }
    });
    join_all(playing).await;
}

/// Everybody sits before anybody bets: the first bet begins the countdown. The round that is open.
async fn sit<'a>(
    base: &str,
    lobby: u64,
    players: &'a [Player],
    book: &'a Book,
) -> (Vec<Seat<'a>>, u64) {
    let sitting = players.iter().map(async |player| {
        let (socket, snapshot) = Plain::at_the_table(base, player, lobby).await;
        assert_eq!(snapshot["phase"], "open", "{snapshot}");
        (Seat { socket, player, lobby, book, bets: 0 }, whole(&snapshot["round"]))
    });
    let (seats, rounds): (Vec<_>, Vec<_>) = join_all(sitting).await.into_iter().unzip();
    (seats, rounds[0])
}

impl Seat<'_> {
    /// Plays `round`; the next one.
    async fn take_one_back(&mut self, round: u64) -> Result<u64, Gone> {
        let taken = [self.place(round).await?, self.place(round).await?];
        if let Some(bet) = taken.into_iter().flatten().next() {
            let cancel = json!({ "lobby_id": self.lobby, "round": round, "bet_id": bet });
            let answer = self.socket.try_answer("cancel_bet", cancel).await?;
            if answer["type"] == "reply" {
                self.tell(&json!({ "result": "released", "bet_id": bet }));
            }
        }
        self.next_round(round).await
    }

    /// Bets ten; the bet's id if the round took it.
    async fn place(&mut self, round: u64) -> Result<Option<String>, Gone> {
        self.bets += 1;
        let bet = json!({
            "lobby_id": self.lobby, "round": round, "bet_id": bet_id(self.bets), "stake": "10",
        });
        let answer = self.socket.try_answer("place_bet", bet).await?;
        if answer["type"] == "refused" {
            let late = ["betting_closed", "wrong_round"];
            assert!(late.contains(&text(&answer["code"])), "{answer}");
            return Ok(None);
        }
        // In the words of the other socket, which are the book's.
        let placed = self.book.placed(
            self.player.id,
            &json!({
                "user_id": self.player.id, "lobby_id": self.lobby, "round": answer["round"],
                "bet_id": answer["bet_id"], "amount": answer["stake"],
            }),
        );
        Ok(placed.map(|placed| placed.bet_id))
    }

    /// Waits until a round after `round` is open, writing down every result.
    async fn next_round(&mut self, round: u64) -> Result<u64, Gone> {
        loop {
            let event = self.socket.try_next().await?;
            match text(&event["type"]) {
                "bet_result" => self.tell(&event),
                "betting_opened" if whole(&event["round"]) > round => {
                    return Ok(whole(&event["round"]));
                }
                _ => {}
            }
        }
    }

    fn tell(&self, result: &Value) {
        let mut result = result.clone();
        result["user_id"] = json!(self.player.id);
        self.book.told(self.player.id, &result);
    }
}
