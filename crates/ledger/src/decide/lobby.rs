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
        Some(standing) if is_behind(fence, &standing) => return Err(Refusal::Fenced),
        Some(standing) if is_repeat(fence, &standing) => standing,
        Some(standing) => raised(fence, &standing),
        None => {
            fund(book, fence);
            let OpenFence { epoch, request, .. } = *fence;
            let (round, seed) = (0, SeedIndex(0));
            Fence {
                epoch,
                closed_round: round,
                seed_index: seed,
                seen_round: round,
                seen_seed: seed,
                request,
            }
        }
    };
    book.put_fence(fence.lobby, standing);
    Ok(Fenced {
        epoch: standing.epoch,
        closed_round: standing.closed_round,
        seed_index: standing.seed_index,
        seen_round: standing.seen_round,
        seen_seed: standing.seen_seed,
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
            seen_round: fence.seen_round.max(close.round.number),
            seen_seed: fence.seen_seed.max(close.seed_index),
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

/// Whether a newer owner was here, or another one under the same epoch: a game that lost its last
/// records may give an epoch twice.
fn is_behind(fence: &OpenFence, standing: &Fence) -> bool {
    let named = standing.request != [0; 16];
    fence.epoch < standing.epoch
        || (fence.epoch == standing.epoch && named && fence.request != standing.request)
}

fn is_repeat(fence: &OpenFence, standing: &Fence) -> bool {
    (fence.epoch, fence.request) == (standing.epoch, standing.request)
}

/// The fence under a new owner. What an earlier one may have shown and lost is left behind it.
fn raised(fence: &OpenFence, standing: &Fence) -> Fence {
    let OpenFence { epoch, raise, request, .. } = *fence;
    Fence {
        epoch,
        closed_round: standing.closed_round.saturating_add(raise),
        seed_index: SeedIndex(standing.seed_index.0.saturating_add(raise)),
        request,
        ..*standing
    }
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
