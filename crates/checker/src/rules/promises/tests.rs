//! What one bet's name may stand for, over several sendings.

use super::*;
use crate::hex::Hex;

const STORED: &str = r#"{"bet":{"player":7,"bet":"018f3c5e00007000800000000000002a","lobby":4,
    "round":8,"stake_steps":150,"auto_centi":null,"cap_centi":1000,"state":"lost","in_round":1,
    "multiplier_centi":null,"payout_units":null,"stamped_ms":null}}"#;

fn dump() -> Dump {
    Dump::read(STORED.replace('\n', " ").as_bytes(), &[]).unwrap()
}

fn name() -> crate::BetId {
    Hex::parse("018f3c5e-0000-7000-8000-00000000002a").unwrap()
}

/// A bet of so many units under the name.
fn sent(units: i64) -> BetSent {
    let stake = Decimal::from_units(units);
    BetSent { lobby: 4, round: None, bet: Some(name()), stake, target: None }
}

/// The rules that a log of these sendings breaks, of those about what was not acknowledged.
fn broken(sendings: Vec<(BetSent, Answer<BetTaken>)>) -> Vec<&'static str> {
    let dump = dump();
    let mut promises = Promises::new(&dump);
    for (at_ms, (sent, answer)) in (0..).zip(sendings) {
        promises.take(&Line { who: 7, asked_ms: at_ms, at_ms, saw: Entry::Bet { sent, answer } });
    }
    let verdicts = promises.finish();
    let broken = verdicts.iter().filter(|verdict| verdict.violations > 0);
    let about = ["unanswered_bets_are_whole_or_absent", "refused_bets_are_not_played"];
    broken.map(|verdict| verdict.rule).filter(|rule| about.contains(rule)).collect()
}

fn taken() -> Answer<BetTaken> {
    let stake = Decimal::from_units(15_000);
    let (bet, target) = (name(), None);
    Answer::Taken(BetTaken { bet, lobby: 4, round: 8, stake, target, cap: None, balance: None })
}

#[test]
fn a_bet_without_an_answer_is_what_was_sent() {
    let whole = "unanswered_bets_are_whole_or_absent";
    assert_eq!(broken(vec![(sent(15_000), Answer::Nothing)]), Vec::<&str>::new());
    assert_eq!(broken(vec![(sent(10_000), Answer::Nothing)]), [whole]);
    let target = Some(Decimal::from_units(15_000));
    let aimed = BetSent { target, ..sent(15_000) };
    assert_eq!(broken(vec![(aimed, Answer::Nothing)]), [whole]);
}

#[test]
fn another_sending_under_the_same_name_may_be_the_one_that_is_stored() {
    let other = (sent(10_000), Answer::Nothing);
    assert_eq!(broken(vec![(sent(15_000), taken()), other.clone()]), Vec::<&str>::new());
    assert_eq!(broken(vec![other.clone(), (sent(15_000), Answer::Nothing)]), Vec::<&str>::new());
    // One that was refused is not.
    let refused = (sent(15_000), Answer::Refused("betting_closed".to_owned()));
    assert_eq!(broken(vec![other, refused]), ["unanswered_bets_are_whole_or_absent"]);
}

#[test]
fn a_bet_that_was_refused_and_nothing_else_is_not_played() {
    let refused = || (sent(15_000), Answer::Refused("betting_closed".to_owned()));
    assert_eq!(broken(vec![refused()]), ["refused_bets_are_not_played"]);
    assert_eq!(broken(vec![refused(), (sent(15_000), taken())]), Vec::<&str>::new());
    let unknown = (sent(15_000), Answer::Refused("wallet_unavailable".to_owned()));
    assert_eq!(broken(vec![unknown]), Vec::<&str>::new());
}
