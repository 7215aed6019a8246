//! Group commit, migrations, durability settings and snapshots.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Transaction};

use super::{Reader, Schema, StoreError, Writer};

const NOTES: Schema =
    Schema { name: "notes", steps: &["CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)"] };

struct Store {
    root: tempfile::TempDir,
    writer: Writer,
}

impl Store {
    fn open() -> Self {
        let root = tempfile::tempdir().unwrap();
        let writer = Writer::open(root.path().join("notes.db"), &[NOTES]).unwrap();
        Self { root, writer }
    }

    fn path(&self) -> std::path::PathBuf {
        self.root.path().join("notes.db")
    }
}

fn insert(id: i64) -> impl FnOnce(&Transaction<'_>) -> rusqlite::Result<usize> + Send + 'static {
    move |tx| tx.execute("INSERT INTO note (id, text) VALUES (?1, 'x')", [id])
}

/// What another connection, hence a restarted process, would see.
fn seen(path: &Path) -> Vec<i64> {
    let connection = Connection::open(path).unwrap();
    let mut rows = connection.prepare("SELECT id FROM note ORDER BY id").unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn an_answer_comes_after_its_commit() {
    let store = Store::open();
    for id in 1..=20 {
        store.writer.run(insert(id)).await.unwrap();
        assert_eq!(seen(&store.path()).last(), Some(&id));
    }
}

#[tokio::test]
async fn a_failing_job_is_rolled_back_alone() {
    let store = Store::open();
    let gate = hold_writer(&store.writer);
    let writer = &store.writer;
    let failing = writer.run(|tx| {
        tx.execute("INSERT INTO note (id) VALUES (2)", [])?;
        tx.execute("INSERT INTO note (id) VALUES (2)", [])
    });
    let panicking = writer.run(|tx| -> rusqlite::Result<()> {
        tx.execute("INSERT INTO note (id) VALUES (3)", [])?;
        panic!("a bug in a job");
    });
    let open = async { gate.send(()).unwrap() };
    let (first, failed, panicked, last, ()) =
        tokio::join!(writer.run(insert(1)), failing, panicking, writer.run(insert(4)), open);
    first.unwrap();
    last.unwrap();
    assert!(failed.unwrap_err().is_unique_violation());
    assert!(matches!(panicked, Err(StoreError::Panicked)));
    assert_eq!(seen(&store.path()), [1, 4]);
}

#[tokio::test]
async fn a_job_alone_in_its_group_is_rolled_back_if_it_fails() {
    let store = Store::open();
    let writer = &store.writer;
    let failed = writer.run(|tx| {
        tx.execute("INSERT INTO note (id) VALUES (1)", [])?;
        tx.execute("INSERT INTO note (id) VALUES (1)", [])
    });
    assert!(failed.await.unwrap_err().is_unique_violation());
    let panicked = writer.run(|tx| -> rusqlite::Result<()> {
        tx.execute("INSERT INTO note (id) VALUES (2)", [])?;
        panic!("a bug in a job");
    });
    assert!(matches!(panicked.await, Err(StoreError::Panicked)));
    for end in ["ROLLBACK", "ROLLBACK; SELECT nothing"] {
        // Ends the transaction under it, as a full disk does.
        let broken = writer.run(move |tx| {
            tx.execute("INSERT INTO note (id) VALUES (3)", [])?;
            tx.execute_batch(end)
        });
        assert!(matches!(broken.await, Err(StoreError::Unavailable)), "{end}");
    }
    assert_eq!(seen(&store.path()), [0_i64; 0]);
    writer.run(insert(4)).await.unwrap();
    assert_eq!(seen(&store.path()), [4]);
}

#[tokio::test]
async fn jobs_that_wait_share_a_commit() {
    let store = Store::open();
    let gate = hold_writer(&store.writer);
    let jobs: Vec<_> = (0..300)
        .map(|id| {
            let writer = store.writer.clone();
            tokio::spawn(async move { writer.run(insert(id)).await })
        })
        .collect();
    // The runtime polls some sixty tasks between two turns of this one.
    for _ in 0..300 {
        tokio::task::yield_now().await;
    }
    gate.send(()).unwrap();
    for job in jobs {
        job.await.unwrap().unwrap();
    }
    assert_eq!(seen(&store.path()).len(), 300);
    let commits = sample(&store.writer, "commit_seconds_count");
    assert!(commits <= 3.0, "301 jobs took {commits} commits");
    assert!(sample(&store.writer, "group_jobs_sum") >= 301.0);
}

#[tokio::test]
async fn a_failed_commit_leaves_every_job_of_its_group_in_doubt() {
    let store = Store::open();
    let gate = hold_writer(&store.writer);
    let writer = &store.writer;
    // Ends the transaction under its group, as a full disk does.
    let breaking = writer.run(|tx| tx.execute_batch("ROLLBACK"));
    let open = async { gate.send(()).unwrap() };
    let (before, broken, after, ()) =
        tokio::join!(writer.run(insert(1)), breaking, writer.run(insert(2)), open);
    assert!(matches!(before, Err(StoreError::Unavailable)));
    assert!(matches!(broken, Err(StoreError::Unavailable)));
    assert!(matches!(after, Err(StoreError::Unavailable)));
    assert_eq!(store.writer.metrics().failed_commits.get(), 1);
    assert_eq!(seen(&store.path()), [0_i64; 0]);
    writer.run(insert(3)).await.unwrap();
    assert_eq!(seen(&store.path()), [3]);
}

#[tokio::test]
async fn the_last_handle_finishes_the_queue_and_folds_the_log() {
    let Store { root, writer } = Store::open();
    let path = root.path().join("notes.db");
    // Asked for and given up: the job stands all the same.
    let asked = tokio::time::timeout(
        std::time::Duration::from_millis(1),
        writer.run(|tx| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            insert(1)(tx)
        }),
    );
    assert!(asked.await.is_err());
    drop(writer);
    assert!(!path.with_extension("db-wal").exists());
    assert_eq!(seen(&path), [1]);
}

#[tokio::test]
async fn a_commit_is_synced_and_keys_are_checked() {
    let store = Store::open();
    let pragma = |name: &'static str| {
        let read = move |tx: &Transaction<'_>| {
            tx.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
        };
        let writer = store.writer.clone();
        async move { format!("{:?}", writer.run(read).await.unwrap()) }
    };
    assert_eq!(pragma("journal_mode").await, "Text(\"wal\")");
    assert_eq!(pragma("synchronous").await, "Integer(2)");
    assert_eq!(pragma("foreign_keys").await, "Integer(1)");
    assert_eq!(pragma("locking_mode").await, "Text(\"normal\")");
}

