//! Seed chains: promised, anchored, played, given up. A promise is never changed.

use fairness::Anchor;
use kernel::LobbyId;
use platform::postgres::{StoreError, Transaction};
use protocol::chains::{Abandoned, LostRounds, Skipped};
use tokio_postgres::Row;

use super::columns::{self, Result, execute, get, query, query_opt};
use crate::store::{Abandonment, ChainRecord, PublicSeed, SealedSeed, words};

pub(super) async fn of_lobby(tx: &Transaction<'_>, lobby: LobbyId) -> Result<Vec<ChainRecord>> {
    let select = "SELECT *, skipped::TEXT AS told FROM chain WHERE lobby = $1 ORDER BY chain";
    query(tx, select, &[&lobby.as_i64()]).await?.iter().map(record).collect()
}

/// Chains below `before`, newest first.
pub(super) async fn before(
    tx: &Transaction<'_>,
    lobby: LobbyId,
    before: Option<u32>,
    limit: u32,
) -> Result<Vec<ChainRecord>> {
    let before = before.map_or(i64::MAX, i64::from);
    let select = "SELECT *, skipped::TEXT AS told FROM chain
                  WHERE lobby = $1 AND chain < $2 ORDER BY chain DESC LIMIT $3";
    let rows = query(tx, select, &[&lobby.as_i64(), &before, &i64::from(limit)]).await?;
    rows.iter().map(record).collect()
}

pub(super) async fn one(
    tx: &Transaction<'_>,
    lobby: LobbyId,
    chain: u32,
) -> Result<Option<ChainRecord>> {
    let select = "SELECT *, skipped::TEXT AS told FROM chain WHERE lobby = $1 AND chain = $2";
    let row = query_opt(tx, select, &[&lobby.as_i64(), &i64::from(chain)]).await?;
    row.as_ref().map(record).transpose()
}

pub(super) async fn add(
    tx: &Transaction<'_>,
    chain: &ChainRecord,
    checkpoints: &[SealedSeed],
) -> Result<()> {
    let sql = "INSERT INTO chain (lobby, chain, length, seeds_before, house_edge_bps, terminal,
                            public_key, signature, beacon_round, created_at, promised)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (lobby, chain) DO NOTHING";
    let (lobby, number) = (chain.lobby.as_i64(), i64::from(chain.chain));
    let added = execute(
        tx,
        sql,
        &[
            &lobby,
            &number,
            &i64::from(chain.length),
            &i64::from(chain.seeds_before),
            &i64::from(chain.house_edge_bps),
            &&chain.terminal[..],
            &&chain.public_key[..],
            &&chain.signature[..],
            &beacon_round(chain.anchor),
            &chain.created_at,
            &chain.promised,
        ],
    )
    .await?;
    if added == 0 {
        // The same chain, of which more is known.
        let sql = "UPDATE chain SET promised = TRUE
             WHERE lobby = $1 AND chain = $2 AND terminal = $3 AND $4";
        execute(tx, sql, &[&lobby, &number, &&chain.terminal[..], &chain.promised]).await?;
        return Ok(());
    }
    let indexes: Vec<i64> = checkpoints.iter().map(|sealed| i64::from(sealed.index)).collect();
    let nonces: Vec<&[u8]> = checkpoints.iter().map(|sealed| &sealed.nonce[..]).collect();
    let values: Vec<&[u8]> = checkpoints.iter().map(|sealed| &sealed.sealed[..]).collect();
    let sql = "INSERT INTO checkpoint (lobby, chain, seed_index, nonce, sealed)
               SELECT $1, $2, seed_index, nonce, sealed
               FROM unnest($3::BIGINT[], $4::BYTEA[], $5::BYTEA[])
                   AS new (seed_index, nonce, sealed)";
    execute(tx, sql, &[&lobby, &number, &indexes, &nonces, &values]).await?;
    Ok(())
}

/// The first public seed stands, and a chain that was given up gets none.
pub(super) async fn set_public_seed(
    tx: &Transaction<'_>,
    lobby: LobbyId,
    chain: u32,
    seed: &PublicSeed,
) -> Result<Option<ChainRecord>> {
    let sql = "UPDATE chain SET public_seed = $3, beacon_signature = $4
         WHERE lobby = $1 AND chain = $2 AND public_seed IS NULL AND abandoned IS NULL";
    let signature = seed.signature.as_ref().map(|signature| &signature[..]);
    let (id, number) = (lobby.as_i64(), i64::from(chain));
    execute(tx, sql, &[&id, &number, &seed.text, &signature]).await?;
    one(tx, lobby, chain).await
}

