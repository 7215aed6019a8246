//! Calls to the wallet, queued in the transaction of what caused them.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Amount, Epoch, LobbyId, RoundId};
use platform::postgres::{StoreError, Transaction};

use super::columns::{self, Result, execute, get, query, query_one};
use super::owners;
use crate::store::queued::{OLDEST_UNSETTLED, Queued};
use crate::store::{Acknowledgement, NodeId, OutboxRow, PRUNED_MAX};

/// Queues calls in this order, each once.
pub(super) async fn queue(tx: &Transaction<'_>, rows: &[Queued]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let lobbies: Vec<i64> = rows.iter().map(|row| row.round.lobby.as_i64()).collect();
    let rounds: Vec<i64> = rows.iter().map(|row| i64::from(row.round.number)).collect();
    let parts: Vec<&str> = rows.iter().map(|row| row.part.as_str()).collect();
    let bodies = rows.iter().map(|row| serde_json::to_string(&row.body));
    let bodies: Vec<String> = bodies
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| StoreError::Failed(error.to_string()))?;
    let sql = "INSERT INTO outbox (lobby, round, part, body)
         SELECT lobby, round, part, body
         FROM unnest($1::BIGINT[], $2::BIGINT[], $3::TEXT[], $4::TEXT[]) WITH ORDINALITY
             AS new (lobby, round, part, body, place)
         ORDER BY place ON CONFLICT (lobby, round, part) DO NOTHING";
    execute(tx, sql, &[&lobbies, &rounds, &parts, &bodies]).await?;
    platform::failpoint::reach("outbox.queued");
    Ok(())
}

/// Of lobbies that the node owns and has its lease for.
pub(super) async fn unsent(
    tx: &Transaction<'_>,
    node: NodeId,
    limit: u32,
    except: &[LobbyId],
) -> Result<Vec<OutboxRow>> {
    let except: Vec<i64> = except.iter().map(|lobby| lobby.as_i64()).collect();
    let select = "SELECT id, outbox.lobby, round, body, epoch
         FROM outbox JOIN lobby_owner USING (lobby) JOIN node USING (node)
         WHERE acknowledged_at IS NULL AND node = $1 AND lease_until > clock_timestamp()
           AND lobby <> ALL ($3)
         ORDER BY id LIMIT $2";
    let node = &node.as_bytes()[..];
    let rows = query(tx, select, &[&node, &i64::from(limit), &except]).await?;
    let rows = rows.iter().map(|row| {
        Ok(OutboxRow {
            id: get(row, "id")?,
            round: RoundId::new(columns::lobby(row, "lobby")?, columns::number(row, "round")?),
            epoch: Epoch(columns::number(row, "epoch")?),
            body: columns::json(row, "body")?,
        })
    });
    rows.collect()
}

/// Answers about lobbies that are not owned any more are the next owner's to get.
pub(super) async fn acknowledge(tx: &Transaction<'_>, answers: &Acknowledgement) -> Result<()> {
    let sent: BTreeSet<(LobbyId, Epoch)> =
        answers.rows.iter().map(|row| (row.lobby, row.epoch)).collect();
    let own = owners::share(tx, answers.node, sent).await?;
    let rows = answers.rows.iter().filter(|row| own.get(&row.lobby) == Some(&row.epoch));
    let rows: Vec<i64> = rows.map(|row| row.id).collect();
    execute(tx, "UPDATE outbox SET acknowledged_at = $2 WHERE id = ANY($1)", &[&rows, &answers.at])
        .await?;
    let closed: Vec<_> =
        answers.closed.iter().filter(|closed| own.contains_key(&closed.round.lobby)).collect();
    let rounds: Vec<RoundId> = closed.iter().map(|closed| closed.round).collect();
    let agreed: Vec<bool> = closed.iter().map(|closed| closed.agreed).collect();
    note_closes(tx, &rounds, &agreed).await
}

/// A close that did not agree leaves the round's exposure reserved for ever.
async fn note_closes(tx: &Transaction<'_>, rounds: &[RoundId], agreed: &[bool]) -> Result<()> {
    if rounds.is_empty() {
        return Ok(());
    }
    let (lobbies, numbers) = split(rounds);
    let sql = "UPDATE round SET close_agreed = closed.agreed
         FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BOOLEAN[]) AS closed (lobby, round, agreed)
         WHERE round.lobby = closed.lobby AND round.round = closed.round AND close_agreed IS NULL
         RETURNING round.lobby, round.round, close_agreed";
    for row in &query(tx, sql, &[&lobbies, &numbers, &agreed]).await? {
        if get(row, "close_agreed")? {
            continue;
        }
        let lobby = columns::lobby(row, "lobby")?;
        let kept = exposure(tx, lobby, &[columns::number(row, "round")?]).await?;
        let units: i64 = kept.values().map(|amount| amount.units()).sum();
        let sql = "UPDATE lobby SET kept_exposure_units = kept_exposure_units + $2
                   WHERE lobby = $1";
        execute(tx, sql, &[&lobby.as_i64(), &units]).await?;
    }
    Ok(())
}

/// Rows above `after` go out again if the wallet once answered a close above it.
pub(super) async fn send_again(tx: &Transaction<'_>, lobby: LobbyId, after: u32) -> Result<()> {
    let sql = "UPDATE outbox SET acknowledged_at = NULL
         WHERE lobby = $1 AND round > $2 AND acknowledged_at IS NOT NULL AND EXISTS (
             SELECT 1 FROM round
             WHERE round.lobby = $1 AND round.round > $2 AND close_agreed IS NOT NULL)";
    execute(tx, sql, &[&lobby.as_i64(), &i64::from(after)]).await?;
    Ok(())
}

/// What each of these rounds may cost the house at most.
pub(super) async fn exposure(
    tx: &Transaction<'_>,
    lobby: LobbyId,
    rounds: &[u32],
) -> Result<BTreeMap<u32, Amount>> {
    let mut sums: BTreeMap<u32, Amount> =
        rounds.iter().map(|round| (*round, Amount::ZERO)).collect();
    let numbers: Vec<i64> = rounds.iter().map(|round| i64::from(*round)).collect();
    let select = "SELECT round, sum(stake_steps * cap_centi)::BIGINT AS units FROM bet
                  WHERE lobby = $1 AND round = ANY($2) AND in_round GROUP BY round";
    for row in &query(tx, select, &[&lobby.as_i64(), &numbers]).await? {
        sums.insert(columns::number(row, "round")?, columns::amount(row, "units")?);
    }
    Ok(sums)
}

pub(super) async fn oldest_unsettled(tx: &Transaction<'_>) -> Result<Option<i64>> {
    get(&query_one(tx, OLDEST_UNSETTLED, &[]).await?, "ended_at")
}

pub(super) async fn prune(tx: &Transaction<'_>, before: i64) -> Result<usize> {
    // Rows that somebody else is taking away are left to him.
    let sql = "DELETE FROM outbox WHERE id IN (
         SELECT id FROM outbox WHERE acknowledged_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";
    let pruned = execute(tx, sql, &[&before, &i64::from(PRUNED_MAX)]).await?;
    Ok(usize::try_from(pruned).unwrap_or(usize::MAX))
}

/// Rounds as two columns.
pub(super) fn split<'a>(rounds: impl IntoIterator<Item = &'a RoundId>) -> (Vec<i64>, Vec<i64>) {
    rounds.into_iter().map(|round| (round.lobby.as_i64(), i64::from(round.number))).unzip()
}
