//! Provides a lobby with the chain that follows, off the lobby's task, as often as it takes.

use std::sync::Arc;

use protocol::chains::AbandonedChain;

use super::maker::Published;
use super::{ABANDONED_SHOWN, SeedError, Seeds, awaits, next_after};
use crate::store::{ChainRecord, StoreError};

/// How soon a failed attempt is repeated, in milliseconds, doubling up to the last.
const BACKOFF_MS: (u64, u64) = (100, 30_000);

impl Seeds {
    /// Makes and anchors the successor. A chain that has to be given up is followed by another one
    /// at once.
    pub(super) async fn tend(self: Arc<Self>) {
        let mut pause_ms = BACKOFF_MS.0;
        loop {
            match self.provide().await {
                Ok(true) => break,
                Ok(false) => pause_ms = BACKOFF_MS.0,
                // The next owner has its own way of providing.
                Err(SeedError::Store(StoreError::NotOwner)) => return,
                Err(error) => {
                    let lobby = self.plan.owner.lobby;
                    tracing::error!(%error, lobby.id = %lobby, "the next seed chain was not made");
                    let clock = &self.maker.clock;
                    clock.sleep_until(clock.now() + pause_ms).await;
                    pause_ms = (pause_ms * 2).min(BACKOFF_MS.1);
                }
            }
        }
        {
            let mut state = self.state.lock();
            (state.tending, state.ready) = (false, true);
        }
        self.note_left();
        self.bell.notify_waiters();
    }

    /// One attempt; whether there is a successor that can be played now.
    async fn provide(&self) -> Result<bool, SeedError> {
        let (promised, number, seeds_before) = {
            let state = self.state.lock();
            (state.successor.clone(), state.number, state.seeds_before)
        };
        let chain = match promised {
            Some(chain) if !awaits(&chain) => return Ok(true),
            Some(chain) => chain,
            None => self.maker.make(self.plan, number, seeds_before).await?,
        };
        self.announce(&chain);
        let lobby = self.plan.owner.lobby;
        match self.maker.publish(self.plan.owner, chain).await? {
            Published::Ready(chain) => {
                let number = chain.chain;
                tracing::info!(lobby.id = %lobby, chain = number, "the next seed chain is ready");
                self.state.lock().successor = Some(chain);
                Ok(true)
            }
            Published::Abandoned(chain) => {
                self.forget(&chain);
                Ok(false)
            }
        }
    }

    /// From here on everybody sees what follows.
    fn announce(&self, chain: &ChainRecord) {
        let mut state = self.state.lock();
        if chain.chain >= state.number {
            (state.number, state.seeds_before) = next_after(chain);
        }
        state.successor = Some(chain.clone());
    }

    fn forget(&self, chain: &ChainRecord) {
        let mut state = self.state.lock();
        state.successor = None;
        if let Some(how) = chain.abandoned {
            state.abandoned.insert(0, AbandonedChain { chain: chain.chain, reason: how.reason });
            state.abandoned.truncate(ABANDONED_SHOWN);
        }
    }
}