/// The files of the database that are there, by their endings, each with its mode.
fn modes(path: &Path) -> Vec<(&'static str, u32)> {
    let mode = |end: &&'static str| {
        let there = fs::metadata(format!("{}{end}", path.display())).ok()?;
        Some((*end, there.permissions().mode() & 0o777))
    };
    ["", "-wal", "-shm"].iter().filter_map(mode).collect()
}

#[tokio::test]
async fn the_file_and_its_log_are_their_owners_alone() {
    let store = Store::open();
    let private = [("", 0o600), ("-wal", 0o600), ("-shm", 0o600)];
    store.writer.run(insert(1)).await.unwrap();
    let reader = Reader::open(store.path(), 1).unwrap();
    assert_eq!(modes(&store.path()), private);
    // As a process leaves them that was killed, on a machine where others could read them.
    let copy = store.root.path().join("copy.db");
    for (end, _) in private {
        let to = format!("{}{end}", copy.display());
        fs::copy(format!("{}{end}", store.path().display()), &to).unwrap();
        fs::set_permissions(&to, Permissions::from_mode(0o644)).unwrap();
    }
    drop(reader);
    let writer = Writer::open(&copy, &[NOTES]).unwrap();
    writer.run(insert(2)).await.unwrap();
    assert_eq!(modes(&copy), private);
    assert_eq!(seen(&copy), [1, 2]);
}

