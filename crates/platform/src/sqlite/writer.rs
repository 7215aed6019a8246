//! One thread, one connection, many jobs a commit.
//!
//! A job is answered only after the commit that holds it was synced. A failing job is rolled back
//! alone; a failing commit fails every job of its group; a failing disk ends the process (ADR 19).

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::folding::{FOLD_AT, Folding};
use super::schema::{Schema, migrate};
use super::{StoreError, keep_plans};
use crate::clock::Stopwatch;
use crate::data_dir::modes::{PRIVATE_FILE, create_private, restrict};
use crate::traces::{self, Span};

/// Jobs that wait for the thread. When it is full, `run` waits for a place.
const QUEUE: usize = 4_096;
/// Jobs one commit may hold, so that the first of them is not kept waiting without bound.
const GROUP: usize = 512;
/// How long another program's lock on the file is waited for.
const BUSY_MS: u64 = 5_000;

/// A handle on the writer. Clones share it; dropping the last one finishes the queue, folds the
/// log into the file and closes it.
#[derive(Clone, Debug)]
pub struct Writer {
    shared: Arc<Shared>,
}

/// What a writer measures; register it under the name of its file.
#[derive(Clone, Debug)]
pub struct WriterMetrics {
    /// Jobs a commit held.
    pub group_jobs: Histogram,
    /// How long commits took, the sync included.
    pub commit_seconds: Histogram,
    /// Commits that failed, their jobs' outcome being unknown.
    pub failed_commits: Counter,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
    metrics: WriterMetrics,
}

/// How a group ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Commit {
    Durable,
    Unknown,
}

/// Why a group was not committed, as far as is known.
#[derive(Debug)]
enum Failure {
    /// Its jobs may be sent again.
    Doubt(rusqlite::Error),
    /// The disk failed: what it holds is unknown, and a later sync that succeeds proves nothing.
    BrokenDisk(rusqlite::Error),
}

/// What a job leaves behind.
enum Ran {
    Changes,
    Nothing,
    BrokenDisk(rusqlite::Error),
}

/// A piece of work that waits for its group's commit.
trait Job: Send {
    /// Does the work and keeps the answer.
    fn run(&mut self, tx: &Transaction<'_>) -> Ran;
    /// Tells the answer to whoever asked.
    fn answer(self: Box<Self>, commit: Commit);
}

struct Asked<F, T> {
    work: Option<F>,
    answer: Result<T, StoreError>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl Writer {
    /// Opens the file, creating it for its owner alone, and brings it to `schemas`. The data
    /// directory's lock must be held: a second writer in another process is not expected.
    ///
    /// # Errors
    /// [`StoreError::Open`] with the reason, also if a newer program wrote the file.
    ///
    /// What an earlier process wrote is made durable before anything is answered: that process may
    /// have died before its sync, or of a sync that failed.
    pub fn open(path: impl AsRef<Path>, schemas: &[Schema]) -> Result<Self, StoreError> {
        let path = path.as_ref();
        make_private(path)
            .map_err(|error| StoreError::Open(format!("{}: {error}", path.display())))?;
        let mut connection = connect(path)
            .map_err(|error| StoreError::Open(format!("{}: {error}", path.display())))?;
        migrate(&mut connection, schemas).map_err(|error| match error {
            StoreError::Failed(error) => StoreError::Open(format!("migration: {error}")),
            other => other,
        })?;
        fold_log(&connection).map_err(|error| StoreError::Open(error.to_string()))?;
        let folding = Folding::of(&mut connection, path, FOLD_AT)?;
        let metrics = WriterMetrics::default();
        let (queue, jobs) = mpsc::channel(QUEUE);
        let worker = Worker { connection, folding, jobs, metrics: metrics.clone() };
        let thread = thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || worker.run())
            .map_err(|error| StoreError::Open(error.to_string()))?;
        let shared =
            Shared { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)), metrics };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Runs `work` in the next group and answers once it is durable. Waits while the queue is
    /// full. The work must not commit, roll back, or use deferred constraints: they would decide
    /// for the whole group.
    ///
    /// # Errors
    /// [`StoreError::Failed`], [`StoreError::Panicked`]: nothing was changed.
    /// [`StoreError::Unavailable`]: the outcome is unknown.
    pub async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        // From the queue to the commit.
        let followed = Span::child(traces::operation_of::<F>);
        followed.note("db.system.name", || "sqlite".into());
        let queue = self.shared.queue.lock().clone().ok_or(StoreError::Unavailable)?;
        let (reply, answer) = oneshot::channel();
        let asked = Asked { work: Some(work), answer: Err(StoreError::Unavailable), reply };
        queue.send(Box::new(asked)).await.map_err(|_| StoreError::Unavailable)?;
        // The handle keeps the queue open; this clone must not outlive it.
        drop(queue);
        answer.await.unwrap_or(Err(StoreError::Unavailable))
    }

    /// What this writer measures.
    #[must_use]
    pub fn metrics(&self) -> &WriterMetrics {
        &self.shared.metrics
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.queue.lock().take();
        let Some(worker) = self.thread.lock().take() else { return };
        // A job may own the last handle; the thread cannot wait for itself.
        if worker.thread().id() != thread::current().id() && worker.join().is_err() {
            tracing::error!("the database writer panicked");
        }
    }
}

impl Default for WriterMetrics {
    fn default() -> Self {
        Self {
            group_jobs: Histogram::new(exponential_buckets(1.0, 2.0, 10)),
            commit_seconds: Histogram::new(exponential_buckets(0.000_1, 2.0, 15)),
            failed_commits: Counter::default(),
        }
    }
}

