//! What the server acknowledged, written down by those it told: the only witness after a death.

use std::sync::Mutex;

use kernel::{Amount, Multiplier, Stake};
use serde_json::Value;

use crate::harness::numbers::{amount, multiplier, stake, text, whole};

/// An acknowledged bet.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) player: u64,
    pub(crate) bet_id: String,
    pub(crate) lobby: u64,
    pub(crate) round: u64,
    pub(crate) stake: Stake,
    pub(crate) auto_cash_out: Option<Multiplier>,
}

/// A result the player was told.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) player: u64,
    pub(crate) bet_id: String,
    pub(crate) outcome: Outcome,
}

/// How a bet ended, as it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Won { multiplier: Multiplier, payout: Amount },
    Lost,
    Released,
}

/// Everything that was acknowledged, by all players over all lives of the server.
#[derive(Default)]
pub(crate) struct Book {
    placed: Mutex<Vec<Placed>>,
    told: Mutex<Vec<Told>>,
}

impl Book {
    /// Writes down a `bet_placed` object. Anything else, an error for one, is not a bet.
    pub(crate) fn placed(&self, player: u64, answer: &Value) -> Option<Placed> {
        if answer["bet_id"].is_null() || !answer["error"].is_null() {
            return None;
        }
        let target = &answer["coefficient"];
        let placed = Placed {
            player: whole(&answer["user_id"]),
            bet_id: text(&answer["bet_id"]).to_owned(),
            lobby: whole(&answer["lobby_id"]),
            round: whole(&answer["round"]),
            stake: stake(&answer["amount"]),
            auto_cash_out: (!target.is_null()).then(|| multiplier(target)),
        };
        assert_eq!(placed.player, player, "somebody else's bet was acknowledged");
        self.note(placed.clone());
        Some(placed)
    }

    /// Writes down a bet that was acknowledged in other words.
    pub(crate) fn note(&self, placed: Placed) {
        self.placed.lock().unwrap().push(placed);
    }

    /// Writes down a `bet_result` object. Anything else is not a result.
    pub(crate) fn told(&self, player: u64, answer: &Value) -> Option<Told> {
        let outcome = match answer["result"].as_str()? {
            "win" => Outcome::Won {
                multiplier: multiplier(&answer["coefficient"]),
                payout: amount(&answer["payout"]),
            },
            "lost" => Outcome::Lost,
            "released" => Outcome::Released,
            other => panic!("an unknown result {other}"),
        };
        let bet_id = text(&answer["bet_id"]).to_owned();
        assert_eq!(whole(&answer["user_id"]), player, "somebody else's result was told");
        let told = Told { player, bet_id, outcome };
        self.told.lock().unwrap().push(told.clone());
        Some(told)
    }

    /// Every acknowledged bet.
    pub(crate) fn all_placed(&self) -> Vec<Placed> {
        self.placed.lock().unwrap().clone()
    }

    /// The highest round with an acknowledged bet.
    pub(crate) fn last_round(&self) -> u64 {
        self.all_placed().iter().map(|placed| placed.round).max().unwrap_or_default()
    }

    /// Every result that was told.
    pub(crate) fn all_told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }
}
