//! Time as the tests see it: measured, bounded, and never slept where an event can be awaited.

use std::future::Future;
use std::time::{Duration, Instant};

/// The longest any single wait of a test may take, generous for a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The instant now.
#[expect(clippy::disallowed_methods, reason = "a test measures a real process in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Asks `question` every 20 ms until it is answered.
///
/// # Panics
/// If there is no answer within `limit`; `what` says what was waited for.
pub(crate) async fn eventually<T, F, Fut>(what: &str, limit: Duration, mut question: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let asked_at = now();
    loop {
        if let Some(answer) = question().await {
            return answer;
        }
        assert!(asked_at.elapsed() < limit, "waited {limit:?} in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits for `future`.
///
/// # Panics
/// If it takes longer than [`PATIENCE`]; `what` says what was waited for.
pub(crate) async fn within<F: Future>(what: &str, future: F) -> F::Output {
    let output = tokio::time::timeout(PATIENCE, future).await;
    output.unwrap_or_else(|_| panic!("waited {PATIENCE:?} in vain for {what}"))
}
