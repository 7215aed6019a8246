//! A lobby's notices as pictures for everyone who watches it.
//!
//! Nothing here depends on a crash point before `crashed`: the climb is drawn from the ticks.

mod gathered;
pub(crate) mod open_bets;
mod resting;
mod snapshot;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use cluster::Bus;
use engine::{Bet, CashOut, Lobby, Notice, Outcome, Phase, Reason, Settlement};
use fairness::hex;
use kernel::{Multiplier, PlayerId, Timestamp};
use protocol::picture::{
    BetOutcome, BetResult, BettingOpened, Crashed, Interrupted, LastRound, RoundLocked,
    RoundStarted, SeenBet, SeenCashOut, Settled, Tick, Totals, Voided,
};
use protocol::rounds::{EndReason, Phase as ShownPhase};
use protocol::wire::{WireAmount, WireBetId, WireLobbyId, WireMultiplier, WirePlayerId, WireStake};
use protocol::{Picture, PictureEvent};

use self::gathered::Gathered;
use self::open_bets::{Crowd, OpenBets};
use crate::live::LiveLobby;

pub(crate) use resting::resting;
pub(crate) use snapshot::own_bets;

/// How many finished rounds a snapshot shows.
pub(crate) const LAST_MAX: u8 = 20;

/// How far counted ticks are apart, in milliseconds: those that carry cash-outs, and the others.
/// What is ticked between them is not counted, so that nobody misses it.
const CARRYING_MS: u64 = 500;
const EMPTY_MS: u64 = 1_000;

/// Draws one lobby. Owned by its task.
pub(crate) struct Pictures {
    bus: Arc<dyn Bus>,
    live: Arc<LiveLobby>,
    /// Names of the round's players.
    names: BTreeMap<PlayerId, Arc<str>>,
    /// Accepted bets that are shown, so that none is shown twice.
    shown: OpenBets,
    /// Those of them that everyone is told of next.
    gathered: Gathered,
    /// Cash-outs since the last tick.
    cash_outs: Vec<SeenCashOut>,
    /// What the last tick showed, and then the crash.
    climb: Option<Climbed>,
    /// Whether the round's lock was told.
    locked: bool,
    /// How the last round ended.
    ended: ShownPhase,
    last: VecDeque<LastRound>,
}

/// What was shown of a climb.
#[derive(Clone, Copy, Debug)]
struct Climbed {
    started_at: Timestamp,
    multiplier: Multiplier,
    /// How long the climb took to get there.
    elapsed_ms: u64,
    /// When the last tick was counted, likewise.
    counted_ms: u64,
    /// The seed's own crash point and the climb's length, once shown.
    crash: Option<(Multiplier, u64)>,
}

impl Pictures {
    pub(crate) fn new(bus: Arc<dyn Bus>, live: Arc<LiveLobby>, last: Vec<LastRound>) -> Self {
        Self {
            bus,
            live,
            names: BTreeMap::new(),
            shown: OpenBets::default(),
            gathered: Gathered::default(),
            cash_outs: Vec::new(),
            climb: None,
            locked: false,
            ended: ShownPhase::Settled,
            last: last.into(),
        }
    }

    /// Notes who places a bet, for the name beside it.
    pub(crate) fn name(&mut self, player: PlayerId, name: String) {
        self.names.insert(player, name.into());
    }

    pub(crate) fn name_of(&self, player: PlayerId) -> Arc<str> {
        self.names.get(&player).cloned().unwrap_or_default()
    }

    /// What of the round is open.
    pub(crate) fn crowd(&self) -> Crowd {
        self.shown.crowd()
    }

    /// A new round begins; what belonged to the last one is forgotten.
    pub(crate) fn begin_round(&mut self) {
        self.names.clear();
        self.shown = OpenBets::default();
        self.gathered.clear();
        self.cash_outs.clear();
        self.locked = false;
        self.climb = None;
    }

