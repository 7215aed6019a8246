//! Calls to the wallet, queued in the transaction of what caused them.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Epoch, LobbyId, RoundId};
use rusqlite::{Connection, Result, Transaction, params};

use super::super::queued::{OLDEST_UNSETTLED, Queued};
use super::super::{Acknowledgement, AnsweredRow, ClosedRound, OutboxRow, PRUNED_MAX};
use super::columns;
use super::owners::Claims;

/// Queues a call, once.
pub(super) fn queue(tx: &Transaction<'_>, row: &Queued) -> Result<()> {
    let Queued { round, part, body } = row;
    let body = serde_json::to_string(body)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    tx.prepare_cached(
        "INSERT INTO outbox (lobby, round, part, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (lobby, round, part) DO NOTHING",
    )?
    .execute(params![round.lobby.as_i64(), round.number, part, body])?;
    platform::failpoint::reach("outbox.queued");
    Ok(())
}

pub(super) fn unsent(
    connection: &Connection,
    limit: u32,
    except: &[LobbyId],
) -> Result<Vec<OutboxRow>> {
    let except: Vec<u64> = except.iter().map(|lobby| lobby.get()).collect();
    let except = serde_json::to_string(&except)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let mut statement = connection.prepare_cached(
        "SELECT id, outbox.lobby, round, body, epoch
         FROM outbox JOIN lobby ON lobby.lobby = outbox.lobby
         WHERE acknowledged_at IS NULL
           AND outbox.lobby NOT IN (SELECT value FROM json_each(?2))
         ORDER BY id LIMIT ?1",
    )?;
    let rows = statement.query_map(params![limit, except], |row| {
        let body: String = row.get("body")?;
        let body = serde_json::from_str(&body).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
        })?;
        Ok(OutboxRow {
            id: row.get("id")?,
            round: RoundId::new(columns::lobby(row, "lobby")?, row.get("round")?),
            epoch: Epoch(columns::unsigned(row, "epoch")?),
            body,
        })
    })?;
    rows.collect()
}

/// Answers about lobbies that are not owned any more are the next owner's to get.
pub(super) fn acknowledge(
    tx: &Transaction<'_>,
    answers: &Acknowledgement,
    claims: &Claims,
) -> Result<()> {
    let mut acknowledge =
        tx.prepare_cached("UPDATE outbox SET acknowledged_at = ?2 WHERE id = ?1")?;
    let mut owned = BTreeSet::new();
    let own = |row: &&AnsweredRow| claims.own(row.lobby, row.epoch);
    for row in answers.rows.iter().filter(own) {
        acknowledge.execute(params![row.id, answers.at])?;
        owned.insert(row.lobby);
    }
    let own = |closed: &&ClosedRound| owned.contains(&closed.round.lobby);
    answers.closed.iter().filter(own).try_for_each(|closed| note_close(tx, *closed))
}

/// Rows above `after` go out again if the wallet once answered a close above it.
pub(super) fn send_again(tx: &Transaction<'_>, lobby: LobbyId, after: u32) -> Result<()> {
    tx.prepare_cached(
        "UPDATE outbox SET acknowledged_at = NULL
         WHERE lobby = ?1 AND round > ?2 AND acknowledged_at IS NOT NULL AND EXISTS (
             SELECT 1 FROM round
             WHERE round.lobby = ?1 AND round.round > ?2 AND close_agreed IS NOT NULL)",
    )?
    .execute(params![lobby.as_i64(), after])?;
    Ok(())
}

/// A close that did not agree leaves the round's exposure reserved until an operator settles.
fn note_close(tx: &Transaction<'_>, closed: ClosedRound) -> Result<()> {
    let (lobby, number) = (closed.round.lobby.as_i64(), closed.round.number);
    let noted = tx
        .prepare_cached(
            "UPDATE round SET close_agreed = ?3
             WHERE lobby = ?1 AND round = ?2 AND close_agreed IS NULL",
        )?
        .execute(params![lobby, number, closed.agreed])?;
    if noted == 1 && !closed.agreed {
        keep_exposure(tx, closed.round, 1)?;
    }
    Ok(())
}

/// Adds `times` the round's exposure to what the lobby keeps.
fn keep_exposure(tx: &Transaction<'_>, round: RoundId, times: i64) -> Result<()> {
    let kept = exposure(tx, round.lobby, &[round.number])?;
    let units: i64 = kept.values().map(|amount| amount.units()).sum();
    tx.prepare_cached(
        "UPDATE lobby SET kept_exposure_units = kept_exposure_units + ?2 WHERE lobby = ?1",
    )?
    .execute(params![round.lobby.as_i64(), times * units])?;
    Ok(())
}

/// Rounds whose close did not agree, in order.
pub(crate) fn disagreed(
    connection: &Connection,
    after: Option<RoundId>,
    limit: u32,
) -> Result<Vec<RoundId>> {
    let (lobby, number) =
        after.map_or((0, 0), |round| (round.lobby.as_i64(), i64::from(round.number)));
    let mut statement = connection.prepare_cached(
        "SELECT lobby, round FROM round
         WHERE close_agreed = 0 AND (lobby, round) > (?1, ?2) ORDER BY lobby, round LIMIT ?3",
    )?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(RoundId::new(columns::lobby(row, "lobby")?, row.get("round")?))
    };
    statement.query_map(params![lobby, number, limit], read)?.collect()
}

/// These closes agree after all: their exposure is not kept any more. How many did not before.
pub(crate) fn free_exposure(tx: &Transaction<'_>, rounds: &[RoundId]) -> Result<usize> {
    let mut freed = 0;
    for round in rounds {
        let agreed = tx
            .prepare_cached(
                "UPDATE round SET close_agreed = 1
                 WHERE lobby = ?1 AND round = ?2 AND close_agreed = 0",
            )?
            .execute(params![round.lobby.as_i64(), round.number])?;
        if agreed == 1 {
            keep_exposure(tx, *round, -1)?;
            freed += 1;
        }
    }
    Ok(freed)
}

/// What each of these rounds may cost the house at most.
pub(super) fn exposure(
    connection: &Connection,
    lobby: LobbyId,
    rounds: &[u32],
) -> Result<BTreeMap<u32, kernel::Amount>> {
    let mut statement = connection.prepare_cached(
        "SELECT COALESCE(SUM(stake_steps * cap_centi), 0) FROM bet
         WHERE lobby = ?1 AND round = ?2 AND in_round = 1",
    )?;
    let mut sums = BTreeMap::new();
    for round in rounds {
        let units: i64 = statement.query_row(params![lobby.as_i64(), round], |row| row.get(0))?;
        sums.insert(*round, kernel::Amount::from_units(units));
    }
    Ok(sums)
}

pub(super) fn oldest_unsettled(connection: &Connection) -> Result<Option<i64>> {
    connection.prepare_cached(OLDEST_UNSETTLED)?.query_row([], |row| row.get("ended_at"))
}

pub(super) fn prune(tx: &Transaction<'_>, before: i64) -> Result<usize> {
    tx.prepare_cached(
        "DELETE FROM outbox WHERE id IN
         (SELECT id FROM outbox WHERE acknowledged_at < ?1 LIMIT ?2)",
    )?
    .execute(params![before, PRUNED_MAX])
}
