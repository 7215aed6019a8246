//! A lobby that is being played, as everyone but its task sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};

use contracts::{Accepted, CashedOut, PlayError, PlayRefusal, Returned};
use engine::Command;
use kernel::{Epoch, LobbyId, PlayerId, RoundId, Timestamp};
use parking_lot::Mutex;
use platform::clock::Clock;
use platform::traces::Place;
use protocol::Snapshot;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::pictures::open_bets::Crowd;
use crate::seeds::Seeds;
use crate::store::LobbyRecord;

/// Players' requests that may wait for one lobby; the next is refused as overloaded.
const INBOX: usize = 1_024;
/// Those who may wait for a look at it, apart from the former so that they never crowd them out.
const LOOKS: usize = 256;
/// How long a caller waits for a lobby's first round, in milliseconds.
const OPENS_MS: u64 = 5_000;

/// The handle on a lobby's task.
pub(crate) struct LiveLobby {
    pub(crate) record: LobbyRecord,
    pub(crate) epoch: Epoch,
    pub(crate) seeds: Arc<Seeds>,
    inbox: mpsc::Sender<Request>,
    looks: mpsc::Sender<Look>,
    /// Unbounded, but each answer belongs to a write under way, and those are bounded at the door.
    answers: mpsc::UnboundedSender<Stamped>,
    /// The round that may still reserve, 0 when none may.
    open_round: AtomicU32,
    /// The hash of the accepted set of the round last locked.
    bets_hash: Mutex<Option<(u32, [u8; 32])>>,
    /// The round whose climb was shown to begin, 0 for none.
    running_round: AtomicU32,
    /// The open bets of the round now played.
    crowd: Mutex<Crowd>,
    /// The round under way as far as anybody was told, 0 for none.
    playing: AtomicU32,
    /// The number of the last picture.
    seq: AtomicU64,
    /// Cancelled once a round was opened here, or none will be soon. Whoever waits is woken in the
    /// order of waiting, so that the same seed plays the same run.
    opened: CancellationToken,
    /// Writes whose outcome is not known yet.
    writes: TaskTracker,
    ended: AtomicU8,
    /// Whether no chain has a seed that may be played now.
    without_seeds: AtomicBool,
    /// Whether it was told to finish or to stop.
    stopping: AtomicBool,
    /// Cancelled once the task is gone and the outcome of every write is known.
    over: CancellationToken,
}

/// The task's ends of the channels.
pub(crate) struct Inbox {
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) answers: mpsc::UnboundedReceiver<Stamped>,
    pub(crate) looks: mpsc::Receiver<Look>,
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
        place: Place,
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
}

/// Somebody wants to see the lobby, and a player their own bets in it.
pub(crate) struct Look {
    pub(crate) player: Option<PlayerId>,
    pub(crate) reply: oneshot::Sender<Snapshot>,
}

/// Where an answer goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, PlayRefusal>>;

/// Why a lobby plays no more in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Ended {
    /// It was told to.
    Stopped = 1,
    /// It cannot go on: its store failed, say. It is taken over again.
    Lost = 3,
    /// Nobody plays; the next bet wakes it.
    Rested = 4,
    /// Another node owns it, or may by now: not a word more is said about it here.
    Fenced = 5,
}

impl LiveLobby {
    pub(crate) fn new(record: LobbyRecord, epoch: Epoch, seeds: Arc<Seeds>) -> (Arc<Self>, Inbox) {
        let (inbox, requests) = mpsc::channel(INBOX);
        let (looks, looked) = mpsc::channel(LOOKS);
        let (answers, answered) = mpsc::unbounded_channel();
        let live = Self {
            record,
            epoch,
            seeds,
            inbox,
            looks,
            answers,
            open_round: AtomicU32::new(0),
            bets_hash: Mutex::new(None),
            running_round: AtomicU32::new(0),
            crowd: Mutex::new(Crowd::default()),
            playing: AtomicU32::new(0),
            seq: AtomicU64::new(0),
            opened: CancellationToken::new(),
            writes: TaskTracker::new(),
            ended: AtomicU8::new(0),
            without_seeds: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            over: CancellationToken::new(),
        };
        (Arc::new(live), Inbox { requests, answers: answered, looks: looked })
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
    /// [`PlayRefusal::Overloaded`] when the inbox is full; [`PlayRefusal::SeedsExhausted`] for a
    /// bet while no chain has a seed; what [`Self::ended`] says.
    pub(crate) fn ask(&self, request: Request) -> Result<(), PlayError> {
        if self.is_without_seeds() && matches!(request, Request::PlaceBet { .. }) {
            return Err(PlayRefusal::SeedsExhausted.into());
        }
        match self.inbox.try_send(request) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => Err(PlayRefusal::Overloaded.into()),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(self.gone()),
        }
    }

