//! The node's lease: it accepts, acknowledges and publishes only while its own clock proves that
//! nobody else may have taken its lobbies.
//!
//! The clock counts from before the last renewal was sent and stops short of the lease, so it is
//! behind the store's in every case, also where an answer was long on its way.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kernel::Timestamp;
use platform::clock::Clock;
use tokio::sync::Notify;

use crate::metrics::Metrics;
use crate::store::{Lease, NodeId, Owner, Store, StoreError};

/// How often the lease is renewed, in milliseconds.
const RENEW_MS: u64 = 500;
/// How long an answer is waited for before the renewal is sent again, in milliseconds.
const ANSWER_MS: u64 = 1_000;
/// How soon a renewal that failed is sent again, in milliseconds.
const RETRY_MS: u64 = 100;
/// How long before its end the lease is held for over, in milliseconds: room for a clock that
/// runs slow, and for what is on its way to be told.
const SHORT_MS: u64 = 300;
/// A lease that nothing ends.
const FOR_EVER: u64 = u64::MAX;

/// This node as owner of lobbies.
pub(crate) struct Ownership {
    node: NodeId,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    /// Until which instant the node may own anything, in milliseconds of its own clock.
    until_ms: AtomicU64,
    /// Rung at each renewal that came after the lease had lapsed.
    regained: Notify,
}

impl Ownership {
    /// A node without a lease.
    pub(crate) fn new(
        node: NodeId,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
    ) -> Self {
        let (until_ms, regained) = (AtomicU64::new(0), Notify::new());
        Self { node, store, clock, metrics, until_ms, regained }
    }

    /// Waits for the next renewal after a lapse.
    pub(crate) async fn regained(&self) {
        self.regained.notified().await;
    }

    pub(crate) const fn node(&self) -> NodeId {
        self.node
    }

    /// Whether the node may accept, acknowledge and publish now. Ask right before each.
    pub(crate) fn holds(&self) -> bool {
        let until_ms = self.until_ms.load(Ordering::Acquire);
        until_ms == FOR_EVER || self.clock.now().as_ms() < until_ms
    }

    /// Whether other nodes may own lobbies of the same store.
    pub(crate) fn is_shared(&self) -> bool {
        self.until_ms.load(Ordering::Acquire) != FOR_EVER
    }

    /// Renews the lease once.
    ///
    /// # Errors
    /// The store's; what was held stays held until it lapses.
    pub(crate) async fn renew(&self) -> Result<(), StoreError> {
        let sent = self.clock.now();
        let lease = self.store.renew(self.node).await?;
        self.note(sent, lease);
        Ok(())
    }

    /// Holds for a lease whose renewal was sent at `sent`.
    fn note(&self, sent: Timestamp, lease: Lease) {
        let until_ms = match lease {
            Lease::Held => FOR_EVER,
            Lease::Timed { ms } => (sent + ms.saturating_sub(SHORT_MS)).as_ms(),
        };
        self.until_ms.fetch_max(until_ms, Ordering::AcqRel);
    }

    /// Renews the lease for as long as the process runs. Whenever it lapses all the same, `stop`
    /// is called, once: what was owned may be another node's from then on.
    pub(crate) async fn keep(self: Arc<Self>, stop: impl Fn() + Send + Sync) {
        if !self.is_shared() {
            return std::future::pending().await;
        }
        let mut lapsed = false;
        loop {
            let sent = self.clock.now();
            let renewed = self.renew_or_lapse(&mut lapsed, &stop).await;
            if lapsed && self.holds() {
                lapsed = false;
                tracing::warn!(node.id = %self.node, "the node's lease is renewed again");
                self.regained.notify_waiters();
            }
            let next = if renewed { sent + RENEW_MS } else { self.clock.now() + RETRY_MS };
            self.sleep_or_lapse(next, &mut lapsed, &stop).await;
        }
    }

    /// Gives a lobby up, so that another node may claim it at once.
    pub(crate) async fn hand_over(&self, owner: Owner) {
        if let Err(error) = self.store.hand_over(owner).await {
            // Its lease ends it all the same, with the process or with the next claim.
            tracing::warn!(%error, lobby.id = %owner.lobby, "a lobby was not handed over");
        } else if self.is_shared() {
            self.metrics.lobbies_handed_over.inc();
        }
    }

    /// Ends the lease: what is left may be claimed at once.
    pub(crate) async fn leave(&self) {
        if let Err(error) = self.store.leave(self.node).await {
            tracing::warn!(%error, "the node did not sign off; its lease will run out");
        }
    }

    /// Sends one renewal and waits for its answer as long as that is of use.
    async fn renew_or_lapse(&self, lapsed: &mut bool, stop: &(impl Fn() + Send + Sync)) -> bool {
        let late = self.clock.now() + ANSWER_MS;
        let mut renewal = pin!(self.renew());
        loop {
            tokio::select! {
                biased;
                // Before an answer that came after it: what lapsed may have been taken meanwhile.
                () = self.lapse(*lapsed) => self.note_lapse(lapsed, stop),
                renewed = &mut renewal => {
                    if let Err(error) = &renewed {
                        tracing::warn!(%error, node.id = %self.node, "the lease was not renewed");
                    }
                    return renewed.is_ok();
                }
                () = self.clock.sleep_until(late) => {
                    tracing::warn!(node.id = %self.node, "the lease's renewal was not answered");
                    return false;
                }
            }
        }
    }

    async fn sleep_or_lapse(
        &self,
        next: Timestamp,
        lapsed: &mut bool,
        stop: &(impl Fn() + Send + Sync),
    ) {
        loop {
            tokio::select! {
                biased;
                () = self.lapse(*lapsed) => self.note_lapse(lapsed, stop),
                () = self.clock.sleep_until(next) => return,
            }
        }
    }

    /// Ends once the lease has lapsed, unless that is known.
    async fn lapse(&self, known: bool) {
        if known {
            return std::future::pending().await;
        }
        while self.holds() {
            let until_ms = self.until_ms.load(Ordering::Acquire);
            self.clock.sleep_until(Timestamp::from_ms(until_ms)).await;
        }
    }

    fn note_lapse(&self, lapsed: &mut bool, stop: &(impl Fn() + Send + Sync)) {
        *lapsed = true;
        self.metrics.leases_lapsed.inc();
        tracing::error!(
            node.id = %self.node,
            "the lease lapsed: the node stops its lobbies, others may own them by now"
        );
        stop();
    }
}

#[cfg(test)]
mod tests;
