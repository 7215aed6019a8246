//! Each mistake that may be planted in a take-over breaks the rule that it is named for.

use kernel::planted::{Bug, on_this_thread};

use super::*;
use crate::store::OutboxBody;

/// A locked round of two bets that was last seen at 1.30x, where the first had left at 1.20x.
async fn locked() -> Left {
    let left = Left::new().await;
    let bets = [bet(1, 9_000), bet(2, 9_000)];
    left.accept(&bets).await;
    left.lock(&bets).await;
    left.cash_out(&bets[0], centi(120)).await;
    left.beat(centi(130)).await;
    left
}

/// How often each of the two bets is resolved at the wallet by what is queued.
async fn resolves(left: &Left) -> [usize; 2] {
    let mut resolves = [0; 2];
    for row in left.store.unsent(NODE, 100, &[]).await.unwrap() {
        let OutboxBody::Resolve { bets } = row.body else { continue };
        for resolved in bets {
            let second = resolved.bet == bet_id(2).to_string();
            resolves[usize::from(second)] += 1;
        }
    }
    resolves
}

#[tokio::test]
async fn refund_and_pay_sends_two_ends_of_one_bet() {
    let left = locked().await;
    left.taken().await;
    assert_eq!(resolves(&left).await, [1, 1]);

    let left = locked().await;
    let _planted = on_this_thread(Bug::RefundAndPay);
    left.taken().await;
    assert_eq!(resolves(&left).await, [1, 2]);
}

#[tokio::test]
async fn a_sweep_gives_stakes_back_that_were_being_played() {
    let left = locked().await;
    let (_, bets) = left.taken().await;
    assert_eq!(ends(&bets), [Some(120), Some(130)]);

    let left = locked().await;
    left.takeover.sweep(NODE).await.unwrap();
    let (_, bets) = left.taken().await;
    assert_eq!(ends(&bets)[1], None, "an open bet of a locked round was released");
}
