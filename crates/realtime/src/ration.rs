//! What one socket may still send: a rate for messages, one for cash-outs, and so many in flight.

use std::sync::Arc;

use kernel::Timestamp;
use protocol::{Code, Problem};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Config;
use crate::rate::Bucket;

/// Cash-outs have an allowance of their own: bets never starve them.
pub(crate) struct Ration {
    messages: Allowance,
    cash_outs: Allowance,
    places: Arc<Semaphore>,
}

/// Which rate a message counts towards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Message,
    CashOut,
}

/// A message is over the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// It is refused.
    Refused,
    /// There were so many of them that the socket is to be closed.
    Flood,
}

/// A rate, and what was sent over it.
#[derive(Clone, Copy)]
struct Allowance {
    bucket: Bucket,
    strikes: u32,
    strikes_max: u32,
}

impl Ration {
    pub(crate) fn new(config: &Config, now: Timestamp) -> Self {
        let bucket = Bucket::full(config.burst_max, config.messages_per_second, now);
        let allowance = Allowance { bucket, strikes: 0, strikes_max: config.strikes_max };
        let places = Arc::new(Semaphore::new(config.in_flight_max as usize));
        Self { messages: allowance, cash_outs: allowance, places }
    }

    /// Counts a message that came at `now`.
    pub(crate) fn take(&mut self, kind: Kind, now: Timestamp) -> Result<(), Excess> {
        match kind {
            Kind::Message => self.messages.take(now),
            Kind::CashOut => self.cash_outs.take(now),
        }
    }

    /// A place among the messages that wait for their answers.
    pub(crate) fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let full = |_| Problem::new(Code::RateLimited, "Too many messages wait for an answer");
        Arc::clone(&self.places).try_acquire_owned().map_err(full)
    }
}

impl Allowance {
    /// A strike is forgiven by a message that leaves half of the burst: whoever sends too much
    /// without a pause, however little too much, never has that much left, and is closed in the
    /// end.
    fn take(&mut self, now: Timestamp) -> Result<(), Excess> {
        if self.bucket.take(now) {
            if self.bucket.is_half_full() {
                self.strikes = self.strikes.saturating_sub(1);
            }
            return Ok(());
        }
        self.strikes += 1;
        if self.strikes < self.strikes_max { Err(Excess::Refused) } else { Err(Excess::Flood) }
    }
}

impl Excess {
    /// What the sender is told.
    pub(crate) fn problem() -> Problem {
        Problem::new(Code::RateLimited, "Too many messages, slow down")
    }
}

#[cfg(test)]
mod tests;
