//! Sign-ins and their refresh tokens. Whoever changes one has the row of its player locked, so all
//! of a player's are judged one after another.

use kernel::{PlayerId, Sealed};
use platform::postgres::{StoreError, Transaction};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::{PostgresResult, player_id};
use crate::refresh::Handle;
use crate::store::bounds::CLEARED_AT_ONCE;
use crate::store::{Bounds, EndedSession, NewSession, Replaced, Replacement, Rotated, Rotation};

/// The second step of the schema.
pub(super) const TABLES: &str = "
    CREATE TABLE session (
        id TEXT PRIMARY KEY,
        -- What its refresh tokens begin with; proves nothing.
        handle BYTEA NOT NULL CHECK (length(handle) = 16),
        player BIGINT NOT NULL REFERENCES player (id),
        created_at_ms BIGINT NOT NULL,
        -- The last sign-in or refresh.
        used_at_ms BIGINT NOT NULL,
        -- Signed out, or ended for another reason before its time.
        ended_at_ms BIGINT,
        -- From then on no token of it can live.
        forget_at_ms BIGINT NOT NULL
    );
    CREATE INDEX session_live ON session (player, used_at_ms) WHERE ended_at_ms IS NULL;
    CREATE INDEX session_ended ON session (ended_at_ms) WHERE ended_at_ms IS NOT NULL;
    CREATE INDEX session_forget ON session (forget_at_ms);
    CREATE TABLE refresh_token (
        session TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
        -- SHA-256 of what proves it, which nobody here knows.
        hash BYTEA NOT NULL CHECK (length(hash) = 32),
        -- Kept for the grace alone: any later, a token that is not here was spent.
        spent_at_ms BIGINT,
        PRIMARY KEY (session, hash)
    );";

type Parameters<'a> = [&'a (dyn ToSql + Sync)];

struct Session {
    player: PlayerId,
    username: String,
    handle: Handle,
    created_at_ms: i64,
    used_at_ms: i64,
    ended: bool,
}

async fn execute(tx: &Transaction<'_>, sql: &str, values: &Parameters<'_>) -> PostgresResult<u64> {
    Ok(tx.execute(&tx.prepare_cached(sql).await?, values).await?)
}

async fn query(
    tx: &Transaction<'_>,
    sql: &str,
    values: &Parameters<'_>,
) -> PostgresResult<Vec<Row>> {
    Ok(tx.query(&tx.prepare_cached(sql).await?, values).await?)
}

async fn query_opt(
    tx: &Transaction<'_>,
    sql: &str,
    values: &Parameters<'_>,
) -> PostgresResult<Option<Row>> {
    Ok(tx.query_opt(&tx.prepare_cached(sql).await?, values).await?)
}

/// Holds up everybody else who changes the player's sign-ins or password.
async fn lock(tx: &Transaction<'_>, player: PlayerId) -> PostgresResult<()> {
    let sql = "SELECT 1 FROM player WHERE id = $1 FOR NO KEY UPDATE";
    query_opt(tx, sql, &[&player.as_i64()]).await.map(drop)
}

pub(super) async fn open(
    tx: &Transaction<'_>,
    new: &NewSession,
    now_ms: i64,
    bounds: Bounds,
) -> PostgresResult<Option<Vec<String>>> {
    lock(tx, new.player).await?;
    let player = new.player.as_i64();
    let proved = "SELECT 1 FROM player WHERE id = $1 AND password_hash = $2";
    if query_opt(tx, proved, &[&player, new.password_hash.expose()]).await?.is_none() {
        return Ok(None);
    }
    clear(tx, now_ms, i64::from(CLEARED_AT_ONCE)).await?;
    let select = "SELECT id FROM session WHERE player = $1 AND ended_at_ms IS NULL
                  ORDER BY used_at_ms DESC, id COLLATE \"C\" OFFSET $2";
    let spare = i64::from(bounds.per_player) - 1;
    let too_many = ids(&query(tx, select, &[&player, &spare]).await?)?;
    end(tx, &too_many, now_ms, bounds).await?;
    let sql = "INSERT INTO session (id, handle, player, created_at_ms, used_at_ms, forget_at_ms)
               VALUES ($1, $2, $3, $4, $4, $5)";
    let forget_at_ms = bounds.forget_at_ms(now_ms, now_ms);
    let handle = &new.handle[..];
    execute(tx, sql, &[&new.session, &handle, &player, &now_ms, &forget_at_ms]).await?;
    give(tx, &new.session, new.hash).await?;
    Ok(Some(too_many))
}

