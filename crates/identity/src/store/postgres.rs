//! Players and their sign-ins in PostgreSQL, shared by any number of processes.

mod sessions;

use std::collections::BTreeMap;

use async_trait::async_trait;
use kernel::{PlayerId, Sealed};
use platform::postgres::{Pool, Schema, StoreError as PostgresError, Transaction};
use tokio_postgres::Row;

use super::{
    Bounds, EndedSession, NewPlayer, NewSession, Replaced, Replacement, Rotated, Rotation, Store,
    StoreError, StoredPlayer,
};

type PostgresResult<T> = Result<T, PostgresError>;

/// The tables of identity, in the user role's database. Steps are only ever appended.
pub const POSTGRES_SCHEMA: Schema =
    Schema { name: "identity", steps: &[PLAYERS, sessions::TABLES] };

/// The first step.
const PLAYERS: &str = "
-- Whoever makes a player locks it, so that numbers have no gaps and none is given twice: a token of
-- a removed player names nobody else.
CREATE TABLE player_counter (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    last BIGINT NOT NULL
);
INSERT INTO player_counter VALUES (1, 0);
CREATE TABLE player (
    id BIGINT PRIMARY KEY CHECK (id > 0),
    -- Taken to the letter, whatever the database's language makes of it.
    username TEXT COLLATE \"C\" NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL
)";

/// The store on PostgreSQL.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    pool: Pool,
}

impl PostgresStore {
    /// On a database that has [`POSTGRES_SCHEMA`].
    #[must_use]
    pub const fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

impl From<PostgresError> for StoreError {
    fn from(error: PostgresError) -> Self {
        match error {
            PostgresError::Unavailable | PostgresError::Conflict => Self::Unavailable,
            definite => Self::Failed(definite.to_string()),
        }
    }
}

/// Does `work` in a transaction, again while others stand in its way. Not a function over an async
/// closure: whether that one's future may change threads cannot be said for every lifetime.
macro_rules! transaction {
    ($pool:expr, |$tx:ident| $work:expr) => {{
        let done = $pool.run(async || {
            let mut session = $pool.session().await?;
            let $tx = session.transaction().await?;
            let done = $work.await?;
            $tx.commit().await?;
            Ok(done)
        });
        Ok(done.await?)
    }};
}

#[async_trait]
impl Store for PostgresStore {
    async fn register(&self, new: NewPlayer) -> Result<Option<PlayerId>, StoreError> {
        transaction!(self.pool, |tx| register(&tx, &new))
    }

    async fn find(&self, username: &str) -> Result<Option<StoredPlayer>, StoreError> {
        transaction!(self.pool, |tx| find(&tx, username))
    }

    async fn usernames(&self, players: &[PlayerId]) -> Result<Vec<Option<String>>, StoreError> {
        transaction!(self.pool, |tx| usernames(&tx, players))
    }

    async fn open_session(
        &self,
        new: NewSession,
        now_ms: i64,
        bounds: Bounds,
    ) -> Result<Option<Vec<String>>, StoreError> {
        transaction!(self.pool, |tx| sessions::open(&tx, &new, now_ms, bounds))
    }

    async fn rotate(
        &self,
        rotation: Rotation,
        now_ms: i64,
        bounds: Bounds,
    ) -> Result<Rotated, StoreError> {
        transaction!(self.pool, |tx| sessions::rotate(&tx, &rotation, now_ms, bounds))
    }

    async fn end_sessions(
        &self,
        player: PlayerId,
        session: Option<String>,
        now_ms: i64,
        bounds: Bounds,
    ) -> Result<Vec<String>, StoreError> {
        let only = session.as_deref();
        transaction!(self.pool, |tx| sessions::end_all(&tx, player, (only, None), now_ms, bounds))
    }

    async fn replace_password(
        &self,
        replacement: Replacement,
        now_ms: i64,
        bounds: Bounds,
    ) -> Result<Option<Replaced>, StoreError> {
        transaction!(self.pool, |tx| sessions::replace_password(&tx, &replacement, now_ms, bounds))
    }

    async fn ended_sessions(
        &self,
        now_ms: i64,
        most: u32,
    ) -> Result<Vec<EndedSession>, StoreError> {
        transaction!(self.pool, |tx| sessions::ended(&tx, now_ms, most))
    }
}

/// One at a time, so that a number is given only with the row that takes it.
async fn register(tx: &Transaction<'_>, new: &NewPlayer) -> PostgresResult<Option<PlayerId>> {
    // Of names that are taken most were taken long ago: they wait for nobody.
    if find(tx, &new.username).await?.is_some() {
        return Ok(None);
    }
    let lock = "SELECT last + 1 AS next FROM player_counter WHERE id = 1 FOR UPDATE";
    let next: i64 = tx.query_one(&tx.prepare_cached(lock).await?, &[]).await?.try_get("next")?;
    let insert = tx.prepare_cached(
        "INSERT INTO player (id, username, password_hash, created_at_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (username) DO NOTHING RETURNING id",
    );
    let hash = new.password_hash.expose();
    let made =
        tx.query_opt(&insert.await?, &[&next, &new.username, hash, &new.created_at_ms]).await?;
    let Some(made) = made else { return Ok(None) };
    let given = tx.prepare_cached("UPDATE player_counter SET last = $1 WHERE id = 1").await?;
    tx.execute(&given, &[&next]).await?;
    player_id(&made, "id").map(Some)
}

async fn find(tx: &Transaction<'_>, username: &str) -> PostgresResult<Option<StoredPlayer>> {
    let select = tx
        .prepare_cached("SELECT id, username, password_hash FROM player WHERE username = $1")
        .await?;
    let Some(row) = tx.query_opt(&select, &[&username]).await? else { return Ok(None) };
    Ok(Some(StoredPlayer {
        player: player_id(&row, "id")?,
        username: row.try_get("username")?,
        password_hash: Sealed::new(row.try_get("password_hash")?),
    }))
}

async fn usernames(
    tx: &Transaction<'_>,
    players: &[PlayerId],
) -> PostgresResult<Vec<Option<String>>> {
    let ids: Vec<i64> = players.iter().map(|player| player.as_i64()).collect();
    let select = tx.prepare_cached("SELECT id, username FROM player WHERE id = ANY($1)").await?;
    let mut names = BTreeMap::new();
    for row in tx.query(&select, &[&ids]).await? {
        names.insert(player_id(&row, "id")?, row.try_get::<_, String>("username")?);
    }
    Ok(players.iter().map(|player| names.get(player).cloned()).collect())
}

fn player_id(row: &Row, column: &str) -> PostgresResult<PlayerId> {
    let number: i64 = row.try_get(column)?;
    let player = u64::try_from(number).ok().and_then(|number| PlayerId::new(number).ok());
    player.ok_or_else(|| PostgresError::Failed(format!("column {column} holds no player")))
}

#[cfg(test)]
mod tests;
