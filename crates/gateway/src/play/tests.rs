//! An unanswered call is sent again with the same ids; a refusal is an answer.

use contracts::{LobbyRef, PlayRefusal};
use kernel::{BetId, Stake};
use platform::clock::SystemClock;

use super::*;
use crate::testing::{FakePlay, lobby, player};

fn owners(play: &Arc<FakePlay>, patience_ms: u64) -> Owners {
    Owners::new(Arc::clone(play) as Arc<dyn Play>, Arc::new(SystemClock::new()), patience_ms)
}

fn bet() -> BetRequest {
    BetRequest {
        player: player(7),
        username: "ann".to_owned(),
        at: LobbyRef { lobby: lobby(4), round: None },
        bet: BetId::from_bytes([5; 16]),
        stake: Stake::from_whole(10),
        auto_cash_out: None,
    }
}

#[tokio::test]
async fn an_unanswered_bet_is_sent_again_with_the_same_id() {
    let play = Arc::new(FakePlay::default());
    play.leave_unanswered(2);
    let accepted = owners(&play, 10_000).place_bet(&bet()).await.unwrap();
    assert_eq!(accepted.bet, bet().bet);
    assert_eq!(play.bets(), vec![bet(); 3]);
}

#[cfg(feature = "planted")]
#[tokio::test]
async fn a_planted_new_id_per_retry_makes_many_bets_of_one() {
    let _planted = kernel::planted::on_this_thread(Bug::NewIdPerRetry);
    let play = Arc::new(FakePlay::default());
    play.leave_unanswered(2);
    owners(&play, 10_000).place_bet(&bet()).await.unwrap();
    let mut names: Vec<BetId> = play.bets().iter().map(|bet| bet.bet).collect();
    assert_eq!(names[0], bet().bet);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 3);
}

#[tokio::test]
async fn patience_ends() {
    let play = Arc::new(FakePlay::default());
    play.leave_unanswered(u32::MAX);
    let answer = owners(&play, 0).place_bet(&bet()).await;
    assert_eq!(answer, Err(PlayError::Unavailable));
    assert_eq!(play.bets().len(), 1);
}

#[tokio::test]
async fn a_refusal_is_not_sent_again() {
    let play = Arc::new(FakePlay::default());
    play.refuse(PlayRefusal::InsufficientFunds);
    let answer = owners(&play, 10_000).place_bet(&bet()).await;
    assert_eq!(answer, Err(PlayRefusal::InsufficientFunds.into()));
    assert_eq!(play.bets().len(), 1);
}
