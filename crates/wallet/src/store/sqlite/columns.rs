//! How the book's words stand in columns.

use kernel::{Amount, BetId, LobbyId, PlayerId, Stake};
use ledger::{Hold, Kind, RoundState, Transfer};
use rusqlite::types::Type;
use rusqlite::{Error, Result, Row};

use crate::store::{Line, words};

/// A value that this program never writes.
fn corrupt(column: usize, kind: Type) -> Error {
    Error::FromSqlConversionFailure(column, kind, "not a value of the book".into())
}

/// A number that is never negative.
pub(super) fn number(row: &Row<'_>, column: usize) -> Result<u64> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| corrupt(column, Type::Integer))
}

pub(super) fn amount(row: &Row<'_>, column: usize) -> Result<Amount> {
    row.get(column).map(Amount::from_units)
}

pub(super) fn player(row: &Row<'_>, column: usize) -> Result<PlayerId> {
    PlayerId::new(number(row, column)?).map_err(|_| corrupt(column, Type::Integer))
}

pub(super) fn lobby(row: &Row<'_>, column: usize) -> Result<LobbyId> {
    LobbyId::new(number(row, column)?).map_err(|_| corrupt(column, Type::Integer))
}

pub(super) fn bet(row: &Row<'_>, column: usize) -> Result<BetId> {
    row.get(column).map(BetId::from_bytes)
}

/// A hold in the columns lobby, round, `stake_steps`, state, `payout_units`, `released_by`.
pub(super) fn hold(row: &Row<'_>, first: usize) -> Result<Hold> {
    let (text, released_by) = (row.get_ref(first + 3)?, row.get_ref(first + 5)?);
    let state =
        words::hold_state_of(text.as_str()?, row.get(first + 4)?, released_by.as_str_or_null()?)
            .ok_or_else(|| corrupt(first + 3, Type::Text))?;
    Ok(Hold {
        round: kernel::RoundId::new(lobby(row, first)?, row.get(first + 1)?),
        stake: Stake::from_steps(row.get(first + 2)?)
            .ok_or_else(|| corrupt(first + 2, Type::Integer))?,
        state,
    })
}

pub(super) fn round_state(row: &Row<'_>, column: usize) -> Result<RoundState> {
    words::round_state_of(row.get_ref(column)?.as_str()?).ok_or_else(|| corrupt(column, Type::Text))
}

pub(super) fn kind(row: &Row<'_>, column: usize) -> Result<Kind> {
    words::kind_of(row.get_ref(column)?.as_str()?).ok_or_else(|| corrupt(column, Type::Text))
}

/// A line in the columns seq, `at_ms`, kind, reference, player, lobby, round, `amount_units`,
/// `balance_units`.
pub(super) fn line(row: &Row<'_>) -> Result<Line> {
    let lobby = row.get::<_, Option<i64>>(5)?.map(|_| lobby(row, 5)).transpose()?;
    let transfer = Transfer {
        kind: kind(row, 2)?,
        reference: row.get(3)?,
        player: Some(player(row, 4)?),
        lobby,
        round: row.get(6)?,
        amount: amount(row, 7)?,
        balance: row.get::<_, Option<i64>>(8)?.map(Amount::from_units),
    };
    Ok(Line { seq: number(row, 0)?, at_ms: row.get(1)?, transfer })
}
