//! Holds stakes at the wallet, the bets of all lobbies together, before any is stored.
//!
//! An unknown outcome is sent again with the same ids until it is definite. A bet whose round has
//! left Open meanwhile is given up: the engine has queued its release, which leaves a tombstone.

use std::sync::Arc;

use contracts::{Refusal, Reserve, Wallet, WalletError};
use engine::{Bet, Command, Rejection, Write};
use kernel::Amount;
use platform::clock::Clock;
use platform::failpoint;
use platform::traces::Span;
use tokio::sync::mpsc;

use crate::live::Ended;
use crate::metrics::Metrics;
use crate::outbound::{HOLDS_MAX, Job, Outbound};

/// How soon an unanswered call is sent again, in milliseconds, doubling up to the last.
const BACKOFF_MS: (u64, u64) = (20, 500);

/// The one task that reserves.
pub(crate) struct Reserver {
    pub(crate) wallet: Arc<dyn Wallet>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) outbound: Outbound,
    pub(crate) metrics: Metrics,
}

impl Reserver {
    /// Works until nobody can send to it any more.
    pub(crate) async fn run(self, mut queue: mpsc::UnboundedReceiver<Job>) {
        let mut jobs = Vec::with_capacity(HOLDS_MAX);
        let mut backoff_ms = BACKOFF_MS.0;
        loop {
            // What waits for an answer goes first; new bets join it.
            if jobs.is_empty() && queue.recv_many(&mut jobs, HOLDS_MAX).await == 0 {
                return;
            }
            while jobs.len() < HOLDS_MAX
                && let Ok(job) = queue.try_recv()
            {
                jobs.push(job);
            }
            if self.reserve(&mut jobs).await {
                backoff_ms = BACKOFF_MS.0;
                continue;
            }
            self.clock.sleep_until(self.clock.now() + backoff_ms).await;
            backoff_ms = (backoff_ms * 2).min(BACKOFF_MS.1);
        }
    }

    /// Sends the batch once; whether it was answered.
    async fn reserve(&self, jobs: &mut Vec<Job>) -> bool {
        jobs.retain(still_wanted);
        let holds: Vec<Reserve> = jobs.iter().filter_map(hold).collect();
        if holds.is_empty() {
            return true;
        }
        failpoint::reach("reserve.before_send");
        let places = jobs.iter().map(|job| &job.besides.place);
        let followed = Span::of_batch(places, || "game.reserve".to_owned());
        followed.note("waxwing.bets", || holds.len().into());
        match followed.within(self.wallet.reserve(&holds)).await {
            Ok(answers) => {
                failpoint::reach("reserve.after_answer");
                for (job, answer) in jobs.drain(..).zip(answers) {
                    self.answered(job, answer);
                }
                true
            }
            Err(WalletError::Unavailable) => {
                self.metrics.wallet_retries.inc();
                false
            }
            // Nothing was held. One bet that can never be held takes no other with it.
            Err(WalletError::Failed) if holds.len() == 1 => {
                self.refuse(&jobs.remove(0), Rejection::NotStored);
                true
            }
            Err(WalletError::Failed) => self.reserve_alone(jobs).await,
            Err(WalletError::Fenced) => {
                for job in jobs.drain(..) {
                    self.answered(job, Err(Refusal::Fenced));
                }
                true
            }
        }
    }

    /// Sends each hold in a call of its own; whether all of them were answered.
    async fn reserve_alone(&self, jobs: &mut Vec<Job>) -> bool {
        for job in std::mem::take(jobs) {
            let mut alone = vec![job];
            if !Box::pin(self.reserve(&mut alone)).await {
                jobs.append(&mut alone);
            }
        }
        jobs.is_empty()
    }

    fn answered(&self, job: Job, answer: Result<Amount, Refusal>) {
        let rejection = match answer {
            Ok(balance) => {
                self.outbound.record_reserved(job, balance);
                return;
            }
            Err(Refusal::InsufficientFunds) => Rejection::InsufficientFunds,
            Err(Refusal::IdReused) => Rejection::BetIdReused,
            Err(Refusal::RoundClosed | Refusal::Tombstoned) => Rejection::BettingClosed,
            Err(Refusal::Fenced) => {
                tracing::error!(lobby.id = %job.lobby.id(), "a newer owner plays this lobby");
                job.lobby.end(self.clock.now(), Ended::Fenced);
                Rejection::NotStored
            }
        };
        self.refuse(&job, rejection);
    }

    fn refuse(&self, job: &Job, rejection: Rejection) {
        let Write::Bet(Bet { key, .. }) = &job.write else { return };
        let (player, bet) = (key.player, key.bet);
        job.lobby.tell(self.clock.now(), Command::BetRefused { player, bet, rejection });
    }
}

fn still_wanted(job: &Job) -> bool {
    let Write::Bet(bet) = &job.write else { return false };
    job.lobby.takes_bets(bet.key.round)
}

fn hold(job: &Job) -> Option<Reserve> {
    let Write::Bet(Bet { key, stake, .. }) = &job.write else { return None };
    Some(Reserve {
        player: key.player,
        bet: key.bet,
        round: job.lobby.round(key.round),
        epoch: job.lobby.epoch,
        stake: *stake,
    })
}
