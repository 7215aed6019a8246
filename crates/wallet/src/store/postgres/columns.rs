//! How the book's words stand in PostgreSQL's columns: every number is a BIGINT.

use kernel::{Amount, BetId, Epoch, LobbyId, PlayerId, RoundId, SeedIndex, Stake};
use ledger::{Fence, Hold, HoldId, Round, Transfer};
use platform::postgres::StoreError;
use tokio_postgres::Row;

use crate::store::{Line, words};

pub(super) type Result<T> = std::result::Result<T, StoreError>;

/// A value that this program never writes.
pub(super) fn corrupt(row: &Row, column: usize) -> StoreError {
    StoreError::Failed(format!("{} is not a value of the book", row.columns()[column].name()))
}

/// A number that its type holds.
pub(super) fn number<T: TryFrom<i64>>(row: &Row, column: usize) -> Result<T> {
    T::try_from(row.try_get::<_, i64>(column)?).map_err(|_| corrupt(row, column))
}

pub(super) fn amount(row: &Row, column: usize) -> Result<Amount> {
    Ok(Amount::from_units(row.try_get(column)?))
}

pub(super) fn player(row: &Row, column: usize) -> Result<PlayerId> {
    PlayerId::new(number(row, column)?).map_err(|_| corrupt(row, column))
}

pub(super) fn lobby(row: &Row, column: usize) -> Result<LobbyId> {
    LobbyId::new(number(row, column)?).map_err(|_| corrupt(row, column))
}

/// The columns lobby and round.
pub(super) fn round_id(row: &Row, first: usize) -> Result<RoundId> {
    Ok(RoundId::new(lobby(row, first)?, number(row, first + 1)?))
}

pub(super) fn sixteen(row: &Row, column: usize) -> Result<[u8; 16]> {
    row.try_get::<_, &[u8]>(column)?.try_into().map_err(|_| corrupt(row, column))
}

/// The columns player and bet.
pub(super) fn hold_id(row: &Row, first: usize) -> Result<HoldId> {
    let bet = BetId::from_bytes(sixteen(row, first + 1)?);
    Ok(HoldId { player: player(row, first)?, bet })
}

/// The columns lobby, round, `stake_steps`, state, `payout_units`, `released_by`.
pub(super) fn hold(row: &Row, first: usize) -> Result<Hold> {
    let (text, payout) = (row.try_get(first + 3)?, row.try_get(first + 4)?);
    let state = words::hold_state_of(text, payout, row.try_get(first + 5)?);
    Ok(Hold {
        round: round_id(row, first)?,
        stake: Stake::from_steps(number(row, first + 2)?).ok_or_else(|| corrupt(row, first + 2))?,
        state: state.ok_or_else(|| corrupt(row, first + 3))?,
    })
}

/// The columns epoch, `closed_round`, `seed_index`, `seen_round`, `seen_seed`, request.
pub(super) fn fence(row: &Row, first: usize) -> Result<Fence> {
    Ok(Fence {
        epoch: Epoch(number(row, first)?),
        closed_round: number(row, first + 1)?,
        seed_index: SeedIndex(number(row, first + 2)?),
        seen_round: number(row, first + 3)?,
        seen_seed: SeedIndex(number(row, first + 4)?),
        request: sixteen(row, first + 5)?,
    })
}

/// The columns `reserved_count`, `reserved_units`, `resolved_count`, `resolved_units`, state.
pub(super) fn round(row: &Row, first: usize) -> Result<Round> {
    let state = words::round_state_of(row.try_get(first + 4)?);
    Ok(Round {
        reserved_count: number(row, first)?,
        reserved_sum: amount(row, first + 1)?,
        resolved_count: number(row, first + 2)?,
        resolved_sum: amount(row, first + 3)?,
        state: state.ok_or_else(|| corrupt(row, first + 4))?,
    })
}

/// The columns seq, `at_ms`, kind, reference, player, lobby, round, `amount_units`,
/// `balance_units`.
pub(super) fn line(row: &Row) -> Result<Line> {
    let present = |column: usize| Ok::<_, StoreError>(row.try_get::<_, Option<i64>>(column)?);
    let transfer = Transfer {
        kind: words::kind_of(row.try_get(2)?).ok_or_else(|| corrupt(row, 2))?,
        reference: sixteen(row, 3)?,
        player: Some(player(row, 4)?),
        lobby: present(5)?.map(|_| lobby(row, 5)).transpose()?,
        round: present(6)?.map(|_| number(row, 6)).transpose()?,
        amount: amount(row, 7)?,
        balance: present(8)?.map(Amount::from_units),
    };
    Ok(Line { seq: number(row, 0)?, at_ms: row.try_get(1)?, transfer })
}
