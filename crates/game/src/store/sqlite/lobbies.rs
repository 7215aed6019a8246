//! Lobbies, and what a new owner inherits with one.

use kernel::{Epoch, LobbyId, PlayerId};
use rusqlite::{Connection, OptionalExtension, Result, Row, Transaction, params};

use super::super::{Inheritance, LobbyRecord, NewLobby, words};
use super::{chains, columns, rounds};

pub(super) fn create(
    tx: &Transaction<'_>,
    new: &NewLobby,
    limit: u32,
) -> Result<Option<LobbyRecord>> {
    if let Some(owner) = new.owner
        && owned(tx, owner)?.0 >= limit
    {
        return Ok(None);
    }
    tx.prepare_cached(
        "INSERT INTO lobby (owner, name, visibility, mode, curve, betting_ms, stake_min_steps,
                            stake_max_steps, multiplier_max_centi, payout_max_units,
                            bets_per_player, house_edge_bps, funding_units, chain_length,
                            created_at, visited_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?15)",
    )?
    .execute(params![
        new.owner.map(PlayerId::as_i64),
        new.name,
        words::visibility(new.visibility),
        words::mode(new.mode),
        words::curve(new.curve),
        columns::signed(new.betting_ms),
        new.stake_min.steps(),
        new.stake_max.steps(),
        new.multiplier_max.centi(),
        new.payout_max.units(),
        new.bets_per_player,
        new.house_edge_bps,
        new.funding.units(),
        new.chain_length,
        new.created_at,
    ])?;
    let sql = "SELECT * FROM lobby WHERE lobby = ?1";
    tx.prepare_cached(sql)?.query_row([tx.last_insert_rowid()], record).optional()
}

/// How many lobbies of the player are not closed, and how many of those are continuous.
pub(super) fn owned(connection: &Connection, owner: PlayerId) -> Result<(u32, u32)> {
    connection
        .prepare_cached(
            "SELECT count(*), count(*) FILTER (WHERE mode = 'continuous')
             FROM lobby WHERE owner = ?1 AND closed_at IS NULL",
        )?
        .query_row([owner.as_i64()], |row| Ok((row.get(0)?, row.get(1)?)))
}

pub(super) fn one(connection: &Connection, lobby: LobbyId) -> Result<Option<LobbyRecord>> {
    connection
        .prepare_cached("SELECT * FROM lobby WHERE lobby = ?1")?
        .query_row([lobby.as_i64()], record)
        .optional()
}

pub(super) fn public(connection: &Connection, limit: u32) -> Result<Vec<LobbyRecord>> {
    let sql = "SELECT * FROM lobby WHERE visibility = 'public' AND closed_at IS NULL
               ORDER BY lobby DESC LIMIT ?1";
    connection.prepare_cached(sql)?.query_map([limit], record)?.collect()
}

pub(super) fn visit(tx: &Transaction<'_>, visits: &[(LobbyId, i64)]) -> Result<()> {
    let mut visit =
        tx.prepare_cached("UPDATE lobby SET visited_at = max(visited_at, ?2) WHERE lobby = ?1")?;
    for (lobby, at) in visits {
        visit.execute(params![lobby.as_i64(), at])?;
    }
    Ok(())
}

pub(super) fn unvisited(connection: &Connection, before: i64, limit: u32) -> Result<Vec<LobbyId>> {
    let mut statement = connection.prepare_cached(
        "SELECT lobby FROM lobby
         WHERE owner IS NOT NULL AND closed_at IS NULL AND visited_at < ?1
         ORDER BY visited_at LIMIT ?2",
    )?;
    statement.query_map([before, limit.into()], |row| columns::lobby(row, "lobby"))?.collect()
}

