//! Shown means stored: whatever leaves a game process is in its database at that moment, and
//! nothing of a crash point is seen before the crash.

use engine::BetState;
use game::store::RoundState;
use kernel::{Multiplier, RoundId};
use protocol::picture::{
    BetOutcome, BetResult, BetsAccepted, Crashed, Interrupted, Picture, PictureEvent, RoundLocked,
    Settled, Snapshot, Tick,
};
use protocol::rounds::Phase;

use super::Judge;
use super::sums::payout;
use crate::records::{BetRow, Records, RoundRow};

/// The grid on which climbs are shown, in milliseconds.
const TICK_MS: u64 = 50;
const RULE: &str = "shown means stored";

impl Judge {
    /// A picture leaves its process.
    pub(crate) fn shows(&self, json: &[u8]) -> Option<Picture> {
        let picture = match Picture::from_json(json) {
            Ok(picture) => picture,
            Err(error) => {
                self.fail("pictures can be read", error.to_string());
                return None;
            }
        };
        self.read_records(|records| self.look_at(records, &picture));
        Some(picture)
    }

    fn look_at(&self, records: &Records, picture: &Picture) {
        let round = RoundId::new(picture.lobby_id.0, picture.round);
        if self.0.rounds.lock().lost.contains(&round) {
            return;
        }
        let row = records.rounds.get(&round);
        let state = row.map(|row| row.record.state);
        let stored = match (&picture.event, row) {
            // Told when it is lost, whatever is stored.
            (PictureEvent::Interrupted(end), row) => self.interrupted(round, end, row),
            (_, None) => false,
            (PictureEvent::BettingOpened(_), Some(_)) => true,
            (PictureEvent::BetsAccepted(accepted), Some(row)) => {
                bets_are_stored(records, row, accepted)
            }
            (PictureEvent::RoundLocked(locked), Some(row)) => is_locked(row, locked),
            (PictureEvent::RoundStarted(started), Some(row)) => {
                let now_ms = self.0.executor.now_ms();
                let began_ms = now_ms.saturating_sub(started.elapsed_ms);
                self.0.rounds.lock().started.insert(round, began_ms);
                row.record.state != RoundState::Open
            }
            (PictureEvent::Tick(tick), Some(row)) => self.tick(records, round, row, tick),
            (PictureEvent::Crashed(crashed), Some(row)) => has_crashed(row, crashed),
            (PictureEvent::Settled(settled), Some(row)) => self.settled(round, row, settled),
            (PictureEvent::Voided(_), Some(row)) => row.record.state == RoundState::Voided,
            (PictureEvent::BetResult(result), Some(_)) => has_ended(records, result),
            (PictureEvent::Snapshot(snapshot), _) => {
                return self.look_at_snapshot(records, snapshot);
            }
        };
        self.require(stored, RULE, || format!("{picture:?}, the round is {state:?}"));
    }

    fn tick(&self, records: &Records, round: RoundId, row: &RoundRow, tick: &Tick) -> bool {
        let rules = records.lobbies.get(&round.lobby).map(|row| &row.record.rules);
        let curve = rules.map(|rules| self.curve(rules.curve));
        let open = !matches!(row.record.state, RoundState::Open | RoundState::Voided);
        let multiplier = tick.multiplier.0;
        let drawn = curve.is_some_and(|curve| curve.multiplier_at(tick.elapsed_ms) == multiplier);
        // The last one before the end tells who left, and stands where the climb stood.
        let on_grid = tick.elapsed_ms.is_multiple_of(TICK_MS);
        let ended = row.record.crash_point.is_some();
        if on_grid {
            let mut rounds = self.0.rounds.lock();
            let shown = rounds.shown.entry(round).or_insert(Multiplier::ONE);
            *shown = (*shown).max(multiplier);
        }
        let crash_point = row.record.crash_point.unwrap_or(Multiplier::MAX);
        self.require(multiplier <= crash_point, "no climb is shown above its crash point", || {
            format!("round {round} at {multiplier}")
        });
        self.require(ended || (on_grid && drawn), "ticks keep a fixed grid", || {
            format!("round {round}: {tick:?}")
        });
        let paid = tick.cash_outs.iter().all(|seen| {
            bets_of(records, row).any(|bet| {
                bet.key.player == seen.user_id.0
                    && matches!(bet.state, BetState::CashedOut { multiplier, .. }
                        if multiplier == seen.multiplier.0
                            && payout(bet.stake, multiplier) == seen.payout.0)
            })
        });
        open && paid
    }

