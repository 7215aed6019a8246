//! How a process ends: first it drains, at a second signal it stops at once.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The end of a process or of one stage of it. Clones are the same end.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    drain: CancellationToken,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Shutdown {
    /// Nothing ends yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A part that drains when it is told to itself, and stops at once with this one.
    ///
    /// `waxwing up` keeps its gateway open until the lobbies are done: the gateway is a stage.
    #[must_use]
    pub fn stage(&self) -> Self {
        Self { drain: CancellationToken::new(), stop: self.stop.clone(), tasks: TaskTracker::new() }
    }

    /// Drains at the first SIGTERM or SIGINT, stops at the second.
    ///
    /// # Errors
    /// If the signals cannot be listened to.
    pub fn on_signals(&self) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = self.clone();
        // Not tracked: it would keep the process waiting for a signal.
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    biased;
                    _ = terminate.recv() => shutdown.advance(),
                    _ = interrupt.recv() => shutdown.advance(),
                }
            }
        });
        Ok(())
    }

    /// Finish what is open, begin nothing new.
    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// Stop at once; draining is over too.
    pub fn stop(&self) {
        self.drain.cancel();
        self.stop.cancel();
    }

    /// Ends once nothing new may begin.
    pub async fn draining(&self) {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {}
            () = self.drain.cancelled() => {}
        }
    }

    /// Ends once everything must stop.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Whether nothing new may begin.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.drain.is_cancelled() || self.stop.is_cancelled()
    }

    /// Whether everything must stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Tracks what must end before the process does: spawn what its `track_future` gives.
    #[must_use]
    pub const fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Waits until draining began and every task of this stage has ended.
    pub async fn finished(&self) {
        self.draining().await;
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn advance(&self) {
        if self.is_draining() {
            tracing::warn!("stopping now");
            self.stop();
        } else {
            tracing::info!("draining; a second signal stops at once");
            self.drain();
        }
    }
}

#[cfg(test)]
mod tests;
