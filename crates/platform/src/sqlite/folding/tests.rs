//! The log is folded beside the writer, and waits for whoever reads.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rusqlite::Connection;

use super::super::writer::connect;
use super::{Folding, PAGES_LEFT, PASSES_MOST, Turn, fold, fold_most};
use crate::clock::Stopwatch;

/// No folding of some pages takes longer, on a machine however busy.
const PATIENCE_SECONDS: f64 = 60.0;

struct Log {
    folding: Folding,
    writer: Connection,
    rows: i64,
}

impl Log {
    fn at(path: &Path) -> Self {
        let mut writer = notes(path);
        let folding = Folding::of(&mut writer, path, 16).unwrap();
        Self { folding, writer, rows: 0 }
    }

    /// The pages in the log after one more commit.
    fn commit(&mut self) -> u32 {
        add(&self.writer, 1);
        self.rows += 1;
        let pages = self.folding.shared.pages.load(Ordering::Relaxed);
        self.folding.tend(&self.writer);
        pages
    }

    /// Commits until the log began anew, which it does only once all of it is in the file.
    fn until_anew(&mut self) {
        let mut before = 0;
        let watch = Stopwatch::start();
        while watch.seconds() < PATIENCE_SECONDS {
            let pages = self.commit();
            if pages < before {
                return;
            }
            before = pages;
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("{before} pages, and the log did not begin anew");
    }
}

fn notes(path: &Path) -> Connection {
    let writer = connect(path).unwrap();
    writer.execute_batch("CREATE TABLE note (text TEXT)").unwrap();
    // What is tested is when the log is folded, not what the disk keeps of it.
    writer.execute_batch("PRAGMA synchronous = OFF").unwrap();
    writer
}

/// One commit of some `pages`.
fn add(writer: &Connection, pages: u32) {
    writer.execute("INSERT INTO note VALUES (hex(zeroblob(?1 * 2000)))", [pages]).unwrap();
}

fn count(connection: &Connection) -> i64 {
    connection.query_row("SELECT count(*) FROM note", [], |row| row.get(0)).unwrap()
}

/// Goes on reading, at the newest commit: this keeps the log from beginning anew between two
/// passes, as it does not while there is always more.
fn read_newest(reader: &Connection) -> i64 {
    if !reader.is_autocommit() {
        reader.execute_batch("COMMIT").unwrap();
    }
    reader.execute_batch("BEGIN").unwrap();
    count(reader)
}

#[test]
fn a_long_log_is_folded_and_begins_anew() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("notes.db");
    let mut log = Log::at(&path);
    for _ in 0..5 {
        log.until_anew();
    }
    let Log { folding, writer, rows } = log;
    drop(folding);
    assert_eq!(count(&writer), rows);
    let sound: String = writer.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

#[test]
fn who_reads_keeps_the_log_and_stops_nobody() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("notes.db");
    let mut log = Log::at(&path);
    log.commit();
    let reader = connect(&path).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(count(&reader), 1);
    let mut before = 0;
    for _ in 0..200 {
        let pages = log.commit();
        assert!(pages > before, "{pages} pages after {before}, beside a reader");
        before = pages;
    }
    assert_eq!(count(&reader), 1);
    reader.execute_batch("COMMIT").unwrap();
    log.until_anew();
    assert_eq!(count(&reader), log.rows);
}

#[test]
fn what_is_committed_during_a_pass_is_folded_by_the_next_until_it_is_little() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("notes.db");
    let mut writer = notes(&path);
    let pages = Arc::<AtomicU32>::default();
    let counted = Arc::clone(&pages);
    let count_pages = move |_: &mut rusqlite::hooks::Wal, pages| {
        counted.store(u32::try_from(pages).unwrap(), Ordering::Relaxed);
        Ok(())
    };
    writer.wal_hook(Some(count_pages)).unwrap();
    let reader = connect(&path).unwrap();
    let write = |more: u32| {
        add(&writer, more);
        read_newest(&reader);
    };
    write(4_000);
    let mut meanwhile = [2_000, PAGES_LEFT + 100, PAGES_LEFT / 2].into_iter();
    let mut passes = 0;
    let during = || {
        passes += 1;
        write(meanwhile.next().unwrap());
        Ok(())
    };
    let connection = connect(&path).unwrap();
    assert!(fold_most(&connection, during, &pages).unwrap(), "little is left");
    assert_eq!(passes, 3);
    let folded = fold(&writer).unwrap().unwrap();
    assert_eq!(folded, pages.load(Ordering::Relaxed), "the rest is the writer's");
}

#[test]
fn where_more_comes_than_a_pass_folds_the_rest_is_the_writers_after_some() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("notes.db");
    let writer = notes(&path);
    let reader = connect(&path).unwrap();
    let mut commits = 0;
    let mut write = || {
        add(&writer, 2);
        commits += 1;
        assert_eq!(read_newest(&reader), commits);
    };
    write();
    let mut passes = 0;
    let during = || {
        passes += 1;
        write();
        Ok(())
    };
    let connection = connect(&path).unwrap();
    assert!(fold_most(&connection, during, &AtomicU32::new(u32::MAX)).unwrap());
    assert_eq!(passes, PASSES_MOST);
}

#[test]
fn a_pass_that_gains_nothing_is_the_last() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("notes.db");
    let writer = notes(&path);
    let reader = connect(&path).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(count(&reader), 0);
    add(&writer, 2_000);
    let mut passes = 0;
    let connection = connect(&path).unwrap();
    let during = || {
        passes += 1;
        Ok(())
    };
    let is_writers = fold_most(&connection, during, &AtomicU32::new(2_000)).unwrap();
    assert!(!is_writers, "the writer would try all of it, for nothing");
    assert!(passes <= 2, "{passes} passes beside a reader");
}

#[test]
fn a_log_that_a_reader_kept_is_tried_again_soon() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("notes.db");
    let mut log = Log::at(&path);
    let reader = connect(&path).unwrap();
    // Whoever reads what is in the log already keeps it.
    log.commit();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(count(&reader), 1);
    let watch = Stopwatch::start();
    while *log.folding.shared.turn.lock() != Turn::Writers {
        assert!(watch.seconds() < PATIENCE_SECONDS, "the writer's turn does not come");
        log.commit();
        std::thread::sleep(Duration::from_millis(1));
    }
    let kept = log.commit();
    assert_eq!(*log.folding.shared.turn.lock(), Turn::Nobodys);
    reader.execute_batch("COMMIT").unwrap();
    let again_at = log.folding.wake_at;
    assert_eq!(again_at, kept + 16 / 16);
    log.until_anew();
    assert_eq!(log.folding.wake_at, 16);
}
