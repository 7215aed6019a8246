//! Players and their sign-ins in the embedded database.

use async_trait::async_trait;
use kernel::{PlayerId, Sealed};
use platform::sqlite::{Reader, Schema, StoreError as SqliteError, Writer};
use rusqlite::types::Type;
use rusqlite::{OptionalExtension as _, Row, params};

use super::{
    Bounds, EndedSession, NewPlayer, NewSession, Replaced, Replacement, Rotated, Rotation, Store,
    StoreError, StoredPlayer,
};

mod sessions;

/// The tables of identity, in the user role's file.
pub const SCHEMA: Schema = Schema { name: "identity", steps: &[PLAYERS, sessions::TABLES] };

/// The first step.
const PLAYERS: &str = "CREATE TABLE player (
    -- Never given twice, so that a token of a removed player names nobody else.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT";

/// The store on SQLite.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    writer: Writer,
    reader: Reader,
}

impl SqliteStore {
    /// On a file that has [`SCHEMA`].
    #[must_use]
    pub const fn new(writer: Writer, reader: Reader) -> Self {
        Self { writer, reader }
    }
}

impl From<SqliteError> for StoreError {
    fn from(error: SqliteError) -> Self {
        match error {
            SqliteError::Unavailable => Self::Unavailable,
            definite => Self::Failed(definite.to_string()),
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn register(&self, new: NewPlayer) -> Result<Option<PlayerId>, StoreError> {
        let insert = move |tx: &rusqlite::Transaction<'_>| {
            tx.prepare_cached(
                "INSERT INTO player (username, password_hash, created_at_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (username) DO NOTHING RETURNING id",
            )?
            .query_row(
                params![new.username, new.password_hash.expose(), new.created_at_ms],
                player_id,
            )
            .optional()
        };
        Ok(self.writer.run(insert).await?)
    }

    async fn find(&self, username: &str) -> Result<Option<StoredPlayer>, StoreError> {
        let username = username.to_owned();
        let find = move |connection: &rusqlite::Connection| {
            connection
                .prepare_cached(
                    "SELECT id, username, password_hash FROM player WHERE username = ?1",
                )?
                .query_row([username], |row| {
                    Ok(StoredPlayer {
                        player: player_id(row)?,
                        username: row.get(1)?,
                        password_hash: Sealed::new(row.get(2)?),
                    })
                })
                .optional()
        };
        Ok(self.reader.run(find).await?)
    }

    async fn usernames(&self, players: &[PlayerId]) -> Result<Vec<Option<String>>, StoreError> {
        let players = players.to_vec();
        let read = move |connection: &rusqlite::Connection| {
            let mut select =
                connection.prepare_cached("SELECT username FROM player WHERE id = ?1")?;
            players
                .iter()
                .map(|player| select.query_row([player.as_i64()], |row| row.get(0)).optional())
                .collect()
        };
        Ok(self.reader.run(read).await?)
    }

    async fn open_session(
        &self,
        new: NewSession,
        now_ms: i64,
        bounds: Bounds,
    ) -> Result<Option<Vec<String>>, StoreError> {
        Ok(self.writer.run(move |tx| sessions::open(tx, &new, now_ms, bounds)).await?)
    }

    async fn rotate(
        &self,
        rotation: Rotation,
        now_ms: i64,
        bounds: Bounds,
    ) -> Result<Rotated, StoreError> {
        Ok(self.writer.run(move |tx| sessions::rotate(tx, &rotation, now_ms, bounds)).await?)
    }

    async fn end_sessions(
        &self,
        player: PlayerId,
        session: Option<String>,
        now_ms: i64,
        bounds: Bounds,
    ) -> Result<Vec<String>, StoreError> {
        let end = move |tx: &rusqlite::Transaction<'_>| {
            sessions::end_all(tx, player, (session.as_deref(), None), now_ms, bounds)
        };
        Ok(self.writer.run(end).await?)
    }

    async fn replace_password(
        &self,
        replacement: Replacement,
        now_ms: i64,
        bounds: Bounds,
    ) -> Result<Option<Replaced>, StoreError> {
        let replace = move |tx: &rusqlite::Transaction<'_>| {
            sessions::replace_password(tx, &replacement, now_ms, bounds)
        };
        Ok(self.writer.run(replace).await?)
    }

    async fn ended_sessions(
        &self,
        now_ms: i64,
        most: u32,
    ) -> Result<Vec<EndedSession>, StoreError> {
        Ok(self.writer.run(move |tx| sessions::ended(tx, now_ms, most)).await?)
    }
}

fn player_id(row: &Row<'_>) -> rusqlite::Result<PlayerId> {
    let number: i64 = row.get(0)?;
    u64::try_from(number)
        .ok()
        .and_then(|number| PlayerId::new(number).ok())
        .ok_or_else(|| rusqlite::Error::InvalidColumnType(0, "id".to_owned(), Type::Integer))
}

#[cfg(test)]
mod tests;
