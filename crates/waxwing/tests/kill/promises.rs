//! What the databases must say after everything the clients were told.

use std::collections::{BTreeMap, BTreeSet};

use crate::harness::databases::{Bet, Books, Hold};
use crate::load::book::{Book, Outcome, Placed};

type Key = (u64, String);

/// The bets of the game by player and id; an id stands once.
fn bets(books: &Books) -> BTreeMap<Key, &Bet> {
    let mut found = BTreeMap::new();
    for bet in &books.bets {
        let earlier = found.insert((bet.player, bet.id.clone()), bet);
        assert!(earlier.is_none(), "{bet:?} has two records");
    }
    found
}

/// The holds of the wallet by player and id; an id stands once.
fn holds(books: &Books) -> BTreeMap<Key, &Hold> {
    let mut found = BTreeMap::new();
    for hold in &books.holds {
        let earlier = found.insert((hold.player, hold.bet_id.clone()), hold);
        assert!(earlier.is_none(), "{hold:?} has two records");
    }
    found
}

/// Right after a death: each acknowledged bet is in both databases, as it was acknowledged.
pub(crate) fn assert_remembered(books: &Books, book: &Book) {
    let (bets, holds) = (bets(books), holds(books));
    for placed in book.all_placed() {
        let key = (placed.player, placed.bet_id.clone());
        let bet = bets.get(&key).unwrap_or_else(|| panic!("{placed:?} was forgotten"));
        let hold = holds.get(&key).unwrap_or_else(|| panic!("{placed:?} holds no money"));
        assert_same(&placed, bet, hold);
    }
}

/// Epochs, closed rounds and seed indexes never fall, over all deaths.
pub(crate) fn assert_fences_rise(earlier: &mut BTreeMap<u64, [u64; 3]>, books: &Books) {
    for fence in &books.fences {
        let before = earlier.insert(fence.lobby, fence.at).unwrap_or_default();
        let rises = fence.at.iter().zip(before).all(|(now, before)| *now >= before);
        assert!(rises, "{fence:?} was {before:?}");
    }
}

/// The bet and its hold are what the player was told.
fn assert_same(placed: &Placed, bet: &Bet, hold: &Hold) {
    let told = (placed.lobby, placed.round, placed.stake);
    assert_eq!((bet.lobby, bet.round, bet.stake), told, "{placed:?}");
    assert_eq!((hold.lobby, hold.round, hold.stake), told, "{placed:?}");
}

/// Whatever result was told, once or often, is the one stored.
pub(crate) fn assert_told_is_stored(books: &Books, book: &Book) {
    let bets = bets(books);
    let mut told_once = BTreeMap::new();
    for told in book.all_told() {
        let key = (told.player, told.bet_id.clone());
        let bet = bets.get(&key).unwrap_or_else(|| panic!("{told:?} of no bet"));
        let earlier = told_once.insert(key, told.outcome);
        assert!(earlier.is_none_or(|earlier| earlier == told.outcome), "{told:?} {earlier:?}");
        match told.outcome {
            Outcome::Won { multiplier, payout } => {
                assert_eq!(bet.state, "cashed_out", "{told:?} {bet:?}");
                assert_eq!(bet.multiplier, Some(multiplier), "{told:?} {bet:?}");
                assert_eq!(bet.payout, Some(payout), "{told:?} {bet:?}");
                assert_eq!(payout, bet.stake.payout_at(multiplier), "{told:?}");
            }
            Outcome::Lost => assert_eq!(bet.state, "lost", "{told:?} {bet:?}"),
            Outcome::Released => {
                assert!(
                    ["released", "cancelled"].contains(&bet.state.as_str()),
                    "{told:?} {bet:?}"
                );
            }
        }
    }
}

/// In the end: each acknowledged bet has exactly one terminal record, money and game agree, and
/// what was told is what happened.
pub(crate) fn assert_kept(books: &Books, book: &Book) {
    assert_remembered(books, book);
    let (bets, holds) = (bets(books), holds(books));
    for placed in book.all_placed() {
        let key = (placed.player, placed.bet_id.clone());
        assert_terminal(bets[&key], holds[&key]);
    }
    assert_told_is_stored(books, book);
    // Also what was never acknowledged must not hang in the air.
    for (key, hold) in &holds {
        assert_ne!(hold.state, "reserved", "{key:?} {hold:?}");
        assert!(bets.contains_key(key) || hold.state == "released", "{hold:?} is of no bet");
    }
    for account in &books.accounts {
        let closed = !account.name.starts_with("escrow:") || account.balance.units() == 0;
        assert!(closed, "{account:?} holds money of closed rounds");
    }
}

/// The bet has ended, once, and its money with it.
fn assert_terminal(bet: &Bet, hold: &Hold) {
    let expected = match bet.state.as_str() {
        "cashed_out" => "won",
        "lost" => "lost",
        "cancelled" | "released" => "released",
        other => panic!("{other} is not terminal: {bet:?}"),
    };
    assert_eq!(hold.state, expected, "{bet:?} {hold:?}");
    if hold.state == "won" {
        let multiplier = bet.multiplier.expect("a cash-out has a multiplier");
        let payout = Some(bet.stake.payout_at(multiplier));
        assert_eq!((bet.payout, hold.payout), (payout, payout), "{bet:?} {hold:?}");
    }
}

/// The run has met what it was made to meet, else it proves little.
pub(crate) fn assert_worth_it(books: &Books, book: &Book) {
    let (placed, told) = (book.all_placed(), book.all_told());
    let won = told.iter().filter(|told| matches!(told.outcome, Outcome::Won { .. })).count();
    let mut states: BTreeMap<&str, u64> = BTreeMap::new();
    for round in &books.rounds {
        *states.entry(&round.state).or_default() += 1;
    }
    println!("{} bets acknowledged, {} results told, {won} won", placed.len(), told.len());
    println!("rounds: {states:?}");
    assert!(placed.len() >= 150 && won >= 10, "too little was played");
    let interrupted = states.get("interrupted").copied().unwrap_or_default();
    assert!(interrupted >= 1, "no death fell into a climb: {states:?}");
    assert!(states.get("voided").is_some_and(|voided| *voided >= 1), "{states:?}");
    let mut seeds = BTreeSet::new();
    for round in &books.rounds {
        // A voided round hands its seed on.
        let Some(index) = round.seed_index.filter(|_| round.state != "voided") else { continue };
        assert!(seeds.insert((round.lobby, round.chain, index)), "{round:?} plays a seed again");
    }
}
