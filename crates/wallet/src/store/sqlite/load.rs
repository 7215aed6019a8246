//! Reads the rows that a batch touches, in key order.

use kernel::{Epoch, RoundId, SeedIndex};
use ledger::{Account, Fence, HoldId, Keys, Kind, Round, Rows, TopUp, TopUpDay};
use rusqlite::{Connection, OptionalExtension, Result, Row, Transaction, params};

use super::columns;
use crate::parked::{Matter, ParkedLine};
use crate::store::words;

/// Everything `keys` names, and the reserved holds of closing rounds with their players.
pub(super) fn rows(tx: &Transaction<'_>, mut keys: Keys) -> Result<Rows> {
    let mut rows = Rows::default();
    fences(tx, &keys, &mut rows)?;
    rounds(tx, &keys, &mut rows)?;
    closing(tx, &mut keys, &mut rows)?;
    holds(tx, &keys, &mut rows)?;
    requests(tx, &keys, &mut rows)?;
    accounts(tx, &keys, &mut rows)?;
    Ok(rows)
}

fn fences(tx: &Transaction<'_>, keys: &Keys, rows: &mut Rows) -> Result<()> {
    let mut select = tx.prepare_cached(
        "SELECT epoch, closed_round, seed_index, seen_round, seen_seed, request
         FROM ledger_fence WHERE lobby = ?1",
    )?;
    for lobby in &keys.fences {
        let read = |row: &Row<'_>| {
            Ok(Fence {
                epoch: Epoch(columns::number(row, 0)?),
                closed_round: row.get(1)?,
                seed_index: SeedIndex(row.get(2)?),
                seen_round: row.get(3)?,
                seen_seed: SeedIndex(row.get(4)?),
                request: row.get(5)?,
            })
        };
        if let Some(fence) = select.query_row([lobby.as_i64()], read).optional()? {
            rows.fences.insert(*lobby, fence);
        }
    }
    Ok(())
}

fn rounds(tx: &Transaction<'_>, keys: &Keys, rows: &mut Rows) -> Result<()> {
    let mut select = tx.prepare_cached(
        "SELECT round, reserved_count, reserved_units, resolved_count, resolved_units, state
         FROM ledger_round WHERE lobby = ?1 AND round = ?2",
    )?;
    for id in &keys.rounds {
        let key = params![id.lobby.as_i64(), id.number];
        if let Some((_, round)) = select.query_row(key, round).optional()? {
            rows.rounds.insert(*id, round);
        }
    }
    let mut select = tx.prepare_cached(
        "SELECT round, reserved_count, reserved_units, resolved_count, resolved_units, state
         FROM ledger_round WHERE lobby = ?1 AND reserved_count > 0",
    )?;
    for lobby in &keys.open_rounds {
        for found in select.query_map([lobby.as_i64()], round)? {
            let (number, round) = found?;
            rows.rounds.insert(RoundId::new(*lobby, number), round);
        }
    }
    Ok(())
}

fn round(row: &Row<'_>) -> Result<(u32, Round)> {
    let round = Round {
        reserved_count: row.get(1)?,
        reserved_sum: columns::amount(row, 2)?,
        resolved_count: row.get(3)?,
        resolved_sum: columns::amount(row, 4)?,
        state: columns::round_state(row, 5)?,
    };
    Ok((row.get(0)?, round))
}

/// The holds that a close may release.
fn closing(tx: &Transaction<'_>, keys: &mut Keys, rows: &mut Rows) -> Result<()> {
    let mut select = tx.prepare_cached(
        "SELECT player, bet, lobby, round, stake_steps, state, payout_units, released_by
         FROM ledger_hold WHERE lobby = ?1 AND round = ?2 AND state = 'reserved'",
    )?;
    for id in keys.closing.clone() {
        let read = |row: &Row<'_>| {
            let id = HoldId { player: columns::player(row, 0)?, bet: columns::bet(row, 1)? };
            Ok((id, columns::hold(row, 2)?))
        };
        for found in select.query_map(params![id.lobby.as_i64(), id.number], read)? {
            let (id, hold) = found?;
            keys.add_reserved(id);
            rows.holds.insert(id, hold);
        }
    }
    Ok(())
}

