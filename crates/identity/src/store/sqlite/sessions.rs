//! Sign-ins and their refresh tokens, each step inside the transaction of its caller.

use kernel::{PlayerId, Sealed};
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::player_id;
use crate::refresh::Handle;
use crate::store::bounds::CLEARED_AT_ONCE;
use crate::store::{Bounds, EndedSession, NewSession, Replaced, Replacement, Rotated, Rotation};

/// The second step of the schema.
pub(super) const TABLES: &str = "
    CREATE TABLE session (
        id TEXT PRIMARY KEY,
        -- What its refresh tokens begin with; proves nothing.
        handle BLOB NOT NULL CHECK (length(handle) = 16),
        player INTEGER NOT NULL REFERENCES player (id),
        created_at_ms INTEGER NOT NULL,
        -- The last sign-in or refresh.
        used_at_ms INTEGER NOT NULL,
        -- Signed out, or ended for another reason before its time.
        ended_at_ms INTEGER,
        -- From then on no token of it can live.
        forget_at_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX session_live ON session (player, used_at_ms) WHERE ended_at_ms IS NULL;
    CREATE INDEX session_forget ON session (forget_at_ms);
    CREATE TABLE refresh_token (
        session TEXT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
        -- SHA-256 of what proves it, which nobody here knows.
        hash BLOB NOT NULL CHECK (length(hash) = 32),
        -- Kept for the grace alone: any later, a token that is not here was spent.
        spent_at_ms INTEGER,
        PRIMARY KEY (session, hash)
    ) STRICT, WITHOUT ROWID;";

struct Session {
    player: PlayerId,
    username: String,
    handle: Handle,
    created_at_ms: i64,
    used_at_ms: i64,
    ended: bool,
}

pub(super) fn open(
    tx: &Transaction<'_>,
    new: &NewSession,
    now_ms: i64,
    bounds: Bounds,
) -> rusqlite::Result<Option<Vec<String>>> {
    let still_proved = tx
        .prepare_cached("SELECT 1 FROM player WHERE id = ?1 AND password_hash = ?2")?
        .exists(params![new.player.as_i64(), new.password_hash.expose()])?;
    if !still_proved {
        return Ok(None);
    }
    clear(tx, now_ms, CLEARED_AT_ONCE)?;
    let spare = i64::from(bounds.per_player) - 1;
    let mut select = tx.prepare_cached(
        "SELECT id FROM session WHERE player = ?1 AND ended_at_ms IS NULL
         ORDER BY used_at_ms DESC, id LIMIT -1 OFFSET ?2",
    )?;
    let too_many = select.query_map(params![new.player.as_i64(), spare], |row| row.get(0))?;
    let too_many: Vec<String> = too_many.collect::<Result<_, _>>()?;
    for session in &too_many {
        end(tx, session, now_ms, bounds)?;
    }
    tx.prepare_cached(
        "INSERT INTO session (id, handle, player, created_at_ms, used_at_ms, forget_at_ms)
         VALUES (?1, ?2, ?3, ?4, ?4, ?5)",
    )?
    .execute(params![
        new.session,
        new.handle,
        new.player.as_i64(),
        now_ms,
        bounds.forget_at_ms(now_ms, now_ms)
    ])?;
    give(tx, &new.session, new.hash)?;
    Ok(Some(too_many))
}

pub(super) fn rotate(
    tx: &Transaction<'_>,
    rotation: &Rotation,
    now_ms: i64,
    bounds: Bounds,
) -> rusqlite::Result<Rotated> {
    let Some(session) = find(tx, &rotation.session)?.filter(|session| !session.ended) else {
        return Ok(Rotated::Unknown);
    };
    if now_ms >= bounds.over_at_ms(session.created_at_ms, session.used_at_ms) {
        return Ok(Rotated::Over);
    }
    let spent_at_ms: Option<Option<i64>> = tx
        .prepare_cached("SELECT spent_at_ms FROM refresh_token WHERE session = ?1 AND hash = ?2")?
        .query_row(params![rotation.session, rotation.shown], |row| row.get(0))
        .optional()?;
    match spent_at_ms {
        // A retry: its answer may have been lost, so what was given then stays good as well.
        Some(Some(spent_at_ms)) if now_ms - spent_at_ms <= bounds.grace_ms => {}
        // The line that is used goes on, every other one of the sign-in ends.
        Some(None) => spend(tx, &rotation.session, now_ms)?,
        Some(Some(_)) | None => {
            end(tx, &rotation.session, now_ms, bounds)?;
            return Ok(Rotated::Reused(session.player));
        }
    }
    tx.prepare_cached("DELETE FROM refresh_token WHERE session = ?1 AND spent_at_ms < ?2")?
        .execute(params![rotation.session, now_ms - bounds.grace_ms])?;
    give(tx, &rotation.session, rotation.next)?;
    tx.prepare_cached("UPDATE session SET used_at_ms = ?2, forget_at_ms = ?3 WHERE id = ?1")?
        .execute(params![
            rotation.session,
            now_ms,
            bounds.forget_at_ms(session.created_at_ms, now_ms)
        ])?;
    Ok(Rotated::Fresh(session.player, session.username))
}

/// Ends `only`, or without it all but `kept`; answers which.
pub(super) fn end_all(
    tx: &Transaction<'_>,
    player: PlayerId,
    (only, kept): (Option<&str>, Option<&str>),
    now_ms: i64,
    bounds: Bounds,
) -> rusqlite::Result<Vec<String>> {
    let mut select =
        tx.prepare_cached("SELECT id FROM session WHERE player = ?1 AND ended_at_ms IS NULL")?;
    let live = select.query_map([player.as_i64()], |row| row.get(0))?;
    let mut ended: Vec<String> = live.collect::<Result<_, _>>()?;
    ended.retain(|id| only.is_none_or(|only| only == id) && Some(id.as_str()) != kept);
    for session in &ended {
        end(tx, session, now_ms, bounds)?;
    }
    Ok(ended)
}

pub(super) fn replace_password(
    tx: &Transaction<'_>,
    replacement: &Replacement,
    now_ms: i64,
    bounds: Bounds,
) -> rusqlite::Result<Option<Replaced>> {
    let Replacement { player, old_hash, new_hash, session, next } = replacement;
    let goes_on = |found: &Session| !found.ended && found.player == *player;
    let Some(found) = find(tx, session)?.filter(goes_on) else { return Ok(None) };
    let hashes = [old_hash, new_hash].map(Sealed::expose);
    let replaced = tx
        .prepare_cached(
            "UPDATE player SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2",
        )?
        .execute(params![player.as_i64(), hashes[0], hashes[1]])?;
    if replaced == 0 {
        return Ok(None);
    }
    let ended = end_all(tx, *player, (None, Some(session)), now_ms, bounds)?;
    // Not spent, but gone: whoever else has one ends the sign-in by showing it.
    take_back(tx, session)?;
    give(tx, session, *next)?;
    Ok(Some(Replaced { handle: found.handle, ended }))
}

/// The latest `most` that ended, oldest first; what is over for good goes.
pub(super) fn ended(
    tx: &Transaction<'_>,
    now_ms: i64,
    most: u32,
) -> rusqlite::Result<Vec<EndedSession>> {
    clear(tx, now_ms, u32::MAX)?;
    let mut select = tx.prepare_cached(
        "SELECT player, id, ended_at_ms FROM session WHERE ended_at_ms IS NOT NULL
         ORDER BY ended_at_ms DESC LIMIT ?1",
    )?;
    let rows = select.query_map([most], |row| {
        Ok(EndedSession { player: player_id(row)?, session: row.get(1)?, at_ms: row.get(2)? })
    })?;
    let mut ended: Vec<EndedSession> = rows.collect::<Result<_, _>>()?;
    ended.reverse();
    Ok(ended)
}

fn find(tx: &Transaction<'_>, session: &str) -> rusqlite::Result<Option<Session>> {
    tx.prepare_cached(
        "SELECT player.id, username, handle, session.created_at_ms, used_at_ms,
                ended_at_ms IS NOT NULL
         FROM session JOIN player ON player.id = session.player WHERE session.id = ?1",
    )?
    .query_row([session], |row| {
        Ok(Session {
            player: player_id(row)?,
            username: row.get(1)?,
            handle: row.get(2)?,
            created_at_ms: row.get(3)?,
            used_at_ms: row.get(4)?,
            ended: row.get(5)?,
        })
    })
    .optional()
}

fn end(tx: &Transaction<'_>, session: &str, now_ms: i64, bounds: Bounds) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE session SET ended_at_ms = ?2, forget_at_ms = ?3 WHERE id = ?1")?
        .execute(params![session, now_ms, now_ms + bounds.kept_ms])?;
    take_back(tx, session)
}

fn take_back(tx: &Transaction<'_>, session: &str) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM refresh_token WHERE session = ?1")?.execute([session])?;
    Ok(())
}

fn give(tx: &Transaction<'_>, session: &str, hash: [u8; 32]) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO refresh_token (session, hash) VALUES (?1, ?2)")?
        .execute(params![session, hash])?;
    Ok(())
}

fn spend(tx: &Transaction<'_>, session: &str, now_ms: i64) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE refresh_token SET spent_at_ms = ?2 WHERE session = ?1 AND spent_at_ms IS NULL",
    )?
    .execute(params![session, now_ms])?;
    Ok(())
}

fn clear(tx: &Transaction<'_>, now_ms: i64, most: u32) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "DELETE FROM session WHERE id IN
         (SELECT id FROM session WHERE forget_at_ms <= ?1 ORDER BY forget_at_ms LIMIT ?2)",
    )?
    .execute(params![now_ms, most])?;
    Ok(())
}