    /// Draws what happened. `asked` says whether somebody waits for this bet's cash-out.
    pub(crate) fn draw(&mut self, notice: &Notice, lobby: &Lobby, now: Timestamp, asked: bool) {
        match notice {
            Notice::BettingOpened { round, closes_at } => {
                self.betting_opened(*round, *closes_at, now);
            }
            Notice::BetAccepted(bet) if bet.state == engine::BetState::Accepted => {
                self.bet_accepted(bet);
            }
            Notice::BetCancelled(bet) => {
                self.shown.remove(&bet.key);
            }
            Notice::RoundLocked { round, totals } => {
                self.locked = true;
                let hash = self.live.bets_hash(*round).unwrap_or_default();
                let sum = WireAmount(totals.stake_sum);
                let bets_hash = hex::encode(&hash);
                let locked = RoundLocked { count: totals.count, sum, bets_hash };
                self.publish(*round, PictureEvent::RoundLocked(locked));
            }
            Notice::RoundStarted { round, start_at } => {
                self.climb = Some(Climbed::begin(*start_at));
                let elapsed_ms = now.ms_since(*start_at);
                let curve = lobby.rules().curve.kind().into();
                self.publish(
                    *round,
                    PictureEvent::RoundStarted(RoundStarted { elapsed_ms, curve }),
                );
            }
            Notice::Ticked { round, elapsed_ms, multiplier } => {
                self.tick(*round, *elapsed_ms, *multiplier);
            }
            Notice::CashedOut(cash_out) => self.cashed_out(cash_out, asked),
            Notice::Crashed { round, crash_point, multiplier, elapsed_ms } => {
                self.crashed(*round, *crash_point, *multiplier, *elapsed_ms);
            }
            Notice::Settled { round, lost, totals } => self.settled(*round, lost, *totals),
            Notice::Voided { round, reason } => self.voided(*round, *reason),
            Notice::Interrupted { round, reason } => {
                self.interrupted(*round, *reason, None, false);
            }
            Notice::InterruptionSettled { round, reason, multiplier, settlements, .. } => {
                self.interrupted(*round, *reason, *multiplier, true);
                self.settlements(*round, settlements);
            }
            Notice::BetAccepted(_)
            | Notice::BetRefused { .. }
            | Notice::CashOutTaken { .. }
            | Notice::Stopped => {}
        }
    }

    fn betting_opened(&mut self, round: u32, closes_at: Option<Timestamp>, now: Timestamp) {
        let promise = self.live.seeds.promise(round);
        let opened = BettingOpened {
            closes_in_ms: closes_at.map(|closes_at| closes_at.ms_since(now)),
            commitment: promise.commitment,
            seed_index: promise.seed_index,
            anchored: promise.anchored,
            next_commitment: promise.next_commitment,
        };
        self.publish(round, PictureEvent::BettingOpened(opened));
    }

    fn bet_accepted(&mut self, bet: &Bet) {
        if self.shown.insert(*bet) {
            self.gathered.add(bet.key);
        }
    }

    fn seen(&self, bet: &Bet) -> SeenBet {
        let cashed_out = match bet.state {
            engine::BetState::CashedOut { multiplier, .. } => Some(WireMultiplier(multiplier)),
            _ => None,
        };
        SeenBet {
            user_id: WirePlayerId(bet.key.player),
            name: self.name_of(bet.key.player).to_string(),
            stake: WireStake(bet.stake),
            cashed_out,
        }
    }

    /// Counted where it is time to tell who left; else only the multiplier moves on.
    fn tick(&mut self, round: u32, elapsed_ms: u64, multiplier: Multiplier) {
        let apart_ms = if self.cash_outs.is_empty() { EMPTY_MS } else { CARRYING_MS };
        let Some(climb) = self.climb.as_mut() else { return };
        (climb.multiplier, climb.elapsed_ms) = (multiplier, elapsed_ms);
        if elapsed_ms >= climb.counted_ms + apart_ms {
            climb.counted_ms = elapsed_ms;
            self.count_tick(round);
            return;
        }
        let multiplier = WireMultiplier(multiplier);
        let tick = Tick { elapsed_ms, multiplier, cash_outs: Vec::new() };
        self.send(None, round, PictureEvent::Tick(tick));
    }

