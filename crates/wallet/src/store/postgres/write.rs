//! Writes what a batch changed: one statement for each kind of row, whatever the batch's size.
//!
//! A row that was not found is inserted and nothing else: whoever made it meanwhile makes this
//! transaction fail and be decided anew.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Amount, LobbyId, PlayerId};
use ledger::{Account, Changes, Fence, Hold, HoldId, Parked, Rows};
use platform::postgres::{StoreError, Transaction};
use tokio_postgres::types::ToSql;

use super::columns::{self, Result};
use crate::store::words;

/// The place of each player's last movement.
pub(super) type Versions = BTreeMap<PlayerId, u64>;

const FENCES_MADE: &str = "
INSERT INTO ledger_fence
    (lobby, epoch, closed_round, seed_index, seen_round, seen_seed, request)
SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[],
                     $6::BIGINT[], $7::BYTEA[])";
const FENCES_CHANGED: &str = "
UPDATE ledger_fence AS fence SET epoch = new.epoch, closed_round = new.closed_round,
    seed_index = new.seed_index, seen_round = new.seen_round, seen_seed = new.seen_seed,
    request = new.request
FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[], $6::BIGINT[],
            $7::BYTEA[])
    AS new (lobby, epoch, closed_round, seed_index, seen_round, seen_seed, request)
WHERE fence.lobby = new.lobby";
/// Its lobby's house is locked, so nobody else changes the row that this finds or makes.
const ROUNDS: &str = "
INSERT INTO ledger_round (lobby, round, reserved_count, reserved_units, resolved_count,
                          resolved_units, state)
SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[],
                     $6::BIGINT[], $7::TEXT[])
ON CONFLICT (lobby, round) DO UPDATE SET reserved_count = excluded.reserved_count,
    reserved_units = excluded.reserved_units, resolved_count = excluded.resolved_count,
    resolved_units = excluded.resolved_units, state = excluded.state";