#[tokio::test]
async fn steps_are_applied_once_and_owners_share_a_file() {
    const LATER: Schema = Schema {
        name: "notes",
        steps: &[NOTES.steps[0], "ALTER TABLE note ADD COLUMN at INTEGER NOT NULL DEFAULT 7"],
    };
    const OTHER: Schema = Schema { name: "other", steps: &["CREATE TABLE other (id INTEGER)"] };
    let store = Store::open();
    store.writer.run(insert(1)).await.unwrap();
    let path = store.path();
    let Store { root, writer } = store;
    drop(writer);
    for _ in 0..2 {
        let writer = Writer::open(&path, &[LATER, OTHER]).unwrap();
        let at = writer.run(|tx| {
            tx.query_row("SELECT at FROM note LEFT JOIN other", [], |row| row.get::<_, i64>(0))
        });
        assert_eq!(at.await.unwrap(), 7);
    }
    let refused = Writer::open(&path, &[NOTES]).unwrap_err().to_string();
    assert!(refused.contains("version 2, this program knows 1"), "{refused}");
    drop(root);
}

#[tokio::test]
async fn a_failing_migration_changes_nothing() {
    const BROKEN: Schema =
        Schema { name: "broken", steps: &["CREATE TABLE broken (id INTEGER)", "NOT SQL"] };
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("broken.db");
    assert!(matches!(Writer::open(&path, &[BROKEN]), Err(StoreError::Open(_))));
    let connection = Connection::open(&path).unwrap();
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 0);
}

#[tokio::test]
async fn every_connection_keeps_its_plans() {
    let store = Store::open();
    let keeps =
        |connection: &Connection| connection.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG);
    assert!(store.writer.run(move |transaction| keeps(transaction)).await.unwrap());
    let reader = Reader::open(store.path(), 1).unwrap();
    assert!(reader.run(keeps).await.unwrap());
}

#[tokio::test]
async fn a_reader_sees_one_committed_state_and_cannot_write() {
    let store = Store::open();
    store.writer.run(insert(1)).await.unwrap();
    let reader = Reader::open(store.path(), 2).unwrap();
    let (writing, resume) = (store.writer.clone(), tokio::runtime::Handle::current());
    let counts = reader.run(move |connection| {
        let count = |connection: &Connection| {
            connection.query_row("SELECT count(*) FROM note", [], |row| row.get::<_, i64>(0))
        };
        let before = count(connection)?;
        resume.block_on(writing.run(insert(2))).unwrap();
        Ok((before, count(connection)?))
    });
    assert_eq!(counts.await.unwrap(), (1, 1));
    let count =
        |c: &Connection| c.query_row("SELECT count(*) FROM note", [], |row| row.get::<_, i64>(0));
    assert_eq!(reader.run(count).await.unwrap(), 2);
    let refused = reader.run(|connection| connection.execute("DELETE FROM note", [])).await;
    assert!(matches!(refused, Err(StoreError::Failed(_))));
}

#[tokio::test]
async fn a_panicking_reader_gives_its_connection_back() {
    let store = Store::open();
    let reader = Reader::open(store.path(), 1).unwrap();
    for _ in 0..3 {
        let panicked = reader.run(|_| -> rusqlite::Result<()> { panic!("a bug in a reader") });
        assert!(matches!(panicked.await, Err(StoreError::Panicked)));
    }
    let one =
        reader.run(|connection| connection.query_row("SELECT 1", [], |row| row.get::<_, i64>(0)));
    assert_eq!(one.await.unwrap(), 1);
}

/// Keeps the writer busy until the sender is used, so that what follows is one group.
fn hold_writer(writer: &Writer) -> mpsc::Sender<()> {
    let (open, gate) = mpsc::channel();
    let started = Arc::new(AtomicBool::new(false));
    let (holding, shown) = (writer.clone(), Arc::clone(&started));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let held = holding.run(move |_| {
            shown.store(true, Ordering::SeqCst);
            gate.recv().unwrap();
            Ok(())
        });
        runtime.block_on(held).unwrap();
    });
    while !started.load(Ordering::SeqCst) {
        std::thread::yield_now();
    }
    open
}

/// The value of the sample whose name ends in `name`.
fn sample(writer: &Writer, name: &str) -> f64 {
    let mut registry = prometheus_client::registry::Registry::default();
    registry.register("group_jobs", "Jobs", writer.metrics().group_jobs.clone());
    registry.register("commit_seconds", "Seconds", writer.metrics().commit_seconds.clone());
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}
