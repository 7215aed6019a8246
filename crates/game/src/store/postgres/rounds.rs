//! Rounds: opened, locked, climbing, ended. Each function may run again and then changes nothing.

use engine::Reason;
use kernel::{Amount, Epoch, LobbyId, Multiplier, RoundId};
use platform::postgres::Transaction;
use tokio_postgres::Row;

use super::columns::{self, Result, exactly, execute, get, query, query_one, query_opt};
use super::{bets, outbox};
use crate::store::queued::Queued;
use crate::store::{
    BetRecord, LockRecord, OutboxBody, RoundEnd, RoundRecord, UnfinishedRound, words,
};

pub(super) async fn open(
    tx: &Transaction<'_>,
    round: RoundId,
    epoch: Epoch,
    (chain, at): (u32, i64),
) -> Result<()> {
    let sql = "INSERT INTO round (lobby, round, epoch, chain, state, opened_at)
         VALUES ($1, $2, $3, $4, 'open', $5) ON CONFLICT (lobby, round) DO NOTHING";
    let (lobby, number) = key(round);
    let values = (columns::signed(epoch.0), i64::from(chain));
    execute(tx, sql, &[&lobby, &number, &values.0, &values.1, &at]).await?;
    Ok(())
}

/// The lock record; stored again with a later start if the first came too late for its own.
/// It takes the chain's next seed, that one and no other, and none of a chain that was given up.
pub(super) async fn lock(tx: &Transaction<'_>, record: &LockRecord) -> Result<()> {
    let LockRecord { round, totals, .. } = *record;
    let (lobby, number) = key(round);
    let seed_index = i64::from(record.seed_index);
    let sql = "UPDATE round SET state = 'locked', seed_index = $3, count = $4,
                      stake_sum_units = $5, bets_hash = $6, start_at = $7, locked_at = $8
         WHERE lobby = $1 AND round = $2
           AND ((state = 'open' AND EXISTS (
                    SELECT 1 FROM chain WHERE chain.lobby = round.lobby
                      AND chain.chain = round.chain AND chain.abandoned IS NULL
                      AND chain.public_seed IS NOT NULL AND chain.used + 1 = $3))
                OR (state = 'locked' AND seed_index = $3))";
    let written = execute(
        tx,
        sql,
        &[
            &lobby,
            &number,
            &seed_index,
            &i64::from(totals.count),
            &totals.stake_sum.units(),
            &&record.bets_hash[..],
            &record.start_at,
            &record.at,
        ],
    )
    .await?;
    exactly(1, written, "a round to be locked")?;
    bets::mark(tx, round, &record.bets, record.at).await?;
    let sql = "UPDATE chain SET used = greatest(used, $3)
         WHERE lobby = $1
           AND chain = (SELECT chain FROM round WHERE lobby = $1 AND round = $2)";
    execute(tx, sql, &[&lobby, &number, &seed_index]).await?;
    Ok(())
}

/// One statement for every running round of the node.
pub(super) async fn heartbeats(
    tx: &Transaction<'_>,
    beats: &[(RoundId, Multiplier)],
) -> Result<()> {
    let (lobbies, numbers) = outbox::split(beats.iter().map(|(round, _)| round));
    let centis: Vec<i64> = beats.iter().map(|(_, reached)| i64::from(reached.centi())).collect();
    let sql = "UPDATE round SET heartbeat_centi = greatest(heartbeat_centi, beat.centi)
         FROM (SELECT lobby, round, max(centi) AS centi
               FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[]) AS beat (lobby, round, centi)
               GROUP BY lobby, round) AS beat
         WHERE round.lobby = beat.lobby AND round.round = beat.round AND round.state = 'locked'";
    execute(tx, sql, &[&lobbies, &numbers, &centis]).await?;
    Ok(())
}

pub(super) async fn crash(
    tx: &Transaction<'_>,
    round: RoundId,
    (crash_point, multiplier): (Multiplier, Multiplier),
    at: i64,
) -> Result<()> {
    let sql = "UPDATE round SET state = CASE state WHEN 'locked' THEN 'crashed' ELSE state END,
                      crash_point_centi = $3, multiplier_centi = $4,
                      ended_at = coalesce(ended_at, $5)
         WHERE lobby = $1 AND round = $2
           AND (state = 'locked' OR (state IN ('crashed', 'settled')
                AND crash_point_centi = $3 AND multiplier_centi = $4))";
    let (lobby, number) = key(round);
    let (crash_point, multiplier) = (i64::from(crash_point.centi()), i64::from(multiplier.centi()));
    let written = execute(tx, sql, &[&lobby, &number, &crash_point, &multiplier, &at]).await?;
    // Nothing else may stand there: a round without this crash has another end.
    exactly(1, written, "a round to crash")
}

