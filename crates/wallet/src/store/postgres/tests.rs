//! The suite on PostgreSQL, the second lock, and many writers of one book.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use kernel::{BetId, Sealed};
use ledger::{Answer, Command, Refusal};
use platform::clock::SystemClock;
use platform::postgres::{Pool, idempotency};
use platform::random::SeededRandom;
use test_servers::Postgres;
use tokio_postgres::error::SqlState;

use super::{POSTGRES_SCHEMA, PostgresStore};
use crate::store::{Store, StoreError, conformance};

struct Place {
    pool: Pool,
    _server: Postgres,
}

impl Place {
    async fn new() -> Self {
        let server = Postgres::start().unwrap();
        let url = Sealed::new(server.url());
        let pool = Pool::open(&url, &[POSTGRES_SCHEMA, idempotency::SCHEMA], 8).await.unwrap();
        Self { pool, _server: server }
    }

    fn store(&self) -> Arc<PostgresStore> {
        Arc::new(PostgresStore::new(self.pool.clone(), Arc::new(SystemClock::new())))
    }
}

crate::conformance_tests!(Place::new());

async fn number(place: &Place, sql: &str) -> i64 {
    place.pool.session().await.unwrap().query_one(sql, &[]).await.unwrap().get(0)
}

/// What must be 0 at every committed state.
const ASTRAY: &[&str] = &[
    "SELECT coalesce(sum(balance_units), 0)::BIGINT FROM ledger_account",
    "SELECT count(*) FROM ledger_account AS account WHERE kind = 'escrow'
     AND balance_units <> (SELECT coalesce(sum(stake_steps), 0) * 100 FROM ledger_hold
                           WHERE lobby = account.id AND state = 'reserved')",
    "SELECT count(*) FROM ledger_account AS account WHERE kind = 'player'
     AND held_units <> (SELECT coalesce(sum(stake_steps), 0) * 100 FROM ledger_hold
                        WHERE player = account.id AND state = 'reserved')",
    "SELECT count(*) FROM ledger_hold JOIN ledger_tombstone USING (bet, player)",
    // Each account's transfers replay to its balance.
    "WITH entry (kind, id, units) AS (
        SELECT CASE WHEN kind IN ('funding', 'top_up') THEN 'cashier'
                    WHEN kind IN ('take_out', 'stake') THEN 'player'
                    WHEN kind IN ('collect', 'release') THEN 'escrow' ELSE 'house' END,
               CASE WHEN kind IN ('funding', 'top_up') THEN 0
                    WHEN kind IN ('take_out', 'stake') THEN player ELSE lobby END,
               -amount_units FROM ledger_transfer
        UNION ALL
        SELECT CASE WHEN kind IN ('funding', 'collect') THEN 'house'
                    WHEN kind = 'take_out' THEN 'cashier'
                    WHEN kind = 'stake' THEN 'escrow' ELSE 'player' END,
               CASE WHEN kind IN ('funding', 'collect', 'stake') THEN lobby
                    WHEN kind = 'take_out' THEN 0 ELSE player END,
               amount_units FROM ledger_transfer),
     total AS (SELECT kind, id, sum(units) AS units FROM entry GROUP BY kind, id)
     SELECT count(*) FROM ledger_account LEFT JOIN total USING (kind, id)
     WHERE balance_units <> coalesce(units, 0)",
    // A player's balances follow each other in the order of seq.
    "SELECT count(*) FROM (
        SELECT balance_units - lag(balance_units, 1, 0::BIGINT)
                   OVER (PARTITION BY player ORDER BY seq) AS moved,
               CASE WHEN kind IN ('take_out', 'stake') THEN -amount_units
                    ELSE amount_units END AS told
        FROM ledger_transfer WHERE balance_units IS NOT NULL) AS line WHERE moved <> told",
];

async fn nothing_is_astray(place: &Place) {
    for sql in ASTRAY {
        assert_eq!(number(place, sql).await, 0, "{sql}");
    }
}

