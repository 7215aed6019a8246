//! The climb: start, ticks, heartbeats, the crash, the stall.

use kernel::{Multiplier, Sealed, Timestamp};

use super::{Lobby, Phase};
use crate::{Bet, Event, Notice, Reason, Rules, Write};

/// The longest lead that a store may need, in milliseconds.
const LEAD_MAX_MS: u64 = 10_000;

/// What a locked round needs to climb.
#[derive(Debug)]
pub(super) struct Climb {
    /// Known from the lock record on; looked at by nobody outside this state machine.
    pub(super) crash_point: Option<Sealed<Multiplier>>,
    /// The places of the accepted bets, lowest cap first.
    pub(super) by_cap: Vec<(Multiplier, usize)>,
    /// How many of them are decided by their cap, or were decided before it.
    pub(super) past_cap: usize,
    /// The grid point of the next tick, in milliseconds of the climb.
    next_tick_ms: u64,
    /// The last durable heartbeat: when it was taken, and what stood then.
    heartbeat: Option<(u64, Multiplier)>,
    /// The heartbeat on its way.
    heartbeat_pending: Option<(u64, Multiplier)>,
    lock_pending: bool,
    /// How far ahead of its record the climb is to start, in milliseconds.
    lead_ms: u64,
    /// Whether the lock was told.
    lock_told: bool,
}

impl Climb {
    pub(super) fn new(bets: &[Bet]) -> Self {
        let accepted = bets.iter().enumerate().filter(|(_, bet)| bet.is_in_round());
        let mut by_cap: Vec<_> = accepted.map(|(place, bet)| (bet.cap, place)).collect();
        by_cap.sort_unstable();
        Self {
            crash_point: None,
            by_cap,
            past_cap: 0,
            next_tick_ms: 0,
            heartbeat: None,
            heartbeat_pending: None,
            lock_pending: true,
            lead_ms: 0,
            lock_told: false,
        }
    }

    /// The lead of the next lock record: twice the last one, which a slow store came too late for.
    pub(super) fn next_lead_ms(&mut self, rules: &Rules) -> u64 {
        self.lead_ms = (self.lead_ms * 2).clamp(rules.start_lead_ms, LEAD_MAX_MS);
        self.lead_ms
    }

    pub(super) const fn writes_pending(&self) -> bool {
        self.lock_pending || self.heartbeat_pending.is_some()
    }

    /// The highest multiplier in a durable heartbeat.
    pub(super) fn durable(&self) -> Option<Multiplier> {
        self.heartbeat.map(|(_, multiplier)| multiplier)
    }

    /// When the climb ends, in its milliseconds: where every open bet is paid, or where the crash
    /// point plus 0.01x would be reached. A crash point of 1.00x ends it at once.
    pub(super) fn end_ms(&self, rules: &Rules) -> u64 {
        let crash_point =
            self.crash_point.as_ref().map_or(Multiplier::ONE, |sealed| *sealed.expose());
        if crash_point >= rules.multiplier_max {
            rules.curve.first_ms(rules.multiplier_max)
        } else if crash_point == Multiplier::ONE {
            0
        } else {
            rules.curve.first_ms(crash_point.next())
        }
    }

    /// Past this millisecond the climb may not run without a newer durable heartbeat.
    pub(super) fn stall_limit_ms(&self, rules: &Rules) -> u64 {
        self.heartbeat.map_or(0, |(ms, _)| ms) + rules.stall_ms
    }

    fn heartbeat_due_ms(&self, rules: &Rules) -> u64 {
        self.heartbeat.map_or(0, |(ms, _)| ms) + rules.heartbeat_ms
    }

    /// The next instant at which something happens by itself.
    pub(super) fn next_instant(&self, started_at: Timestamp, rules: &Rules) -> Timestamp {
        let mut next = self.end_ms(rules).min(self.next_tick_ms);
        next = next.min(self.stall_limit_ms(rules) + 1);
        if self.heartbeat_pending.is_none() {
            next = next.min(self.heartbeat_due_ms(rules));
        }
        if let Some(&(cap, _)) = self.by_cap.get(self.past_cap) {
            next = next.min(rules.curve.first_ms(cap));
        }
        started_at + next
    }
}

impl Lobby {
    /// The lock record is durable, unless it came too late for its own start.
    pub(super) fn lock_stored(
        &mut self,
        at: Timestamp,
        crash_point: Sealed<Multiplier>,
        events: &mut Vec<Event>,
    ) {
        let Some(climb) = self.round.climb.as_mut() else { return };
        climb.lock_pending = false;
        climb.crash_point = Some(crash_point);
        let Phase::Locked { start_at, stored: false } = self.phase else { return };
        if at > start_at {
            climb.lock_pending = true;
            self.store_lock(at, events);
            return;
        }
        let told = std::mem::replace(&mut climb.lock_told, true);
        self.phase = Phase::Locked { start_at, stored: true };
        if !told {
            let (round, totals) = (self.round.number, self.round.totals);
            events.push(Event::Tell(Notice::RoundLocked { round, totals }));
        }
    }

