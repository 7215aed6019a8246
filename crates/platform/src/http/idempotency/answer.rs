//! Answers at rest: written with their effect, found by whoever repeats the call, gone after a day.

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use kernel::PlayerId;
use rusqlite::{OptionalExtension, Result, Transaction, params};
use serde::Serialize;

use super::Idempotent;
use crate::sqlite::Schema;

/// The table of kept answers; open the file of the effects with it.
pub const SCHEMA: Schema = Schema { name: "idempotency", steps: &[ANSWERS] };

const ANSWERS: &str = "
-- What a call under an idempotency key was answered. Rows older than a day mean nothing.
CREATE TABLE idempotent_answer (
    player INTEGER NOT NULL,
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    status INTEGER NOT NULL CHECK (status BETWEEN 200 AND 299),
    body BLOB NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (player, route, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotent_answer_age ON idempotent_answer (at_ms);
";

/// How long an answer is kept.
pub const KEPT_MS: i64 = 24 * 60 * 60 * 1_000;
/// Old answers that each new one takes away: more than one, so that the table shrinks, and few,
/// so that no call waits for others' leavings.
pub const PRUNED: u32 = 16;

/// An answer that goes out the same at every sending: status and JSON, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// A success: refusals are not kept.
    pub status: StatusCode,
    /// JSON.
    pub body: Vec<u8>,
}

/// What is known of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing: do it, and [`keep`] its answer in the same transaction.
    Nothing,
    /// It was done; answer this and do nothing.
    Answer(KeptAnswer),
    /// The key stands for another request: refuse with `idempotency_mismatch`, do nothing.
    Mismatch,
}

impl KeptAnswer {
    /// 200 with `body`.
    #[must_use]
    pub fn ok(body: &impl Serialize) -> Self {
        Self { status: StatusCode::OK, body: serde_json::to_vec(body).unwrap_or_default() }
    }
}

impl IntoResponse for KeptAnswer {
    fn into_response(self) -> Response {
        let json = HeaderValue::from_static("application/json");
        (self.status, [(CONTENT_TYPE, json)], self.body).into_response()
    }
}

/// What the file knows of `call`. Ask in the transaction of the effect, before it.
///
/// # Errors
/// The database's.
pub fn find(
    tx: &Transaction<'_>,
    player: PlayerId,
    call: &Idempotent,
    now_ms: i64,
) -> Result<Found> {
    let Idempotent { key, route, fingerprint } = call;
    let mut select = tx.prepare_cached(
        "SELECT fingerprint, status, body FROM idempotent_answer
         WHERE player = ?1 AND route = ?2 AND key = ?3 AND at_ms > ?4",
    )?;
    let key = params![player.as_i64(), route, key.as_str(), now_ms - KEPT_MS];
    let row = |row: &rusqlite::Row<'_>| {
        let same = row.get::<_, [u8; 32]>(0)? == *fingerprint;
        let status = StatusCode::from_u16(row.get(1)?).unwrap_or(StatusCode::OK);
        Ok((same, KeptAnswer { status, body: row.get(2)? }))
    };
    Ok(match select.query_row(key, row).optional()? {
        None => Found::Nothing,
        Some((true, answer)) => Found::Answer(answer),
        Some((false, _)) => Found::Mismatch,
    })
}

/// Keeps the answer of `call` for a day, in the transaction of its effect.
///
/// # Errors
/// The database's; a unique violation if the call was done since [`find`] was asked.
pub fn keep(
    tx: &Transaction<'_>,
    player: PlayerId,
    call: &Idempotent,
    answer: &KeptAnswer,
    now_ms: i64,
) -> Result<()> {
    let Idempotent { key, route, fingerprint } = call;
    let gone_ms = now_ms - KEPT_MS;
    tx.prepare_cached(
        "DELETE FROM idempotent_answer
         WHERE player = ?1 AND route = ?2 AND key = ?3 AND at_ms <= ?4",
    )?
    .execute(params![player.as_i64(), route, key.as_str(), gone_ms])?;
    tx.prepare_cached(
        "DELETE FROM idempotent_answer WHERE (player, route, key) IN (
             SELECT player, route, key FROM idempotent_answer
             WHERE at_ms <= ?1 ORDER BY at_ms LIMIT ?2)",
    )?
    .execute(params![gone_ms, PRUNED])?;
    tx.prepare_cached(
        "INSERT INTO idempotent_answer (player, route, key, fingerprint, status, body, at_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        player.as_i64(),
        route,
        key.as_str(),
        fingerprint,
        answer.status.as_u16(),
        answer.body,
        now_ms,
    ])?;
    Ok(())
}
