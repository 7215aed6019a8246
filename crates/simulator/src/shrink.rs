//! Shortens a schedule that breaks a world, by living through it again and again with parts of it
//! left out (delta debugging, Zeller and Hildebrandt 2002).

use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::run;
use crate::schedule::Fault;

/// The most worlds that are tried.
const TRIES: u32 = 200;

/// The outcome of the same seed under as few of its faults as still break the same rule. What is
/// left out moves everything after it, so the rule may break elsewhere.
#[must_use]
pub fn shrink(broken: &Outcome, plan: &Plan) -> Outcome {
    let Some(violation) = &broken.violation else { return broken.clone() };
    let (mut best, mut tries, mut parts) = (cut(broken, violation.at_ms), 0, 2);
    best = again(&best, plan, &best.schedule).unwrap_or_else(|| broken.clone());
    while best.schedule.len() > 1 && tries < TRIES {
        let size = best.schedule.len().div_ceil(parts);
        let smaller = (0..parts).find_map(|part| {
            tries += 1;
            let without = without(&best.schedule, part * size, size)?;
            again(&best, plan, &without)
        });
        match smaller {
            Some(smaller) => {
                best = smaller;
                parts = (parts - 1).max(2);
            }
            None if size == 1 => break,
            None => parts = (parts * 2).min(best.schedule.len()),
        }
    }
    best
}

/// What came after the rule broke did not break it.
fn cut(broken: &Outcome, at_ms: u64) -> Outcome {
    let mut cut = broken.clone();
    cut.schedule.retain(|fault| fault.at_ms <= at_ms);
    cut
}

fn without(schedule: &[Fault], from: usize, count: usize) -> Option<Vec<Fault>> {
    let to = (from + count).min(schedule.len());
    (from < to).then(|| [&schedule[..from], &schedule[to..]].concat())
}

/// The same world under another schedule, if it breaks the same rule.
fn again(broken: &Outcome, plan: &Plan, schedule: &[Fault]) -> Option<Outcome> {
    let plan = Plan { schedule: Some(schedule.to_vec()), ..plan.clone() };
    let outcome = run(broken.seed, &plan);
    let rule = |outcome: &Outcome| outcome.violation.as_ref().map(|violation| violation.rule);
    (rule(&outcome) == rule(broken)).then_some(outcome)
}
