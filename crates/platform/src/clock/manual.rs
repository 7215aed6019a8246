//! A clock that moves only when a test says so.

use std::sync::Arc;

use kernel::Timestamp;
use tokio::sync::watch;

use super::{BoxFuture, Clock};

/// Time under a test's control. Clones share it.
#[derive(Clone, Debug)]
pub struct ManualClock {
    now: Arc<watch::Sender<Timestamp>>,
    unix_ms_at_start: i64,
}

impl ManualClock {
    /// 2026-01-01T00:00:00Z, where manual clocks begin unless told otherwise.
    pub const DEFAULT_UNIX_MS: i64 = 1_767_225_600_000;

    /// A clock at instant zero and wall time [`Self::DEFAULT_UNIX_MS`].
    #[must_use]
    pub fn new() -> Self {
        Self::starting_at(Self::DEFAULT_UNIX_MS)
    }

    /// A clock at instant zero and this wall time.
    #[must_use]
    pub fn starting_at(unix_ms: i64) -> Self {
        let (now, _) = watch::channel(Timestamp::default());
        Self { now: Arc::new(now), unix_ms_at_start: unix_ms }
    }

    /// Moves on by `ms` and wakes whoever slept until then.
    pub fn advance(&self, ms: u64) {
        self.now.send_modify(|now| *now = *now + ms);
    }

    /// How many sleepers wait for this clock.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.now.receiver_count()
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    fn unix_ms(&self) -> i64 {
        self.unix_ms_at_start.saturating_add_unsigned(self.now().as_ms())
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let mut now = self.now.subscribe();
        Box::pin(async move {
            if now.wait_for(|now| *now >= at).await.is_err() {
                // The clock is gone, so that instant never comes.
                std::future::pending::<()>().await;
            }
        })
    }
}