/// Gives up every chain named that still has seeds to play, and the newest in any case: after it
/// numbers are left out, since a lost store may have promised more. The first reason stands; lost
/// rounds are told with the newest chain also where the operator gave it up before.
pub(super) async fn abandon(
    tx: &Transaction<'_>,
    lobby: LobbyId,
    abandonment: &Abandonment,
) -> Result<()> {
    let Abandonment { chain, how } = abandonment;
    let lost = how.lost_rounds;
    let (from, to) = (lost.map(|lost| i64::from(lost.from)), lost.map(|lost| i64::from(lost.to)));
    let sql = "UPDATE chain SET abandoned = $3, abandoned_at = $4, lost_from = $5, lost_to = $6
         WHERE lobby = $1 AND chain = coalesce($2, chain) AND abandoned IS NULL
           AND (used < length OR chain = (SELECT max(chain) FROM chain WHERE lobby = $1))";
    let (reason, number) = (words::abandon_reason(how.reason), chain.map(i64::from));
    let id = lobby.as_i64();
    execute(tx, sql, &[&id, &number, &reason, &how.at, &from, &to]).await?;
    if lost.is_none() {
        return Ok(());
    }
    let sql = "UPDATE chain SET lost_from = $2, lost_to = $3
         WHERE lobby = $1 AND abandoned IS NOT NULL AND lost_from IS NULL
           AND chain = (SELECT max(chain) FROM chain WHERE lobby = $1)";
    execute(tx, sql, &[&id, &from, &to]).await?;
    Ok(())
}

/// Seeds are used up without a round, and told with their chain.
pub(super) async fn skip(
    tx: &Transaction<'_>,
    lobby: LobbyId,
    chain: u32,
    skipped: &Skipped,
) -> Result<()> {
    let told =
        serde_json::to_string(skipped).map_err(|error| StoreError::Failed(error.to_string()))?;
    let sql = "UPDATE chain SET used = greatest(used, $3),
                      skipped = skipped || jsonb_build_array($4::TEXT::JSONB)
         WHERE lobby = $1 AND chain = $2
           AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements(skipped) AS told (value)
                           WHERE told.value = $4::TEXT::JSONB)";
    let used = skipped.seeds.as_ref().map_or(0, |seeds| i64::from(seeds.to));
    execute(tx, sql, &[&lobby.as_i64(), &i64::from(chain), &used, &told]).await?;
    Ok(())
}

/// Every lobby's chains, at once: what an operator says after restoring a copy.
pub(super) async fn abandon_all(tx: &Transaction<'_>, how: &Abandoned) -> Result<usize> {
    let sql = "UPDATE chain SET abandoned = $1, abandoned_at = $2
         WHERE abandoned IS NULL AND (used < length OR NOT EXISTS (
             SELECT 1 FROM chain AS newer
             WHERE newer.lobby = chain.lobby AND newer.chain > chain.chain))";
    let abandoned = execute(tx, sql, &[&words::abandon_reason(how.reason), &how.at]).await?;
    Ok(usize::try_from(abandoned).unwrap_or(usize::MAX))
}

pub(super) async fn checkpoint(
    tx: &Transaction<'_>,
    lobby: LobbyId,
    chain: u32,
    index: u32,
) -> Result<Option<SealedSeed>> {
    let select = "SELECT seed_index, nonce, sealed FROM checkpoint
         WHERE lobby = $1 AND chain = $2 AND seed_index >= $3 ORDER BY seed_index LIMIT 1";
    let key = (lobby.as_i64(), i64::from(chain), i64::from(index));
    let row = query_opt(tx, select, &[&key.0, &key.1, &key.2]).await?;
    let sealed = row.map(|row| {
        Ok(SealedSeed {
            index: columns::number(&row, "seed_index")?,
            nonce: columns::bytes(&row, "nonce")?,
            sealed: get(&row, "sealed")?,
        })
    });
    sealed.transpose()
}

fn record(row: &Row) -> Result<ChainRecord> {
    let round: Option<u64> = columns::number_if_any(row, "beacon_round")?;
    let reason: Option<&str> = get(row, "abandoned")?;
    Ok(ChainRecord {
        lobby: columns::lobby(row, "lobby")?,
        chain: columns::number(row, "chain")?,
        length: columns::number(row, "length")?,
        seeds_before: columns::number(row, "seeds_before")?,
        house_edge_bps: columns::number(row, "house_edge_bps")?,
        terminal: columns::bytes(row, "terminal")?,
        public_key: columns::bytes(row, "public_key")?,
        signature: columns::bytes(row, "signature")?,
        anchor: round.map_or(Anchor::Local, |round| Anchor::Drand { round }),
        public_seed: get(row, "public_seed")?,
        promised: get(row, "promised")?,
        beacon_signature: columns::bytes_if_any(row, "beacon_signature")?,
        used: columns::number(row, "used")?,
        skipped: columns::json(row, "told")?,
        abandoned: reason.map(|reason| abandoned(row, reason)).transpose()?,
        created_at: get(row, "created_at")?,
    })
}

fn abandoned(row: &Row, reason: &str) -> Result<Abandoned> {
    let lost = columns::number_if_any(row, "lost_from")?
        .zip(columns::number_if_any(row, "lost_to")?)
        .map(|(from, to)| LostRounds { from, to });
    let reason = words::abandon_reason_of(reason);
    Ok(Abandoned { reason, at: get(row, "abandoned_at")?, lost_rounds: lost })
}

fn beacon_round(anchor: Anchor) -> Option<i64> {
    match anchor {
        Anchor::Local => None,
        Anchor::Drand { round } => Some(columns::signed(round)),
    }
}
