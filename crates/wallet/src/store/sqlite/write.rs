//! Writes what a batch changed: each changed row once, transfers in order.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Amount, LobbyId, PlayerId};
use ledger::{Account, Changes, Hold, HoldId, Parked};
use rusqlite::{Error, Result, Transaction, params};

use crate::store::words;

/// The place of each player's last movement.
pub(super) type Versions = BTreeMap<PlayerId, u64>;

/// Writes all of `changes`, dating transfers and parked conflicts `at_ms`; whose money moved, each
/// with the place of the last movement.
pub(super) fn changes(tx: &Transaction<'_>, changes: &Changes, at_ms: i64) -> Result<Versions> {
    lobbies(tx, changes)?;
    holds(tx, changes)?;
    tombstones(tx, changes)?;
    accounts(tx, changes)?;
    players(tx, changes)?;
    top_up_days(tx, changes)?;
    for parked in &changes.parked {
        park(tx, parked, at_ms)?;
    }
    transfers(tx, changes, at_ms)
}

fn lobbies(tx: &Transaction<'_>, changes: &Changes) -> Result<()> {
    let mut fence = tx.prepare_cached(
        "INSERT INTO ledger_fence (lobby, epoch, closed_round, seed_index, seen_round, seen_seed,
                                   request)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (lobby) DO UPDATE SET epoch = excluded.epoch,
             closed_round = excluded.closed_round, seed_index = excluded.seed_index,
             seen_round = excluded.seen_round, seen_seed = excluded.seen_seed,
             request = excluded.request",
    )?;
    for (lobby, row) in &changes.fences {
        fence.execute(params![
            lobby.as_i64(),
            row.epoch.0.cast_signed(),
            row.closed_round,
            row.seed_index.0,
            row.seen_round,
            row.seen_seed.0,
            row.request,
        ])?;
    }
    let mut tally = tx.prepare_cached(
        "INSERT INTO ledger_round (lobby, round, reserved_count, reserved_units, resolved_count,
                                   resolved_units, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (lobby, round) DO UPDATE SET reserved_count = excluded.reserved_count,
             reserved_units = excluded.reserved_units, resolved_count = excluded.resolved_count,
             resolved_units = excluded.resolved_units, state = excluded.state",
    )?;
    for (id, round) in &changes.rounds {
        tally.execute(params![
            id.lobby.as_i64(),
            id.number,
            round.reserved_count,
            round.reserved_sum.units(),
            round.resolved_count,
            round.resolved_sum.units(),
            words::round_state(round.state),
        ])?;
    }
    Ok(())
}

fn holds(tx: &Transaction<'_>, changes: &Changes) -> Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO ledger_hold (player, bet, lobby, round, stake_steps, state, payout_units,
                                  released_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (HoldId { player, bet }, hold) in &changes.holds_made {
        let Hold { round, stake, state } = hold;
        let (state, payout, released_by) = words::hold_state(*state);
        insert.execute(params![
            player.as_i64(),
            bet.as_bytes(),
            round.lobby.as_i64(),
            round.number,
            stake.steps(),
            state,
            payout,
            released_by,
        ])?;
    }
    let mut update = tx.prepare_cached(
        "UPDATE ledger_hold SET state = ?3, payout_units = ?4, released_by = ?5
         WHERE player = ?1 AND bet = ?2 AND state = 'reserved'",
    )?;
    for (HoldId { player, bet }, hold) in &changes.holds_decided {
        let (state, payout, released_by) = words::hold_state(hold.state);
        let key = (player.as_i64(), bet.as_bytes());
        let updated = update.execute(params![key.0, key.1, state, payout, released_by])?;
        if updated != 1 {
            return Err(Error::StatementChangedRows(updated));
        }
    }
    Ok(())
}

fn tombstones(tx: &Transaction<'_>, changes: &Changes) -> Result<()> {
    let mut bury =
        tx.prepare_cached("DELETE FROM ledger_tombstone WHERE lobby = ?1 AND round = ?2")?;
    for round in &changes.buried {
        bury.execute(params![round.lobby.as_i64(), round.number])?;
    }
    let mut insert = tx.prepare_cached(
        "INSERT INTO ledger_tombstone (player, bet, lobby, round) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (HoldId { player, bet }, round) in &changes.tombstones {
        let lobby = round.lobby.as_i64();
        insert.execute(params![player.as_i64(), bet.as_bytes(), lobby, round.number])?;
    }
    Ok(())
}

