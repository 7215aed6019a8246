//! What the house can still lose: its last known balance less every exposure not yet closed.

use kernel::Amount;

use crate::Rules;

/// Where a lobby goes on, from stored state and the wallet's answer to `fence`.
#[derive(Clone, Debug)]
pub struct Resume {
    /// The number of the next round to open.
    pub next_round: u32,
    /// The house's balance in the last answer of `fence` or `close`.
    pub house_balance: Amount,
    /// Rounds that ended but are not closed at the wallet.
    pub unclosed: Vec<Unclosed>,
    /// Exposure of closed rounds whose close did not agree: it stays reserved.
    pub kept_exposure: Amount,
}

/// A round that ended but is not closed at the wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unclosed {
    /// Which.
    pub round: u32,
    /// The most its bets can still cost the house.
    pub exposure: Amount,
}

/// The house's money as this lobby knows it.
#[derive(Debug)]
pub(super) struct Bankroll {
    house_balance: Amount,
    unclosed: Vec<Unclosed>,
    kept_exposure: Amount,
}

impl Bankroll {
    pub(super) fn new(resume: Resume) -> Self {
        Self {
            house_balance: resume.house_balance,
            unclosed: resume.unclosed,
            kept_exposure: resume.kept_exposure,
        }
    }

    /// What is left for the round now open, before its own bets.
    pub(super) fn room(&self) -> Amount {
        let unclosed: Amount = self.unclosed.iter().map(|round| round.exposure).sum();
        (self.house_balance - unclosed - self.kept_exposure).max(Amount::ZERO)
    }

    /// Whether one more round would stay within the limit of unclosed ones.
    pub(super) fn may_open(&self, rules: &Rules) -> bool {
        self.unclosed.len() < rules.unclosed_max
    }

    /// Notes a round that ended and waits for its close.
    pub(super) fn ended(&mut self, round: u32, exposure: Amount) {
        self.unclosed.push(Unclosed { round, exposure });
    }

    /// Takes the wallet's answer to a close.
    pub(super) fn close(&mut self, round: u32, house_balance: Amount, agreed: bool) {
        self.house_balance = house_balance;
        if let Some(place) = self.unclosed.iter().position(|unclosed| unclosed.round == round) {
            let closed = self.unclosed.remove(place);
            if !agreed {
                self.kept_exposure += closed.exposure;
            }
        }
    }
}
