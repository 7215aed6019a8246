//! The course of a world: it plays under faults, is healed, must come back to life, and ends.

use std::panic::{AssertUnwindSafe, catch_unwind};

use kernel::Curve;

use super::World;
use crate::judge::Violation;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::records::Records;
use crate::schedule::{self, Fault};

/// About how long a round of one lobby takes, in milliseconds.
const ROUND_MS: u64 = 5_500;
/// Within so long after the last fault every lobby takes bets again, in milliseconds. What is late
/// by 30 s, and a wait of 30 s between two tries, lie within.
const RECOVERY_MS: u64 = 75_000;
/// For so long bets must be taken then.
const ALIVE_MS: u64 = 45_000;
/// How long the last players may take to leave.
const LEAVING_MS: u64 = 120_000;
/// How long the last rounds may take to end and be closed.
const CLOSING_MS: u64 = 60_000;
/// How often a world that is not over yet is looked at.
const LOOK_MS: u64 = 500;

/// Runs the world of `seed` under `plan` to its end, or to the first thing that does not hold.
pub(crate) fn run(seed: u64, plan: &Plan, curve: Curve) -> Outcome {
    let rounds = u64::from(plan.rounds.max(1)).div_ceil(u64::from(plan.lobbies.max(1)));
    let until_ms = rounds * ROUND_MS;
    let drawn = || schedule::draw(seed, plan, until_ms);
    let schedule = plan.schedule.clone().unwrap_or_else(drawn);
    let world = World::new(seed, plan, curve);
    let ran = catch_unwind(AssertUnwindSafe(|| world.play(&schedule, until_ms)));
    if let Err(panic) = ran {
        let what = panic.downcast_ref::<String>().cloned();
        let what = what.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        world.0.judge.fail("nothing panics", what.unwrap_or_default());
    }
    let outcome = world.outcome(schedule);
    world.take_down();
    outcome
}

impl World {
    fn play(&self, schedule: &[Fault], until_ms: u64) {
        self.begin();
        self.peers().into_iter().for_each(|peer| self.start(peer));
        self.plan_faults(schedule);
        self.seat();
        if !self.pass(until_ms) {
            return;
        }
        self.heal();
        if self.recovers() && self.empties() {
            self.closes();
        }
    }

    /// Lets time pass; whether everything holds.
    fn pass(&self, until_ms: u64) -> bool {
        while self.0.judge.is_content() && self.0.executor.step(until_ms) {}
        self.0.judge.is_content()
    }

    /// Once nothing fails any more every lobby takes bets again.
    fn recovers(&self) -> bool {
        let alive_ms = self.0.executor.now_ms() + RECOVERY_MS;
        if !self.pass(alive_ms) || !self.pass(alive_ms + ALIVE_MS) {
            return false;
        }
        for lobby in &self.0.lobbies {
            let seen = self.0.screens.of(*lobby).news();
            self.0.judge.took_bets_since(*lobby, alive_ms, seen);
        }
        self.0.judge.is_content()
    }

    /// Everybody leaves.
    fn empties(&self) -> bool {
        self.0.crowd.call_it_a_day();
        let left = self.wait(LEAVING_MS, || self.0.crowd.has_left());
        if !left {
            self.0.judge.fail("every player is answered", "somebody still waits".to_owned());
        }
        left
    }

    /// Whatever was played is closed; then everything agrees.
    fn closes(&self) {
        let ended = || self.0.records.read(Records::is_at_rest);
        self.wait(CLOSING_MS, ended);
        if self.0.judge.is_content() {
            self.0.book.read(|book| {
                self.0.records.read(|records| self.0.judge.finish(book, records));
            });
        }
    }

    /// Lets time pass until `holds`, or until it is too late; whether it held.
    fn wait(&self, at_most_ms: u64, holds: impl Fn() -> bool) -> bool {
        let until_ms = self.0.executor.now_ms() + at_most_ms;
        while self.0.executor.now_ms() < until_ms {
            if holds() {
                return true;
            }
            if !self.pass(self.0.executor.now_ms() + LOOK_MS) {
                return true;
            }
        }
        holds()
    }

    fn outcome(&self, schedule: Vec<Fault>) -> Outcome {
        let trace = self.0.executor.trace();
        let violation: Option<Violation> = self.0.judge.violation();
        Outcome {
            seed: self.0.seed,
            hash: trace.hash(),
            steps: trace.steps(),
            world_ms: self.0.executor.now_ms(),
            tally: self.0.judge.tally(),
            faults: self.0.befell.lock().clone(),
            violation,
            schedule,
        }
    }

    /// Ends every process, so that nothing of the world keeps itself alive.
    fn take_down(&self) {
        self.0.hosts.lock().close();
        self.peers().into_iter().for_each(|peer| self.kill(peer));
        self.0.crowd.disperse();
        self.0.executor.clear(self.0.director);
    }
}
