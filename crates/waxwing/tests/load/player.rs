//! Players with habits: autos, clicks by hand, and those who bet and walk away.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::book::{Book, Placed};
use super::socket_io::{Gone, Socket};
use crate::harness::{Player, Random};

/// How a player plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Bets with a target and waits.
    Auto,
    /// Bets without one and cashes out by hand.
    Hand,
    /// Bets either way, then closes the connection; comes back later.
    Leaver,
}

/// One player at one lobby, with a habit.
pub(crate) struct Gambler {
    pub(crate) player: Player,
    pub(crate) lobby: u64,
    pub(crate) habit: Habit,
    pub(crate) book: Arc<Book>,
    pub(crate) random: Random,
}

impl Gambler {
    /// Plays at `base` until the server is gone; says how often it connected.
    pub(crate) async fn play(mut self, base: String) -> u32 {
        let mut connections = 0;
        loop {
            let Ok(socket) = Socket::join(&base, self.lobby).await else { return connections };
            connections += 1;
            if self.sit(socket).await.is_err() {
                return connections;
            }
            let pause = Duration::from_millis(self.random.between(0, 800));
            tokio::time::sleep(pause).await;
        }
    }

    /// Plays over one connection: until it ends, or until this player leaves by habit.
    async fn sit(&mut self, mut socket: Socket) -> Result<(), Gone> {
        loop {
            let placed = self.bet(&socket).await?;
            if self.habit == Habit::Leaver && placed.is_some() {
                let linger = Duration::from_millis(self.random.between(0, 1_500));
                self.watch(&mut socket, linger).await?;
                return Ok(());
            }
            self.ride(&mut socket, placed).await?;
        }
    }

    /// Asks for one bet; `None` if it was refused.
    async fn bet(&mut self, socket: &Socket) -> Result<Option<Placed>, Gone> {
        let cents = self.random.between(1, 500);
        let mut bet = json!({
            "token": self.player.token,
            "lobby_id": self.lobby.to_string(),
            "amount": format!("{}.{:02}", cents / 100, cents % 100),
        });
        let with_target = match self.habit {
            Habit::Auto => true,
            Habit::Hand => false,
            Habit::Leaver => self.random.between(0, 1) == 0,
        };
        if with_target {
            let target = self.random.between(101, 160);
            bet["coefficient"] = json!(format!("{}.{:02}", target / 100, target % 100));
        }
        if self.random.between(0, 1) == 0 {
            bet["bet_id"] = json!(self.random.bet_id());
        }
        let answer = socket.call("place_bet", bet).await?;
        Ok(self.book.placed(self.player.id, &answer))
    }

    /// Watches the lobby until the bet has a result, or, without a bet, for a moment.
    async fn ride(&mut self, socket: &mut Socket, placed: Option<Placed>) -> Result<(), Gone> {
        let Some(placed) = placed else {
            let moment = Duration::from_millis(self.random.between(50, 300));
            return self.watch(socket, moment).await;
        };
        let leave_at = Duration::from_millis(self.random.between(200, 6_000));
        let mut clicks_at = None;
        loop {
            let Some(event) = socket.event(Duration::from_secs(200)).await? else {
                panic!("bet {} has had no result for 200 s", placed.bet_id)
            };
            let told = self.note(&event.name, &event.data);
            if told.is_some_and(|bet_id| bet_id == placed.bet_id) {
                return Ok(());
            }
            if self.habit != Habit::Hand || event.name != "coefficient_update" {
                continue;
            }
            let now = crate::harness::time::now();
            if now >= *clicks_at.get_or_insert(now + leave_at) {
                clicks_at = Some(now + Duration::from_secs(1));
                self.withdraw(socket, &placed).await?;
            }
        }
    }

    /// Clicks. The answer is also an acknowledgement, if it is not a refusal.
    async fn withdraw(&mut self, socket: &Socket, placed: &Placed) -> Result<(), Gone> {
        let mut withdraw = json!({ "token": self.player.token, "lobby_id": placed.lobby });
        if self.random.between(0, 1) == 0 {
            withdraw["bet_id"] = json!(placed.bet_id);
        }
        let answer = socket.call("withdraw", withdraw).await?;
        self.note("bet_result", &answer);
        Ok(())
    }

    /// Takes events as they come for `time`.
    async fn watch(&mut self, socket: &mut Socket, time: Duration) -> Result<(), Gone> {
        let until = crate::harness::time::now() + time;
        loop {
            let left = until.saturating_duration_since(crate::harness::time::now());
            match socket.event(left).await? {
                Some(event) => self.note(&event.name, &event.data),
                None => return Ok(()),
            };
        }
    }

    /// Writes down what the event promised; the bet if it was a result.
    fn note(&self, name: &str, data: &Value) -> Option<String> {
        match name {
            "bet_result" => self.book.told(self.player.id, data).map(|told| told.bet_id),
            _ => None,
        }
    }
}
