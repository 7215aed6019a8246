//! How the game ends: the lobbies, what they queued, the node's own tasks, in this order.
//!
//! A node that lost one of its own tasks can store or pay nothing more, so it ends too: the next
//! start recovers what it left.

use std::pin::pin;
use std::sync::Arc;

use engine::Command;
use platform::health::Health;
use platform::shutdown::Shutdown;
use platform::tasks::{Spawner, Task};

use super::Service;
use crate::outbox::{Flush, Sender};

/// How long the outbox is sent after the last lobby stopped, in milliseconds.
const FLUSH_MS: u64 = 5_000;
/// How soon that is tried again while lobbies' last writes are on their way, in milliseconds.
const FLUSH_PAUSE_MS: u64 = 20;
/// How long lobbies may take to store their interruption, in milliseconds.
const STOP_MS: u64 = 10_000;

/// A task of the node that must not end before the node does.
pub(super) struct Worker {
    name: &'static str,
    task: Task,
}

impl Worker {
    pub(super) fn spawn(
        spawner: &dyn Spawner,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self { name, task: spawner.spawn(Box::pin(work)) }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Service {
    /// Sends to the wallet until the end, and ends everything.
    pub(super) fn run_until_shutdown(
        &self,
        sender: Sender,
        workers: [Worker; 3],
        shutdown: Shutdown,
        health: &Health,
    ) {
        let check = health.check("game");
        check.pass();
        let service = self.clone();
        let (spawner, tracker) = (Arc::clone(&self.inner.spawner), shutdown.tasks().clone());
        let mut sending = Worker::spawn(&*spawner, "sender", sender.clone().run());
        let watching = Worker::spawn(&*spawner, "settlement age", sender.clone().show_age());
        let work = async move {
            let [mut recording, mut reserving, mut leasing] = workers;
            let mut ended = pin!(service.end(&shutdown));
            let lost = tokio::select! {
                biased;
                () = &mut ended => None,
                _ = &mut recording.task => Some(recording.name),
                _ = &mut reserving.task => Some(reserving.name),
                _ = &mut leasing.task => Some(leasing.name),
                _ = &mut sending.task => Some(sending.name),
            };
            if let Some(name) = lost {
                tracing::error!(task = name, "a task of the node has ended; the process stops");
                check.fail(format!("the {name} has ended"));
                shutdown.stop();
                ended.await;
            }
            drop((sending, watching));
            service.flush(&sender).await;
            service.inner.lobbies.ownership.leave().await;
        };
        spawner.spawn(Box::pin(tracker.track_future(work)));
    }

    /// Finishes rounds at the first signal, interrupts them when time is up or at the second.
    async fn end(&self, shutdown: &Shutdown) {
        shutdown.draining().await;
        let (lobbies, clock) = (&self.inner.lobbies, &self.inner.clock);
        lobbies.stop(&Command::Drain);
        let drain_ms = self.inner.config.drain_max_s * 1_000;
        tokio::select! {
            biased;
            () = lobbies.stopped() => return,
            () = shutdown.stopping() => {}
            () = clock.sleep_until(clock.now() + drain_ms) => {}
        }
        lobbies.stop(&Command::Interrupt);
        tokio::select! {
            biased;
            () = lobbies.stopped() => {}
            () = clock.sleep_until(clock.now() + STOP_MS) => {
                tracing::error!("lobbies could not store their end; the next start ends them");
            }
        }
    }

    /// Sends what the last rounds queued. What does not go out now goes out at the next start.
    async fn flush(&self, sender: &Sender) {
        let clock = &self.inner.clock;
        let until = clock.now() + FLUSH_MS;
        while clock.now() < until {
            let sent = tokio::select! {
                biased;
                sent = sender.flush() => sent,
                () = clock.sleep_until(until) => return,
            };
            if sent == Flush::Sent {
                continue;
            }
            if self.inner.outbound.waiting() == 0 {
                return;
            }
            clock.sleep_until(clock.now() + FLUSH_PAUSE_MS).await;
        }
    }
}
