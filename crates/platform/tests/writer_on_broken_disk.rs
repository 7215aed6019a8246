//! The writer on a disk that forgets, fills up and fails: what it answered is on the disk, and
//! what is not on the disk it does not answer. Faults strike a whole process, so a file of its own.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test, in helpers too")]

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

use disk_fault::{Fault, fail_after, fail_next};
use platform::sqlite::{Schema, StoreError, Writer};
use rusqlite::{Connection, OpenFlags, Transaction};
use tokio::sync::Mutex;

const NOTES: Schema =
    Schema { name: "notes", steps: &["CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)"] };
/// Says to a child of this test which file it dies on.
const DIES_ON: &str = "DIES_ON";
/// Says to such a child how many syncs succeed before none does.
const SYNCS: &str = "SYNCS";

/// No two tests run at once.
static ALONE: Mutex<()> = Mutex::const_new(());

fn on_the_forgetful_disk() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| disk_fault::register().unwrap());
}

fn open(path: &Path) -> Result<Writer, StoreError> {
    on_the_forgetful_disk();
    Writer::open(path, &[NOTES])
}

fn insert(id: i64) -> impl FnOnce(&Transaction<'_>) -> rusqlite::Result<usize> + Send + 'static {
    move |tx| tx.execute("INSERT INTO note VALUES (?1, 'x') ON CONFLICT DO NOTHING", [id])
}

/// What the disk itself holds: what another machine would read of it.
fn on_disk(path: &Path) -> Vec<i64> {
    let root = tempfile::tempdir().unwrap();
    for end in ["", "-wal"] {
        let file = |path: &Path| PathBuf::from(format!("{}{end}", path.display()));
        if file(path).exists() {
            let survivor = disk_fault::survivor(&file(path), None).unwrap();
            std::fs::write(file(&root.path().join("copy.db")), survivor).unwrap();
        }
    }
    let flags = OpenFlags::default();
    let copy = root.path().join("copy.db");
    let connection = Connection::open_with_flags_and_vfs(copy, flags, "unix").unwrap();
    let Ok(mut rows) = connection.prepare("SELECT id FROM note ORDER BY id") else {
        return Vec::new();
    };
    rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn an_answer_comes_after_its_sync() {
    let _alone = ALONE.lock().await;
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("notes.db");
    let writer = open(&path).unwrap();
    for id in 1..=20 {
        writer.run(insert(id)).await.unwrap();
        assert_eq!(on_disk(&path).last(), Some(&id));
    }
}

/// The child commits one row, then a sync fails under the second: it must not live to tell it.
#[test]
#[expect(clippy::disallowed_methods, reason = "how this test tells its child what it is")]
fn a_failed_sync_ends_the_process_before_it_answers() {
    if let Ok(path) = std::env::var(DIES_ON) {
        return die_on(Path::new(&path));
    }
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("notes.db");
    let name = "a_failed_sync_ends_the_process_before_it_answers";
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(DIES_ON, &path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert_eq!(child.status.signal(), Some(6), "{said}");
    assert!(said.contains("answered 1") && !said.contains("answered 2"), "{said}");
    let ids = kept(root.path());
    assert_eq!(ids, [1], "what was answered, and nothing else on this disk");
}

/// What the child's disk kept in `root`.
fn kept(root: &Path) -> Vec<i64> {
    disk_fault::undelete(root).unwrap();
    let found = Connection::open(root.join("notes.db")).unwrap();
    let Ok(mut rows) = found.prepare("SELECT id FROM note") else { return Vec::new() };
    rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn die_on(path: &Path) {
    let writer = open(path).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        writer.run(insert(1)).await.unwrap();
        println!("answered 1");
        fail_next(Fault::SyncFails, 1);
        let second = writer.run(insert(2)).await;
        println!("answered 2: {second:?}");
        let third = writer.run(insert(2)).await;
        println!("answered 2 again: {third:?}");
    });
}

/// One commit makes the log long enough to be folded. Whichever of the syncs on that way is the
/// first to fail, the process ends of it; only the last fold of all, at the end, may fail in peace.
#[test]
#[expect(clippy::disallowed_methods, reason = "how this test tells its child what it is")]
fn a_failed_sync_beside_the_writer_ends_the_process_too() {
    if let Ok(path) = std::env::var(DIES_ON) {
        let syncs = std::env::var(SYNCS).unwrap().parse().unwrap();
        return fold_on(Path::new(&path), syncs);
    }
    let name = "a_failed_sync_beside_the_writer_ends_the_process_too";
    let mut stored_and_died = 0;
    for syncs in 0..30 {
        let root = tempfile::tempdir().unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(DIES_ON, root.path().join("notes.db"))
            .env(SYNCS, syncs.to_string())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        if child.status.success() {
            assert!(said.contains("answered"), "{said}");
            assert!(stored_and_died > 0, "no fold beside the writer ended the process");
            return;
        }
        assert_eq!(child.status.signal(), Some(6), "after {syncs} syncs: {said}");
        let kept = kept(root.path());
        assert!(kept == [1] || !said.contains("answered"), "after {syncs} syncs: {kept:?}");
        stored_and_died += u32::from(kept == [1]);
    }
    panic!("thirty syncs for one commit");
}

fn fold_on(path: &Path, syncs: u32) {
    let writer = open(path).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    fail_after(Fault::SyncFails, syncs, u32::MAX);
    let long = |tx: &Transaction<'_>| {
        tx.execute("INSERT INTO note VALUES (1, hex(zeroblob(35000000)))", [])
    };
    runtime.block_on(writer.run(long)).unwrap();
    println!("answered");
    // Waits until it is folded.
    drop(writer);
}

#[tokio::test]
async fn a_full_disk_leaves_a_group_in_doubt_and_the_next_one_stands() {
    let _alone = ALONE.lock().await;
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("notes.db");
    let writer = open(&path).unwrap();
    writer.run(insert(1)).await.unwrap();
    // The head of the frame, then the page.
    for passing in 0..2 {
        fail_after(Fault::DiskFull, passing, 1);
        let refused = writer.run(insert(2)).await;
        assert!(matches!(refused, Err(StoreError::Unavailable)), "{refused:?}");
        assert_eq!(on_disk(&path), [1]);
    }
    writer.run(insert(2)).await.unwrap();
    assert_eq!(on_disk(&path), [1, 2]);
}

/// A killed process leaves in the kernel's memory what it did not sync. The next one finds it, and
/// would answer "that is stored" without a write, hence without a sync.
#[tokio::test]
async fn what_a_killed_process_left_is_synced_before_anything_is_answered() {
    let _alone = ALONE.lock().await;
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("notes.db");
    drop(open(&path).unwrap());
    let killed = Connection::open(&path).unwrap();
    killed.execute_batch("PRAGMA synchronous = OFF; INSERT INTO note VALUES (1, 'x')").unwrap();
    assert_eq!(on_disk(&path), [0_i64; 0], "the test's own check: it is not synced");
    let writer = open(&path).unwrap();
    assert_eq!(writer.run(insert(1)).await.unwrap(), 0, "stored already");
    assert_eq!(on_disk(&path), [1]);
    drop(killed);
}

/// The process that died of a failed sync leaves pages that the kernel takes for written. A sync
/// does not bring them to the disk, only writing them again does.
#[tokio::test]
async fn what_a_failed_sync_left_is_written_again_before_anything_is_answered() {
    let _alone = ALONE.lock().await;
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("notes.db");
    drop(open(&path).unwrap());
    let died = Connection::open(&path).unwrap();
    died.execute_batch("PRAGMA synchronous = OFF; INSERT INTO note VALUES (1, 'x')").unwrap();
    died.execute_batch("PRAGMA synchronous = NORMAL").unwrap();
    fail_next(Fault::SyncFails, 1);
    died.execute_batch("PRAGMA wal_checkpoint(PASSIVE)").unwrap_err();
    let writer = open(&path).unwrap();
    assert_eq!(writer.run(insert(1)).await.unwrap(), 0, "stored already");
    assert_eq!(on_disk(&path), [1]);
    drop(died);
}

#[test]
fn a_disk_that_does_not_sync_is_not_opened() {
    let _alone = ALONE.blocking_lock();
    let root = tempfile::tempdir().unwrap();
    on_the_forgetful_disk();
    fail_next(Fault::SyncFails, u32::MAX);
    let refused = open(&root.path().join("notes.db"));
    fail_next(Fault::SyncFails, 0);
    assert!(matches!(refused, Err(StoreError::Open(_))), "{refused:?}");
}
