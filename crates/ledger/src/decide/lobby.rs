//! Fence and close: what an owner does to a lobby as a whole.

use kernel::{Amount, SeedIndex};

use super::{bets, pass};
use crate::book::Book;
use crate::{
    Account, Close, Closed, Fence, Fenced, Kind, OpenFence, Parked, Refusal, Released, Round,
    RoundState, Transfer,
};

/// Raises the lobby's epoch; makes and funds the lobby if it is new here.
pub(super) fn fence(book: &mut Book<'_>, fence: &OpenFence) -> Result<Fenced, Refusal> {
    let standing = match book.fence(fence.lobby) {
        Some(standing) if fence.epoch < standing.epoch => return Err(Refusal::Fenced),
        Some(standing) => Fence { epoch: fence.epoch, ..standing },
        None => {
            fund(book, fence);
            Fence { epoch: fence.epoch, closed_round: 0, seed_index: SeedIndex(0) }
        }
    };
    book.put_fence(fence.lobby, standing);
    Ok(Fenced {
        epoch: standing.epoch,
        closed_round: standing.closed_round,
        seed_index: standing.seed_index,
        house_balance: book.balance(Account::House(fence.lobby)),
        open_holds: book.open_holds(fence.lobby),
    })
}

/// Closes a round. A round is closed once: any other sending gets the first one's verdict.
///
/// A round below the closed one that was never closed itself is closed now (a fence may raise
/// the closed round past rounds that still have holds).
pub(super) fn close(book: &mut Book<'_>, close: &Close) -> Result<Closed, Refusal> {
    let fence = pass(book, close.round.lobby, close.epoch)?;
    let round = book.round(close.round);
    let agreed = match round.map(|round| round.state) {
        Some(RoundState::Agreed) => true,
        Some(RoundState::Disagreed) => false,
        Some(RoundState::Open) | None => settle(book, close, round),
    };
    book.put_fence(
        close.round.lobby,
        Fence {
            closed_round: fence.closed_round.max(close.round.number),
            seed_index: fence.seed_index.max(close.seed_index),
            ..fence
        },
    );
    Ok(Closed { house_balance: book.balance(Account::House(close.round.lobby)), agreed })
}

/// Compares the lock record with the holds resolved; releases what is left if they agree.
fn settle(book: &mut Book<'_>, close: &Close, round: Option<Round>) -> bool {
    book.bury(close.round);
    let tally = round.unwrap_or_default();
    let agreed = (close.count, close.stake_sum) == (tally.resolved_count, tally.resolved_sum);
    if agreed {
        for (id, hold) in book.reserved(close.round) {
            bets::release_hold(book, id, hold, Released::Closed);
        }
    } else {
        book.park(Parked::Close {
            round: close.round,
            locked: (close.count, close.stake_sum),
            resolved: (tally.resolved_count, tally.resolved_sum),
        });
    }
    // A round without holds that agrees leaves no row: 0 = 0 is agreed at every sending.
    if let Some(tally) = book.round(close.round).or((!agreed).then_some(tally)) {
        let state = if agreed { RoundState::Agreed } else { RoundState::Disagreed };
        book.put_round(close.round, Round { state, ..tally });
    }
    agreed
}

/// A new lobby's one transfer from the cashier.
fn fund(book: &mut Book<'_>, fence: &OpenFence) {
    if fence.funding <= Amount::ZERO {
        return;
    }
    book.transfer(Transfer {
        kind: Kind::Funding,
        reference: [0; 16],
        player: None,
        lobby: Some(fence.lobby),
        round: None,
        amount: fence.funding,
        balance: None,
    });
}
