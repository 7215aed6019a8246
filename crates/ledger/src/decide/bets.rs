//! Reserve, release, resolve: the life of one hold.

use kernel::Amount;
use kernel::planted::{self, Bug};

use super::pass;
use crate::book::Book;
use crate::{
    Account, Hold, HoldId, HoldState, Kind, Outcome, Parked, Reason, Refusal, Release, Released,
    Reserve, Resolve, ResolveAnswer, Round, Transfer,
};

/// Moves a stake into escrow; what the player can stake after it. The checks stand in the order of
/// [`Refusal`].
pub(super) fn reserve(book: &mut Book<'_>, reserve: &Reserve) -> Result<Amount, Refusal> {
    let fence = pass(book, reserve.round.lobby, reserve.epoch)?;
    if reserve.round.number <= fence.closed_round {
        return Err(Refusal::RoundClosed);
    }
    let id = reserve.hold();
    if book.is_tombstoned(id) {
        return Err(Refusal::Tombstoned);
    }
    let hold = Hold { round: reserve.round, stake: reserve.stake, state: HoldState::Reserved };
    let player = Account::Player(reserve.player);
    if let Some(known) = book.hold(id)
        && !planted::is(Bug::NoIdempotency)
    {
        return if known == hold { Ok(book.balance(player)) } else { Err(Refusal::IdReused) };
    }
    let stake = reserve.stake.amount();
    if book.balance(player) < stake {
        return Err(Refusal::InsufficientFunds);
    }
    book.transfer_of_bet(Kind::Stake, id, reserve.round, stake);
    book.put_hold(id, hold);
    let tally = book.round(reserve.round).unwrap_or_default();
    book.put_round(
        reserve.round,
        Round {
            reserved_count: tally.reserved_count + 1,
            reserved_sum: tally.reserved_sum + stake,
            ..tally
        },
    );
    Ok(book.balance(player))
}

/// Gives a stake back, or leaves a tombstone for a reserve that is still on its way.
///
/// A hold that a close released is released all the same; one that a resolve decided is not
/// undone, and says so by [`Refusal::IdReused`].
pub(super) fn release(book: &mut Book<'_>, release: &Release) -> Result<(), Refusal> {
    let fence = pass(book, release.round.lobby, release.epoch)?;
    let id = release.hold();
    match book.hold(id) {
        None => {
            let is_early = release.round.number > fence.closed_round && !book.is_tombstoned(id);
            if is_early && !planted::is(Bug::NoTombstone) {
                book.put_tombstone(id, release.round);
            }
            Ok(())
        }
        Some(hold) if hold.round != release.round => Err(Refusal::IdReused),
        Some(hold) => match hold.state {
            HoldState::Reserved => {
                release_hold(book, id, hold, Released::Early);
                Ok(())
            }
            HoldState::Released(Released::Early | Released::Closed) => Ok(()),
            HoldState::Released(Released::Resolved) | HoldState::Won { .. } | HoldState::Lost => {
                Err(Refusal::IdReused)
            }
        },
    }
}

/// Decides a hold, once. What cannot be done is parked: the caller needs no other answer.
pub(super) fn resolve(book: &mut Book<'_>, resolve: &Resolve) -> Result<ResolveAnswer, Refusal> {
    pass(book, resolve.round.lobby, resolve.epoch)?;
    let id = resolve.hold();
    match try_resolve(book, id, resolve) {
        Ok(()) => Ok(ResolveAnswer::Done),
        Err(reason) => {
            let (round, outcome) = (resolve.round, resolve.outcome);
            book.park(Parked::Resolve { hold: id, round, outcome, reason });
            Ok(ResolveAnswer::Conflict)
        }
    }
}

/// Resolves, and funds the house before it by what it lacks: an operator makes good a payout that
/// was parked as [`Reason::HouseShort`].
pub(super) fn settle(book: &mut Book<'_>, settle: &Resolve) -> Result<ResolveAnswer, Refusal> {
    pass(book, settle.round.lobby, settle.epoch)?;
    let id = settle.hold();
    if let (Some(hold), Outcome::Won { payout }) = (book.hold(id), settle.outcome)
        && (hold.round, hold.state) == (settle.round, HoldState::Reserved)
        && check_payout(book, &hold, payout) == Err(Reason::HouseShort)
    {
        let house = book.balance(Account::House(hold.round.lobby));
        book.transfer(Transfer {
            kind: Kind::Funding,
            reference: *id.bet.as_bytes(),
            player: None,
            lobby: Some(hold.round.lobby),
            round: None,
            amount: payout - hold.stake.amount() - house,
            balance: None,
        });
    }
    resolve(book, settle)
}

fn try_resolve(book: &mut Book<'_>, id: HoldId, resolve: &Resolve) -> Result<(), Reason> {
    let hold = book.hold(id).ok_or(Reason::Unknown)?;
    if hold.round != resolve.round {
        return Err(Reason::OtherRound);
    }
    let decided = match resolve.outcome {
        Outcome::Won { payout } => HoldState::Won { payout },
        Outcome::Lost => HoldState::Lost,
        Outcome::Released => HoldState::Released(Released::Resolved),
    };
    if hold.state == decided {
        return Ok(());
    }
    if hold.state != HoldState::Reserved {
        if planted::is(Bug::RefundAndPay) && resolve.outcome == Outcome::Released {
            book.transfer_of_bet(Kind::Release, id, hold.round, hold.stake.amount());
            return Ok(());
        }
        return Err(Reason::Decided);
    }
    match resolve.outcome {
        Outcome::Won { payout } => {
            check_payout(book, &hold, payout)?;
            book.transfer_of_bet(Kind::Collect, id, hold.round, hold.stake.amount());
            book.transfer_of_bet(Kind::Payout, id, hold.round, payout);
            finish(book, id, hold, decided);
        }
        Outcome::Lost => {
            book.transfer_of_bet(Kind::Collect, id, hold.round, hold.stake.amount());
            finish(book, id, hold, decided);
        }
        Outcome::Released => release_hold(book, id, hold, Released::Resolved),
    }
    Ok(())
}

/// The house pays out of what it has, the bet's own stake included.
fn check_payout(book: &Book<'_>, hold: &Hold, payout: Amount) -> Result<(), Reason> {
    if payout.is_negative() || payout > Amount::MAX {
        return Err(Reason::BadPayout);
    }
    let house = book.balance(Account::House(hold.round.lobby));
    if house + hold.stake.amount() < payout { Err(Reason::HouseShort) } else { Ok(()) }
}

/// Gives a reserved stake back to its player.
pub(super) fn release_hold(book: &mut Book<'_>, id: HoldId, hold: Hold, by: Released) {
    book.transfer_of_bet(Kind::Release, id, hold.round, hold.stake.amount());
    finish(book, id, hold, HoldState::Released(by));
}

/// Writes a hold's one decision and counts it in its round.
fn finish(book: &mut Book<'_>, id: HoldId, hold: Hold, decided: HoldState) {
    book.put_hold(id, Hold { state: decided, ..hold });
    let by_resolve = !matches!(decided, HoldState::Released(Released::Early | Released::Closed));
    let stake = hold.stake.amount();
    let mut tally = book.round(hold.round).unwrap_or_default();
    tally.reserved_count -= 1;
    tally.reserved_sum -= stake;
    if by_resolve {
        tally.resolved_count += 1;
        tally.resolved_sum += stake;
    }
    book.put_round(hold.round, tally);
}
