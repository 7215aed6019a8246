//! The accepted set: what was staked, what was hashed, who was paid what.

use std::collections::HashSet;

use fairness::{BetEntry, bets_hash, hex};
use kernel::{Amount, Multiplier};
use protocol::rounds::{BetState, RoundBet, RoundExport};

use super::outcome::End;
use super::{VerifyError, failed, require};

const ACCEPTED_SET: &str = "accepted set";
const BETS: &str = "bets";
const VOID: &str = "void";

/// Checks count, sums and hash of the bets of a locked round.
pub(super) fn check_set(round: &RoundExport, report: &mut Vec<String>) -> Result<(), VerifyError> {
    let mut names = HashSet::new();
    let twice = round.bets.iter().find(|bet| !names.insert((bet.user_id, bet.bet_id)));
    require(ACCEPTED_SET, twice.is_none(), || "a bet is listed twice")?;
    let count = usize::try_from(round.count);
    require(ACCEPTED_SET, count == Ok(round.bets.len()), || {
        format!("{} bets are listed, {} were counted", round.bets.len(), round.count)
    })?;
    check_sum("staked", round.stake_sum.0, round.bets.iter().map(|bet| bet.stake.0.amount()))?;
    check_sum("paid", round.payout_sum.0, round.bets.iter().map(returned))?;
    let entries: Vec<_> = round.bets.iter().map(entry).collect();
    let computed = hex::encode(&bets_hash(&entries));
    let shown = round.bets_hash.as_deref();
    let shown = shown.ok_or_else(|| failed(ACCEPTED_SET, "its hash is not shown"))?;
    require(ACCEPTED_SET, shown == computed, || {
        format!("the bets hash to {computed}, the lock said {shown}")
    })?;
    report.push(format!(
        "accepted set: {} bets, {} staked, {} paid, hash {computed}",
        round.count, round.stake_sum.0, round.payout_sum.0
    ));
    Ok(())
}

/// Checks that every bet of a played round ended as its climb says.
pub(super) fn check_settled(
    round: &RoundExport,
    end: End,
    report: &mut Vec<String>,
) -> Result<(), VerifyError> {
    for bet in &round.bets {
        match bet.state {
            BetState::CashedOut => {
                let paid_at = check_paid(bet, cap(bet, round.multiplier_max.0))?;
                require(BETS, paid_at <= end.crash_point, || {
                    about(bet, &format!("was paid at {paid_at}x, above the crash point"))
                })?;
            }
            BetState::Lost => {
                require(BETS, bet.multiplier.is_none() && bet.payout.is_none(), || {
                    about(bet, "is lost and was paid")
                })?;
                require(BETS, cap(bet, round.multiplier_max.0) > end.multiplier, || {
                    about(bet, "is lost, but the climb reached where it had to be paid")
                })?;
            }
            BetState::Accepted | BetState::Cancelled | BetState::Released => {
                return Err(failed(BETS, about(bet, "was neither paid nor lost")));
            }
        }
    }
    report.push("bets: payouts are stake × multiplier, none above the crash point".to_owned());
    Ok(())
}

/// Checks that every bet of a stopped round was paid, or every stake given back.
pub(super) fn check_interrupted(
    round: &RoundExport,
    stopped_at: Option<Multiplier>,
    report: &mut Vec<String>,
) -> Result<(), VerifyError> {
    for bet in &round.bets {
        match stopped_at {
            Some(stopped_at) => {
                require(BETS, bet.state == BetState::CashedOut, || {
                    about(bet, "was not paid, but every bet of a stopped climb is")
                })?;
                let paid_at = check_paid(bet, cap(bet, round.multiplier_max.0))?;
                require(BETS, paid_at <= stopped_at, || {
                    about(bet, &format!("was paid at {paid_at}x, above {stopped_at}x"))
                })?;
            }
            None => check_given_back(BETS, bet)?,
        }
    }
    report.push(match stopped_at {
        Some(_) => "bets: all paid, at stake × multiplier, none above the stop".to_owned(),
        None => "bets: every stake went back".to_owned(),
    });
    Ok(())
}

/// Checks that nobody won or lost in a round that was never locked.
pub(super) fn check_void(round: &RoundExport, report: &mut Vec<String>) -> Result<(), VerifyError> {
    let nothing = round.count == 0
        && round.stake_sum.0 == Amount::ZERO
        && round.payout_sum.0 == Amount::ZERO
        && round.bets_hash.is_none();
    require(VOID, nothing, || "it was never locked, but counts bets")?;
    for bet in &round.bets {
        check_given_back(VOID, bet)?;
    }
    report.push("void: no bet was played, every stake went back".to_owned());
    Ok(())
}

/// Checks the payout of a paid bet; answers at what it was paid.
fn check_paid(bet: &RoundBet, cap: Multiplier) -> Result<Multiplier, VerifyError> {
    let (Some(multiplier), Some(payout)) = (bet.multiplier, bet.payout) else {
        return Err(failed(BETS, about(bet, "was paid, but not what and at what")));
    };
    let (multiplier, payout) = (multiplier.0, payout.0);
    let due = bet.stake.0.payout_at(multiplier);
    require(BETS, payout == due, || about(bet, &format!("was paid {payout}, not {due}")))?;
    require(BETS, multiplier >= Multiplier::CASH_OUT_MIN, || {
        about(bet, "was paid below the least cash-out")
    })?;
    require(BETS, multiplier <= cap, || {
        about(bet, &format!("was paid at {multiplier}x, past its end at {cap}x"))
    })?;
    Ok(multiplier)
}

fn check_given_back(check: &'static str, bet: &RoundBet) -> Result<(), VerifyError> {
    let unplayed = matches!(bet.state, BetState::Released | BetState::Cancelled);
    let stake = bet.stake.0.amount();
    let returned = bet.payout.is_none_or(|payout| payout.0 == stake);
    let even = bet.multiplier.is_none_or(|multiplier| multiplier.0 == Multiplier::ONE);
    require(check, unplayed && returned && even, || about(bet, "did not get its stake back"))
}

fn check_sum(
    what: &str,
    shown: Amount,
    mut parts: impl Iterator<Item = Amount>,
) -> Result<(), VerifyError> {
    let sum = parts.try_fold(Amount::ZERO, Amount::checked_add);
    require(ACCEPTED_SET, sum == Some(shown), || {
        format!("what was {what} does not add up to {shown}")
    })
}

/// What the bet brought its player: the payout, or the stake given back.
fn returned(bet: &RoundBet) -> Amount {
    match bet.state {
        BetState::CashedOut => bet.payout.map_or(Amount::ZERO, |payout| payout.0),
        BetState::Released => bet.stake.0.amount(),
        BetState::Accepted | BetState::Lost | BetState::Cancelled => Amount::ZERO,
    }
}

/// Where the bet is paid at the latest, as far as an export shows it.
fn cap(bet: &RoundBet, multiplier_max: Multiplier) -> Multiplier {
    bet.auto_cash_out.map_or(multiplier_max, |target| target.0.min(multiplier_max))
}

fn entry(bet: &RoundBet) -> BetEntry {
    BetEntry {
        player: bet.user_id.0,
        bet: bet.bet_id.0,
        stake: bet.stake.0,
        auto_cash_out: bet.auto_cash_out.map(|target| target.0),
    }
}

fn about(bet: &RoundBet, finding: &str) -> String {
    format!("bet {} of player {} {finding}", bet.bet_id.0, bet.user_id.0)
}
