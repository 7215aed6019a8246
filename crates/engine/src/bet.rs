//! A bet and the few states it passes through.

use kernel::planted::{self, Bug};
use kernel::{Amount, BetId, Multiplier, PlayerId, Stake};

use crate::CashOut;

/// Names a bet within a lobby's round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BetKey {
    /// Whose.
    pub player: PlayerId,
    /// Which.
    pub bet: BetId,
    /// The round it is for.
    pub round: u32,
}

/// A bet of the round now played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bet {
    /// Its name.
    pub key: BetKey,
    /// The amount risked.
    pub stake: Stake,
    /// The target asked for.
    pub auto_cash_out: Option<Multiplier>,
    /// Where it is paid at the latest: the target, the lobby's highest multiplier, or the most
    /// that a bet may win here, whichever is least.
    pub cap: Multiplier,
    /// What the player could stake once this stake was held; zero before that is known.
    pub balance: Amount,
    /// How far it is.
    pub state: BetState,
}

/// Where a bet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BetState {
    /// On its way to the wallet and the store.
    Requested,
    /// In the round.
    Accepted,
    /// Its cancellation is being stored.
    Cancelling,
    /// Taken back.
    Cancelled,
    /// Its cash-out is being stored.
    CashingOut { multiplier: Multiplier, stamped_ms: u64, auto: bool },
    /// Paid.
    CashedOut { multiplier: Multiplier, stamped_ms: u64, auto: bool },
    /// The crash came first.
    Lost,
    /// The stake went back without a round.
    Released,
}

impl Bet {
    /// The most this bet can be paid.
    #[must_use]
    pub const fn exposure(&self) -> Amount {
        self.stake.payout_at(self.cap)
    }

    /// The bet's cash-out, stored or on its way.
    #[must_use]
    pub fn cash_out(&self) -> Option<CashOut> {
        match self.state {
            BetState::CashingOut { multiplier, stamped_ms, auto }
            | BetState::CashedOut { multiplier, stamped_ms, auto } => Some(CashOut {
                key: self.key,
                stake: self.stake,
                multiplier,
                payout: payout(self.stake, multiplier),
                stamped_ms,
                auto,
            }),
            _ => None,
        }
    }

    /// Whether the bet is in the accepted set, whatever became of it there.
    #[must_use]
    pub const fn is_in_round(&self) -> bool {
        matches!(
            self.state,
            BetState::Accepted
                | BetState::CashingOut { .. }
                | BetState::CashedOut { .. }
                | BetState::Lost
        )
    }
}

/// Stake × multiplier.
fn payout(stake: Stake, multiplier: Multiplier) -> Amount {
    if planted::is(Bug::FloatPayout) {
        return planted::float_payout(stake, multiplier);
    }
    stake.payout_at(multiplier)
}
