//! How the book's words stand in columns.

use kernel::{Amount, BetId, LobbyId, PlayerId, Stake};
use ledger::{Account, Hold, HoldState, Kind, Outcome, Reason, Released, RoundState, Transfer};
use rusqlite::types::Type;
use rusqlite::{Error, Result, Row};

use crate::store::Line;

/// A value that this program never writes.
fn corrupt(column: usize, kind: Type) -> Error {
    Error::FromSqlConversionFailure(column, kind, "not a value of the book".into())
}

pub(super) fn account(account: Account) -> (&'static str, i64) {
    match account {
        Account::Cashier => ("cashier", 0),
        Account::House(lobby) => ("house", lobby.as_i64()),
        Account::Escrow(lobby) => ("escrow", lobby.as_i64()),
        Account::Player(player) => ("player", player.as_i64()),
    }
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
    let state = match row.get_ref(first + 3)?.as_str()? {
        "reserved" => HoldState::Reserved,
        "won" => HoldState::Won { payout: amount(row, first + 4)? },
        "lost" => HoldState::Lost,
        "released" => HoldState::Released(match row.get_ref(first + 5)?.as_str()? {
            "release" => Released::Early,
            "resolve" => Released::Resolved,
            "close" => Released::Closed,
            _ => return Err(corrupt(first + 5, Type::Text)),
        }),
        _ => return Err(corrupt(first + 3, Type::Text)),
    };
    Ok(Hold {
        round: kernel::RoundId::new(lobby(row, first)?, row.get(first + 1)?),
        stake: Stake::from_steps(row.get(first + 2)?)
            .ok_or_else(|| corrupt(first + 2, Type::Integer))?,
        state,
    })
}

/// The columns state, `payout_units`, `released_by`.
pub(super) fn hold_state(state: HoldState) -> (&'static str, Option<i64>, Option<&'static str>) {
    match state {
        HoldState::Reserved => ("reserved", None, None),
        HoldState::Won { payout } => ("won", Some(payout.units()), None),
        HoldState::Lost => ("lost", None, None),
        HoldState::Released(Released::Early) => ("released", None, Some("release")),
        HoldState::Released(Released::Resolved) => ("released", None, Some("resolve")),
        HoldState::Released(Released::Closed) => ("released", None, Some("close")),
    }
}

pub(super) fn round_state(row: &Row<'_>, column: usize) -> Result<RoundState> {
    match row.get_ref(column)?.as_str()? {
        "open" => Ok(RoundState::Open),
        "agreed" => Ok(RoundState::Agreed),
        "disagreed" => Ok(RoundState::Disagreed),
        _ => Err(corrupt(column, Type::Text)),
    }
}

pub(super) const fn round_state_text(state: RoundState) -> &'static str {
    match state {
        RoundState::Open => "open",
        RoundState::Agreed => "agreed",
        RoundState::Disagreed => "disagreed",
    }
}

pub(super) const fn kind_text(kind: Kind) -> &'static str {
    match kind {
        Kind::Funding => "funding",
        Kind::TopUp => "top_up",
        Kind::TakeOut => "take_out",
        Kind::Stake => "stake",
        Kind::Collect => "collect",
        Kind::Payout => "payout",
        Kind::Release => "release",
    }
}

pub(super) fn kind(row: &Row<'_>, column: usize) -> Result<Kind> {
    match row.get_ref(column)?.as_str()? {
        "funding" => Ok(Kind::Funding),
        "top_up" => Ok(Kind::TopUp),
        "take_out" => Ok(Kind::TakeOut),
        "stake" => Ok(Kind::Stake),
        "collect" => Ok(Kind::Collect),
        "payout" => Ok(Kind::Payout),
        "release" => Ok(Kind::Release),
        _ => Err(corrupt(column, Type::Text)),
    }
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

pub(super) const fn outcome(outcome: Outcome) -> (&'static str, i64) {
    match outcome {
        Outcome::Won { payout } => ("won", payout.units()),
        Outcome::Lost => ("lost", 0),
        Outcome::Released => ("released", 0),
    }
}

pub(super) const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Unknown => "unknown",
        Reason::OtherRound => "other_round",
        Reason::Decided => "decided",
        Reason::BadPayout => "bad_payout",
        Reason::HouseShort => "house_short",
    }
}