    /// Starts the climb; a start slept through is stored anew, since nothing was shown of it.
    pub(super) fn start(&mut self, now: Timestamp, start_at: Timestamp, events: &mut Vec<Event>) {
        if now > start_at + self.rules.wake_late_ms {
            if let Some(climb) = self.round.climb.as_mut() {
                climb.lock_pending = true;
            }
            self.store_lock(now, events);
            return;
        }
        self.phase = Phase::Running { started_at: start_at };
        self.wake_due = Some(start_at);
        events.push(Event::Tell(Notice::RoundStarted { round: self.round.number, start_at }));
    }

    /// Moves the climb to `now`, or stops it where it stood still too long.
    pub(super) fn climb_to(
        &mut self,
        now: Timestamp,
        started_at: Timestamp,
        events: &mut Vec<Event>,
    ) {
        let Some(climb) = self.round.climb.as_ref() else { return };
        let end_ms = climb.end_ms(&self.rules);
        let limit_ms = climb.stall_limit_ms(&self.rules);
        let elapsed_ms = now.ms_since(started_at);
        let stalled = elapsed_ms > limit_ms && end_ms > limit_ms;
        if self.slept(now) || stalled {
            self.interrupt(Reason::Stalled, events);
            return;
        }
        self.pay_caps(elapsed_ms.min(end_ms), events);
        if elapsed_ms >= end_ms {
            self.crash(started_at + end_ms, events);
        } else {
            self.tick(elapsed_ms, events);
            self.beat(elapsed_ms, events);
        }
    }

    /// Whether `at` is too long after the wake-up that was due.
    pub(super) fn slept(&self, at: Timestamp) -> bool {
        self.wake_due.is_some_and(|due| at > due + self.rules.wake_late_ms)
    }

    /// The heartbeat is durable.
    pub(super) fn heartbeat_stored(&mut self) {
        if let Some(climb) = self.round.climb.as_mut()
            && let Some(heartbeat) = climb.heartbeat_pending.take()
        {
            climb.heartbeat = Some(heartbeat);
        }
    }

    /// Shows the latest grid point, once. Points slept over are not made up for.
    fn tick(&mut self, elapsed_ms: u64, events: &mut Vec<Event>) {
        let Some(climb) = self.round.climb.as_mut() else { return };
        if elapsed_ms < climb.next_tick_ms {
            return;
        }
        let grid_ms = elapsed_ms - elapsed_ms % self.rules.tick_ms;
        climb.next_tick_ms = grid_ms + self.rules.tick_ms;
        let multiplier = self.rules.curve.multiplier_at(grid_ms);
        let round = self.round.number;
        events.push(Event::Tell(Notice::Ticked { round, elapsed_ms: grid_ms, multiplier }));
    }

    /// Sends how far the climb has come to be stored, one at a time.
    fn beat(&mut self, elapsed_ms: u64, events: &mut Vec<Event>) {
        let Some(climb) = self.round.climb.as_mut() else { return };
        let due = elapsed_ms >= climb.heartbeat_due_ms(&self.rules);
        if !due || climb.heartbeat_pending.is_some() {
            return;
        }
        let multiplier = self.rules.curve.multiplier_at(elapsed_ms);
        climb.heartbeat_pending = Some((elapsed_ms, multiplier));
        let round = self.round.number;
        events.push(Event::Store(Write::Heartbeat { round, multiplier }));
    }

    /// The climb is over: store it, then tell it.
    fn crash(&mut self, at: Timestamp, events: &mut Vec<Event>) {
        self.phase = Phase::Crashed { at, stored: false };
        let crash_point = self.crash_point();
        let multiplier = crash_point.min(self.rules.multiplier_max);
        let round = self.round.number;
        events.push(Event::Store(Write::Crash { round, crash_point, multiplier }));
    }

    /// The crash is durable: it may be shown.
    pub(super) fn crash_stored(&mut self, events: &mut Vec<Event>) {
        let Phase::Crashed { at, stored: false } = self.phase else { return };
        self.phase = Phase::Crashed { at, stored: true };
        self.tell_crash(events);
    }

    /// Tells where the climb ended.
    pub(super) fn tell_crash(&self, events: &mut Vec<Event>) {
        let crash_point = self.crash_point();
        let elapsed_ms = self.round.climb.as_ref().map_or(0, |climb| climb.end_ms(&self.rules));
        events.push(Event::Tell(Notice::Crashed {
            round: self.round.number,
            crash_point,
            multiplier: crash_point.min(self.rules.multiplier_max),
            elapsed_ms,
        }));
    }
}