    /// The lobby as its task sees it next.
    ///
    /// # Errors
    /// As for [`Self::ask`].
    pub(crate) async fn look(&self, player: Option<PlayerId>) -> Result<Snapshot, PlayError> {
        let (reply, answer) = oneshot::channel();
        match self.looks.try_send(Look { player, reply }) {
            Ok(()) => answer.await.map_err(|_| self.gone()),
            Err(mpsc::error::TrySendError::Full(_)) => Err(PlayRefusal::Overloaded.into()),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(self.gone()),
        }
    }

    /// Answers a write, or orders. Goes nowhere once the task has ended.
    pub(crate) fn tell(&self, at: Timestamp, command: Command) {
        if matches!(command, Command::Drain | Command::Interrupt) {
            self.stopping.store(true, Ordering::Release);
        }
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
        self.opened.cancel();
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire) != 0
    }

    /// Whether the lobby waits for a chain that may be played. Nobody waits for its round then.
    pub(crate) fn set_without_seeds(&self, without: bool) {
        self.without_seeds.store(without, Ordering::Release);
        if without {
            self.opened.cancel();
        }
    }

    pub(crate) fn is_without_seeds(&self) -> bool {
        self.without_seeds.load(Ordering::Acquire)
    }

    /// Whether the lobby opens no more rounds.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire) || self.is_ended()
    }

    /// Whether somebody must take the lobby over again.
    pub(crate) fn is_lost(&self) -> bool {
        self.ended.load(Ordering::Acquire) == Ended::Lost as u8 || self.is_fenced()
    }

    /// Whether another node owns the lobby, or may by now.
    pub(crate) fn is_fenced(&self) -> bool {
        self.ended.load(Ordering::Acquire) == Ended::Fenced as u8
    }

    /// Whether nobody plays, and whatever was asked of it meanwhile was not looked at.
    pub(crate) fn is_resting(&self) -> bool {
        self.ended.load(Ordering::Acquire) == Ended::Rested as u8
    }

    /// Whether the lobby stopped because it was told to.
    pub(crate) fn is_stopped(&self) -> bool {
        self.ended.load(Ordering::Acquire) == Ended::Stopped as u8
    }

    /// Says that nothing of the lobby is left here.
    pub(crate) fn note_over(&self) {
        self.over.cancel();
    }

    /// Waits until nothing of the lobby is left here.
    pub(crate) async fn over(&self) {
        self.over.cancelled().await;
    }

    /// Waits until a round was opened here, or the lobby ended. One that opens none in time, for
    /// want of a bankroll say, is not waited for again.
    pub(crate) async fn opened(&self, clock: &dyn Clock) {
        tokio::select! {
            biased;
            () = self.opened.cancelled() => {}
            () = clock.sleep_until(clock.now() + OPENS_MS) => {
                self.opened.cancel();
            }
        }
    }

    /// A write is on its way until the token is dropped.
    pub(crate) fn write_begins(&self) -> TaskTrackerToken {
        self.writes.token()
    }

    /// Waits until the outcome of every write is known. No more may follow.
    pub(crate) async fn written(&self) {
        self.writes.close();
        self.writes.wait().await;
    }

    /// What a caller is told once the lobby has ended here.
    pub(crate) fn gone(&self) -> PlayError {
        match self.ended.load(Ordering::Acquire) {
            ended if ended == Ended::Stopped as u8 => PlayRefusal::Draining.into(),
            _ => PlayError::Unavailable,
        }
    }

    pub(crate) fn set_open_round(&self, round: Option<u32>) {
        self.open_round.store(round.unwrap_or(0), Ordering::Release);
        if round.is_some() {
            self.opened.cancel();
        }
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

    pub(crate) fn set_playing(&self, round: Option<u32>) {
        self.playing.store(round.unwrap_or(0), Ordering::Release);
    }

    /// The round that everyone was told has begun and nobody that it has ended.
    pub(crate) fn playing(&self) -> Option<u32> {
        Some(self.playing.load(Ordering::Acquire)).filter(|round| *round != 0)
    }

    /// The number of the last picture for everyone.
    pub(crate) fn seq(&self) -> u64 {
        self.seq.load(Ordering::Acquire)
    }

    pub(crate) fn next_seq(&self) {
        self.seq.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn set_crowd(&self, crowd: Crowd) {
        *self.crowd.lock() = crowd;
    }

    pub(crate) fn crowd(&self) -> Crowd {
        *self.crowd.lock()
    }

    pub(crate) fn set_bets_hash(&self, round: u32, hash: [u8; 32]) {
        *self.bets_hash.lock() = Some((round, hash));
    }

    pub(crate) fn bets_hash(&self, round: u32) -> Option<[u8; 32]> {
        self.bets_hash.lock().and_then(|(locked, hash)| (locked == round).then_some(hash))
    }
}
