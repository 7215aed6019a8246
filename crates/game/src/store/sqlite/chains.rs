//! Seed chains: promised, anchored, played, given up. A promise is never changed.

use fairness::Anchor;
use kernel::LobbyId;
use protocol::chains::{Abandoned, LostRounds, Skipped};
use rusqlite::{Connection, OptionalExtension, Result, Row, Transaction, params};

use super::super::{Abandonment, ChainRecord, PublicSeed, SealedSeed, words};
use super::columns;

pub(super) fn of_lobby(connection: &Connection, lobby: LobbyId) -> Result<Vec<ChainRecord>> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM chain WHERE lobby = ?1 ORDER BY chain")?;
    statement.query_map([lobby.as_i64()], record)?.collect()
}

/// Chains below `before`, newest first.
pub(super) fn before(
    connection: &Connection,
    lobby: LobbyId,
    before: Option<u32>,
    limit: u32,
) -> Result<Vec<ChainRecord>> {
    let before = before.map_or(i64::MAX, i64::from);
    connection
        .prepare_cached(
            "SELECT * FROM chain WHERE lobby = ?1 AND chain < ?2 ORDER BY chain DESC LIMIT ?3",
        )?
        .query_map(params![lobby.as_i64(), before, limit], record)?
        .collect()
}

pub(super) fn one(
    connection: &Connection,
    lobby: LobbyId,
    chain: u32,
) -> Result<Option<ChainRecord>> {
    connection
        .prepare_cached("SELECT * FROM chain WHERE lobby = ?1 AND chain = ?2")?
        .query_row(params![lobby.as_i64(), chain], record)
        .optional()
}

pub(super) fn add(
    tx: &Transaction<'_>,
    chain: &ChainRecord,
    checkpoints: &[SealedSeed],
) -> Result<()> {
    let added = tx
        .prepare_cached(
            "INSERT INTO chain (lobby, chain, length, seeds_before, house_edge_bps, terminal,
                                public_key, signature, beacon_round, created_at, promised)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (lobby, chain) DO NOTHING",
        )?
        .execute(params![
            chain.lobby.as_i64(),
            chain.chain,
            chain.length,
            chain.seeds_before,
            chain.house_edge_bps,
            chain.terminal,
            chain.public_key,
            chain.signature,
            beacon_round(chain.anchor),
            chain.created_at,
            chain.promised,
        ])?;
    if added == 0 {
        // The same chain, of which more is known.
        tx.prepare_cached(
            "UPDATE chain SET promised = 1
             WHERE lobby = ?1 AND chain = ?2 AND terminal = ?3 AND ?4",
        )?
        .execute(params![
            chain.lobby.as_i64(),
            chain.chain,
            chain.terminal,
            chain.promised
        ])?;
        return Ok(());
    }
    let mut add = tx.prepare_cached(
        "INSERT INTO checkpoint (lobby, chain, seed_index, nonce, sealed)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for checkpoint in checkpoints {
        let SealedSeed { index, nonce, sealed } = checkpoint;
        add.execute(params![chain.lobby.as_i64(), chain.chain, index, nonce, sealed])?;
    }
    Ok(())
}

/// The first public seed stands, and a chain that was given up gets none.
pub(super) fn set_public_seed(
    tx: &Transaction<'_>,
    lobby: LobbyId,
    chain: u32,
    seed: &PublicSeed,
) -> Result<Option<ChainRecord>> {
    let PublicSeed { text, signature } = seed;
    tx.prepare_cached(
        "UPDATE chain SET public_seed = ?3, beacon_signature = ?4
         WHERE lobby = ?1 AND chain = ?2 AND public_seed IS NULL AND abandoned IS NULL",
    )?
    .execute(params![lobby.as_i64(), chain, text, signature])?;
    one(tx, lobby, chain)
}