fn accounts(tx: &Transaction<'_>, changes: &Changes) -> Result<()> {
    // Two statements: an upsert on a table without rowid costs more than both (measured).
    let mut update = tx.prepare_cached(
        "UPDATE ledger_account SET balance_units = ?3 WHERE kind = ?1 AND id = ?2",
    )?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO ledger_account (kind, id, balance_units) VALUES (?1, ?2, ?3)",
    )?;
    for (account, amount) in &changes.accounts {
        if matches!(account, Account::Player(_)) {
            continue;
        }
        let (kind, id) = words::account(*account);
        if update.execute(params![kind, id, amount.units()])? == 0 {
            insert.execute(params![kind, id, amount.units()])?;
        }
    }
    Ok(())
}

/// A player's balance and what the player holds: one row, written once, whichever changed.
fn players(tx: &Transaction<'_>, changes: &Changes) -> Result<()> {
    let mut update = tx.prepare_cached(
        "UPDATE ledger_account SET balance_units = coalesce(?2, balance_units),
             held_units = coalesce(?3, held_units)
         WHERE kind = 'player' AND id = ?1",
    )?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO ledger_account (kind, id, balance_units, held_units)
         VALUES ('player', ?1, coalesce(?2, 0), coalesce(?3, 0))",
    )?;
    let mut players: BTreeSet<PlayerId> = changes.held.keys().copied().collect();
    players.extend(changes.accounts.keys().filter_map(|account| match account {
        Account::Player(player) => Some(*player),
        _ => None,
    }));
    for player in players {
        let balance = changes.accounts.get(&Account::Player(player)).copied();
        let (balance, held) = (balance.map(Amount::units), changes.held.get(&player));
        let row = params![player.as_i64(), balance, held.copied().map(Amount::units)];
        if update.execute(row)? == 0 {
            insert.execute(row)?;
        }
    }
    Ok(())
}

fn top_up_days(tx: &Transaction<'_>, changes: &Changes) -> Result<()> {
    let mut day = tx.prepare_cached(
        "INSERT INTO ledger_top_up_day (player, day, sum_units) VALUES (?1, ?2, ?3)
         ON CONFLICT (player) DO UPDATE SET day = excluded.day, sum_units = excluded.sum_units",
    )?;
    for (player, top_ups) in &changes.top_up_days {
        day.execute(params![player.as_i64(), top_ups.day, top_ups.sum.units()])?;
    }
    Ok(())
}

fn transfers(tx: &Transaction<'_>, changes: &Changes, at_ms: i64) -> Result<Versions> {
    let mut versions = Versions::new();
    let mut insert = tx.prepare_cached(
        "INSERT INTO ledger_transfer (at_ms, kind, reference, player, lobby, round, amount_units,
                                      balance_units)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for transfer in &changes.transfers {
        insert.execute(params![
            at_ms,
            words::kind(transfer.kind),
            transfer.reference,
            transfer.player.map(PlayerId::as_i64),
            transfer.lobby.map(LobbyId::as_i64),
            transfer.round,
            transfer.amount.units(),
            transfer.balance.map(Amount::units),
        ])?;
        if let Some(player) = transfer.player {
            versions.insert(player, tx.last_insert_rowid().cast_unsigned());
        }
    }
    Ok(versions)
}

/// Parking again what is parked changes nothing.
fn park(tx: &Transaction<'_>, parked: &Parked, at_ms: i64) -> Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO ledger_parked (reason, lobby, round, player, bet, outcome, payout_units,
                                    locked_count, locked_units, resolved_count, resolved_units,
                                    at_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT DO NOTHING",
    )?;
    match *parked {
        Parked::Resolve { hold, round, outcome, reason } => {
            let (lobby, number) = (round.lobby.as_i64(), round.number);
            let (player, bet) = (hold.player.as_i64(), hold.bet.as_bytes());
            let (outcome, payout) = words::outcome(outcome);
            let reason = words::reason(reason);
            let values =
                params![reason, lobby, number, player, bet, outcome, payout, 0, 0, 0, 0, at_ms];
            insert.execute(values)?;
        }
        Parked::Close { round, locked, resolved } => {
            let (lobby, number, nobody, no_bet) =
                (round.lobby.as_i64(), round.number, 0, [0_u8; 0]);
            let (locked_sum, resolved_sum) = (locked.1.units(), resolved.1.units());
            insert.execute(params![
                "close",
                lobby,
                number,
                nobody,
                &no_bet[..],
                "",
                0,
                locked.0,
                locked_sum,
                resolved.0,
                resolved_sum,
                at_ms
            ])?;
        }
    }
    Ok(())
}
