//! How locked rounds ended: each bet exactly as the rules say, by the seed that was revealed.

use engine::BetState;
use fairness::{Seed, descend};
use game::store::{ChainRecord, RoundRecord, RoundState};
use kernel::{Amount, Multiplier, RoundId, SeedIndex};

use super::Judge;
use super::rounds::Rounds;
use super::sums::payout;
use crate::records::{BetRow, Records, RoundRow};

impl Judge {
    /// Seed, crash point, every bet's end, and the sums.
    pub(super) fn ended_rightly(&self, rounds: &mut Rounds, records: &Records, round: RoundId) {
        let Some(row) = records.rounds.get(&round) else { return };
        let record = &row.record;
        let chain = records.chains.get(&(round.lobby, record.chain));
        let (Some(chain), Some(seed), Some(crash_point)) = (chain, record.seed, record.crash_point)
        else {
            self.fail("a locked round ends with its seed", format!("round {round}: {record:?}"));
            return;
        };
        self.crash_point_is_the_seeds(chain, record, &Seed::from_bytes(seed), crash_point);
        let shown = rounds.shown.get(&round).copied().unwrap_or(Multiplier::ONE);
        self.require(shown <= crash_point, "no climb is shown above its crash point", || {
            format!("round {round} was shown at {shown} and crashed at {crash_point}")
        });
        let Some(rules) = records.lobbies.get(&round.lobby).map(|row| &row.record.rules) else {
            return;
        };
        let climb_end = crash_point.min(rules.multiplier_max);
        if record.state == RoundState::Settled {
            self.late_is_late(records, round, climb_end);
        }
        self.forget_clicks(round);
        let bets = row.bets.iter().filter_map(|name| records.bets.get(name));
        let bets: Vec<&BetRow> = bets.filter(|bet| bet.in_round).collect();
        match record.state {
            RoundState::Settled => self.settled_rightly(record, &bets, climb_end),
            RoundState::Interrupted => {
                self.interrupted_rightly(rounds, row, &bets, climb_end);
            }
            _ => self.fail("a locked round ends", format!("round {round}: {record:?}")),
        }
        self.sums_agree(record, &bets);
    }

    fn crash_point_is_the_seeds(
        &self,
        chain: &ChainRecord,
        record: &RoundRecord,
        seed: &Seed,
        crash_point: Multiplier,
    ) {
        let public_seed = chain.public_seed.as_deref().unwrap_or_default();
        let computed = fairness::crash_point(public_seed, seed, chain.house_edge_bps);
        let round = record.round;
        self.require(computed == crash_point, "the crash point is the seed's", || {
            format!("round {round} is stored with {crash_point}, its seed says {computed}")
        });
        let index = SeedIndex(record.seed_index.unwrap_or_default());
        let terminal = descend(index, seed, SeedIndex(0)).map(|seed| *seed.as_bytes());
        self.require(terminal == Ok(chain.terminal), "a seed hashes down to its promise", || {
            format!("round {round}: seed {index:?} of chain {}", chain.chain)
        });
    }

    /// Played to its end: whoever's cap was reached or who left before is paid, the rest lost.
    fn settled_rightly(&self, record: &RoundRecord, bets: &[&BetRow], climb_end: Multiplier) {
        for bet in bets {
            let right = match bet.state {
                BetState::CashedOut { multiplier, .. } => {
                    multiplier >= Multiplier::CASH_OUT_MIN
                        && multiplier <= climb_end
                        && multiplier <= bet.cap
                }
                BetState::Lost => bet.cap > climb_end,
                _ => false,
            };
            self.require(right, "a settled bet is paid or lost by the crash point", || {
                let (round, key, state) = (record.round, bet.key, bet.state);
                format!("round {round} ended at {climb_end}: {key:?} cap {}: {state:?}", bet.cap)
            });
        }
        self.require(
            record.multiplier == Some(climb_end),
            "a settled round ends where its climb did",
            || format!("round {}: {:?}, not {climb_end}", record.round, record.multiplier),
        );
    }

    /// Stopped: what was stored stands, everybody else has what the climb had reached.
    fn interrupted_rightly(
        &self,
        rounds: &Rounds,
        row: &RoundRow,
        bets: &[&BetRow],
        climb_end: Multiplier,
    ) {
        let stored = |bet: &BetRow| rounds.cash_outs.get(&(bet.key.player, bet.key.bet)).copied();
        let highest = bets.iter().filter_map(|bet| stored(bet)).max();
        let durable = row.heartbeat.max(highest);
        let round = row.record.round;
        if durable.is_some_and(|durable| durable >= climb_end) {
            // It was told that it is stopped, but the climb was over: it ends as it was played.
            self.settled_rightly(&row.record, bets, climb_end);
            return;
        }
        self.require(
            row.record.multiplier == durable,
            "an interrupted round ends at its last durable multiplier",
            || format!("round {round} at {:?}, durable {durable:?}", row.record.multiplier),
        );
        for bet in bets {
            let owed = durable.map(|durable| stored(bet).unwrap_or(bet.cap.min(durable)));
            let right = match (bet.state, owed) {
                (BetState::CashedOut { multiplier, .. }, Some(owed)) => multiplier == owed,
                (BetState::Released, None) => true,
                _ => false,
            };
            self.require(right, "an interrupted bet has what the climb had reached", || {
                let (key, state) = (bet.key, bet.state);
                format!("round {round}: {key:?} cap {} owed {owed:?}: {state:?}", bet.cap)
            });
        }
    }

    fn sums_agree(&self, record: &RoundRecord, bets: &[&BetRow]) {
        let staked: Amount = bets.iter().map(|bet| bet.stake.amount()).sum();
        let paid: Amount = bets.iter().map(|bet| paid(bet)).sum();
        let counted = (bets.len(), staked, paid);
        let stored = (record.count as usize, record.stake_sum, record.payout_sum);
        self.require(counted == stored, "a round's sums are its bets'", || {
            format!("round {}: stored {stored:?}, counted {counted:?}", record.round)
        });
    }
}

/// What went back to the player, gross.
fn paid(bet: &BetRow) -> Amount {
    match bet.state {
        BetState::CashedOut { multiplier, .. } => payout(bet.stake, multiplier),
        BetState::Released => bet.stake.amount(),
        _ => Amount::ZERO,
    }
}
