//! One look at two databases that change: each fact is read before the facts that follow from it.
//!
//! What the wallet has decided was stored by the game before, and what the game stores was held by
//! the wallet before. So the wallet's book is seen twice: as `book` before the game, and as `later`
//! after it. Whatever `book` says, `game` must know; whatever `game` says, `later` must know. No
//! server needs to stand still for that.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use platform::clock::{Clock as _, SystemClock};
use rusqlite::{Connection, OpenFlags, Result};

use crate::mirror::{self, CannotCopy};
use crate::postgres::Urls;

/// How long another program's lock on a file is waited for.
const BUSY: Duration = Duration::from_secs(10);

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum CannotLook {
    /// There is no database.
    #[error("there is no {0}")]
    Missing(PathBuf),
    /// It cannot be opened, or is none of ours.
    #[error("{0}: {1}")]
    Open(PathBuf, rusqlite::Error),
    /// A shared database cannot be copied.
    #[error("{0}: {1}")]
    Copy(&'static str, CannotCopy),
    /// A look needs a thread of its own for the network.
    #[error("no runtime: {0}")]
    Runtime(std::io::Error),
    /// It was opened and cannot be read to the end.
    #[error("while looking at {0}: {1}")]
    Read(&'static str, rusqlite::Error),
}

/// Both databases, each at an instant of its own.
pub(super) struct Snapshot {
    pub(super) connection: Connection,
    /// Whether a server has the directory open.
    pub(super) live: bool,
}

impl Snapshot {
    /// Opens what is in `data`, for reading alone.
    pub(super) fn open(data: &Path) -> std::result::Result<Self, CannotLook> {
        for file in ["user.db", "game.db"] {
            let path = data.join(file);
            if !path.is_file() {
                return Err(CannotLook::Missing(path));
            }
        }
        let live = is_live(data);
        let connection = attach(data).map_err(|error| CannotLook::Open(data.into(), error))?;
        Ok(Self { connection, live })
    }

    /// Copies what shared databases hold, in the order of the facts, into files without names.
    pub(super) fn copy(urls: &Urls) -> std::result::Result<Self, CannotLook> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(CannotLook::Runtime)?.block_on(async {
            let cannot = |name| move |error| CannotLook::Copy(name, error);
            let connection = unnamed().map_err(|error| cannot("the copy")(error.into()))?;
            let (user, game) = ("the user database", "the game database");
            let live = mirror::is_live(&urls.game).await.map_err(cannot(game))?;
            for (url, tables, schema, name) in [
                (&urls.user, mirror::USER, "book", user),
                (&urls.game, mirror::GAME, "game", game),
                (&urls.user, mirror::USER, "later", user),
            ] {
                mirror::copy(url, tables, &connection, schema).await.map_err(cannot(name))?;
            }
            Ok(Self { connection, live })
        })
    }

    /// The wall clock beside a server that runs; else the last instant that is stored, since in
    /// files that rest nothing can be late.
    pub(super) fn now_ms(&self) -> Result<i64> {
        if self.live {
            return Ok(SystemClock::new().unix_ms());
        }
        self.connection.query_row(
            "SELECT max(coalesce((SELECT max(at_ms) FROM later.ledger_transfer), 0),
                        coalesce((SELECT max(opened_at) FROM game.round), 0),
                        coalesce((SELECT max(ended_at) FROM game.round), 0))",
            [],
            |row| row.get(0),
        )
    }
}

/// Three databases that are gone with the connection; what does not fit into memory goes to disk.
fn unnamed() -> Result<Connection> {
    let connection = Connection::open_in_memory()?;
    for name in ["book", "game", "later"] {
        connection.execute(&format!("ATTACH '' AS {name}"), [])?;
    }
    Ok(connection)
}

fn attach(data: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(":memory:", flags)?;
    connection.busy_timeout(BUSY)?;
    for (file, name) in [("user.db", "book"), ("game.db", "game"), ("user.db", "later")] {
        let uri = format!("file:{}?mode=ro", encoded(&data.join(file)));
        connection.execute(&format!("ATTACH ?1 AS {name}"), [uri])?;
    }
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; BEGIN")?;
    // A snapshot begins with the first read of its file, so the order of these is the point.
    for table in ["book.ledger_account", "game.round", "later.ledger_account"] {
        connection.query_row(&format!("SELECT EXISTS (SELECT 1 FROM {table})"), [], |_| Ok(()))?;
    }
    Ok(connection)
}

/// A path as a URI has it.
fn encoded(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/.-_".contains(&byte);
    bytes
        .map(|byte| match *byte {
            byte if plain(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// A server holds the lock alone; without one it is ours for an instant, shared.
fn is_live(data: &Path) -> bool {
    let Ok(lock) = File::open(data.join("lock")) else { return false };
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
}
