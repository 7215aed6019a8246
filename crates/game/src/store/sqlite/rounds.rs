//! Rounds: opened, locked, climbing, ended. Each function may run again and then changes nothing.

use engine::Reason;
use kernel::{Amount, Epoch, LobbyId, Multiplier, RoundId};
use rusqlite::{Connection, OptionalExtension, Result, Row, Transaction, params};

use super::super::queued::Queued;
use super::super::{
    BetRecord, LockRecord, OutboxBody, RoundEnd, RoundRecord, UnfinishedRound, words,
};
use super::{bets, columns, outbox};

const COLUMNS: &str = "lobby, round, chain, state, seed_index, count, stake_sum_units,
    payout_sum_units, bets_hash, heartbeat_centi, crash_point_centi, multiplier_centi, seed,
    opened_at, locked_at, ended_at";

pub(super) fn open(
    tx: &Transaction<'_>,
    round: RoundId,
    epoch: Epoch,
    chain: u32,
    at: i64,
) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO round (lobby, round, epoch, chain, state, opened_at)
         VALUES (?1, ?2, ?3, ?4, 'open', ?5) ON CONFLICT (lobby, round) DO NOTHING",
    )?
    .execute(params![
        round.lobby.as_i64(),
        round.number,
        columns::signed(epoch.0),
        chain,
        at
    ])?;
    Ok(())
}

/// The lock record; stored again with a later start if the first came too late for its own.
/// It takes the chain's next seed, that one and no other, and none of a chain that was given up.
pub(super) fn lock(tx: &Transaction<'_>, record: &LockRecord) -> Result<()> {
    let LockRecord { round, totals, .. } = *record;
    let written = tx
        .prepare_cached(
            "UPDATE round SET state = 'locked', seed_index = ?3, count = ?4, stake_sum_units = ?5,
                              bets_hash = ?6, start_at = ?7, locked_at = ?8
             WHERE lobby = ?1 AND round = ?2
               AND ((state = 'open' AND EXISTS (
                        SELECT 1 FROM chain WHERE chain.lobby = round.lobby
                          AND chain.chain = round.chain AND chain.abandoned IS NULL
                          AND chain.public_seed IS NOT NULL AND chain.used + 1 = ?3))
                    OR (state = 'locked' AND seed_index = ?3))",
        )?
        .execute(params![
            round.lobby.as_i64(),
            round.number,
            record.seed_index,
            totals.count,
            totals.stake_sum.units(),
            record.bets_hash,
            record.start_at,
            record.at,
        ])?;
    if written != 1 {
        return Err(rusqlite::Error::QueryReturnedNoRows);
    }
    bets::mark(tx, round, &record.bets, record.at)?;
    tx.prepare_cached(
        "UPDATE chain SET used = max(used, ?3) WHERE lobby = ?1
         AND chain = (SELECT chain FROM round WHERE lobby = ?1 AND round = ?2)",
    )?
    .execute(params![round.lobby.as_i64(), round.number, record.seed_index])?;
    Ok(())
}

/// One statement for every running round of the node.
pub(super) fn heartbeats(tx: &Transaction<'_>, beats: &[(RoundId, Multiplier)]) -> Result<()> {
    let beats: Vec<_> = beats
        .iter()
        .map(|(round, multiplier)| (round.lobby.get(), round.number, multiplier.centi()))
        .collect();
    let beats = serde_json::to_string(&beats)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    tx.prepare_cached(
        "UPDATE round SET heartbeat_centi = max(coalesce(heartbeat_centi, 0), beat.value ->> 2)
         FROM json_each(?1) AS beat
         WHERE round.lobby = beat.value ->> 0 AND round.round = beat.value ->> 1
           AND round.state = 'locked'",
    )?
    .execute([beats])?;
    Ok(())
}

