//! The list is whole, and nothing is planted unless somebody plants it.

use super::{Bug, is};

#[test]
fn every_bug_has_a_name_of_its_own() {
    for (place, bug) in Bug::ALL.into_iter().enumerate() {
        assert_eq!(Bug::named(bug.as_str()), Some(bug));
        assert_eq!(bug as usize, place + 1, "{bug:?} is not listed in its place");
    }
    assert_eq!(Bug::named("no_such_bug"), None);
}

#[test]
fn nothing_is_planted_unless_somebody_plants_it() {
    assert!(!Bug::ALL.into_iter().any(is));
}

#[cfg(feature = "planted")]
#[test]
fn a_bug_is_planted_on_one_thread_for_as_long_as_somebody_keeps_it() {
    let kept = super::on_this_thread(Bug::TieLost);
    assert!(is(Bug::TieLost) && !is(Bug::FloatPayout));
    let inner = super::on_this_thread(Bug::FloatPayout);
    assert!(is(Bug::FloatPayout) && !is(Bug::TieLost));
    drop(inner);
    assert!(is(Bug::TieLost));
    let elsewhere = std::thread::spawn(|| is(Bug::TieLost));
    assert!(!elsewhere.join().unwrap());
    drop(kept);
    assert!(!is(Bug::TieLost));
}

#[test]
fn a_payout_by_floats_is_rounded() {
    use crate::{Amount, Multiplier, Stake};
    let (stake, multiplier) = (Stake::parse("0.15").unwrap(), Multiplier::parse("1.01").unwrap());
    assert_eq!(stake.payout_at(multiplier), Amount::parse("0.1515").unwrap());
    assert_eq!(super::float_payout(stake, multiplier), Amount::parse("0.15").unwrap());
}