/// Never a configured one, and none that still has something to end.
pub(super) fn close(tx: &Transaction<'_>, lobby: LobbyId, before: i64, at: i64) -> Result<bool> {
    let closed = tx
        .prepare_cached(
            "UPDATE lobby SET closed_at = ?3
             WHERE lobby = ?1 AND owner IS NOT NULL AND closed_at IS NULL AND visited_at < ?2
               AND NOT EXISTS (SELECT 1 FROM round WHERE round.lobby = lobby.lobby
                               AND state IN ('open', 'locked', 'crashed'))
               AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.lobby = lobby.lobby
                               AND acknowledged_at IS NULL)",
        )?
        .execute(params![lobby.as_i64(), before, at])?;
    Ok(closed == 1)
}

/// Configured lobbies, those with something unfinished, and those whose chains were given up after
/// a restore: the wallet may hold stakes there that nothing here knows of.
pub(super) fn to_own(connection: &Connection, limit: u32) -> Result<Vec<LobbyId>> {
    let mut statement = connection.prepare_cached(
        "SELECT lobby FROM lobby WHERE owner IS NULL
         UNION SELECT lobby FROM round WHERE state IN ('open', 'locked', 'crashed')
         UNION SELECT lobby FROM outbox WHERE acknowledged_at IS NULL
         UNION SELECT lobby FROM lobby WHERE closed_at IS NULL AND 'restored' = (
             SELECT abandoned FROM chain WHERE chain.lobby = lobby.lobby
             ORDER BY chain DESC LIMIT 1)
         ORDER BY lobby LIMIT ?1",
    )?;
    let lobbies = statement.query_map([limit], |row| columns::lobby(row, "lobby"))?;
    lobbies.collect()
}

pub(super) fn inherit(
    connection: &Connection,
    lobby: LobbyId,
    claimed: Epoch,
) -> Result<Option<Inheritance>> {
    let Some(record) = one(connection, lobby)? else { return Ok(None) };
    Ok(Some(Inheritance {
        lobby: record,
        unfinished: rounds::unfinished(connection, lobby)?,
        unclosed: rounds::unclosed(connection, lobby)?,
        owner: None,
        claimed,
        last_round: rounds::last(connection, lobby)?,
        chains: chains::of_lobby(connection, lobby)?,
    }))
}

pub(super) fn take_over(tx: &Transaction<'_>, lobby: LobbyId, epoch: Epoch) -> Result<()> {
    tx.prepare_cached("UPDATE lobby SET epoch = max(epoch, ?2) WHERE lobby = ?1")?
        .execute(params![lobby.as_i64(), columns::signed(epoch.0)])?;
    Ok(())
}

fn record(row: &Row<'_>) -> Result<LobbyRecord> {
    let owner: Option<i64> = row.get("owner")?;
    let text = |column: &str| row.get::<_, String>(column);
    let rules = NewLobby {
        owner: owner.map(|_| columns::player(row, "owner")).transpose()?,
        name: row.get("name")?,
        visibility: words::visibility_of(&text("visibility")?),
        mode: words::mode_of(&text("mode")?),
        curve: words::curve_of(&text("curve")?),
        betting_ms: columns::unsigned(row, "betting_ms")?,
        stake_min: columns::stake(row, "stake_min_steps")?,
        stake_max: columns::stake(row, "stake_max_steps")?,
        multiplier_max: columns::multiplier(row, "multiplier_max_centi")?,
        payout_max: columns::amount(row, "payout_max_units")?,
        bets_per_player: row.get("bets_per_player")?,
        house_edge_bps: row.get("house_edge_bps")?,
        funding: columns::amount(row, "funding_units")?,
        chain_length: row.get("chain_length")?,
        created_at: row.get("created_at")?,
    };
    Ok(LobbyRecord {
        lobby: columns::lobby(row, "lobby")?,
        rules,
        epoch: Epoch(columns::unsigned(row, "epoch")?),
        kept_exposure: columns::amount(row, "kept_exposure_units")?,
        closed: row.get::<_, Option<i64>>("closed_at")?.is_some(),
    })
}
