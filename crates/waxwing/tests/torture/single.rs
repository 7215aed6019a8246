//! One player at one plain socket: bets, changes his mind, clicks, hangs up in the middle of a
//! word, and asks again under the same name.

use std::sync::Arc;
use std::time::Duration;

use checker::log::{Answer, BetNamed, BetSent, BetTaken, CashOutSent, Entry, Paid};
use serde_json::{Value, json};

use super::asking::{self, code, decimal, decimal_if_any, number};
use super::wire::Wire;
use super::world::World;
use crate::harness::numbers::text;
use crate::harness::time::now;
use crate::harness::{Player, Random};
use crate::load::socket_io::Gone;

/// One player.
pub(crate) struct Single {
    pub(crate) world: Arc<World>,
    pub(crate) lobby: u64,
    pub(crate) player: Player,
    pub(crate) random: Random,
    /// Whether he hangs up often.
    pub(crate) restless: bool,
    pub(crate) unanswered: Option<BetSent>,
}

impl Single {
    /// Plays until the end of the world.
    pub(crate) async fn play(mut self) {
        while !self.world.has_ended() {
            if let Ok(mut wire) = Wire::connect(self.world.base()).await {
                let _gone = self.stay(&mut wire).await;
            }
            let pause = Duration::from_millis(self.random.between(20, 300));
            tokio::time::sleep(pause).await;
        }
    }

    async fn stay(&mut self, wire: &mut Wire) -> Result<(), Gone> {
        let known = wire.ask("authenticate", json!({ "token": self.player.token })).await?;
        if known["type"] == "refused" {
            return Ok(());
        }
        wire.ask("join", json!({ "lobby_id": self.lobby })).await?;
        if let Some(sent) = self.unanswered.take() {
            self.bet(wire, sent).await?;
        }
        let mut open = None;
        while !self.world.has_ended() {
            let Some(event) = wire.event(Duration::from_secs(20)).await? else { return Err(Gone) };
            self.note(&event);
            match text(&event["type"]) {
                "snapshot" if event["phase"] == "open" => {
                    open = self.bet_in(wire, number(&event["round"])).await?;
                }
                "betting_opened" => open = self.bet_in(wire, number(&event["round"])).await?,
                "tick" if open.is_some() && self.random.between(0, 1) == 0 => {
                    let bet = open.take().filter(|_| self.random.between(0, 1) == 0);
                    self.click(wire, number(&event["round"]), bet).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Bets in this round, maybe takes it back, maybe hangs up before the answer.
    async fn bet_in(&mut self, wire: &mut Wire, round: i64) -> Result<Option<BetTaken>, Gone> {
        let mut sent = asking::invent(&mut self.random, self.lobby, 500);
        sent.round = Some(round);
        sent.bet = checker::Hex::parse(&self.random.bet_id());
        if self.restless && self.random.between(0, 2) == 0 {
            wire.send("place_bet", fields(&sent)).await.ok();
            let entry = Entry::Bet { sent: sent.clone(), answer: Answer::Nothing };
            self.world.journal.told(self.player.id, entry);
            self.unanswered = Some(sent);
            let moment = Duration::from_millis(self.random.between(0, 10));
            tokio::time::sleep(moment).await;
            return Err(Gone);
        }
        let taken = self.bet(wire, sent).await?;
        if let Some(taken) = &taken
            && self.random.between(0, 4) == 0
        {
            self.cancel(wire, taken).await?;
            return Ok(None);
        }
        Ok(taken)
    }

    async fn bet(&mut self, wire: &mut Wire, sent: BetSent) -> Result<Option<BetTaken>, Gone> {
        let asked = now();
        let answer = wire.ask("place_bet", fields(&sent)).await;
        let (answer, got) = match &answer {
            Err(Gone) => {
                self.unanswered = Some(sent.clone());
                (Answer::Nothing, Err(Gone))
            }
            Ok(reply) if reply["type"] == "reply" => {
                let taken = taken(sent.lobby, reply);
                let name = taken.bet.to_string();
                self.world.gossip(self.player.id, taken.lobby, name);
                (Answer::Taken(taken.clone()), Ok(Some(taken)))
            }
            Ok(refused) => (Answer::Refused(code(refused)), Ok(None)),
        };
        self.world.journal.answered(self.player.id, asked, Entry::Bet { sent, answer });
        got
    }

    async fn cancel(&mut self, wire: &mut Wire, bet: &BetTaken) -> Result<(), Gone> {
        let sent = BetNamed { lobby: bet.lobby, round: bet.round, bet: bet.bet };
        let fields = json!({
            "lobby_id": sent.lobby, "round": sent.round, "bet_id": sent.bet.to_string(),
        });
        let asked = now();
        let reply = wire.ask("cancel_bet", fields).await;
        let (answer, got) = match &reply {
            Err(Gone) => (Answer::Nothing, Err(Gone)),
            Ok(reply) if reply["type"] == "reply" => (Answer::Taken(sent.clone()), Ok(())),
            Ok(refused) => (Answer::Refused(code(refused)), Ok(())),
        };
        self.world.journal.answered(self.player.id, asked, Entry::Cancel { sent, answer });
        got
    }

    async fn click(
        &mut self,
        wire: &mut Wire,
        round: i64,
        bet: Option<BetTaken>,
    ) -> Result<(), Gone> {
        let sent =
            CashOutSent { lobby: i64::try_from(self.lobby).unwrap(), bet: bet.map(|bet| bet.bet) };
        let mut fields = json!({ "lobby_id": sent.lobby, "round": round });
        if let Some(bet) = sent.bet {
            fields["bet_id"] = json!(bet.to_string());
        }
        let asked = now();
        let reply = wire.ask("cash_out", fields).await;
        let (answer, got) = match &reply {
            Err(Gone) => (Answer::Nothing, Err(Gone)),
            Ok(reply) if reply["type"] == "reply" => (Answer::Taken(paid(reply)), Ok(())),
            Ok(refused) => (Answer::Refused(code(refused)), Ok(())),
        };
        self.world.journal.answered(self.player.id, asked, Entry::CashOut { sent, answer });
        got
    }

    /// Results of bets; what the lobby does is written down by those who watch it.
    fn note(&self, event: &Value) {
        if event["type"] == "bet_result" {
            if event["user_id"] != self.player.id {
                self.world.wrong(format!("{} was told {event}", self.player.id));
            }
            asking::result(&self.world.journal, event);
        }
    }
}

fn fields(sent: &BetSent) -> Value {
    let mut fields = json!({
        "lobby_id": sent.lobby,
        "round": sent.round,
        "bet_id": sent.bet.map(|bet| bet.to_string()),
        "stake": sent.stake.to_string(),
    });
    if let Some(target) = sent.target {
        fields["auto_cash_out"] = json!(target.to_string());
    }
    fields
}

fn taken(lobby: i64, reply: &Value) -> BetTaken {
    BetTaken {
        bet: checker::Hex::parse(text(&reply["bet_id"])).unwrap(),
        lobby,
        round: number(&reply["round"]),
        stake: decimal(&reply["stake"]),
        target: decimal_if_any(&reply["auto_cash_out"]),
        cap: Some(decimal(&reply["cap"])),
        balance: Some(decimal(&reply["balance"])),
    }
}

fn paid(reply: &Value) -> Vec<Paid> {
    let paid = reply["cashed_out"].as_array().expect("a cash-out names what it paid").iter();
    paid.map(|paid| Paid {
        bet: checker::Hex::parse(text(&paid["bet_id"])).unwrap(),
        multiplier: decimal(&paid["multiplier"]),
        payout: decimal(&paid["payout"]),
    })
    .collect()
}
