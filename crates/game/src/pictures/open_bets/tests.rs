//! The sums follow the bets, one by one.

use engine::{Bet, BetKey, BetState};
use kernel::{Amount, BetId, Multiplier, PlayerId, Stake};

use super::OpenBets;

fn bet(player: u64, id: u8, whole: u32) -> Bet {
    let player = PlayerId::new(player).unwrap();
    Bet {
        key: BetKey { player, bet: BetId::from_bytes([id; 16]), round: 1 },
        stake: Stake::from_whole(whole),
        auto_cash_out: None,
        cap: Multiplier::from_centi(200).unwrap(),
        balance: Amount::from_units(0),
        state: BetState::Accepted,
    }
}

#[test]
fn two_bets_of_one_player_are_one_player_until_both_are_gone() {
    let mut open = OpenBets::default();
    assert!(open.insert(bet(1, 1, 10)) && open.insert(bet(1, 2, 5)) && open.insert(bet(2, 3, 1)));
    let crowd = open.crowd();
    assert_eq!((crowd.bets, crowd.players), (3, 2));
    assert_eq!(crowd.stake_sum(), Amount::from_whole(16));
    assert!(open.remove(&bet(1, 1, 10).key).is_some());
    assert_eq!((open.crowd().bets, open.crowd().players), (2, 2));
    assert!(open.remove(&bet(1, 2, 5).key).is_some());
    assert_eq!((open.crowd().bets, open.crowd().players), (1, 1));
    assert_eq!(open.crowd().stake_sum(), Amount::from_whole(1));
}

#[test]
fn a_bet_told_twice_counts_once_and_one_that_is_gone_does_not_go_again() {
    let mut open = OpenBets::default();
    assert!(open.insert(bet(1, 1, 10)));
    assert!(!open.insert(bet(1, 1, 10)));
    assert_eq!(open.crowd().stake_sum(), Amount::from_whole(10));
    assert!(open.remove(&bet(1, 1, 10).key).is_some());
    assert!(open.remove(&bet(1, 1, 10).key).is_none());
    assert_eq!(open.crowd(), super::Crowd::default());
    assert_eq!(open.take().count(), 0);
}