    /// Tells where the climb is and everyone who left it since this was last told.
    fn count_tick(&mut self, round: u32) {
        let Some(Climbed { multiplier, elapsed_ms, .. }) = self.climb else { return };
        let cash_outs = std::mem::take(&mut self.cash_outs);
        let multiplier = WireMultiplier(multiplier);
        self.publish(round, PictureEvent::Tick(Tick { elapsed_ms, multiplier, cash_outs }));
    }

    /// Tells of those who left and were not told of: before every end, also where a cash-out was
    /// stored after the crash was told.
    fn tell_cash_outs(&mut self, round: u32) {
        if !self.cash_outs.is_empty() {
            self.count_tick(round);
        }
    }

    fn cashed_out(&mut self, cash_out: &CashOut, asked: bool) {
        let CashOut { key, stake, multiplier, payout, .. } = *cash_out;
        let Some(bet) = self.shown.remove(&key) else { return };
        self.cash_outs.push(SeenCashOut {
            user_id: WirePlayerId(key.player),
            name: self.name_of(key.player).to_string(),
            multiplier: WireMultiplier(multiplier),
            payout: WireAmount(payout),
        });
        debug_assert_eq!(bet.stake, stake);
        if cash_out.auto && !asked {
            self.tell_player(&bet, Outcome::CashedOut { multiplier, payout });
        }
    }

    fn crashed(&mut self, round: u32, crash_point: Multiplier, end: Multiplier, elapsed_ms: u64) {
        if let Some(climb) = self.climb.as_mut() {
            (climb.multiplier, climb.elapsed_ms) = (end, elapsed_ms);
            climb.crash = Some((crash_point, elapsed_ms));
        }
        self.tell_cash_outs(round);
        let crash_point = WireMultiplier(crash_point);
        let multiplier = WireMultiplier(end);
        let crashed = Crashed { crash_point, multiplier, elapsed_ms };
        self.publish(round, PictureEvent::Crashed(crashed));
    }

    fn settled(&mut self, round: u32, lost: &[Bet], totals: engine::Totals) {
        let Some(opened) = self.live.seeds.opened(round) else { return };
        let totals = Totals {
            count: totals.count,
            stake_sum: WireAmount(totals.stake_sum),
            payout_sum: WireAmount(totals.payout_sum),
        };
        let public_seed = self.live.seeds.promise(round).public_seed;
        let settled = Settled { seed: opened.seed.reveal(), public_seed, totals };
        self.ended = ShownPhase::Settled;
        self.tell_cash_outs(round);
        self.remember(round, *opened.crash_point.expose());
        self.publish(round, PictureEvent::Settled(settled));
        for bet in lost {
            self.tell_player(bet, Outcome::Lost);
        }
    }

    fn voided(&mut self, round: u32, reason: Reason) {
        self.ended = ShownPhase::Voided;
        let reason = end_reason(reason);
        self.publish(round, PictureEvent::Voided(Voided { reason }));
        for bet in self.shown.take() {
            self.tell_player(&bet, Outcome::Released);
        }
    }

    /// Told twice: at once without anything, and with how it ended once that is stored.
    fn interrupted(
        &mut self,
        round: u32,
        reason: Reason,
        multiplier: Option<Multiplier>,
        stored: bool,
    ) {
        self.ended = ShownPhase::Interrupted;
        self.tell_cash_outs(round);
        let opened = self.live.seeds.opened(round).filter(|_| stored);
        let public_seed = opened.as_ref().map(|_| self.live.seeds.promise(round).public_seed);
        if let Some(opened) = &opened {
            self.remember(round, *opened.crash_point.expose());
        }
        let interrupted = Interrupted {
            reason: end_reason(reason),
            multiplier: multiplier.map(WireMultiplier),
            seed: opened.map(|opened| opened.seed.reveal()),
            public_seed,
        };
        self.publish(round, PictureEvent::Interrupted(interrupted));
    }