#[tokio::test]
async fn random_histories_leave_no_unit_and_no_hold_astray() {
    let place = Place::new().await;
    conformance::does_as_the_ledger_decides(&*place.store()).await;
    nothing_is_astray(&place).await;
    assert!(number(&place, "SELECT count(*) FROM ledger_parked").await > 10);
}

/// Applies 60 random batches; how many of them were not answered.
async fn plays_on(store: Arc<PostgresStore>, seed: u64) -> u32 {
    let random = SeededRandom::new(seed);
    let mut unanswered = 0;
    for _ in 0..60 {
        let batch = (0..12).map(|_| conformance::any_command(&random)).collect();
        match store.apply(batch).await {
            Ok(_) => {}
            Err(StoreError::Unavailable) => unanswered += 1,
            Err(error) => panic!("{error}"),
        }
    }
    unanswered
}

/// As many processes would: every row is fought for, from the first fence on.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_of_one_book_lose_no_unit() {
    let place = Place::new().await;
    let writers: Vec<_> = (0..6).map(|seed| tokio::spawn(plays_on(place.store(), seed))).collect();
    let unanswered: u32 = join_all(writers).await.into_iter().map(Result::unwrap).sum();
    assert!(unanswered < 36, "{unanswered} of 360 batches stood in each other's way");
    nothing_is_astray(&place).await;
    assert!(number(&place, "SELECT count(*) FROM ledger_hold").await > 20);
}

/// The zombie's transaction is under way when the new owner fences: one of them waits.
#[tokio::test]
async fn a_reserve_under_an_old_epoch_is_behind_the_fence_or_refused() {
    let place = Place::new().await;
    let store = place.store();
    let [fence, top_up, reserve, ..] = &conformance::a_round()[..] else { panic!("a round") };
    let (fence, top_up, reserve) = (*fence, *top_up, *reserve);
    store.apply(vec![fence, top_up]).await.unwrap();
    let mut session = place.pool.session().await.unwrap();
    let zombie = session.transaction().await.unwrap();
    super::apply(&zombie, &[reserve], 0).await.unwrap();
    let Command::Fence(mut next) = fence else { panic!("{fence:?}") };
    next.epoch = next.epoch.next();
    let fencing = tokio::spawn({
        let store = place.store();
        async move { store.apply(vec![Command::Fence(next)]).await }
    });
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    while number(&place, waiting).await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!fencing.is_finished(), "the fence did not wait for what it fences");
    zombie.commit().await.unwrap();
    let applied = fencing.await.unwrap().unwrap();
    let [Answer::Fence(Ok(fenced))] = &applied.answers[..] else { panic!("{applied:?}") };
    assert_eq!(fenced.open_holds, [(1, 1)], "the new owner is told of the hold it waited for");
    let Command::Reserve(mut late) = reserve else { panic!("{reserve:?}") };
    late.bet = BetId::from_bytes([9; 16]);
    let applied = store.apply(vec![Command::Reserve(late)]).await.unwrap();
    assert_eq!(applied.answers, [Answer::Reserve(Err(Refusal::Fenced))]);
}

#[tokio::test]
async fn constraints_hold_whatever_a_program_does() {
    let place = Place::new().await;
    place.store().apply(conformance::a_round()).await.unwrap();
    let session = place.pool.session().await.unwrap();
    for sql in [
        "UPDATE ledger_fence SET epoch = 0",
        "UPDATE ledger_fence SET seed_index = seed_index - 1",
        "UPDATE ledger_hold SET state = 'lost', payout_units = NULL",
        "UPDATE ledger_transfer SET amount_units = 1",
        "DELETE FROM ledger_transfer",
        "UPDATE ledger_account SET balance_units = -1 WHERE kind = 'player'",
        "UPDATE ledger_account SET held_units = 1 WHERE kind = 'house'",
    ] {
        let error = session.execute(sql, &[]).await.expect_err(sql);
        assert_eq!(error.code(), Some(&SqlState::CHECK_VIOLATION), "{sql}");
    }
}
