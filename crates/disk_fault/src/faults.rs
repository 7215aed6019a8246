//! Disks that refuse: full, or broken at the sync. Armed by a test, for so many calls.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A write finds no room; nothing of it is kept.
    DiskFull,
    /// A sync fails. What it was to make durable is visible to readers and no later sync brings
    /// it to the disk, though it succeeds; a power cut decides what of it is there.
    SyncFails,
}

/// Calls of one kind that go on as usual, and those after them that fail.
struct Armed {
    passing: u32,
    failing: u32,
}

static WRITES: Mutex<Armed> = Mutex::new(Armed { passing: 0, failing: 0 });
static SYNCS: Mutex<Armed> = Mutex::new(Armed { passing: 0, failing: 0 });
static IGNORED: AtomicBool = AtomicBool::new(false);

/// The next `failing` calls of this kind in the process fail.
pub fn fail_next(fault: Fault, failing: u32) {
    fail_after(fault, 0, failing);
}

/// After `passing` calls of this kind in the process, `failing` of them fail.
pub fn fail_after(fault: Fault, passing: u32, failing: u32) {
    *armed(fault).lock() = Armed { passing, failing };
}

/// From now on no sync does anything: how a test of power loss shows that it would see a loss.
pub fn ignore_syncs() {
    IGNORED.store(true, Ordering::SeqCst);
}

pub(crate) fn are_syncs_ignored() -> bool {
    IGNORED.load(Ordering::SeqCst)
}

/// Whether this call must fail.
pub(crate) fn strikes(fault: Fault) -> bool {
    let mut armed = armed(fault).lock();
    if armed.passing > 0 {
        armed.passing -= 1;
        return false;
    }
    let strikes = armed.failing > 0;
    armed.failing = armed.failing.saturating_sub(1);
    strikes
}

const fn armed(fault: Fault) -> &'static Mutex<Armed> {
    match fault {
        Fault::DiskFull => &WRITES,
        Fault::SyncFails => &SYNCS,
    }
}
