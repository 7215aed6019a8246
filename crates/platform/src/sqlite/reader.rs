//! Connections that only read, each run one snapshot; the writer never waits for them.

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::{StoreError, keep_plans};
use crate::traces::{self, Span};

/// A bounded pool of read-only connections. Clones share it. Opened after the writer.
#[derive(Clone, Debug)]
pub struct Reader {
    pool: Arc<Pool>,
    places: Arc<Semaphore>,
}

#[derive(Debug)]
struct Pool {
    idle: Mutex<Vec<Connection>>,
}

/// A connection that goes back to its pool, also when its reader panics.
struct Lease {
    pool: Arc<Pool>,
    connection: Option<Connection>,
}

impl Reader {
    /// Opens `connections` connections, at least one, on a file that a writer has made.
    ///
    /// # Errors
    /// [`StoreError::Open`] with the reason.
    pub fn open(path: impl AsRef<Path>, connections: usize) -> Result<Self, StoreError> {
        let connections = connections.max(1);
        let idle: rusqlite::Result<Vec<_>> =
            (0..connections).map(|_| connect(path.as_ref())).collect();
        let idle = idle
            .map_err(|error| StoreError::Open(format!("{}: {error}", path.as_ref().display())))?;
        Ok(Self {
            pool: Arc::new(Pool { idle: Mutex::new(idle) }),
            places: Arc::new(Semaphore::new(connections)),
        })
    }

    /// Runs `work` on a thread that may block; all it reads is of one committed state. Waits
    /// while every connection is busy.
    ///
    /// # Errors
    /// [`StoreError::Failed`] with the database's reason, [`StoreError::Panicked`].
    pub async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let followed = Span::child(traces::operation_of::<F>);
        followed.note("db.system.name", || "sqlite".into());
        let places = Arc::clone(&self.places);
        let place = places.acquire_owned().await.map_err(|_| StoreError::Unavailable)?;
        let pool = Arc::clone(&self.pool);
        let reading = tokio::task::spawn_blocking(move || {
            let lease = Lease::take(pool)?;
            let answer = lease.read(work);
            drop(lease);
            drop(place);
            answer
        });
        match reading.await {
            Ok(answer) => answer,
            Err(error) if error.is_panic() => Err(StoreError::Panicked),
            Err(_) => Err(StoreError::Unavailable),
        }
    }
}

impl Lease {
    fn take(pool: Arc<Pool>) -> Result<Self, StoreError> {
        let connection = pool.idle.lock().pop();
        // There are as many places as connections, so whoever has a place finds one.
        if connection.is_none() {
            return Err(StoreError::Unavailable);
        }
        Ok(Self { pool, connection })
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let connection = self.connection.as_ref().ok_or(StoreError::Unavailable)?;
        // Ends with the block, so a panicking reader leaves no snapshot open.
        let snapshot = connection.unchecked_transaction()?;
        let answer = work(connection)?;
        snapshot.finish()?;
        Ok(answer)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.idle.lock().extend(self.connection.take());
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    keep_plans(&connection)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF;")?;
    Ok(connection)
}
