//! Folds the log into the file beside the writer, so that no commit waits for it.
//!
//! SQLite folds within the commit that made the log too long: whoever commits then waits until
//! 64 MB are written and synced. Folding beside the writer stops nobody, for a passive checkpoint
//! waits for nobody and nobody for it (<https://sqlite.org/c3ref/wal_checkpoint_v2.html>). The few
//! pages that were committed meanwhile the writer folds itself between two groups, after which the
//! log begins anew.

use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use parking_lot::Mutex;
use rusqlite::Connection;

use super::StoreError;
use super::writer::{connect, die_of, is_of_disk};

/// Pages in the log from which on it is folded, 64 MB. If it were sooner, pages that change again
/// and again would be written to the file more often.
pub(super) const FOLD_AT: u32 = 16_384;
/// Pages after which the writer folds whatever became of the thread beside it, 256 MB.
const PAGES_MOST: u32 = 65_536;
/// Pages that may be left to the writer: it folds them between two groups.
const PAGES_LEFT: u32 = 512;
/// How often the log is folded before its rest is left to the writer, however much it is.
const PASSES_MOST: usize = 6;

/// What the writer keeps of the thread that folds its log.
#[derive(Debug)]
pub(super) struct Folding {
    fold_at: u32,
    /// Pages in the log after the commit before.
    before: u32,
    /// Pages at which the thread is woken next.
    wake_at: u32,
    /// Pages at which the writer folds whatever the thread does.
    most: u32,
    shared: Arc<Shared>,
    wake: Option<Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Pages in the log after the last commit.
    pages: AtomicU32,
    turn: Mutex<Turn>,
}

/// Whose turn it is to fold: two at once would refuse each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Turn {
    #[default]
    Nobodys,
    Threads,
    Writers,
}

impl Folding {
    /// Follows the log that `writer` writes for the file at `path`, and folds it from `fold_at`
    /// pages on.
    ///
    /// # Errors
    /// [`StoreError::Open`] with the reason.
    pub(super) fn of(
        writer: &mut Connection,
        path: &Path,
        fold_at: u32,
    ) -> Result<Self, StoreError> {
        let refused = |error: &dyn std::error::Error| StoreError::Open(error.to_string());
        let shared = Arc::<Shared>::default();
        let counted = Arc::clone(&shared);
        // In place of SQLite's own, which folds within the commit.
        let count = move |_: &mut rusqlite::hooks::Wal, pages| {
            counted.pages.store(u32::try_from(pages).unwrap_or_default(), Ordering::Relaxed);
            Ok(())
        };
        writer.wal_hook(Some(count)).map_err(|error| refused(&error))?;
        let connection = connect(path).map_err(|error| refused(&error))?;
        // Never closed: that would take the locks that SQLite holds on this file in this process.
        let file = ManuallyDrop::new(File::open(path).map_err(|error| refused(&error))?);
        let (wake, woken) = channel::<()>();
        let seen = Arc::clone(&shared);
        let folding = move || {
            while woken.recv().is_ok() {
                let folded = fold_most(&connection, || file.sync_data(), &seen.pages);
                let is_writers = end_or_warn(folded).unwrap_or(false);
                *seen.turn.lock() = if is_writers { Turn::Writers } else { Turn::Nobodys };
            }
        };
        let thread = thread::Builder::new().name("sqlite-folding".into()).spawn(folding);
        let thread = Some(thread.map_err(|error| refused(&error))?);
        let (before, wake_at, most) = (0, fold_at, PAGES_MOST);
        Ok(Self { fold_at, before, wake_at, most, shared, wake: Some(wake), thread })
    }

    /// Called by the writer between two groups: has the log folded once it is long, and folds the
    /// last of it with `writer`. A disk that fails ends the process.
    pub(super) fn tend(&mut self, writer: &Connection) {
        let pages = self.shared.pages.load(Ordering::Relaxed);
        if pages < self.before {
            // The log began anew.
            (self.wake_at, self.most) = (self.fold_at, PAGES_MOST);
        }
        self.before = pages;
        let mut turn = self.shared.turn.lock();
        let is_writers = *turn == Turn::Writers;
        // Whoever reads the log keeps it, if only in this instant: it is tried again soon.
        let soon = pages.saturating_add(self.fold_at / 16).max(self.fold_at);
        if is_writers || pages >= self.most {
            let is_done = end_or_warn(fold(writer)).flatten().is_some();
            self.wake_at = soon;
            // Refused, because another fold runs: again soon.
            self.most = if is_done { pages.saturating_add(PAGES_MOST) } else { soon };
            if is_writers {
                *turn = Turn::Nobodys;
            }
        } else if *turn == Turn::Nobodys
            && pages >= self.wake_at
            && self.wake.as_ref().is_some_and(|wake| wake.send(()).is_ok())
        {
            *turn = Turn::Threads;
            self.wake_at = soon;
        }
    }
}

impl Drop for Folding {
    fn drop(&mut self) {
        drop(self.wake.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that folds the log panicked");
        }
    }
}

/// A log that could not be folded is long for a while, which is no harm; a failed disk is.
fn end_or_warn<T>(folded: rusqlite::Result<T>) -> Option<T> {
    match folded {
        Ok(folded) => Some(folded),
        Err(error) if is_of_disk(&error) => die_of(&error),
        Err(error) => {
            tracing::warn!(%error, "the log could not be folded");
            None
        }
    }
}

/// Folds until little is left of a log that has `pages` by now; whether the rest is the writer's,
/// which it is not while somebody reads what would be left. SQLite leaves the file unsynced if
/// anything was committed meanwhile, hence `sync`: or else the writer would wait for all of it.
fn fold_most(
    connection: &Connection,
    mut sync: impl FnMut() -> io::Result<()>,
    pages: &AtomicU32,
) -> rusqlite::Result<bool> {
    let mut before = 0;
    for _ in 0..PASSES_MOST {
        let Some(folded) = fold(connection)? else { return Ok(false) };
        if let Err(error) = sync() {
            die_of(&error);
        }
        if pages.load(Ordering::Relaxed).saturating_sub(folded) <= PAGES_LEFT {
            return Ok(true);
        }
        if folded <= before {
            return Ok(false);
        }
        before = folded;
    }
    Ok(true)
}

/// Folds what can be without waiting for anybody: the pages of the log that are in the file now, or
/// nothing if another program is at it.
fn fold(connection: &Connection) -> rusqlite::Result<Option<u32>> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        let (is_busy, folded) = (row.get::<_, bool>(0)?, row.get::<_, i64>(2)?);
        Ok(if is_busy { None } else { u32::try_from(folded).ok() })
    })
}

#[cfg(test)]
mod tests;