pub(super) async fn end(tx: &Transaction<'_>, end: &RoundEnd) -> Result<()> {
    let (lobby, number) = key(end.round);
    let state = if end.interrupted.is_some() { "interrupted" } else { "settled" };
    let sql = "UPDATE round SET state = $3, crash_point_centi = $4, multiplier_centi = $5,
                      payout_sum_units = $6, reason = $7, seed = $8,
                      ended_at = coalesce(ended_at, $9)
         WHERE lobby = $1 AND round = $2 AND state IN ('locked', 'crashed')";
    let ended = execute(
        tx,
        sql,
        &[
            &lobby,
            &number,
            &state,
            &i64::from(end.crash_point.centi()),
            &end.multiplier.map(|multiplier| i64::from(multiplier.centi())),
            &end.payout_sum.units(),
            &end.interrupted.map(words::reason),
            &&end.seed[..],
            &end.at,
        ],
    )
    .await?;
    if ended != 1 {
        // Applied before: the state says so, and the outbox rows are there.
        return Ok(());
    }
    let outcomes = bets::end_all(tx, &end.settlements, end.at).await?;
    let close = close_of(tx, end.round).await?;
    outbox::queue(tx, &Queued::end(end.round, &outcomes, close)).await
}

/// Only a round that was never asked for a bet, as the foreign key of bets says too.
pub(super) async fn forget(tx: &Transaction<'_>, round: RoundId) -> Result<()> {
    let (lobby, number) = key(round);
    let sql = "DELETE FROM round WHERE lobby = $1 AND round = $2 AND state = 'open'";
    execute(tx, sql, &[&lobby, &number]).await?;
    Ok(())
}

pub(super) async fn void(
    tx: &Transaction<'_>,
    round: RoundId,
    reason: Reason,
    at: i64,
) -> Result<()> {
    let (lobby, number) = key(round);
    let sql = "UPDATE round SET state = 'voided', reason = $3, ended_at = $4
         WHERE lobby = $1 AND round = $2 AND state = 'open'";
    execute(tx, sql, &[&lobby, &number, &words::reason(reason), &at]).await?;
    bets::release_all(tx, round, at).await?;
    close_unknown(tx, round).await
}

/// A close with a count of 0: whatever is held for the round goes back.
pub(super) async fn close_unknown(tx: &Transaction<'_>, round: RoundId) -> Result<()> {
    let seed_index = seeds_used(tx, round.lobby).await?;
    let close = OutboxBody::Close { count: 0, stake_sum_units: 0, seed_index };
    outbox::queue(tx, &[Queued::close(round, close)]).await
}

/// The close that a locked round's own record asks for.
async fn close_of(tx: &Transaction<'_>, round: RoundId) -> Result<OutboxBody> {
    let seed_index = seeds_used(tx, round.lobby).await?;
    let (lobby, number) = key(round);
    let select = "SELECT count, stake_sum_units FROM round WHERE lobby = $1 AND round = $2";
    let row = query_one(tx, select, &[&lobby, &number]).await?;
    Ok(OutboxBody::Close {
        count: columns::number(&row, "count")?,
        stake_sum_units: get(&row, "stake_sum_units")?,
        seed_index,
    })
}

/// How many seeds of all its chains a lobby has used up.
async fn seeds_used(tx: &Transaction<'_>, lobby: LobbyId) -> Result<u32> {
    let select = "SELECT coalesce(max(seeds_before + used), 0) AS seeds FROM chain
                  WHERE lobby = $1 AND used > 0";
    columns::number(&query_one(tx, select, &[&lobby.as_i64()]).await?, "seeds")
}

/// Call in a transaction that sees one committed state.
pub(super) async fn one(
    tx: &Transaction<'_>,
    round: RoundId,
) -> Result<Option<(RoundRecord, Vec<BetRecord>)>> {
    let (lobby, number) = key(round);
    let select = "SELECT * FROM round WHERE lobby = $1 AND round = $2";
    let Some(row) = query_opt(tx, select, &[&lobby, &number]).await? else { return Ok(None) };
    Ok(Some((record(&row)?, bets::of_round(tx, round).await?)))
}

