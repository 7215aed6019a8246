//! What leaves a lobby's task: writes to be made durable. Handed over without waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use engine::Write;
use fairness::BetEntry;
use kernel::Amount;
use platform::traces::Place;
use tokio::sync::mpsc;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::live::LiveLobby;

/// The most holds in one call of the wallet.
pub(crate) const HOLDS_MAX: usize = 1_000;
/// Writes of the whole node that may wait; past it no more bets are taken.
const WAITING_MAX: usize = 50_000;

/// A write with what the store needs besides. Dropped once its outcome is known.
pub(crate) struct Job {
    pub(crate) lobby: Arc<LiveLobby>,
    pub(crate) write: Write,
    pub(crate) besides: Besides,
    _ticket: Ticket,
}

/// What a write itself does not say.
#[derive(Default)]
pub(crate) struct Besides {
    /// The player's name for a bet.
    pub(crate) name: Option<Arc<str>>,
    /// What a reserved bet left its player to stake.
    pub(crate) balance: Amount,
    /// The accepted set for a lock.
    pub(crate) locked: Vec<BetEntry>,
    /// Where a bet was asked for, if that is followed. Nothing else of a round ever is.
    pub(crate) place: Place,
}

/// Counts a write as waiting, at the node and at its lobby, for as long as it lives.
struct Ticket {
    waiting: Arc<AtomicUsize>,
    _of_lobby: TaskTrackerToken,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The way to the recorder and the reserver. Clones share it.
///
/// The queues have no bound of their own: whatever must be stored, must; the bound is at the
/// door, where bets are refused as overloaded while too much waits.
#[derive(Clone)]
pub(crate) struct Outbound {
    recorder: mpsc::UnboundedSender<Job>,
    reserver: mpsc::UnboundedSender<Job>,
    waiting: Arc<AtomicUsize>,
}

/// The other ends.
pub(crate) struct OutboundQueues {
    pub(crate) recorder: mpsc::UnboundedReceiver<Job>,
    pub(crate) reserver: mpsc::UnboundedReceiver<Job>,
}

impl Outbound {
    pub(crate) fn new() -> (Self, OutboundQueues) {
        let (recorder, to_recorder) = mpsc::unbounded_channel();
        let (reserver, to_reserver) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let queues = OutboundQueues { recorder: to_recorder, reserver: to_reserver };
        (Self { recorder, reserver, waiting }, queues)
    }

    /// Hands a write over: bets go by the wallet first.
    pub(crate) fn submit(&self, lobby: &Arc<LiveLobby>, write: Write, besides: Besides) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let ticket = Ticket { waiting: Arc::clone(&self.waiting), _of_lobby: lobby.write_begins() };
        let job = Job { lobby: Arc::clone(lobby), write, besides, _ticket: ticket };
        let queue =
            if matches!(job.write, Write::Bet(_)) { &self.reserver } else { &self.recorder };
        // Closed only when the process ends; nothing is acknowledged then.
        let _closed = queue.send(job);
    }

    /// A reserved bet goes on to the store; it is counted already.
    pub(crate) fn record_reserved(&self, mut job: Job, balance: Amount) {
        job.besides.balance = balance;
        let _closed = self.recorder.send(job);
    }

    /// A round that waited for its seed goes on to the store; it is counted already.
    pub(crate) fn record_again(&self, job: Job) {
        let _closed = self.recorder.send(job);
    }

    /// Whether more bets may be taken.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) < WAITING_MAX
    }

    /// How many writes wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}
