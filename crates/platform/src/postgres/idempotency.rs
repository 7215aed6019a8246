//! Answers kept beside their effects, as [`crate::http::idempotency`] keeps them in SQLite.

use axum::http::StatusCode;
use kernel::PlayerId;

use super::{Schema, StoreError, Transaction};
use crate::http::Idempotent;
use crate::http::idempotency::{Found, KEPT_MS, KeptAnswer, PRUNED};

/// The table of kept answers; open the database of the effects with it.
pub const SCHEMA: Schema = Schema { name: "idempotency", steps: &[ANSWERS] };

const ANSWERS: &str = "
-- What a call under an idempotency key was answered. Rows older than a day mean nothing.
CREATE TABLE idempotent_answer (
    player BIGINT NOT NULL,
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BYTEA NOT NULL CHECK (length(fingerprint) = 32),
    status BIGINT NOT NULL CHECK (status BETWEEN 200 AND 299),
    body BYTEA NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (player, route, key)
);
CREATE INDEX idempotent_answer_age ON idempotent_answer (at_ms);
";

/// What the database knows of `call`. Ask in the transaction of the effect, before it.
///
/// # Errors
/// The database's.
pub async fn find(
    tx: &Transaction<'_>,
    player: PlayerId,
    call: &Idempotent,
    now_ms: i64,
) -> Result<Found, StoreError> {
    let Idempotent { key, route, fingerprint } = call;
    let select = tx.prepare_cached(
        "SELECT fingerprint, status, body FROM idempotent_answer
         WHERE player = $1 AND route = $2 AND key = $3 AND at_ms > $4",
    );
    let (player, since_ms) = (player.as_i64(), now_ms - KEPT_MS);
    let found = tx.query_opt(&select.await?, &[&player, route, &key.as_str(), &since_ms]).await?;
    let Some(row) = found else { return Ok(Found::Nothing) };
    if row.try_get::<_, &[u8]>(0)? != fingerprint {
        return Ok(Found::Mismatch);
    }
    let status = u16::try_from(row.try_get::<_, i64>(1)?).unwrap_or_default();
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    Ok(Found::Answer(KeptAnswer { status, body: row.try_get(2)? }))
}

/// Keeps the answer of `call` for a day, in the transaction of its effect.
///
/// # Errors
/// The database's; [`StoreError::Duplicate`] if the call was done since [`find`] was asked.
pub async fn keep(
    tx: &Transaction<'_>,
    player: PlayerId,
    call: &Idempotent,
    answer: &KeptAnswer,
    now_ms: i64,
) -> Result<(), StoreError> {
    let Idempotent { key, route, fingerprint } = call;
    let (player, gone_ms) = (player.as_i64(), now_ms - KEPT_MS);
    let replaced = tx.prepare_cached(
        "DELETE FROM idempotent_answer
         WHERE player = $1 AND route = $2 AND key = $3 AND at_ms <= $4",
    );
    tx.execute(&replaced.await?, &[&player, route, &key.as_str(), &gone_ms]).await?;
    // Rows that somebody else is taking away are left to him.
    let prune = tx.prepare_cached(
        "DELETE FROM idempotent_answer WHERE (player, route, key) IN (
             SELECT player, route, key FROM idempotent_answer WHERE at_ms <= $1
             ORDER BY at_ms LIMIT $2 FOR UPDATE SKIP LOCKED)",
    );
    tx.execute(&prune.await?, &[&gone_ms, &i64::from(PRUNED)]).await?;
    let insert = tx.prepare_cached(
        "INSERT INTO idempotent_answer (player, route, key, fingerprint, status, body, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    let status = i64::from(answer.status.as_u16());
    let (key, fingerprint) = (key.as_str(), &fingerprint[..]);
    let insert = insert.await?;
    tx.execute(&insert, &[&player, route, &key, &fingerprint, &status, &answer.body, &now_ms])
        .await?;
    Ok(())
}