    fn settlements(&mut self, round: u32, settlements: &[Settlement]) {
        for Settlement { key, outcome } in settlements {
            debug_assert_eq!(key.round, round);
            if let Some(bet) = self.shown.remove(key) {
                self.tell_player(&bet, *outcome);
            }
        }
    }

    fn remember(&mut self, round: u32, crash_point: Multiplier) {
        self.last.push_front(LastRound { round, crash_point: WireMultiplier(crash_point) });
        self.last.truncate(LAST_MAX.into());
    }

    /// A bet's end, to its player alone.
    fn tell_player(&self, bet: &Bet, outcome: Outcome) {
        let (result, payout, coefficient) = match outcome {
            Outcome::CashedOut { multiplier, payout } => {
                (BetOutcome::Win, Some(WireAmount(payout)), Some(WireMultiplier(multiplier)))
            }
            Outcome::Lost => (BetOutcome::Lost, None, None),
            Outcome::Released => (BetOutcome::Released, None, None),
        };
        let user_id = WirePlayerId(bet.key.player);
        let event = PictureEvent::BetResult(BetResult {
            user_id,
            result,
            payout,
            coefficient,
            bet_id: WireBetId(bet.key.bet),
            stake: WireStake(bet.stake),
        });
        self.send(Some(user_id), bet.key.round, event);
    }

    /// Tells everyone, after the bets that came before it.
    fn publish(&mut self, round: u32, event: PictureEvent) {
        self.tell_bets();
        self.live.next_seq();
        self.send(None, round, event);
    }

    fn send(&self, to: Option<WirePlayerId>, round: u32, event: PictureEvent) {
        send(&*self.bus, &self.live, to, round, event);
    }
}

impl Climbed {
    const fn begin(started_at: Timestamp) -> Self {
        Self { started_at, multiplier: Multiplier::ONE, elapsed_ms: 0, counted_ms: 0, crash: None }
    }
}

/// Tells that the round under way, if any, goes no further here. For a lobby whose task has ended
/// without a word.
pub(crate) fn lose(bus: &dyn Bus, live: &LiveLobby) {
    let Some(round) = live.playing() else { return };
    let (reason, multiplier, seed, public_seed) = (EndReason::OwnerLost, None, None, None);
    let interrupted = Interrupted { reason, multiplier, seed, public_seed };
    live.set_playing(None);
    live.next_seq();
    send(bus, live, None, round, PictureEvent::Interrupted(interrupted));
}

fn send(
    bus: &dyn Bus,
    live: &LiveLobby,
    to: Option<WirePlayerId>,
    round: u32,
    event: PictureEvent,
) {
    let lobby = live.id();
    let (lobby_id, epoch, seq) = (WireLobbyId(lobby), live.epoch.0, live.seq());
    match (Picture { to, lobby_id, epoch, seq, round, event }).to_json() {
        Ok(picture) => bus.publish(lobby, picture.into()),
        Err(error) => tracing::error!(%error, "a picture could not be drawn"),
    }
}

/// Whether the climb goes on as far as anyone may know.
fn climbs(phase: Phase) -> bool {
    matches!(phase, Phase::Running { .. } | Phase::Crashed { stored: false, .. })
}

const fn end_reason(reason: Reason) -> EndReason {
    match reason {
        Reason::Quiet => EndReason::Quiet,
        Reason::Shutdown => EndReason::Shutdown,
        Reason::Stalled => EndReason::Stalled,
        Reason::OwnerLost => EndReason::OwnerLost,
    }
}

#[cfg(test)]
mod tests;
