//! Time: the only place that reads a clock.
//!
//! Instants are milliseconds of one monotonic clock; wall time is the wall time at process start
//! plus that clock, so it never steps.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kernel::Timestamp;

mod manual;

pub use manual::ManualClock;

/// A future that can be kept in a struct and sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where time comes from; passed as `Arc<dyn Clock>`.
pub trait Clock: Send + Sync + 'static {
    /// The present instant, whole milliseconds rounded down.
    fn now(&self) -> Timestamp;

    /// The same instant as Unix time in milliseconds, for display and history.
    fn unix_ms(&self) -> i64;

    /// Ends at `at` or later, at once if `at` has passed.
    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()>;
}

/// The machine's clock, begun when this value was made.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    began: Instant,
    unix_ms_at_start: i64,
}

/// Measures how long something took, for metrics; outcomes never depend on it.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    started: Instant,
}

impl SystemClock {
    /// Begins at zero now. A process makes one and shares it.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clocks")]
    pub fn new() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let unix_ms_at_start = i64::try_from(wall.as_millis()).unwrap_or(i64::MAX);
        Self { began: Instant::now(), unix_ms_at_start }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn unix_ms(&self) -> i64 {
        self.unix_ms_at_start.saturating_add_unsigned(self.now().as_ms())
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        // An instant past what the machine can count is never reached.
        match self.began.checked_add(Duration::from_millis(at.as_ms())) {
            Some(instant) => Box::pin(tokio::time::sleep_until(instant.into())),
            None => Box::pin(std::future::pending()),
        }
    }
}

impl Stopwatch {
    /// Starts measuring.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clocks")]
    pub fn start() -> Self {
        Self { started: Instant::now() }
    }

    /// Seconds since the start.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
}

#[cfg(test)]
mod tests;