fn holds(tx: &Transaction<'_>, keys: &Keys, rows: &mut Rows) -> Result<()> {
    let mut hold = tx.prepare_cached(
        "SELECT lobby, round, stake_steps, state, payout_units, released_by
         FROM ledger_hold WHERE player = ?1 AND bet = ?2",
    )?;
    let mut tombstone = tx.prepare_cached(
        "SELECT lobby, round FROM ledger_tombstone WHERE player = ?1 AND bet = ?2",
    )?;
    for id in &keys.holds {
        let key = params![id.player.as_i64(), id.bet.as_bytes()];
        let found = hold.query_row(key, |row| columns::hold(row, 0)).optional()?;
        if let Some(found) = found {
            rows.holds.insert(*id, found);
            continue;
        }
        let read = |row: &Row<'_>| Ok(RoundId::new(columns::lobby(row, 0)?, row.get(1)?));
        let key = params![id.player.as_i64(), id.bet.as_bytes()];
        if let Some(round) = tombstone.query_row(key, read).optional()? {
            rows.tombstones.insert(*id, round);
        }
    }
    Ok(())
}

fn requests(tx: &Transaction<'_>, keys: &Keys, rows: &mut Rows) -> Result<()> {
    let mut made = tx.prepare_cached(
        "SELECT kind, amount_units, balance_units FROM ledger_transfer
         WHERE player = ?1 AND reference = ?2 AND kind IN ('top_up', 'take_out')",
    )?;
    for (player, request) in &keys.requests {
        let read = |row: &Row<'_>| {
            let (kind, amount) = (columns::kind(row, 0)?, columns::amount(row, 1)?);
            let moved = if kind == Kind::TakeOut { -amount } else { amount };
            Ok(TopUp { moved, balance: columns::amount(row, 2)? })
        };
        if let Some(made) = made.query_row(params![player.as_i64(), request], read).optional()? {
            rows.requests.insert((*player, *request), made);
        }
    }
    let mut day =
        tx.prepare_cached("SELECT day, sum_units FROM ledger_top_up_day WHERE player = ?1")?;
    for player in &keys.top_up_days {
        let read = |row: &Row<'_>| Ok(TopUpDay { day: row.get(0)?, sum: columns::amount(row, 1)? });
        if let Some(day) = day.query_row([player.as_i64()], read).optional()? {
            rows.top_up_days.insert(*player, day);
        }
    }
    Ok(())
}

fn accounts(tx: &Transaction<'_>, keys: &Keys, rows: &mut Rows) -> Result<()> {
    let mut select = tx.prepare_cached(
        "SELECT balance_units, held_units FROM ledger_account WHERE kind = ?1 AND id = ?2",
    )?;
    for account in &keys.accounts {
        let read = |row: &Row<'_>| Ok((columns::amount(row, 0)?, columns::amount(row, 1)?));
        let found = select.query_row(words::account(*account), read).optional()?;
        let Some((balance, held)) = found else { continue };
        rows.accounts.insert(*account, balance);
        if let Account::Player(player) = account {
            rows.held.insert(*player, held);
        }
    }
    Ok(())
}

/// What is parked, oldest first.
pub(crate) fn parked(connection: &Connection, limit: u32) -> Result<Vec<ParkedLine>> {
    parked_for(connection, "%", limit)
}

/// What is parked for a reason, a pattern of `LIKE`, oldest first.
pub(super) fn parked_for(
    connection: &Connection,
    reason: &str,
    limit: u32,
) -> Result<Vec<ParkedLine>> {
    let mut select = connection.prepare_cached(
        "SELECT at_ms, lobby, round, reason, player, bet, outcome, payout_units, locked_count,
                locked_units, resolved_count, resolved_units
         FROM ledger_parked WHERE reason LIKE ?1
         ORDER BY at_ms, lobby, round, player, bet LIMIT ?2",
    )?;
    let line = |row: &Row<'_>| {
        let reason: String = row.get(3)?;
        let matter = if reason == "close" {
            Matter::Close {
                locked: (row.get(8)?, columns::amount(row, 9)?),
                resolved: (row.get(10)?, columns::amount(row, 11)?),
            }
        } else {
            let (player, bet) = (columns::player(row, 4)?, columns::bet(row, 5)?);
            let (outcome, payout) = (row.get(6)?, columns::amount(row, 7)?);
            Matter::Resolve { player, bet, outcome, payout, reason }
        };
        let round = RoundId::new(columns::lobby(row, 1)?, row.get(2)?);
        Ok(ParkedLine { at_ms: row.get(0)?, round, matter })
    };
    select.query_map(params![reason, limit], line)?.collect()
}