pub(super) fn crash(
    tx: &Transaction<'_>,
    round: RoundId,
    crash_point: Multiplier,
    multiplier: Multiplier,
    at: i64,
) -> Result<()> {
    let written = tx
        .prepare_cached(
            "UPDATE round SET state = iif(state = 'locked', 'crashed', state),
                              crash_point_centi = ?3, multiplier_centi = ?4,
                              ended_at = coalesce(ended_at, ?5)
             WHERE lobby = ?1 AND round = ?2
               AND (state = 'locked' OR (state IN ('crashed', 'settled')
                    AND crash_point_centi = ?3 AND multiplier_centi = ?4))",
        )?
        .execute(params![
            round.lobby.as_i64(),
            round.number,
            crash_point.centi(),
            multiplier.centi(),
            at
        ])?;
    // Nothing else may stand there: a round without this crash has another end.
    if written == 1 { Ok(()) } else { Err(rusqlite::Error::QueryReturnedNoRows) }
}

pub(super) fn end(tx: &Transaction<'_>, end: &RoundEnd) -> Result<()> {
    let round = end.round;
    let state = if end.interrupted.is_some() { "interrupted" } else { "settled" };
    let ended = tx
        .prepare_cached(
            "UPDATE round SET state = ?3, crash_point_centi = ?4, multiplier_centi = ?5,
                              payout_sum_units = ?6, reason = ?7, seed = ?8,
                              ended_at = coalesce(ended_at, ?9)
             WHERE lobby = ?1 AND round = ?2 AND state IN ('locked', 'crashed')",
        )?
        .execute(params![
            round.lobby.as_i64(),
            round.number,
            state,
            end.crash_point.centi(),
            end.multiplier.map(Multiplier::centi),
            end.payout_sum.units(),
            end.interrupted.map(words::reason),
            end.seed,
            end.at,
        ])?;
    if ended != 1 {
        // Applied before: the state says so, and the outbox rows are there.
        return Ok(());
    }
    let outcomes = bets::end_all(tx, &end.settlements, end.at)?;
    let close = close_of(tx, round)?;
    Queued::end(round, &outcomes, close).iter().try_for_each(|row| outbox::queue(tx, row))
}

/// Only a round that was never asked for a bet, as the foreign key of bets says too.
pub(super) fn forget(tx: &Transaction<'_>, round: RoundId) -> Result<()> {
    tx.prepare_cached("DELETE FROM round WHERE lobby = ?1 AND round = ?2 AND state = 'open'")?
        .execute(params![round.lobby.as_i64(), round.number])?;
    Ok(())
}

pub(super) fn void(tx: &Transaction<'_>, round: RoundId, reason: Reason, at: i64) -> Result<()> {
    tx.prepare_cached(
        "UPDATE round SET state = 'voided', reason = ?3, ended_at = ?4
         WHERE lobby = ?1 AND round = ?2 AND state = 'open'",
    )?
    .execute(params![round.lobby.as_i64(), round.number, words::reason(reason), at])?;
    bets::release_all(tx, round, at)?;
    close_unknown(tx, round)
}

/// A close with a count of 0: whatever is held for the round goes back.
pub(super) fn close_unknown(tx: &Transaction<'_>, round: RoundId) -> Result<()> {
    let seed_index = seeds_used(tx, round.lobby)?;
    let close = OutboxBody::Close { count: 0, stake_sum_units: 0, seed_index };
    outbox::queue(tx, &Queued::close(round, close))
}

/// The close that a locked round's own record asks for.
fn close_of(tx: &Transaction<'_>, round: RoundId) -> Result<OutboxBody> {
    let seed_index = seeds_used(tx, round.lobby)?;
    tx.prepare_cached("SELECT count, stake_sum_units FROM round WHERE lobby = ?1 AND round = ?2")?
        .query_row(params![round.lobby.as_i64(), round.number], |row| {
            Ok(OutboxBody::Close { count: row.get(0)?, stake_sum_units: row.get(1)?, seed_index })
        })
}

/// How many seeds of all its chains a lobby has used up.
fn seeds_used(tx: &Transaction<'_>, lobby: LobbyId) -> Result<u32> {
    tx.prepare_cached(
        "SELECT coalesce(max(seeds_before + used), 0) FROM chain WHERE lobby = ?1 AND used > 0",
    )?
    .query_row([lobby.as_i64()], |row| row.get(0))
}