pub(super) async fn rotate(
    tx: &Transaction<'_>,
    rotation: &Rotation,
    now_ms: i64,
    bounds: Bounds,
) -> PostgresResult<Rotated> {
    let id = &rotation.session;
    let Some(session) = locked(tx, id).await?.filter(|session| !session.ended) else {
        return Ok(Rotated::Unknown);
    };
    if now_ms >= bounds.over_at_ms(session.created_at_ms, session.used_at_ms) {
        return Ok(Rotated::Over);
    }
    let select = "SELECT spent_at_ms FROM refresh_token WHERE session = $1 AND hash = $2";
    let shown = query_opt(tx, select, &[id, &&rotation.shown[..]]).await?;
    let spent_at_ms: Option<Option<i64>> = shown.map(|row| row.try_get(0)).transpose()?;
    match spent_at_ms {
        // A retry: its answer may have been lost, so what was given then stays good as well.
        Some(Some(spent_at_ms)) if now_ms - spent_at_ms <= bounds.grace_ms => {}
        // The line that is used goes on, every other one of the sign-in ends.
        Some(None) => {
            let sql = "UPDATE refresh_token SET spent_at_ms = $2
                       WHERE session = $1 AND spent_at_ms IS NULL";
            execute(tx, sql, &[id, &now_ms]).await?;
        }
        Some(Some(_)) | None => {
            end(tx, std::slice::from_ref(id), now_ms, bounds).await?;
            return Ok(Rotated::Reused(session.player));
        }
    }
    let sql = "DELETE FROM refresh_token WHERE session = $1 AND spent_at_ms < $2";
    execute(tx, sql, &[id, &(now_ms - bounds.grace_ms)]).await?;
    give(tx, id, rotation.next).await?;
    let sql = "UPDATE session SET used_at_ms = $2, forget_at_ms = $3 WHERE id = $1";
    let forget_at_ms = bounds.forget_at_ms(session.created_at_ms, now_ms);
    execute(tx, sql, &[id, &now_ms, &forget_at_ms]).await?;
    Ok(Rotated::Fresh(session.player, session.username))
}

/// Ends `only`, or without it all but `kept`; answers which.
pub(super) async fn end_all(
    tx: &Transaction<'_>,
    player: PlayerId,
    (only, kept): (Option<&str>, Option<&str>),
    now_ms: i64,
    bounds: Bounds,
) -> PostgresResult<Vec<String>> {
    lock(tx, player).await?;
    let select = "SELECT id FROM session WHERE player = $1 AND ended_at_ms IS NULL";
    let mut ended = ids(&query(tx, select, &[&player.as_i64()]).await?)?;
    ended.retain(|id| only.is_none_or(|only| only == id) && Some(id.as_str()) != kept);
    end(tx, &ended, now_ms, bounds).await?;
    Ok(ended)
}

pub(super) async fn replace_password(
    tx: &Transaction<'_>,
    replacement: &Replacement,
    now_ms: i64,
    bounds: Bounds,
) -> PostgresResult<Option<Replaced>> {
    let Replacement { player, old_hash, new_hash, session, next } = replacement;
    let goes_on = |found: &Session| !found.ended && found.player == *player;
    let Some(found) = locked(tx, session).await?.filter(goes_on) else { return Ok(None) };
    let sql = "UPDATE player SET password_hash = $3 WHERE id = $1 AND password_hash = $2";
    let [old_hash, new_hash] = [old_hash, new_hash].map(Sealed::expose);
    if execute(tx, sql, &[&player.as_i64(), old_hash, new_hash]).await? == 0 {
        return Ok(None);
    }
    let ended = end_all(tx, *player, (None, Some(session)), now_ms, bounds).await?;
    // Not spent, but gone: whoever else has one ends the sign-in by showing it.
    take_back(tx, std::slice::from_ref(session)).await?;
    give(tx, session, *next).await?;
    Ok(Some(Replaced { handle: found.handle, ended }))
}

