//! Every planted bug is caught by the judge of worlds: by which rule, and how fast.
//!
//! The worlds in which a bug is caught have nothing to say without it.
#![cfg(feature = "planted")]

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;

use kernel::planted::{Bug, on_this_thread};
use parking_lot::Mutex;
use platform::clock::Stopwatch;
use simulator::{FaultKind, Outcome, Plan, Violation, run};

/// A bug must be caught in one of these worlds.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=30;
/// About how many rounds a world plays under faults.
const ROUNDS: u32 = 100;

/// Which worlds a bug is looked for in: the same ones for every bug, but where they are too broad
/// to show it soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sky {
    /// Faults of every kind.
    Stormy,
    /// Owners who take themselves for it after their time.
    Disputed,
    /// Wall clocks that jump.
    Jumping,
    /// No fault, and climbs so high that a tick is more than a hundredth.
    High,
}

/// How a bug was caught.
struct Catch {
    seed: u64,
    violation: Violation,
    rounds: u64,
    bets: u64,
    seconds: f64,
}

/// Where a bug is looked for, and the rules that it breaks: the first of them that is met ends the
/// world.
fn expected(bug: Bug) -> (Sky, &'static [&'static str]) {
    const ONCE: &str = "a hold is staked once and ends once";
    match bug {
        Bug::NoIdempotency => (Sky::Stormy, &[ONCE]),
        Bug::NoTombstone => (Sky::Stormy, &["what went back is not taken again"]),
        Bug::NoEpochFence => (Sky::Disputed, &["a fence ends what the earlier owner sends"]),
        Bug::UnlockedFence => (Sky::Disputed, &["a claim ends what the earlier owner writes"]),
        Bug::EarlyAcknowledgement => {
            (Sky::Stormy, &["shown means stored", "answered means stored"])
        }
        Bug::FloatPayout => (Sky::Stormy, &["a payout is stake × multiplier"]),
        Bug::TickRoundedAuto => (Sky::High, &["a cash-out is priced by its stamp or its cap"]),
        Bug::TieLost => (Sky::Stormy, &["a settled bet is paid or lost by the crash point"]),
        Bug::RefundAndPay => (Sky::Stormy, &["a bet ends once", ONCE]),
        Bug::NewIdPerRetry => (Sky::Stormy, &["a bet keeps its id"]),
        Bug::SweepVoidsLiveRounds => {
            (Sky::Stormy, &["the wallet can do what it is told", "an acknowledged bet is honoured"])
        }
        Bug::BetterOfBothForAutos => {
            (Sky::Stormy, &["an interrupted bet has what the climb had reached"])
        }
        Bug::WallClockPricing => (
            Sky::Jumping,
            &["who came in time is not too late", "a click is priced by its arrival"],
        ),
    }
}

fn plan(sky: Sky) -> Plan {
    let with = |faults: &[FaultKind], fault_every_ms| Plan {
        fault_every_ms,
        ..Plan::with(ROUNDS, faults)
    };
    match sky {
        Sky::Stormy => Plan::stormy(ROUNDS),
        // A claim slips between where leases run out while writes are under way.
        Sky::Disputed => with(&[FaultKind::TwoOwners, FaultKind::Stall], 200),
        Sky::Jumping => with(&[FaultKind::WallClock], 1_000),
        Sky::High => Plan { high: true, ..Plan::calm(ROUNDS) },
    }
}

/// Lives through one world after the other with the bug, until the judge has something to say.
fn hunt(bug: Bug) -> Option<Catch> {
    let _planted = on_this_thread(bug);
    let plan = plan(expected(bug).0);
    let watch = Stopwatch::start();
    let (mut rounds, mut bets) = (0, 0);
    for seed in SEEDS {
        let Outcome { tally, violation, .. } = run(seed, &plan);
        rounds += tally.rounds;
        bets += tally.bets;
        if let Some(violation) = violation {
            return Some(Catch { seed, violation, rounds, bets, seconds: watch.seconds() });
        }
    }
    None
}

/// Does each piece of work on some core; what came of it, by the piece.
fn share_out<W: Copy + Ord + Send, A: Send>(
    work: Vec<W>,
    job: impl Fn(W) -> A + Sync,
) -> BTreeMap<W, A> {
    let (waiting, done) = (Mutex::new(work), Mutex::new(BTreeMap::new()));
    let next = || waiting.lock().pop();
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(piece) = next() {
                    let answer = job(piece);
                    done.lock().insert(piece, answer);
                }
            });
        }
    });
    done.into_inner()
}

fn row(bug: Bug, caught: Option<&Catch>) -> String {
    let name = bug.as_str();
    let Some(Catch { seed, violation, rounds, bets, seconds }) = caught else {
        return format!("| `{name}` | NOT CAUGHT | | | | |");
    };
    let rule = violation.rule;
    format!("| `{name}` | {rule} | {seed} | {rounds} | {bets} | {seconds:.1} |")
}

#[test]
fn every_planted_bug_is_caught_by_the_rule_that_it_breaks() {
    let caught = share_out(Bug::ALL.to_vec(), hunt);
    println!("| bug | caught by | seed | rounds | bets | seconds |\n|---|---|---|---|---|---|");
    for (bug, caught) in &caught {
        println!("{}", row(*bug, caught.as_ref()));
    }
    for (bug, caught) in &caught {
        let Catch { violation, .. } = caught.as_ref().unwrap_or_else(|| panic!("{bug:?} is free"));
        let rules = expected(*bug).1;
        assert!(rules.contains(&violation.rule), "{bug:?} was caught by {violation}");
    }
    let seen = |(bug, caught): (&Bug, &Option<Catch>)| {
        let last = caught.as_ref().map_or(0, |caught| caught.seed);
        let sky = expected(*bug).0;
        (*SEEDS.start()..=last).map(move |seed| (sky, seed)).collect::<Vec<_>>()
    };
    let worlds: BTreeSet<(Sky, u64)> = caught.iter().flat_map(seen).collect();
    let watch = Stopwatch::start();
    let lived = share_out(worlds.into_iter().collect(), |(sky, seed)| run(seed, &plan(sky)));
    println!("{} worlds without a bug took {:.1} s", lived.len(), watch.seconds());
    for (world, outcome) in lived {
        assert_eq!(outcome.violation, None, "{world:?} without a bug: {outcome}");
    }
}
