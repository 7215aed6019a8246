//! A database on the forgetful disk: what was synced is there after the cut, nothing else need be.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;

use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::faults::{Fault, fail_after, fail_next};

/// Faults strike whoever comes first in the process, so no two tests run at once.
static ALONE: Mutex<()> = Mutex::new(());

fn on_the_forgetful_disk() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| super::register().unwrap());
}

fn open(path: &Path, synchronous: &str) -> Connection {
    on_the_forgetful_disk();
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(&format!("PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}"))
        .unwrap();
    connection
}

fn insert(connection: &Connection, id: u32) -> rusqlite::Result<usize> {
    connection.execute("INSERT INTO note VALUES (?1, hex(randomblob(500)))", [id])
}

/// What a machine that starts again after a power cut finds.
fn after_power_loss(path: &Path, seed: Option<u64>) -> rusqlite::Result<Vec<u32>> {
    let found = tempfile::tempdir().unwrap();
    let copy = found.path().join("note.db");
    let beside = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
    fs::write(&copy, super::survivor(path, seed).unwrap()).unwrap();
    if let Ok(log) = super::survivor(&beside(path), seed) {
        fs::write(beside(&copy), log).unwrap();
    }
    let flags = OpenFlags::default();
    let connection = Connection::open_with_flags_and_vfs(&copy, flags, "unix")?;
    let mut rows = connection.prepare("SELECT id FROM note ORDER BY id")?;
    let ids = rows.query_map([], |row| row.get(0))?;
    ids.collect()
}

/// A database with rows 1 to 20, committed one by one.
fn twenty(path: &Path, synchronous: &str) -> Connection {
    let connection = open(path, "FULL");
    connection.execute_batch("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)").unwrap();
    connection.execute_batch(&format!("PRAGMA synchronous = {synchronous}")).unwrap();
    for id in 1..=20 {
        insert(&connection, id).unwrap();
    }
    connection
}

#[test]
fn what_was_committed_with_full_syncs_survives_every_cut() {
    let _alone = ALONE.lock();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("note.db");
    let _open = twenty(&path, "FULL");
    let all: Vec<u32> = (1..=20).collect();
    assert_eq!(after_power_loss(&path, None).unwrap(), all);
    for seed in 0..50 {
        assert_eq!(after_power_loss(&path, Some(seed)).unwrap(), all);
    }
}

#[test]
fn what_was_committed_without_syncs_is_lost() {
    let _alone = ALONE.lock();
    for synchronous in ["NORMAL", "OFF"] {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("note.db");
        let _open = twenty(&path, synchronous);
        assert_eq!(after_power_loss(&path, None).unwrap(), [], "{synchronous} syncs no commit");
    }
}

#[test]
fn a_torn_log_is_cut_at_a_whole_commit() {
    let _alone = ALONE.lock();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("note.db");
    let _open = twenty(&path, "NORMAL");
    let mut lengths = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let found = after_power_loss(&path, Some(seed)).unwrap();
        let length = u32::try_from(found.len()).unwrap();
        assert_eq!(found, (1..=length).collect::<Vec<_>>(), "a prefix, whole");
        lengths.insert(length);
    }
    assert!(lengths.len() > 1, "different cuts leave different prefixes");
}

#[test]
fn checkpoints_that_are_cut_lose_nothing() {
    let _alone = ALONE.lock();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("note.db");
    let connection = twenty(&path, "FULL");
    for id in 21..=60 {
        connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)").unwrap();
        insert(&connection, id).unwrap();
        let all: Vec<u32> = (1..=id).collect();
        assert_eq!(after_power_loss(&path, Some(id.into())).unwrap(), all);
        assert_eq!(after_power_loss(&path, None).unwrap(), all);
    }
}

#[test]
fn other_connections_see_what_is_not_synced() {
    let _alone = ALONE.lock();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("note.db");
    let _open = twenty(&path, "OFF");
    assert!(super::unsynced_bytes() > 0);
    let other = open(&path, "FULL");
    let count: u32 = other.query_row("SELECT count(*) FROM note", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 20);
}

#[test]
fn a_full_disk_and_a_sync_that_fails_are_told() {
    let _alone = ALONE.lock();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("note.db");
    let connection = twenty(&path, "FULL");
    fail_next(Fault::DiskFull, 1);
    let error = insert(&connection, 21).unwrap_err();
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DiskFull));
    fail_next(Fault::SyncFails, 1);
    let error = insert(&connection, 21).unwrap_err();
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::SystemIoFailure));
    insert(&connection, 21).unwrap();
    assert_eq!(after_power_loss(&path, None).unwrap(), (1..=21).collect::<Vec<_>>());
}

#[test]
fn a_sync_that_fails_loses_what_a_later_one_seems_to_sync() {
    let _alone = ALONE.lock();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("note.db");
    let connection = twenty(&path, "OFF");
    connection.execute_batch("PRAGMA synchronous = NORMAL").unwrap();
    fail_next(Fault::SyncFails, 1);
    connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)").unwrap_err();
    // The log is synced again, says the system, and has nothing to write.
    connection.execute_batch("PRAGMA synchronous = FULL").unwrap();
    insert(&connection, 21).unwrap();
    assert_eq!(after_power_loss(&path, None).unwrap(), [], "the log is torn before row 21");
}

#[test]
fn a_checkpoint_whose_sync_fails_is_made_again() {
    let _alone = ALONE.lock();
    for passing in 0..2 {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("note.db");
        let connection = twenty(&path, "FULL");
        let all: Vec<u32> = (1..=20).collect();
        // First the log is synced, then the file.
        fail_after(Fault::SyncFails, passing, 1);
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap_err();
        assert_eq!(after_power_loss(&path, None).unwrap(), all);
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        assert_eq!(after_power_loss(&path, None).unwrap(), all);
    }
}

#[test]
fn a_deleted_log_is_there_again_until_its_directory_is_synced() {
    let _alone = ALONE.lock();
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("note.db");
    let log = root.path().join("note.db-wal");
    let all: Vec<u32> = (1..=20).collect();
    twenty(&path, "FULL").close().unwrap();
    assert!(!log.exists(), "the last connection deletes it");
    assert!(!super::survivor(&log, None).unwrap().is_empty(), "not on the disk");
    assert_eq!(after_power_loss(&path, None).unwrap(), all);
    let connection = open(&path, "FULL");
    insert(&connection, 21).unwrap();
    drop(connection);
    let all: Vec<u32> = (1..=21).collect();
    assert_eq!(after_power_loss(&path, None).unwrap(), all);
    super::undelete(root.path()).unwrap();
    assert!(log.exists());
    let connection = Connection::open_with_flags_and_vfs(&path, OpenFlags::default(), "unix");
    let count = |row: &rusqlite::Row<'_>| row.get::<_, u32>(0);
    assert_eq!(connection.unwrap().query_row("SELECT count(*) FROM note", [], count), Ok(21));
}