/// Gives up every chain named that still has seeds to play, and the newest in any case: after it
/// numbers are left out, since a lost store may have promised more. The first reason stands; lost
/// rounds are told with the newest chain also where the operator gave it up before.
pub(super) fn abandon(
    tx: &Transaction<'_>,
    lobby: LobbyId,
    abandonment: &Abandonment,
) -> Result<()> {
    let Abandonment { chain, how } = abandonment;
    let lost = how.lost_rounds;
    tx.prepare_cached(
        "UPDATE chain SET abandoned = ?3, abandoned_at = ?4, lost_from = ?5, lost_to = ?6
         WHERE lobby = ?1 AND chain = coalesce(?2, chain) AND abandoned IS NULL
           AND (used < length OR chain = (SELECT max(chain) FROM chain WHERE lobby = ?1))",
    )?
    .execute(params![
        lobby.as_i64(),
        chain,
        words::abandon_reason(how.reason),
        how.at,
        lost.map(|lost| lost.from),
        lost.map(|lost| lost.to),
    ])?;
    let Some(LostRounds { from, to }) = lost else { return Ok(()) };
    tx.prepare_cached(
        "UPDATE chain SET lost_from = ?2, lost_to = ?3
         WHERE lobby = ?1 AND abandoned IS NOT NULL AND lost_from IS NULL
           AND chain = (SELECT max(chain) FROM chain WHERE lobby = ?1)",
    )?
    .execute(params![lobby.as_i64(), from, to])?;
    Ok(())
}

/// Seeds are used up without a round, and told with their chain.
pub(super) fn skip(
    tx: &Transaction<'_>,
    lobby: LobbyId,
    chain: u32,
    skipped: &Skipped,
) -> Result<()> {
    let told = serde_json::to_string(skipped)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    tx.prepare_cached(
        "UPDATE chain SET used = max(used, ?3), skipped = json_insert(skipped, '$[#]', json(?4))
         WHERE lobby = ?1 AND chain = ?2
           AND NOT EXISTS (SELECT 1 FROM json_each(skipped) AS told WHERE told.value = json(?4))",
    )?
    .execute(params![
        lobby.as_i64(),
        chain,
        skipped.seeds.as_ref().map_or(0, |at| at.to),
        told
    ])?;
    Ok(())
}

/// Every lobby's chains, at once: what an operator says after restoring a copy.
pub(super) fn abandon_all(tx: &Transaction<'_>, how: &Abandoned) -> Result<usize> {
    tx.execute(
        "UPDATE chain SET abandoned = ?1, abandoned_at = ?2
         WHERE abandoned IS NULL AND (used < length OR NOT EXISTS (
             SELECT 1 FROM chain AS newer
             WHERE newer.lobby = chain.lobby AND newer.chain > chain.chain))",
        params![words::abandon_reason(how.reason), how.at],
    )
}

pub(super) fn checkpoint(
    connection: &Connection,
    lobby: LobbyId,
    chain: u32,
    index: u32,
) -> Result<Option<SealedSeed>> {
    connection
        .prepare_cached(
            "SELECT seed_index, nonce, sealed FROM checkpoint
             WHERE lobby = ?1 AND chain = ?2 AND seed_index >= ?3 ORDER BY seed_index LIMIT 1",
        )?
        .query_row(params![lobby.as_i64(), chain, index], |row| {
            Ok(SealedSeed { index: row.get(0)?, nonce: row.get(1)?, sealed: row.get(2)? })
        })
        .optional()
}

fn record(row: &Row<'_>) -> Result<ChainRecord> {
    let round: Option<i64> = row.get("beacon_round")?;
    let anchor = match round {
        Some(_) => Anchor::Drand { round: columns::unsigned(row, "beacon_round")? },
        None => Anchor::Local,
    };
    let reason: Option<String> = row.get("abandoned")?;
    Ok(ChainRecord {
        lobby: columns::lobby(row, "lobby")?,
        chain: row.get("chain")?,
        length: row.get("length")?,
        seeds_before: row.get("seeds_before")?,
        house_edge_bps: row.get("house_edge_bps")?,
        terminal: row.get("terminal")?,
        public_key: row.get("public_key")?,
        signature: row.get("signature")?,
        anchor,
        public_seed: row.get("public_seed")?,
        promised: row.get("promised")?,
        beacon_signature: row.get("beacon_signature")?,
        used: row.get("used")?,
        skipped: columns::json(row, "skipped")?,
        abandoned: reason.map(|reason| abandoned(row, &reason)).transpose()?,
        created_at: row.get("created_at")?,
    })
}

fn abandoned(row: &Row<'_>, reason: &str) -> Result<Abandoned> {
    let lost: (Option<u32>, Option<u32>) = (row.get("lost_from")?, row.get("lost_to")?);
    let lost_rounds = match lost {
        (Some(from), Some(to)) => Some(LostRounds { from, to }),
        _ => None,
    };
    let reason = words::abandon_reason_of(reason);
    Ok(Abandoned { reason, at: row.get("abandoned_at")?, lost_rounds })
}

fn beacon_round(anchor: Anchor) -> Option<i64> {
    match anchor {
        Anchor::Local => None,
        Anchor::Drand { round } => Some(columns::signed(round)),
    }
}