/// The latest `most` that ended, oldest first; what is over for good goes.
pub(super) async fn ended(
    tx: &Transaction<'_>,
    now_ms: i64,
    most: u32,
) -> PostgresResult<Vec<EndedSession>> {
    clear(tx, now_ms, i64::MAX).await?;
    let select = "SELECT player, id, ended_at_ms FROM session WHERE ended_at_ms IS NOT NULL
                  ORDER BY ended_at_ms DESC LIMIT $1";
    let rows = query(tx, select, &[&i64::from(most)]).await?;
    let ended = rows.iter().rev().map(|row| {
        let (session, at_ms) = (row.try_get("id")?, row.try_get("ended_at_ms")?);
        Ok(EndedSession { player: player_id(row, "player")?, session, at_ms })
    });
    ended.collect()
}

/// The session, once its player is locked.
async fn locked(tx: &Transaction<'_>, session: &str) -> PostgresResult<Option<Session>> {
    let select = "SELECT player FROM session WHERE id = $1";
    let Some(row) = query_opt(tx, select, &[&session]).await? else { return Ok(None) };
    lock(tx, player_id(&row, "player")?).await?;
    let select = "SELECT player.id AS player, username, handle, session.created_at_ms, used_at_ms,
                         ended_at_ms IS NOT NULL AS ended
                  FROM session JOIN player ON player.id = session.player WHERE session.id = $1";
    let Some(row) = query_opt(tx, select, &[&session]).await? else { return Ok(None) };
    let handle: &[u8] = row.try_get("handle")?;
    let corrupt = |_| StoreError::Failed("a handle has 16 bytes".to_owned());
    Ok(Some(Session {
        player: player_id(&row, "player")?,
        username: row.try_get("username")?,
        handle: handle.try_into().map_err(corrupt)?,
        created_at_ms: row.try_get("created_at_ms")?,
        used_at_ms: row.try_get("used_at_ms")?,
        ended: row.try_get("ended")?,
    }))
}

async fn end(
    tx: &Transaction<'_>,
    sessions: &[String],
    now_ms: i64,
    bounds: Bounds,
) -> PostgresResult<()> {
    let sql = "UPDATE session SET ended_at_ms = $2, forget_at_ms = $3 WHERE id = ANY($1)";
    execute(tx, sql, &[&sessions, &now_ms, &(now_ms + bounds.kept_ms)]).await?;
    take_back(tx, sessions).await
}

async fn take_back(tx: &Transaction<'_>, sessions: &[String]) -> PostgresResult<()> {
    let sql = "DELETE FROM refresh_token WHERE session = ANY($1)";
    execute(tx, sql, &[&sessions]).await.map(drop)
}

async fn give(tx: &Transaction<'_>, session: &str, hash: [u8; 32]) -> PostgresResult<()> {
    let sql = "INSERT INTO refresh_token (session, hash) VALUES ($1, $2)";
    execute(tx, sql, &[&session, &&hash[..]]).await.map(drop)
}

/// Rows that somebody else is at are left to him.
async fn clear(tx: &Transaction<'_>, now_ms: i64, most: i64) -> PostgresResult<()> {
    let sql = "DELETE FROM session WHERE id IN (
                   SELECT id FROM session WHERE forget_at_ms <= $1
                   ORDER BY forget_at_ms LIMIT $2 FOR UPDATE SKIP LOCKED)";
    execute(tx, sql, &[&now_ms, &most]).await.map(drop)
}

fn ids(rows: &[Row]) -> PostgresResult<Vec<String>> {
    rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
}
