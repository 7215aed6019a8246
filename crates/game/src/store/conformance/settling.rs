//! For how long rounds wait for the wallet, told from what is stored alone.

use engine::Reason;

use super::{NODE, accepted, apply, lobby, locked, opened, prepare, round, settled};
use crate::store::{Acknowledgement, AnsweredRow, ClosedRound, Store, StoreCommand};

/// Acknowledges what waits of a round, with its close.
async fn answer(store: &dyn Store, number: u32) {
    let rows = store.unsent(NODE, 100, &[]).await.unwrap();
    let rows = rows.iter().filter(|row| row.round == round(number));
    let rows: Vec<_> = rows.map(AnsweredRow::of).collect();
    assert!(!rows.is_empty());
    let closed = vec![ClosedRound { round: round(number), agreed: true }];
    store.acknowledge(Acknowledgement { node: NODE, rows, closed, at: 100 }).await.unwrap();
}

/// The round that waits for the wallet longest is found.
pub async fn the_round_that_waits_for_the_wallet_longest_is_found(store: &dyn Store) {
    prepare(store).await;
    let oldest = async || store.oldest_unsettled().await.unwrap();
    assert_eq!(oldest().await, None);
    apply(store, vec![opened(1), accepted(1, 1), locked(1, 1, &[1])]).await;
    assert_eq!(oldest().await, None, "it has not ended");
    apply(store, vec![settled(1, &[1])]).await;
    let void = StoreCommand::VoidRound { round: round(2), reason: Reason::Shutdown, at: 9 };
    apply(store, vec![opened(2), accepted(2, 2), void, opened(3), accepted(3, 3)]).await;
    assert_eq!(oldest().await, Some(6), "both wait");
    answer(store, 1).await;
    assert_eq!(oldest().await, Some(9));
    answer(store, 2).await;
    assert_eq!(oldest().await, None, "the third has not ended");
    // A wallet that was restored gets the first one's rows again, though it stays closed here.
    apply(store, vec![StoreCommand::SendAgain { lobby: lobby(1), after: 0 }]).await;
    assert_eq!(oldest().await, Some(6));
    answer(store, 1).await;
    assert_eq!(oldest().await, Some(9));
}
