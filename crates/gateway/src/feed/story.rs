//! What has been told of a lobby, and what the next picture adds to it. Pure.
//!
//! Pictures can be lost, doubled or late. The story notices by epoch and sequence, asks for a
//! snapshot, and tells from it what the listeners missed, once: Socket.IO the events of part A,
//! plain sockets the pictures as they are, or the snapshot that stands for those that are lost.

use kernel::{LobbyId, PlayerId};
use protocol::picture::{BetResult, Picture, PictureEvent, Snapshot};
use protocol::plain::Head;
use protocol::rounds::Phase;
use protocol::socket_io::{self, RoundCrashed, RoundName, RoundOpened, ServerEvent};
use protocol::wire::{WireLobbyId, WireMultiplier};

/// Something to tell, and whom.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    /// Everyone in the lobby over Socket.IO.
    Everyone(ServerEvent),
    /// One player's Socket.IO sockets.
    Player(PlayerId, ServerEvent),
    /// Plain sockets: everyone's, or those of the player it is for.
    Picture(Box<Picture>),
    /// Everyone's plain sockets, in place of pictures that are lost.
    Snapshot(Box<Snapshot>),
}

/// Whether a picture follows the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Continuity {
    /// It was told, or was old.
    Whole,
    /// Something is missing before it: nothing was told, bring a snapshot first.
    Gap,
}

/// How far the listeners have been told.
#[derive(Debug)]
pub(crate) struct Story {
    lobby: WireLobbyId,
    epoch: u64,
    seq: u64,
    round: u32,
    stage: Stage,
    /// How far the climb was told, in milliseconds.
    climbed_ms: u64,
}

/// What was last told of the round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Opened,
    Started,
    /// Without an end yet: it may turn out that the climb was over.
    Stopped,
    Ended,
}

impl Story {
    /// The story of `lobby` before anything was told.
    pub(crate) const fn new(lobby: LobbyId) -> Self {
        let (lobby, stage) = (WireLobbyId(lobby), Stage::Ended);
        Self { lobby, epoch: 0, seq: 0, round: 0, stage, climbed_ms: 0 }
    }

    /// Whether nothing is known yet.
    pub(crate) const fn is_new(&self) -> bool {
        self.epoch == 0 && self.round == 0
    }

    /// Whether `snapshot` holds everything that was told.
    pub(crate) const fn is_covered_by(&self, snapshot: &Snapshot) -> bool {
        snapshot.epoch > self.epoch || (snapshot.epoch == self.epoch && snapshot.seq >= self.seq)
    }

    /// Whether `snapshot` holds more than was told.
    pub(crate) fn is_behind(&self, snapshot: &Snapshot) -> bool {
        (self.epoch, self.seq) < (snapshot.epoch, snapshot.seq)
    }

    /// The round that takes bets, as far as was told.
    pub(crate) fn open_round(&self) -> Option<u32> {
        (self.stage == Stage::Opened).then_some(self.round)
    }

    /// Where the listeners are.
    pub(crate) const fn told_up_to(&self) -> Head {
        let Self { lobby: lobby_id, epoch, seq, round, .. } = *self;
        Head { lobby_id, epoch, seq, round }
    }

    /// Begins at `snapshot`: nobody has listened yet, so nothing is told.
    pub(crate) fn begin(&mut self, snapshot: &Snapshot) {
        self.move_to(snapshot.epoch, snapshot.seq);
        self.round = snapshot.round;
        self.stage = stage_of(snapshot.phase);
        self.climbed_ms = snapshot.elapsed_ms.unwrap_or_default();
    }

    /// Tells what of `snapshot` has not been told.
    pub(crate) fn repair(&mut self, snapshot: &Snapshot, told: &mut Vec<Told>) {
        if !self.is_covered_by(snapshot) {
            return;
        }
        let (round, stage) = (snapshot.round, stage_of(snapshot.phase));
        let is_news = round != self.round || stage != self.stage;
        if (snapshot.epoch, snapshot.seq) != (self.epoch, self.seq) {
            told.push(Told::Snapshot(Box::new(snapshot.clone())));
        }
        self.move_to(snapshot.epoch, snapshot.seq);
        match snapshot.phase {
            Phase::Open | Phase::Locked if is_news => {
                self.open(round, snapshot.closes_in_ms, told);
            }
            Phase::Running => {
                self.start(round, told);
                self.climbed_ms = snapshot.elapsed_ms.unwrap_or_default();
                self.climb(snapshot.multiplier, told);
            }
            Phase::Crashed | Phase::Settled => self.crash(round, snapshot.crash_point, told),
            _ => {}
        }
        self.round = round;
        self.stage = stage;
    }

    /// Tells what `picture` adds, unless something is missing before it.
    pub(crate) fn continue_with(&mut self, picture: &Picture, told: &mut Vec<Told>) -> Continuity {
        let (epoch, seq) = (picture.epoch, picture.seq);
        if picture.to.is_some() {
            self.tell(picture, told);
            return Continuity::Whole;
        }
        if epoch == self.epoch && seq == self.seq {
            self.climb_on(picture, told);
        } else if epoch == self.epoch && seq == self.seq + 1 {
            self.tell(picture, told);
        } else if (epoch, seq) > (self.epoch, self.seq) {
            return Continuity::Gap;
        }
        Continuity::Whole
    }