pub(super) async fn before(
    tx: &Transaction<'_>,
    lobby: LobbyId,
    before: Option<u32>,
    limit: u32,
) -> Result<Vec<RoundRecord>> {
    let before = before.map_or(i64::MAX, i64::from);
    let select = "SELECT * FROM round WHERE lobby = $1 AND round < $2
                  ORDER BY round DESC LIMIT $3";
    let rows = query(tx, select, &[&lobby.as_i64(), &before, &i64::from(limit)]).await?;
    rows.iter().map(record).collect()
}

/// Rounds above `after` that are over, oldest first; one that is not over ends the list. Call in a
/// transaction that sees one committed state.
pub(super) async fn finished(
    tx: &Transaction<'_>,
    lobby: LobbyId,
    after: u32,
    limit: u32,
) -> Result<Vec<(RoundRecord, Vec<BetRecord>)>> {
    let select = "SELECT * FROM round WHERE lobby = $1 AND round > $2 ORDER BY round LIMIT $3";
    let values = (lobby.as_i64(), i64::from(after), i64::from(limit));
    let mut finished = Vec::new();
    for row in &query(tx, select, &[&values.0, &values.1, &values.2]).await? {
        let record = record(row)?;
        if !record.state.is_over() {
            break;
        }
        let bets = bets::of_round(tx, record.round).await?;
        finished.push((record, bets));
    }
    Ok(finished)
}

/// The rounds of a lobby that have no end, with the bets that their lock marked.
pub(super) async fn unfinished(
    tx: &Transaction<'_>,
    lobby: LobbyId,
) -> Result<Vec<UnfinishedRound>> {
    let select = "SELECT * FROM round
         WHERE lobby = $1 AND state IN ('open', 'locked', 'crashed') ORDER BY round";
    let mut unfinished = Vec::new();
    for row in &query(tx, select, &[&lobby.as_i64()]).await? {
        let record = record(row)?;
        let heartbeat = columns::multiplier_if_any(row, "heartbeat_centi")?;
        let bets = bets::marked(tx, record.round).await?;
        unfinished.push(UnfinishedRound { record, heartbeat, bets });
    }
    Ok(unfinished)
}

/// Rounds that ended but are not closed at the wallet, oldest first, with their exposure.
pub(super) async fn unclosed(tx: &Transaction<'_>, lobby: LobbyId) -> Result<Vec<(u32, Amount)>> {
    let select = "SELECT round FROM round WHERE lobby = $1 AND close_agreed IS NULL
           AND state IN ('settled', 'voided', 'interrupted') ORDER BY round";
    let rows = query(tx, select, &[&lobby.as_i64()]).await?;
    let rounds: Vec<u32> =
        rows.iter().map(|row| columns::number(row, "round")).collect::<Result<_>>()?;
    Ok(outbox::exposure(tx, lobby, &rounds).await?.into_iter().collect())
}

pub(super) async fn last(tx: &Transaction<'_>, lobby: LobbyId) -> Result<u32> {
    let select = "SELECT coalesce(max(round), 0) AS last FROM round WHERE lobby = $1";
    columns::number(&query_one(tx, select, &[&lobby.as_i64()]).await?, "last")
}

fn key(round: RoundId) -> (i64, i64) {
    (round.lobby.as_i64(), i64::from(round.number))
}

fn record(row: &Row) -> Result<RoundRecord> {
    Ok(RoundRecord {
        round: RoundId::new(columns::lobby(row, "lobby")?, columns::number(row, "round")?),
        chain: columns::number(row, "chain")?,
        state: columns::state(row, "state")?,
        seed_index: columns::number_if_any(row, "seed_index")?,
        count: columns::number(row, "count")?,
        stake_sum: columns::amount(row, "stake_sum_units")?,
        payout_sum: columns::amount(row, "payout_sum_units")?,
        bets_hash: columns::bytes_if_any(row, "bets_hash")?,
        crash_point: columns::multiplier_if_any(row, "crash_point_centi")?,
        multiplier: columns::multiplier_if_any(row, "multiplier_centi")?,
        seed: columns::bytes_if_any(row, "seed")?,
        opened_at: get(row, "opened_at")?,
        locked_at: get(row, "locked_at")?,
        ended_at: get(row, "ended_at")?,
    })
}