impl<F, T> Job for Asked<F, T>
where
    T: Send,
    F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send,
{
    fn run(&mut self, tx: &Transaction<'_>) -> Ran {
        let Some(work) = self.work.take() else { return Ran::Nothing };
        let (answer, ran) = match catch_unwind(AssertUnwindSafe(|| work(tx))) {
            Ok(Ok(answer)) => (Ok(answer), Ran::Changes),
            // Nobody is answered any more.
            Ok(Err(error)) if is_of_disk(&error) => return Ran::BrokenDisk(error),
            Ok(Err(error)) => (Err(StoreError::Failed(error)), Ran::Nothing),
            Err(_) => (Err(StoreError::Panicked), Ran::Nothing),
        };
        self.answer = answer;
        ran
    }

    fn answer(self: Box<Self>, commit: Commit) {
        let answer = match commit {
            Commit::Durable => self.answer,
            Commit::Unknown => Err(StoreError::Unavailable),
        };
        // Whoever asked may have gone; the work stands all the same.
        let _gone = self.reply.send(answer);
    }
}

struct Worker {
    connection: Connection,
    folding: Folding,
    jobs: mpsc::Receiver<Box<dyn Job>>,
    metrics: WriterMetrics,
}

impl Worker {
    fn run(mut self) {
        let mut group = Vec::with_capacity(GROUP);
        while self.jobs.blocking_recv_many(&mut group, GROUP) > 0 {
            let commit = self.commit(&mut group);
            for job in group.drain(..) {
                job.answer(commit);
            }
            self.folding.tend(&self.connection);
        }
        // The folding has a connection of its own, and the last one that closes removes the log.
        drop(self.folding);
        let folded = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        if let Err(error) = folded.and_then(|()| self.connection.close().map_err(|(_, e)| e)) {
            tracing::warn!(%error, "the database was closed with its log beside it");
        }
    }

    fn commit(&mut self, group: &mut [Box<dyn Job>]) -> Commit {
        let watch = Stopwatch::start();
        let outcome = run_group(&mut self.connection, group);
        #[expect(clippy::cast_precision_loss, reason = "a group is at most 512 jobs")]
        self.metrics.group_jobs.observe(group.len() as f64);
        self.metrics.commit_seconds.observe(watch.seconds());
        match outcome {
            Ok(()) => Commit::Durable,
            Err(Failure::Doubt(error)) => {
                self.metrics.failed_commits.inc();
                tracing::error!(%error, jobs = group.len(), "a commit failed");
                Commit::Unknown
            }
            Err(Failure::BrokenDisk(error)) => die_of(&error),
        }
    }
}

/// One transaction, each of several jobs in a savepoint of its own. Dropping the transaction rolls
/// back.
fn run_group(connection: &mut Connection, group: &mut [Box<dyn Job>]) -> Result<(), Failure> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let [job] = group {
        // Its savepoint would be the transaction: SQLite copies every page that is written within.
        return match job.run(&tx) {
            Ran::Changes => Ok(tx.commit()?),
            Ran::Nothing => Ok(tx.rollback()?),
            Ran::BrokenDisk(error) => Err(Failure::BrokenDisk(error)),
        };
    }
    {
        // Looked up once a group: they run for every job.
        let mut begin = tx.prepare_cached("SAVEPOINT job")?;
        let mut undo = tx.prepare_cached("ROLLBACK TO job")?;
        let mut end = tx.prepare_cached("RELEASE job")?;
        for job in group {
            begin.execute([])?;
            match job.run(&tx) {
                Ran::Changes => {}
                // Fails if the job's error ended the whole transaction: then all of it is lost.
                Ran::Nothing => drop(undo.execute([])?),
                Ran::BrokenDisk(error) => return Err(Failure::BrokenDisk(error)),
            }
            end.execute([])?;
        }
    }
    Ok(tx.commit()?)
}

/// Whether the disk failed. A full one did not: it said so, and nothing was committed.
pub(super) fn is_of_disk(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure)
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        if is_of_disk(&error) { Self::BrokenDisk(error) } else { Self::Doubt(error) }
    }
}

/// Ends the process as `kill -9` would: the next one begins with what the file really holds.
pub(super) fn die_of(error: &dyn std::error::Error) -> ! {
    tracing::error!(
        %error,
        "the disk failed: what it holds is unknown until it is read again, so this process ends"
    );
    std::process::abort()
}

/// Writes what the log holds into the file, and syncs both. To sync the log alone is not enough:
/// after a sync that failed, Linux takes for written what is not.
fn fold_log(connection: &Connection) -> rusqlite::Result<()> {
    let (is_read, frames, folded) =
        connection.query_row("PRAGMA wal_checkpoint(FULL)", [], |row| {
            Ok((row.get::<_, bool>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        })?;
    if is_read || folded < frames {
        tracing::warn!(frames, folded, "somebody reads the log, which is not folded in wholly");
    }
    Ok(())
}

/// SQLite gives the log and its index the mode of the file, so the file comes first; what an
/// earlier process left beside it is made private too.
fn make_private(path: &Path) -> io::Result<()> {
    create_private(path)?;
    for end in ["-wal", "-shm"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(end);
        match restrict(Path::new(&beside), PRIVATE_FILE) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS))?;
    connection.set_prepared_statement_cache_capacity(128);
    keep_plans(&connection)?;
    // FULL syncs the log at every commit: without it a power cut loses acknowledged bets. A group
    // of hundreds of bets dirties megabytes: the cache (64 MB at most) keeps them until the commit.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA locking_mode = NORMAL;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;
         PRAGMA cache_size = -65536;
         PRAGMA journal_size_limit = 134217728;",
    )?;
    Ok(connection)
}