    /// A tick between two that are counted repeats the last number. It says nothing but where the
    /// climb is, which a plain client draws by itself.
    fn climb_on(&mut self, picture: &Picture, told: &mut Vec<Told>) {
        if let PictureEvent::Tick(tick) = &picture.event
            && picture.round == self.round
            && tick.elapsed_ms > self.climbed_ms
        {
            self.climbed_ms = tick.elapsed_ms;
            self.climb(Some(tick.multiplier), told);
        }
    }

    /// Tells what `picture` adds, whatever is missing before it.
    pub(crate) fn tell(&mut self, picture: &Picture, told: &mut Vec<Told>) {
        let round = picture.round;
        if picture.to.is_none() {
            self.move_to(picture.epoch, picture.seq);
        }
        if !matches!(picture.event, PictureEvent::Snapshot(_)) {
            told.push(Told::Picture(Box::new(picture.clone())));
        }
        match &picture.event {
            PictureEvent::BettingOpened(opened) => self.open(round, opened.closes_in_ms, told),
            PictureEvent::RoundStarted(_) => self.start(round, told),
            PictureEvent::Tick(tick) => {
                // The first instant of a climb was told with its start.
                let was_started = self.has_started(round);
                self.start(round, told);
                if was_started && tick.elapsed_ms > 0 {
                    self.climbed_ms = tick.elapsed_ms;
                    self.climb(Some(tick.multiplier), told);
                }
            }
            PictureEvent::Crashed(crashed) => self.crash(round, Some(crashed.crash_point), told),
            PictureEvent::Voided(_) => (self.round, self.stage) = (round, Stage::Ended),
            PictureEvent::Interrupted(_) => (self.round, self.stage) = (round, Stage::Stopped),
            PictureEvent::BetResult(result) => {
                let event = bet_result(self.lobby, round, result);
                told.push(Told::Player(result.user_id.0, event));
            }
            PictureEvent::Snapshot(snapshot) => self.repair(snapshot, told),
            // Part A has no events for these.
            PictureEvent::BetsAccepted(_)
            | PictureEvent::RoundLocked(_)
            | PictureEvent::Settled(_) => {}
        }
    }

    fn has_started(&self, round: u32) -> bool {
        self.round == round && self.stage != Stage::Opened
    }

    fn open(&mut self, round: u32, closes_in_ms: Option<u64>, told: &mut Vec<Told>) {
        (self.round, self.stage) = (round, Stage::Opened);
        let opened = RoundOpened { lobby_id: self.lobby, round, closes_in_ms };
        told.push(Told::Everyone(ServerEvent::RoundOpened(opened)));
    }

    /// Tells the start, and with it the first multiplier, 1.00: once a round.
    fn start(&mut self, round: u32, told: &mut Vec<Told>) {
        if self.has_started(round) {
            return;
        }
        (self.round, self.stage, self.climbed_ms) = (round, Stage::Started, 0);
        let name = RoundName { lobby_id: self.lobby, round };
        told.push(Told::Everyone(ServerEvent::RoundStarted(name)));
        self.climb(Some(WireMultiplier(kernel::Multiplier::ONE)), told);
    }

    fn climb(&self, multiplier: Option<WireMultiplier>, told: &mut Vec<Told>) {
        if self.stage == Stage::Started {
            let update = multiplier.map(ServerEvent::CoefficientUpdate);
            told.extend(update.map(Told::Everyone));
        }
    }

    fn crash(&mut self, round: u32, at: Option<WireMultiplier>, told: &mut Vec<Told>) {
        if self.round == round && self.stage == Stage::Ended {
            return;
        }
        self.start(round, told);
        self.stage = Stage::Ended;
        let crashed =
            at.map(|coefficient| RoundCrashed { lobby_id: self.lobby, round, coefficient });
        told.extend(crashed.map(ServerEvent::Crashed).map(Told::Everyone));
    }

    const fn move_to(&mut self, epoch: u64, seq: u64) {
        self.epoch = epoch;
        self.seq = seq;
    }
}

const fn stage_of(phase: Phase) -> Stage {
    match phase {
        Phase::Open | Phase::Locked => Stage::Opened,
        Phase::Running => Stage::Started,
        Phase::Interrupted => Stage::Stopped,
        Phase::Crashed | Phase::Settled | Phase::Voided => Stage::Ended,
    }
}

fn bet_result(lobby: WireLobbyId, round: u32, result: &BetResult) -> ServerEvent {
    ServerEvent::BetResult(socket_io::BetResult {
        user_id: result.user_id,
        result: result.result,
        payout: result.payout,
        coefficient: result.coefficient,
        bet_id: result.bet_id,
        lobby_id: lobby,
        round,
    })
}

#[cfg(test)]
mod tests;
