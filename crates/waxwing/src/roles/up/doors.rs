//! The listeners of the process. They outlive the lobbies; without them no lobby may go on.

use anyhow::{Context as _, bail};
use platform::shutdown::Shutdown;
use tokio::task::{JoinError, JoinHandle};

/// Both servers and the stage by which they are closed.
pub(super) struct Doors {
    pub(super) stage: Shutdown,
    pub(super) gateway: JoinHandle<()>,
    pub(super) ops: JoinHandle<()>,
}

impl Doors {
    /// Returns once `shutdown` drains. Nobody cashes out through a door that fell, so then
    /// everything is stopped at once, which pays open bets by the last durable multiplier.
    ///
    /// # Errors
    /// Which server ended by itself.
    pub(super) async fn stand(&mut self, shutdown: &Shutdown) -> anyhow::Result<()> {
        let (name, ended) = tokio::select! {
            biased;
            () = shutdown.draining() => return Ok(()),
            ended = &mut self.gateway => ("the gateway", ended),
            ended = &mut self.ops => ("the ops listener", ended),
        };
        shutdown.stop();
        fallen(name, ended)
    }

    /// Closes both once open requests are answered.
    ///
    /// # Errors
    /// If a server panicked.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        self.stage.drain();
        self.gateway.await.context("the gateway")?;
        self.ops.await.context("the ops listener")
    }
}

fn fallen(name: &str, ended: Result<(), JoinError>) -> anyhow::Result<()> {
    ended.with_context(|| format!("{name} failed"))?;
    bail!("{name} ended by itself")
}

#[cfg(test)]
mod tests;
