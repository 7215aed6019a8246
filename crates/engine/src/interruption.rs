//! How a round ends that could not be played to its end, for living and dead owners.

use kernel::planted::{self, Bug};
use kernel::{Amount, Multiplier, Stake};

use crate::BetKey;

/// What is durable of a round, whoever reads it.
#[derive(Clone, Debug)]
pub struct StoredRound {
    /// Whether its lock record is stored.
    pub locked: bool,
    /// Whether its crash is stored.
    pub crashed: bool,
    /// The highest multiplier in a stored heartbeat, if there is one.
    pub heartbeat: Option<Multiplier>,
    /// The seed's own crash point. Read only once the round is locked.
    pub crash_point: Multiplier,
    /// Where every climb of the lobby ends at the latest.
    pub multiplier_max: Multiplier,
    /// The bets that the lock marked.
    pub bets: Vec<StoredBet>,
}

/// What is durable of a bet.
#[derive(Clone, Copy, Debug)]
pub struct StoredBet {
    /// The bet.
    pub key: BetKey,
    /// The amount risked.
    pub stake: Stake,
    /// Where it is paid at the latest.
    pub cap: Multiplier,
    /// Its stored cash-out.
    pub cashed_out: Option<Multiplier>,
}

/// How one bet ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Paid at this multiplier.
    CashedOut {
        /// At what.
        multiplier: Multiplier,
        /// Stake × multiplier.
        payout: Amount,
    },
    /// The stake is the house's.
    Lost,
    /// The stake goes back.
    Released,
}

impl Outcome {
    /// The gross payout, if there is one.
    const fn payout(self) -> Amount {
        match self {
            Self::CashedOut { payout, .. } => payout,
            Self::Lost | Self::Released => Amount::ZERO,
        }
    }
}

/// How the round ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// Never locked: every hold is released.
    Voided,
    /// The climb was over: every bet ends as it was played.
    Settled {
        /// Each marked bet's end, in their order.
        outcomes: Vec<Outcome>,
    },
    /// Nothing durable was shown: every stake goes back.
    Released,
    /// Stopped at `m_d`.
    Stopped {
        /// `m_d`: the highest multiplier in any durable record.
        multiplier: Multiplier,
        /// Each marked bet's end, in their order.
        outcomes: Vec<Outcome>,
    },
}

/// Decides a round that cannot be played on. The first rule that holds decides.
///
/// While a round is alive at `m_d`, every bet is worth exactly stake × `m_d`, so stopping gains
/// nothing to anyone.
#[must_use]
pub fn decide_interruption(round: &StoredRound) -> Interruption {
    if !round.locked {
        return Interruption::Voided;
    }
    let cashed_out = round.bets.iter().filter_map(|bet| bet.cashed_out).max();
    let durable = round.heartbeat.max(cashed_out);
    let climb_end = round.crash_point.min(round.multiplier_max);
    if round.crashed || durable.is_some_and(|multiplier| climb_end <= multiplier) {
        let outcomes = round.bets.iter().map(|bet| end_of(bet, climb_end, None)).collect();
        return Interruption::Settled { outcomes };
    }
    match durable {
        None => Interruption::Released,
        Some(multiplier) => {
            let better = planted::is(Bug::BetterOfBothForAutos);
            let reached = if better { climb_end } else { multiplier };
            let ends = round.bets.iter().map(|bet| end_of(bet, reached, Some(multiplier)));
            Interruption::Stopped { multiplier, outcomes: ends.collect() }
        }
    }
}

/// What the round would have paid, gross, had it run: stored cash-outs stand, caps up to the end
/// of the climb are paid, all else is lost. Beside what was paid it shows what an interruption
/// was worth, and to whom.
#[must_use]
pub fn would_have_paid(round: &StoredRound) -> Amount {
    let climb_end = round.crash_point.min(round.multiplier_max);
    let ends = round.bets.iter().map(|bet| end_of(bet, climb_end, None));
    ends.map(Outcome::payout).sum()
}

/// The end of one bet whose climb came to `reached`; the open ones are paid at `rest` or lost.
fn end_of(bet: &StoredBet, reached: Multiplier, rest: Option<Multiplier>) -> Outcome {
    let at_cap = (bet.cap <= reached).then_some(bet.cap);
    match bet.cashed_out.or(at_cap).or(rest) {
        Some(multiplier) => {
            Outcome::CashedOut { multiplier, payout: bet.stake.payout_at(multiplier) }
        }
        None => Outcome::Lost,
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
