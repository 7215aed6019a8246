//! A process' clocks: a monotonic one that begins with the process, and a wall clock that jumps.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use kernel::Timestamp;
use platform::clock::{BoxFuture, Clock};

use crate::executor::Executor;

/// 2026-01-01T00:00:00Z, where every world begins.
const UNIX_MS: i64 = 1_767_225_600_000;

/// How far a machine's wall clock is off, in milliseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct WallOffset(Arc<AtomicI64>);

/// The clocks of one process.
pub(crate) struct ProcessClock {
    executor: Executor,
    /// When the process' monotonic clock stood at zero, in milliseconds of the world; before its
    /// start, so that no two processes agree by chance.
    began_ms: i64,
    wall: WallOffset,
}

impl WallOffset {
    pub(crate) fn jump(&self, by_ms: i64) {
        self.0.fetch_add(by_ms, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl ProcessClock {
    /// A clock that says `ahead_ms` now.
    pub(crate) fn new(executor: Executor, ahead_ms: u64, wall: WallOffset) -> Self {
        let began_ms = executor.now_ms().cast_signed() - ahead_ms.cast_signed();
        Self { executor, began_ms, wall }
    }
}

impl Clock for ProcessClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms((self.executor.now_ms().cast_signed() - self.began_ms).cast_unsigned())
    }

    fn unix_ms(&self) -> i64 {
        UNIX_MS + self.executor.now_ms().cast_signed() + self.wall.get()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let at_ms = i64::try_from(at.as_ms()).unwrap_or(i64::MAX).saturating_add(self.began_ms);
        Box::pin(self.executor.sleep_until(at_ms.max(0).cast_unsigned()))
    }
}