pub(super) fn one(
    connection: &Connection,
    round: RoundId,
) -> Result<Option<(RoundRecord, Vec<BetRecord>)>> {
    let sql = format!("SELECT {COLUMNS} FROM round WHERE lobby = ?1 AND round = ?2");
    let found = connection
        .prepare_cached(&sql)?
        .query_row(params![round.lobby.as_i64(), round.number], record)
        .optional()?;
    found.map(|found| Ok((found, bets::of_round(connection, round)?))).transpose()
}

pub(super) fn before(
    connection: &Connection,
    lobby: LobbyId,
    before: Option<u32>,
    limit: u32,
) -> Result<Vec<RoundRecord>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM round WHERE lobby = ?1 AND round < ?2 ORDER BY round DESC LIMIT ?3"
    );
    let before = before.map_or(i64::MAX, i64::from);
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![lobby.as_i64(), before, limit], record)?;
    rows.collect()
}

/// Rounds above `after` that are over, oldest first; one that is not over ends the list.
pub(super) fn finished(
    connection: &Connection,
    lobby: LobbyId,
    after: u32,
    limit: u32,
) -> Result<Vec<(RoundRecord, Vec<BetRecord>)>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM round WHERE lobby = ?1 AND round > ?2 ORDER BY round LIMIT ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![lobby.as_i64(), after, limit], record)?;
    let mut finished = Vec::new();
    for row in rows {
        let row = row?;
        if !row.state.is_over() {
            break;
        }
        let bets = bets::of_round(connection, row.round)?;
        finished.push((row, bets));
    }
    Ok(finished)
}

/// The rounds of a lobby that have no end, with the bets that their lock marked.
pub(super) fn unfinished(connection: &Connection, lobby: LobbyId) -> Result<Vec<UnfinishedRound>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM round
         WHERE lobby = ?1 AND state IN ('open', 'locked', 'crashed') ORDER BY round"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([lobby.as_i64()], |row| {
        Ok((record(row)?, columns::multiplier_if_any(row, "heartbeat_centi")?))
    })?;
    let mut unfinished = Vec::new();
    for row in rows {
        let (record, heartbeat) = row?;
        let stored = bets::marked(connection, record.round)?;
        unfinished.push(UnfinishedRound { record, heartbeat, bets: stored });
    }
    Ok(unfinished)
}

/// Rounds that ended but are not closed at the wallet, oldest first, with their exposure.
pub(super) fn unclosed(connection: &Connection, lobby: LobbyId) -> Result<Vec<(u32, Amount)>> {
    let mut statement = connection.prepare_cached(
        "SELECT round FROM round WHERE lobby = ?1 AND close_agreed IS NULL
           AND state IN ('settled', 'voided', 'interrupted') ORDER BY round",
    )?;
    let rounds: Vec<u32> =
        statement.query_map([lobby.as_i64()], |row| row.get(0))?.collect::<Result<_>>()?;
    let exposure = outbox::exposure(connection, lobby, &rounds)?;
    Ok(rounds.into_iter().map(|round| (round, exposure[&round])).collect())
}

pub(super) fn last(connection: &Connection, lobby: LobbyId) -> Result<u32> {
    connection
        .prepare_cached("SELECT coalesce(max(round), 0) FROM round WHERE lobby = ?1")?
        .query_row([lobby.as_i64()], |row| row.get(0))
}

fn record(row: &Row<'_>) -> Result<RoundRecord> {
    Ok(RoundRecord {
        round: RoundId::new(columns::lobby(row, "lobby")?, row.get("round")?),
        chain: row.get("chain")?,
        state: columns::state(row, "state")?,
        seed_index: row.get("seed_index")?,
        count: row.get("count")?,
        stake_sum: columns::amount(row, "stake_sum_units")?,
        payout_sum: columns::amount(row, "payout_sum_units")?,
        bets_hash: row.get("bets_hash")?,
        crash_point: columns::multiplier_if_any(row, "crash_point_centi")?,
        multiplier: columns::multiplier_if_any(row, "multiplier_centi")?,
        seed: row.get("seed")?,
        opened_at: row.get("opened_at")?,
        locked_at: row.get("locked_at")?,
        ended_at: row.get("ended_at")?,
    })
}
