//! What holds for every schedule: generated players, instants, sleeps, held stores, crash points.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use kernel::Multiplier;
use proptest::prelude::*;

use super::world::World;
use crate::{BetKey, CashOut, Event, Notice, Outcome, Write};

/// Acts of a schedule: how long after the one before, and what.
fn schedule() -> impl Strategy<Value = Vec<(u64, String)>> {
    let who = prop::sample::select(vec!["ann", "bob", "eve"]);
    let act = (who, 0..12_u32, 101..400_u32, 1..4_u32).prop_map(|(who, kind, target, bet)| {
        let target = Multiplier::from_centi(target).unwrap();
        match kind {
            0..=2 => format!("{who} bets {bet}0.5 as {bet} auto {target}"),
            3 => format!("{who} bets 7 as {bet}"),
            4 => format!("{who} cancels as {bet}"),
            5 | 6 => format!("{who} leaves"),
            7 => format!("{who} leaves as {bet}"),
            8 => "sleeps".to_owned(),
            9 => "answers".to_owned(),
            _ => "passes".to_owned(),
        }
    });
    let gap = prop_oneof![3 => 0..50_u64, 3 => 50..600_u64, 1 => 600..6_000_u64];
    prop::collection::vec((gap, act), 1..60)
}

fn setting() -> impl Strategy<Value = String> {
    let mode = prop::sample::select(vec!["", "on_first_bet"]);
    let kinds = ["", "hold bet", "hold cash_out", "hold heartbeat", "hold lock", "hold crash"];
    let hold = prop::sample::select(kinds.to_vec());
    (mode, hold).prop_map(|(mode, hold)| format!("{mode} {hold}"))
}

fn play(setting: &str, crash: Multiplier, acts: &[(u64, String)]) -> World {
    let mut world = World::new(&format!("{setting} crash {crash}"));
    let mut at = 0;
    for (gap, act) in acts {
        at += gap;
        world.act(at, act);
    }
    // Let everything end, so that every bet has its end.
    world.act(at + 1, "answers");
    world.act(at + 60_000, "passes");
    world.act(at + 60_001, "stops");
    world.act(at + 70_000, "passes");
    world
}

/// How many ends each accepted bet had, and every cash-out told.
fn ends(events: &[Event]) -> (BTreeMap<BetKey, u32>, Vec<CashOut>) {
    let mut ends: BTreeMap<BetKey, u32> = BTreeMap::new();
    let mut cash_outs = Vec::new();
    let mut open: Vec<BetKey> = Vec::new();
    let mut cancelled: Vec<BetKey> = Vec::new();
    for event in events {
        let Event::Tell(notice) = event else { continue };
        let ended: Vec<BetKey> = match notice {
            Notice::BetAccepted(bet) => {
                if let Entry::Vacant(vacant) = ends.entry(bet.key) {
                    vacant.insert(0);
                    open.push(bet.key);
                }
                continue;
            }
            // Asked again, it is told again; it ended once.
            Notice::BetCancelled(bet) if cancelled.contains(&bet.key) => continue,
            Notice::BetCancelled(bet) => {
                cancelled.push(bet.key);
                vec![bet.key]
            }
            Notice::CashedOut(cash_out) => {
                cash_outs.push(*cash_out);
                vec![cash_out.key]
            }
            Notice::Settled { lost, .. } => lost.iter().map(|bet| bet.key).collect(),
            Notice::Voided { .. } => open.clone(),
            Notice::InterruptionSettled { settlements, .. } => {
                let told = |key: &BetKey| ends[key] > 0;
                settlements.iter().map(|end| end.key).filter(|key| !told(key)).collect()
            }
            _ => continue,
        };
        for key in ended {
            *ends.entry(key).or_default() += 1;
            open.retain(|other| *other != key);
        }
    }
    (ends, cash_outs)
}

/// Everything told and stored before the climb ended, as text.
fn before_the_crash(events: &[Event]) -> String {
    let until = events.iter().position(|event| matches!(event, Event::Store(Write::Crash { .. })));
    format!("{:?}", &events[..until.unwrap_or(events.len())])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_accepted_bet_has_exactly_one_end(
        setting in setting(), crash in 100..500_u32, acts in schedule(),
    ) {
        let world = play(&setting, Multiplier::from_centi(crash).unwrap(), &acts);
        for (key, count) in ends(&world.events).0 {
            prop_assert_eq!(count, 1, "{:?} in\n{}", key, world.told);
        }
        prop_assert!(world.lobby.is_stopped(), "{}", world.told);
    }

    #[test]
    fn a_cash_out_is_exact_and_never_above_the_crash_point(
        setting in setting(), crash in 100..500_u32, acts in schedule(),
    ) {
        let crash = Multiplier::from_centi(crash).unwrap();
        let world = play(&setting, crash, &acts);
        for cash_out in ends(&world.events).1 {
            prop_assert!(cash_out.multiplier <= crash);
            prop_assert!(cash_out.multiplier >= Multiplier::CASH_OUT_MIN);
            prop_assert_eq!(cash_out.payout, cash_out.stake.payout_at(cash_out.multiplier));
        }
        for event in &world.events {
            let Event::Tell(Notice::InterruptionSettled { settlements, .. }) = event else {
                continue;
            };
            for settlement in settlements {
                if let Outcome::CashedOut { multiplier, .. } = settlement.outcome {
                    prop_assert!(multiplier <= crash);
                }
            }
        }
    }

    /// Nothing that leaves the lobby before the crash depends on where it will be.
    #[test]
    fn nothing_before_the_crash_depends_on_the_crash_point(
        setting in setting(), low in 130..300_u32, more in 1..5_000_u32, acts in schedule(),
    ) {
        let low_crash = Multiplier::from_centi(low).unwrap();
        let high_crash = Multiplier::from_centi(low + more).unwrap();
        let low = before_the_crash(&play(&setting, low_crash, &acts).events);
        let high = before_the_crash(&play(&setting, high_crash, &acts).events);
        let shared = low.trim_end_matches(']');
        // A round that was stopped is settled by its crash point only where that was reached.
        if !low.contains("Interrupted") {
            prop_assert!(high.starts_with(shared), "{shared}\n---\n{high}");
        }
    }
}