    fn settled(&self, round: RoundId, row: &RoundRow, settled: &Settled) -> bool {
        self.reveal(round, row);
        let seed = row.record.seed.map(|seed| fairness::hex::encode(&seed));
        row.record.state == RoundState::Settled
            && seed.as_ref() == Some(&settled.seed)
            && row.record.count == settled.totals.count
            && row.record.stake_sum == settled.totals.stake_sum.0
            && row.record.payout_sum == settled.totals.payout_sum.0
    }

    /// At first without a multiplier and a seed: these come once the end is stored.
    fn interrupted(&self, round: RoundId, end: &Interrupted, row: Option<&RoundRow>) -> bool {
        let Some(seed) = &end.seed else { return end.multiplier.is_none() };
        let Some(row) = row else { return false };
        self.reveal(round, row);
        row.record.state == RoundState::Interrupted
            && row.record.seed.map(|seed| fairness::hex::encode(&seed)).as_ref() == Some(seed)
            && row.record.multiplier == end.multiplier.map(|multiplier| multiplier.0)
    }

    fn reveal(&self, round: RoundId, row: &RoundRow) {
        if let Some(index) = row.record.seed_index {
            let seed = (round.lobby, row.record.chain, index);
            self.0.rounds.lock().revealed.insert(seed);
        }
    }

    /// A snapshot leaves its process.
    pub(crate) fn shows_snapshot(&self, json: &[u8]) {
        match serde_json::from_slice::<Snapshot>(json) {
            Ok(snapshot) => {
                self.read_records(|records| self.look_at_snapshot(records, &snapshot));
            }
            Err(error) => self.fail("snapshots can be read", error.to_string()),
        }
    }

    fn look_at_snapshot(&self, records: &Records, snapshot: &Snapshot) {
        let round = RoundId::new(snapshot.lobby_id.0, snapshot.round);
        if self.0.rounds.lock().lost.contains(&round) {
            return;
        }
        let row = records.rounds.get(&round);
        let climbs = matches!(snapshot.phase, Phase::Open | Phase::Locked | Phase::Running);
        let sealed = !climbs
            || (snapshot.crash_point.is_none()
                && snapshot.last.iter().all(|last| last.round != snapshot.round));
        self.require(sealed, "nothing is seen of a crash point before the crash", || {
            format!("{snapshot:?}")
        });
        // What rests, and what an owner is about to open, has no row yet.
        let Some(row) = row else { return };
        let stored = match snapshot.phase {
            Phase::Locked | Phase::Running => row.record.state != RoundState::Open,
            Phase::Crashed => row.record.crash_point == snapshot.crash_point.map(|at| at.0),
            Phase::Settled => row.record.state.is_over(),
            Phase::Open | Phase::Voided | Phase::Interrupted => true,
        };
        let bets = snapshot.bets.iter().all(|seen| {
            bets_of(records, row)
                .any(|bet| bet.key.player == seen.user_id.0 && bet.stake == seen.stake.0)
        });
        self.require(stored && bets, RULE, || {
            format!("{snapshot:?}, the round is {:?}", row.record)
        });
    }
}

fn bets_of<'a>(records: &'a Records, row: &'a RoundRow) -> impl Iterator<Item = &'a BetRow> {
    row.bets.iter().filter_map(|name| records.bets.get(name))
}

fn bets_are_stored(records: &Records, row: &RoundRow, accepted: &BetsAccepted) -> bool {
    accepted.bets.iter().all(|seen| {
        bets_of(records, row)
            .any(|bet| bet.key.player == seen.user_id.0 && bet.stake == seen.stake.0)
    })
}

fn is_locked(row: &RoundRow, locked: &RoundLocked) -> bool {
    let hash = row.record.bets_hash.map(|hash| fairness::hex::encode(&hash));
    row.record.state != RoundState::Open
        && row.record.count == locked.count
        && row.record.stake_sum == locked.sum.0
        && hash.as_ref() == Some(&locked.bets_hash)
}

fn has_crashed(row: &RoundRow, crashed: &Crashed) -> bool {
    matches!(row.record.state, RoundState::Crashed | RoundState::Settled)
        && row.record.crash_point == Some(crashed.crash_point.0)
        && row.record.multiplier == Some(crashed.multiplier.0)
}

fn has_ended(records: &Records, result: &BetResult) -> bool {
    let bet = records.bets.get(&(result.user_id.0, result.bet_id.0));
    bet.is_some_and(|bet| match (bet.state, result.result) {
        (BetState::CashedOut { multiplier, .. }, BetOutcome::Win) => {
            result.payout.map(|payout| payout.0) == Some(payout(bet.stake, multiplier))
        }
        (BetState::Lost, BetOutcome::Lost) | (BetState::Released, BetOutcome::Released) => true,
        _ => false,
    })
}