const HOLDS_MADE: &str = "
INSERT INTO ledger_hold (player, bet, lobby, round, stake_steps, state, payout_units, released_by)
SELECT * FROM unnest($1::BIGINT[], $2::BYTEA[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[],
                     $6::TEXT[], $7::BIGINT[], $8::TEXT[])";
const HOLDS_DECIDED: &str = "
UPDATE ledger_hold AS hold SET state = new.state, payout_units = new.payout_units,
    released_by = new.released_by
FROM unnest($1::BIGINT[], $2::BYTEA[], $3::TEXT[], $4::BIGINT[], $5::TEXT[])
    AS new (player, bet, state, payout_units, released_by)
WHERE hold.player = new.player AND hold.bet = new.bet AND hold.state = 'reserved'";
const BURIED: &str = "
DELETE FROM ledger_tombstone USING unnest($1::BIGINT[], $2::BIGINT[]) AS gone (lobby, round)
WHERE ledger_tombstone.lobby = gone.lobby AND ledger_tombstone.round = gone.round";
const TOMBSTONES: &str = "
INSERT INTO ledger_tombstone (player, bet, lobby, round)
SELECT * FROM unnest($1::BIGINT[], $2::BYTEA[], $3::BIGINT[], $4::BIGINT[])";
const ACCOUNTS_MADE: &str = "
INSERT INTO ledger_account (kind, id, balance_units, held_units)
SELECT * FROM unnest($1::TEXT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[])";
const ACCOUNTS_CHANGED: &str = "
UPDATE ledger_account AS account
SET balance_units = new.balance_units, held_units = new.held_units
FROM unnest($1::TEXT[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[])
    AS new (kind, id, balance_units, held_units)
WHERE account.kind = new.kind AND account.id = new.id";
const DAYS: &str = "
INSERT INTO ledger_top_up_day (player, day, sum_units)
SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[])
ON CONFLICT (player) DO UPDATE SET day = excluded.day, sum_units = excluded.sum_units";
const TRANSFERS: &str = "
INSERT INTO ledger_transfer (at_ms, kind, reference, player, lobby, round, amount_units,
                             balance_units)
SELECT $1::BIGINT, kind, reference, player, lobby, round, amount_units, balance_units
FROM unnest($2::TEXT[], $3::BYTEA[], $4::BIGINT[], $5::BIGINT[], $6::BIGINT[], $7::BIGINT[],
            $8::BIGINT[]) WITH ORDINALITY
    AS new (kind, reference, player, lobby, round, amount_units, balance_units, place)
ORDER BY place
RETURNING player, seq";
const PARKED: &str = "
INSERT INTO ledger_parked (reason, lobby, round, player, bet, outcome, payout_units, locked_count,
                           locked_units, resolved_count, resolved_units, at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING";

/// Writes all of `changes` to the `rows` they were decided by; whose money moved, each with the
/// place of the last movement.
pub(super) async fn changes(
    tx: &Transaction<'_>,
    changes: &Changes,
    rows: &Rows,
    at_ms: i64,
) -> Result<Versions> {
    // Rounds name their fence, so fences come first; nothing else waits for another's answer.
    fences(tx, changes, rows).await?;
    let (.., versions) = futures_util::try_join!(
        rounds(tx, changes),
        holds(tx, changes),
        tombstones(tx, changes),
        accounts(tx, changes, rows),
        top_up_days(tx, changes),
        parked(tx, changes, at_ms),
        transfers(tx, changes, at_ms),
    )?;
    Ok(versions)
}

/// Runs `sql`, which changes `count` rows or is refused; nothing is sent for none.
async fn write(
    tx: &Transaction<'_>,
    sql: &str,
    count: usize,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    let statement = tx.prepare_cached(sql).await?;
    let changed = tx.execute(&statement, parameters).await?;
    if usize::try_from(changed) == Ok(count) {
        return Ok(());
    }
    Err(StoreError::Failed(format!("{changed} of {count} rows were changed by {sql}")))
}

async fn fences(tx: &Transaction<'_>, changes: &Changes, rows: &Rows) -> Result<()> {
    let (known, new): (Vec<_>, Vec<_>) =
        changes.fences.iter().partition(|(lobby, _)| rows.fences.contains_key(lobby));
    for (sql, fences) in [(FENCES_MADE, new), (FENCES_CHANGED, known)] {
        let column = |value: fn(&Fence) -> i64| -> Vec<i64> {
            fences.iter().map(|(_, fence)| value(fence)).collect()
        };
        let lobbies: Vec<i64> = fences.iter().map(|(lobby, _)| lobby.as_i64()).collect();
        let requests: Vec<&[u8]> = fences.iter().map(|(_, fence)| &fence.request[..]).collect();
        let values: [&(dyn ToSql + Sync); 7] = [
            &lobbies,
            &column(|fence| fence.epoch.0.cast_signed()),
            &column(|fence| i64::from(fence.closed_round)),
            &column(|fence| i64::from(fence.seed_index.0)),
            &column(|fence| i64::from(fence.seen_round)),
            &column(|fence| i64::from(fence.seen_seed.0)),
            &requests,
        ];
        write(tx, sql, fences.len(), &values).await?;
    }
    Ok(())
}

async fn rounds(tx: &Transaction<'_>, changes: &Changes) -> Result<()> {
    let column = |value: fn(&ledger::Round) -> i64| -> Vec<i64> {
        changes.rounds.values().map(value).collect()
    };
    let ids = changes.rounds.keys();
    let (lobbies, numbers): (Vec<i64>, Vec<i64>) =
        ids.map(|round| (round.lobby.as_i64(), i64::from(round.number))).unzip();
    let states = changes.rounds.values().map(|round| words::round_state(round.state));
    let states: Vec<&str> = states.collect();
    let values: [&(dyn ToSql + Sync); 7] = [
        &lobbies,
        &numbers,
        &column(|round| i64::from(round.reserved_count)),
        &column(|round| round.reserved_sum.units()),
        &column(|round| i64::from(round.resolved_count)),
        &column(|round| round.resolved_sum.units()),
        &states,
    ];
    write(tx, ROUNDS, lobbies.len(), &values).await
}

/// Holds as columns: what they are named and how they stand.
#[derive(Default)]
struct HoldColumns<'a> {
    players: Vec<i64>,
    bets: Vec<&'a [u8]>,
    states: Vec<&'static str>,
    payouts: Vec<Option<i64>>,
    released_by: Vec<Option<&'static str>>,
}

impl<'a> HoldColumns<'a> {
    fn of(holds: &'a BTreeMap<HoldId, Hold>) -> Self {
        let mut columns = Self::default();
        for (id, hold) in holds {
            let (state, payout, released_by) = words::hold_state(hold.state);
            columns.players.push(id.player.as_i64());
            columns.bets.push(id.bet.as_bytes());
            columns.states.push(state);
            columns.payouts.push(payout);
            columns.released_by.push(released_by);
        }
        columns
    }
}

async fn holds(tx: &Transaction<'_>, changes: &Changes) -> Result<()> {
    let made = HoldColumns::of(&changes.holds_made);
    let column =
        |value: fn(&Hold) -> i64| -> Vec<i64> { changes.holds_made.values().map(value).collect() };
    let lobbies = column(|hold| hold.round.lobby.as_i64());
    let numbers = column(|hold| i64::from(hold.round.number));
    let stakes = column(|hold| i64::from(hold.stake.steps()));
    let values: [&(dyn ToSql + Sync); 8] = [
        &made.players,
        &made.bets,
        &lobbies,
        &numbers,
        &stakes,
        &made.states,
        &made.payouts,
        &made.released_by,
    ];
    let inserted = write(tx, HOLDS_MADE, made.players.len(), &values);
    let decided = HoldColumns::of(&changes.holds_decided);
    let values: [&(dyn ToSql + Sync); 5] =
        [&decided.players, &decided.bets, &decided.states, &decided.payouts, &decided.released_by];
    let updated = write(tx, HOLDS_DECIDED, decided.players.len(), &values);
    futures_util::try_join!(inserted, updated).map(drop)
}

async fn tombstones(tx: &Transaction<'_>, changes: &Changes) -> Result<()> {
    if !changes.buried.is_empty() {
        let (lobbies, rounds): (Vec<i64>, Vec<i64>) = changes
            .buried
            .iter()
            .map(|round| (round.lobby.as_i64(), i64::from(round.number)))
            .unzip();
        tx.execute(&tx.prepare_cached(BURIED).await?, &[&lobbies, &rounds]).await?;
    }
    let players: Vec<i64> = changes.tombstones.keys().map(|id| id.player.as_i64()).collect();
    let bets: Vec<&[u8]> = changes.tombstones.keys().map(|id| &id.bet.as_bytes()[..]).collect();
    let rounds = changes.tombstones.values();
    let (lobbies, numbers): (Vec<i64>, Vec<i64>) =
        rounds.map(|round| (round.lobby.as_i64(), i64::from(round.number))).unzip();
    write(tx, TOMBSTONES, players.len(), &[&players, &bets, &lobbies, &numbers]).await
}

/// A balance and what its player holds: one row, written once, whichever changed.
async fn accounts(tx: &Transaction<'_>, changes: &Changes, rows: &Rows) -> Result<()> {
    let mut accounts: BTreeSet<Account> = changes.accounts.keys().copied().collect();
    accounts.extend(changes.held.keys().map(|player| Account::Player(*player)));
    let (known, new): (Vec<Account>, Vec<Account>) =
        accounts.into_iter().partition(|account| rows.accounts.contains_key(account));
    for (sql, accounts) in [(ACCOUNTS_MADE, new), (ACCOUNTS_CHANGED, known)] {
        let (kinds, ids): (Vec<&str>, Vec<i64>) =
            accounts.iter().map(|account| words::account(*account)).unzip();
        let units = accounts.iter().map(|account| {
            let balance = changes.accounts.get(account).or_else(|| rows.accounts.get(account));
            let held = match account {
                Account::Player(player) => {
                    changes.held.get(player).or_else(|| rows.held.get(player))
                }
                _ => None,
            };
            let units = |amount: Option<&Amount>| amount.copied().unwrap_or_default().units();
            (units(balance), units(held))
        });
        let (balances, held): (Vec<i64>, Vec<i64>) = units.unzip();
        write(tx, sql, ids.len(), &[&kinds, &ids, &balances, &held]).await?;
    }
    Ok(())
}

async fn top_up_days(tx: &Transaction<'_>, changes: &Changes) -> Result<()> {
    let players: Vec<i64> = changes.top_up_days.keys().map(|player| player.as_i64()).collect();
    let days = changes.top_up_days.values();
    let (days, sums): (Vec<i64>, Vec<i64>) =
        days.map(|day| (i64::from(day.day), day.sum.units())).unzip();
    write(tx, DAYS, players.len(), &[&players, &days, &sums]).await
}

async fn transfers(tx: &Transaction<'_>, changes: &Changes, at_ms: i64) -> Result<Versions> {
    let mut versions = Versions::new();
    let transfers = &changes.transfers;
    if transfers.is_empty() {
        return Ok(versions);
    }
    let kinds: Vec<&str> = transfers.iter().map(|transfer| words::kind(transfer.kind)).collect();
    let references: Vec<&[u8]> = transfers.iter().map(|transfer| &transfer.reference[..]).collect();
    let players = transfers.iter().map(|transfer| transfer.player.map(PlayerId::as_i64));
    let lobbies = transfers.iter().map(|transfer| transfer.lobby.map(LobbyId::as_i64));
    let rounds = transfers.iter().map(|transfer| transfer.round.map(i64::from));
    let amounts: Vec<i64> = transfers.iter().map(|transfer| transfer.amount.units()).collect();
    let balances = transfers.iter().map(|transfer| transfer.balance.map(Amount::units));
    let (players, lobbies): (Vec<Option<i64>>, Vec<Option<i64>>) =
        (players.collect(), lobbies.collect());
    let (rounds, balances): (Vec<Option<i64>>, Vec<Option<i64>>) =
        (rounds.collect(), balances.collect());
    let values: [&(dyn ToSql + Sync); 8] =
        [&at_ms, &kinds, &references, &players, &lobbies, &rounds, &amounts, &balances];
    let statement = tx.prepare_cached(TRANSFERS).await?;
    for row in &tx.query(&statement, &values).await? {
        if row.try_get::<_, Option<i64>>(0)?.is_some() {
            let version = versions.entry(columns::player(row, 0)?).or_default();
            *version = columns::number::<u64>(row, 1)?.max(*version);
        }
    }
    Ok(versions)
}

/// Rare, so one by one. Parking again what is parked changes nothing.
async fn parked(tx: &Transaction<'_>, changes: &Changes, at_ms: i64) -> Result<()> {
    for parked in &changes.parked {
        let (round, reason, hold, outcome, counts) = match *parked {
            Parked::Resolve { hold, round, outcome, reason } => {
                let none = (0, Amount::ZERO);
                (round, words::reason(reason), Some(hold), words::outcome(outcome), [none; 2])
            }
            Parked::Close { round, locked, resolved } => {
                (round, "close", None, ("", 0), [locked, resolved])
            }
        };
        let bet = hold.map_or_else(Vec::new, |hold| hold.bet.as_bytes().to_vec());
        let [locked, resolved] = counts.map(|(count, sum)| (i64::from(count), sum.units()));
        let values: [&(dyn ToSql + Sync); 12] = [
            &reason,
            &round.lobby.as_i64(),
            &i64::from(round.number),
            &hold.map_or(0, |hold| hold.player.as_i64()),
            &bet,
            &outcome.0,
            &outcome.1,
            &locked.0,
            &locked.1,
            &resolved.0,
            &resolved.1,
            &at_ms,
        ];
        tx.execute(&tx.prepare_cached(PARKED).await?, &values).await?;
    }
    Ok(())
}
