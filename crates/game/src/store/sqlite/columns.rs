//! Between columns and the kernel's words. A value no column can hold is a corrupt file.

use kernel::{Amount, BetId, LobbyId, Multiplier, PlayerId, Stake};
use rusqlite::types::Type;
use rusqlite::{Error, Result, Row};
use serde::de::DeserializeOwned;

use super::super::{RoundState, words};

/// A value that this program never writes.
fn corrupt(column: &str) -> Error {
    let reason = format!("column {column} holds what cannot be");
    Error::FromSqlConversionFailure(0, Type::Null, reason.into())
}

/// A number that is never negative.
pub(super) fn unsigned(row: &Row<'_>, column: &str) -> Result<u64> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| corrupt(column))
}

/// A number as a column keeps it; none of ours is anywhere near 2^63.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A value that stands as JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> Result<T> {
    let text = row.get_ref(column)?.as_str().map_err(|_| corrupt(column))?;
    serde_json::from_str(text).map_err(|_| corrupt(column))
}

pub(super) fn lobby(row: &Row<'_>, column: &str) -> Result<LobbyId> {
    LobbyId::new(unsigned(row, column)?).map_err(|_| corrupt(column))
}

pub(super) fn player(row: &Row<'_>, column: &str) -> Result<PlayerId> {
    PlayerId::new(unsigned(row, column)?).map_err(|_| corrupt(column))
}

/// The same by place, for rows of which there are many.
pub(super) fn player_at(row: &Row<'_>, place: usize) -> Result<PlayerId> {
    let number = u64::try_from(row.get::<_, i64>(place)?).map_err(|_| corrupt("player"))?;
    PlayerId::new(number).map_err(|_| corrupt("player"))
}

pub(super) fn stake_at(row: &Row<'_>, place: usize) -> Result<Stake> {
    Stake::from_steps(row.get(place)?).ok_or_else(|| corrupt("stake"))
}

pub(super) fn multiplier_at(row: &Row<'_>, place: usize) -> Result<Multiplier> {
    Multiplier::from_centi(row.get(place)?).ok_or_else(|| corrupt("multiplier"))
}

pub(super) fn bet(row: &Row<'_>, column: &str) -> Result<BetId> {
    Ok(BetId::from_bytes(row.get(column)?))
}

pub(super) fn amount(row: &Row<'_>, column: &str) -> Result<Amount> {
    Ok(Amount::from_units(row.get(column)?))
}

pub(super) fn stake(row: &Row<'_>, column: &str) -> Result<Stake> {
    Stake::from_steps(row.get(column)?).ok_or_else(|| corrupt(column))
}

pub(super) fn multiplier(row: &Row<'_>, column: &str) -> Result<Multiplier> {
    Multiplier::from_centi(row.get(column)?).ok_or_else(|| corrupt(column))
}

pub(super) fn multiplier_if_any(row: &Row<'_>, column: &str) -> Result<Option<Multiplier>> {
    let centi: Option<u32> = row.get(column)?;
    centi.map(|centi| Multiplier::from_centi(centi).ok_or_else(|| corrupt(column))).transpose()
}

pub(super) fn state(row: &Row<'_>, column: &str) -> Result<RoundState> {
    let text = row.get_ref(column)?.as_str().map_err(|_| corrupt(column))?;
    words::round_state_of(text).ok_or_else(|| corrupt(column))
}
