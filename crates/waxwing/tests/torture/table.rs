//! Ten players at one Socket.IO connection: honest ones, and greedy ones who click twice, bet what
//! they do not have, and bet more often than they may.

use std::sync::Arc;
use std::time::Duration;

use checker::log::{BetSent, CashOutSent};
use futures_util::future::join_all;

use super::asking;
use super::world::World;
use crate::harness::numbers::{multiplier, whole};
use crate::harness::{Player, Random};
use crate::load::socket_io::{Event, Gone, Socket};

/// What a table's players do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manners {
    Honest,
    Greedy,
    /// Leaves in the middle of asking, and asks again when it is back.
    Restless,
}

/// A table.
pub(crate) struct Table {
    pub(crate) world: Arc<World>,
    pub(crate) lobby: u64,
    pub(crate) players: Vec<Player>,
    pub(crate) manners: Manners,
    pub(crate) random: Random,
    /// What was asked and not answered, to be asked again under the same name.
    pub(crate) unanswered: Vec<(usize, BetSent)>,
}

impl Table {
    /// Plays until the end of the world.
    pub(crate) async fn play(mut self) {
        while !self.world.has_ended() {
            if let Ok(socket) = asking::sit(self.world.base(), self.lobby).await {
                // Ends when the connection does; another one follows.
                let _gone = self.stay(socket).await;
            }
            let pause = Duration::from_millis(self.random.between(20, 200));
            tokio::time::sleep(pause).await;
        }
    }

    async fn stay(&mut self, mut socket: Socket) -> Result<(), Gone> {
        self.ask_again(&socket).await?;
        let mut click_at = self.random.between(100, 125);
        let mut last_bet = 0;
        while !self.world.has_ended() {
            let Some(event) = socket.event(asking::PATIENCE).await? else { continue };
            match event.name.as_str() {
                "joined" if event.data["phase"] == "open" => {
                    last_bet = whole(&event.data["round"]);
                    self.bet(&socket).await?;
                }
                // A round that rests is opened once more when its countdown begins.
                "round_opened" if whole(&event.data["round"]) != last_bet => {
                    last_bet = whole(&event.data["round"]);
                    self.bet(&socket).await?;
                    click_at = self.random.between(100, 125);
                    if self.manners == Manners::Restless && self.random.between(0, 3) == 0 {
                        return Ok(());
                    }
                }
                "coefficient_update" if at(&event) >= click_at => {
                    click_at = u64::MAX;
                    self.click(&socket).await?;
                }
                "bet_result" => self.note(&event),
                _ => {}
            }
        }
        Ok(())
    }

    /// Everybody bets, all at once.
    async fn bet(&mut self, socket: &Socket) -> Result<(), Gone> {
        let mut asked = Vec::new();
        for seat in 0..self.players.len() {
            let bets = if self.manners == Manners::Greedy { 3 } else { 2 };
            for _ in 0..bets {
                let most = if self.manners == Manners::Greedy { 60_000 } else { 500 };
                asked.push((seat, asking::invent(&mut self.random, self.lobby, most)));
            }
        }
        let leaves = self.manners == Manners::Restless && self.random.between(0, 4) == 0;
        let asking = asked.iter().map(|(seat, sent)| {
            asking::bet(&self.world.journal, socket, &self.players[*seat], sent.clone())
        });
        // Whoever hangs up has written down nothing, so it is written here.
        let answers = if leaves {
            let soon = Duration::from_millis(self.random.between(0, 20));
            self.hang_up(socket, &asked, soon).await;
            return Err(Gone);
        } else {
            join_all(asking).await
        };
        self.keep(&asked, &answers);
        if answers.contains(&Err(Gone)) { Err(Gone) } else { Ok(()) }
    }

    /// Sends everything and hears no answer.
    async fn hang_up(&mut self, socket: &Socket, asked: &[(usize, BetSent)], soon: Duration) {
        let world = Arc::clone(&self.world);
        for (seat, sent) in asked {
            asking::send_only(&world.journal, socket, &self.players[*seat], sent.clone());
        }
        tokio::time::sleep(soon).await;
        let nobody: Vec<Result<(), Gone>> = vec![Err(Gone); asked.len()];
        self.keep(asked, &nobody);
    }

    /// Remembers some of what was not answered and has a name.
    fn keep<T>(&mut self, asked: &[(usize, BetSent)], answers: &[Result<T, Gone>]) {
        for ((seat, sent), answer) in asked.iter().zip(answers) {
            if answer.is_err() && sent.bet.is_some() && self.random.between(0, 1) == 0 {
                self.unanswered.push((*seat, sent.clone()));
            }
        }
        self.unanswered.truncate(2 * self.players.len());
    }

    async fn ask_again(&mut self, socket: &Socket) -> Result<(), Gone> {
        for (seat, sent) in std::mem::take(&mut self.unanswered) {
            asking::bet(&self.world.journal, socket, &self.players[seat], sent).await?;
        }
        Ok(())
    }

    /// Half of the players click; the greedy ones twice at once.
    async fn click(&mut self, socket: &Socket) -> Result<(), Gone> {
        let times = if self.manners == Manners::Greedy { 2 } else { 1 };
        let lobby = i64::try_from(self.lobby).unwrap();
        let sent = CashOutSent { lobby, bet: None };
        let mut clicking = Vec::new();
        for player in &self.players {
            if self.random.between(0, 1) == 0 {
                continue;
            }
            for _ in 0..times {
                let journal = &self.world.journal;
                clicking.push(asking::cash_out(journal, socket, player, sent.clone()));
            }
        }
        let answers = join_all(clicking).await;
        if answers.contains(&Err(Gone)) { Err(Gone) } else { Ok(()) }
    }

    /// A result is for somebody at this table.
    fn note(&self, event: &Event) {
        let who = whole(&event.data["user_id"]);
        if !self.players.iter().any(|player| player.id == who) {
            self.world.wrong(format!("a table was told of somebody else's bet: {}", event.data));
        }
        asking::result(&self.world.journal, &event.data);
    }
}

fn at(event: &Event) -> u64 {
    multiplier(&event.data["coefficient"]).centi().into()
}

/// How many tables of each kind.
pub(crate) fn manners(number: usize) -> Manners {
    match number % 5 {
        0 => Manners::Greedy,
        1 => Manners::Restless,
        _ => Manners::Honest,
    }
}
