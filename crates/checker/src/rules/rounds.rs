//! Rounds: lock records, crash points, seeds, and that nothing goes back.

use std::collections::BTreeMap;

use super::round_named;
use crate::dump::{BetState, Dump, Round, RoundState};
use crate::fairness::{bets_hash, crash_point, step};
use crate::hex::Hex;
use crate::report::Verdict;

/// Every rule of rounds and seeds.
pub(crate) fn judge(dump: &Dump) -> Vec<Verdict> {
    vec![locks(dump), crash_points(dump), links(dump), forward(dump)]
}

/// Count, sum, hash and payout of every accepted set.
fn locks(dump: &Dump) -> Verdict {
    let says = "count, sums and hash of a round are those of its accepted set";
    let mut verdict = Verdict::new("lock_records_agree", says);
    for (key, round) in &dump.rounds {
        if matches!(round.state, RoundState::Open | RoundState::Voided) {
            continue;
        }
        let bets: Vec<_> = dump.of_round(*key).filter(|bet| bet.in_round != 0).collect();
        let stakes: i64 = bets.iter().map(|bet| bet.stake_steps * 100).sum();
        let hash = Hex(bets_hash(bets.iter().copied()));
        let expected = format!("{} bets of {stakes} units, {hash}", bets.len());
        let told = round.bets_hash.map_or("no hash".to_owned(), |hash| hash.to_string());
        let found = format!("{} bets of {} units, {told}", round.count, round.stake_sum_units);
        verdict.same(round_named(*key), expected, found);
        if matches!(round.state, RoundState::Settled | RoundState::Interrupted) {
            let paid: i64 = bets
                .iter()
                .map(|bet| match bet.state {
                    BetState::CashedOut => bet.payout_units.unwrap_or(0),
                    BetState::Released => bet.stake_steps * 100,
                    _ => 0,
                })
                .sum();
            verdict.same(round_named(*key), paid, round.payout_sum_units);
        }
    }
    verdict
}

fn crash_points(dump: &Dump) -> Verdict {
    let says = "the stored crash point is the one that the revealed seed gives";
    let mut verdict = Verdict::new("crash_points_follow_from_the_seeds", says);
    for (key, round) in &dump.rounds {
        let over = matches!(round.state, RoundState::Settled | RoundState::Interrupted);
        let Some(seed) = round.seed else {
            if over {
                verdict.add(round_named(*key), "a revealed seed", "none");
            }
            continue;
        };
        verdict.look();
        if !over {
            verdict.add(round_named(*key), "a seed that is sealed until the end", "a seed");
        }
        let chain = dump.chains.get(&(round.lobby, round.chain));
        let given = chain.and_then(|chain| {
            crash_point(chain.public_seed.as_deref()?, seed.0, chain.house_edge_bps)
        });
        if given.is_none() || given != round.crash_point_centi {
            let found = format!("{:?}", round.crash_point_centi);
            verdict.add(round_named(*key), format!("{given:?} hundredths"), found);
        }
    }
    verdict
}

/// Hashes each revealed seed down to the one below it; what was not revealed lies between.
fn links(dump: &Dump) -> Verdict {
    let says = "every revealed seed hashes to the one before, the first to the promised end";
    let mut verdict = Verdict::new("seeds_follow_from_each_other", says);
    let mut revealed: BTreeMap<(i64, i64), BTreeMap<i64, &Round>> = BTreeMap::new();
    for round in dump.rounds.values().filter(|round| round.seed.is_some()) {
        let of_chain = revealed.entry((round.lobby, round.chain)).or_default();
        let index = round.seed_index.unwrap_or(0);
        if of_chain.insert(index, round).is_some() {
            let place = round_named((round.lobby, round.round));
            verdict.add(place, "a seed that was not played", format!("seed {index} again"));
        }
    }
    for (name, rounds) in revealed {
        let Some(chain) = dump.chains.get(&name) else {
            verdict.add(format!("chain {}/{}", name.0, name.1), "a chain", "none");
            continue;
        };
        let (mut from, mut below) = (0, chain.terminal.0);
        for (index, round) in rounds {
            verdict.look();
            let place = round_named((round.lobby, round.round));
            let seed = round.seed.map_or([0; 32], |seed| seed.0);
            // The bound keeps a broken index from being walked for ever.
            let inside = (from + 1..=chain.length).contains(&index);
            let mut walked = seed;
            for _ in from..index.min(chain.length) {
                walked = step(walked);
            }
            if !inside || walked != below {
                let expected = format!("seed {index} to hash to seed {from}, {}", Hex(below));
                verdict.add(place, expected, Hex(walked));
            }
            (from, below) = (index, seed);
        }
    }
    verdict
}

/// Within one lobby, from round to round.
fn forward(dump: &Dump) -> Verdict {
    let says = "epochs, chains and seed indexes never fall from round to round";
    let mut verdict = Verdict::new("rounds_only_go_forward", says);
    let mut before: BTreeMap<i64, (i64, i64, i64)> = BTreeMap::new();
    for (key, round) in &dump.rounds {
        let (epoch, chain, seed) = before.get(&round.lobby).copied().unwrap_or((0, 0, 0));
        let highest = if round.chain == chain { seed } else { 0 };
        let rises = round.seed_index.is_none_or(|index| index > highest);
        verdict.look();
        if round.epoch < epoch || round.chain < chain || !rises {
            let expected = format!("epoch {epoch}, chain {chain}, seed above {highest}");
            let found = format!("{}, {}, {:?}", round.epoch, round.chain, round.seed_index);
            verdict.add(round_named(*key), expected, found);
        }
        let seed = round.seed_index.unwrap_or(highest).max(highest);
        before.insert(round.lobby, (round.epoch, round.chain, seed));
        let used = dump.chains.get(&(round.lobby, round.chain)).map_or(0, |chain| chain.used);
        if round.seed_index.is_some_and(|index| index > used) {
            let found = format!("{:?}", round.seed_index);
            verdict.add(round_named(*key), format!("a seed of at most {used}"), found);
        }
        let owner = dump.lobbies.get(&round.lobby).map_or(0, |lobby| lobby.epoch);
        if round.epoch > owner {
            verdict.add(round_named(*key), format!("an epoch of at most {owner}"), round.epoch);
        }
    }
    verdict
}
