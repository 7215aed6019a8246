//! A lobby that is being played, as everyone but its task sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use contracts::{Accepted, CashedOut, PlayError, PlayRefusal, Returned};
use engine::Command;
use kernel::{Epoch, LobbyId, PlayerId, RoundId, Timestamp};
use parking_lot::Mutex;
use protocol::Snapshot;
use tokio::sync::{mpsc, oneshot};

use crate::seeds::Seeds;
use crate::store::LobbyRecord;

/// Players' requests that may wait for one lobby; the next is refused as overloaded.
const INBOX: usize = 1_024;

/// The handle on a lobby's task.
pub(crate) struct LiveLobby {
    pub(crate) record: LobbyRecord,
    pub(crate) epoch: Epoch,
    pub(crate) seeds: Arc<Seeds>,
    inbox: mpsc::Sender<Request>,
    /// Unbounded, but each answer belongs to a write under way, and those are bounded at the door.
    answers: mpsc::UnboundedSender<Stamped>,
    /// The round that may still reserve, 0 when none may.
    open_round: AtomicU32,
    /// The hash of the accepted set of the round last locked.
    bets_hash: Mutex<Option<(u32, [u8; 32])>>,
    /// The round whose climb was shown to begin, 0 for none.
    running_round: AtomicU32,
    /// Bets in the round now played.
    bets: AtomicU32,
    ended: AtomicU8,
}

/// The task's ends of the channels.
pub(crate) struct Inbox {
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) answers: mpsc::UnboundedReceiver<Stamped>,
}

/// A command with its instant.
#[derive(Debug)]
pub(crate) struct Stamped {
    pub(crate) at: Timestamp,
    pub(crate) command: Told,
}

/// What a lobby's own stores and operator say.
#[derive(Debug)]
pub(crate) enum Told {
    /// To its engine.
    Command(Command),
    /// It must end here, its rounds left to the next owner.
    End(Ended),
}

/// What somebody asks of a lobby.
pub(crate) enum Request {
    PlaceBet {
        at: Timestamp,
        bet: engine::PlaceBet,
        username: String,
        reply: Reply<Accepted>,
    },
    CancelBet {
        at: Timestamp,
        player: PlayerId,
        bet: kernel::BetId,
        round: Option<u32>,
        reply: Reply<Returned>,
    },
    CashOut {
        at: Timestamp,
        player: PlayerId,
        bet: Option<kernel::BetId>,
        round: Option<u32>,
        reply: Reply<Vec<CashedOut>>,
    },
    Look {
        player: Option<PlayerId>,
        reply: oneshot::Sender<Snapshot>,
    },
}

/// Where an answer goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, PlayRefusal>>;

/// Why a lobby plays no more in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Ended {
    /// It was told to.
    Stopped = 1,
    /// Its seeds are used up.
    SeedsExhausted = 2,
    /// A newer owner plays it, or its store failed.
    Lost = 3,
}

impl LiveLobby {
    pub(crate) fn new(record: LobbyRecord, epoch: Epoch, seeds: Arc<Seeds>) -> (Arc<Self>, Inbox) {
        let (inbox, requests) = mpsc::channel(INBOX);
        let (answers, answered) = mpsc::unbounded_channel();
        let live = Self {
            record,
            epoch,
            seeds,
            inbox,
            answers,
            open_round: AtomicU32::new(0),
            bets_hash: Mutex::new(None),
            running_round: AtomicU32::new(0),
            bets: AtomicU32::new(0),
            ended: AtomicU8::new(0),
        };
        (Arc::new(live), Inbox { requests, answers: answered })
    }

    pub(crate) const fn id(&self) -> LobbyId {
        self.record.lobby
    }

    pub(crate) const fn round(&self, number: u32) -> RoundId {
        RoundId::new(self.record.lobby, number)
    }

    /// Hands a request over, without waiting.
    ///
    /// # Errors
    /// [`PlayRefusal::Overloaded`] when the inbox is full; what [`Self::ended`] says.
    pub(crate) fn ask(&self, request: Request) -> Result<(), PlayError> {
        match self.inbox.try_send(request) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => Err(PlayRefusal::Overloaded.into()),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(self.gone()),
        }
    }

    /// Answers a write, or orders. Goes nowhere once the task has ended.
    pub(crate) fn tell(&self, at: Timestamp, command: Command) {
        let _ended = self.answers.send(Stamped { at, command: Told::Command(command) });
    }

    /// Ends the lobby's task.
    pub(crate) fn end(&self, at: Timestamp, why: Ended) {
        self.note_end(why);
        let _ended = self.answers.send(Stamped { at, command: Told::End(why) });
    }

    /// The first reason stands.
    pub(crate) fn note_end(&self, why: Ended) {
        let _first = self.ended.compare_exchange(0, why as u8, Ordering::AcqRel, Ordering::Acquire);
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire) != 0
    }

    /// What a caller is told once the lobby has ended here.
    pub(crate) fn gone(&self) -> PlayError {
        match self.ended.load(Ordering::Acquire) {
            ended if ended == Ended::Stopped as u8 => PlayRefusal::Draining.into(),
            ended if ended == Ended::SeedsExhausted as u8 => PlayRefusal::SeedsExhausted.into(),
            _ => PlayError::Unavailable,
        }
    }

    pub(crate) fn set_open_round(&self, round: Option<u32>) {
        self.open_round.store(round.unwrap_or(0), Ordering::Release);
    }

    /// Whether bets of `round` may still be reserved.
    pub(crate) fn takes_bets(&self, round: u32) -> bool {
        self.open_round.load(Ordering::Acquire) == round && !self.is_ended()
    }

    pub(crate) fn set_running(&self, round: u32) {
        self.running_round.store(round, Ordering::Release);
    }

    pub(crate) fn is_running(&self, round: u32) -> bool {
        self.running_round.load(Ordering::Acquire) == round
    }

    pub(crate) fn set_bets(&self, bets: u32) {
        self.bets.store(bets, Ordering::Relaxed);
    }

    pub(crate) fn bets(&self) -> u32 {
        self.bets.load(Ordering::Relaxed)
    }

    pub(crate) fn set_bets_hash(&self, round: u32, hash: [u8; 32]) {
        *self.bets_hash.lock() = Some((round, hash));
    }

    pub(crate) fn bets_hash(&self, round: u32) -> Option<[u8; 32]> {
        self.bets_hash.lock().and_then(|(locked, hash)| (locked == round).then_some(hash))
    }
}
