//! The suite on PostgreSQL, and nodes that stand in each other's way.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use kernel::{Epoch, LobbyId, PlayerId, RoundId, Sealed};
use platform::clock::BoxFuture;
use platform::postgres::{Pool, idempotency};
use test_servers::Postgres;
use tokio_postgres::error::SqlState;

use super::{POSTGRES_SCHEMA, PostgresStore};
use crate::Config;
use crate::store::{
    Claim, Claimed, Done, NewLobby, NodeId, Owner, Store, StoreCommand, StoreError, conformance,
};

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
        Arc::new(PostgresStore::new(self.pool.clone()))
    }
}

mod suite {
    crate::conformance_tests!(super::Place::new());
}

fn pass(ms: u64) -> BoxFuture<'static, ()> {
    Box::pin(tokio::time::sleep(Duration::from_millis(ms)))
}

#[tokio::test]
async fn a_lobby_is_anybodys_once_its_owners_lease_ran_out() {
    let place = Place::new().await;
    conformance::a_lobby_is_anybodys_once_its_owners_lease_ran_out(&*place.store(), &pass).await;
}

const NODES: [NodeId; 3] =
    [NodeId::from_bytes([1; 16]), NodeId::from_bytes([2; 16]), NodeId::from_bytes([3; 16])];

fn lobby(number: u64) -> LobbyId {
    LobbyId::new(number).unwrap()
}

fn new_lobby(owner: Option<u64>) -> NewLobby {
    let rules = engine::Rules::standard(kernel::Curve::linear());
    let mut new = Config::default().main_lobby(&rules, 1);
    new.owner = owner.map(|number| PlayerId::new(number).unwrap());
    new
}

async fn claim(store: &PostgresStore, node: NodeId) -> Claimed {
    store.claim(Claim { node, lobby: lobby(1), at_least: Epoch(0) }).await.unwrap()
}

/// Waits until `count` sessions wait for a lock.
async fn until_waiting(place: &Place, count: i64) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    let session = place.pool.session().await.unwrap();
    while session.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) < count {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The zombie's change is under way when another node claims: the claim waits for it, and whoever
/// comes later changes nothing.
#[tokio::test]
async fn a_claim_waits_for_what_is_under_way_and_fences_what_comes_later() {
    let place = Place::new().await;
    let store = place.store();
    store.create_lobby(new_lobby(None), 1).await.unwrap().unwrap();
    store.renew(NODES[0]).await.unwrap();
    assert_eq!(claim(&store, NODES[0]).await, Claimed::Yours(Epoch(1)));
    let zombie = Owner { node: NODES[0], lobby: lobby(1), epoch: Epoch(1) };
    let round = RoundId::new(lobby(1), 1);
    let close = StoreCommand::CloseUnknown { round };
    let mut session = place.pool.session().await.unwrap();
    let under_way = session.transaction().await.unwrap();
    let applied = super::apply::batch(&under_way, &zombie.batch(vec![close.clone()])).await;
    assert_eq!(applied.unwrap().answers, [Ok(Done::Stored)]);
    // Its lease ends while its transaction does not.
    let expire = "UPDATE node SET lease_until = clock_timestamp() - INTERVAL '1 second'";
    place.pool.session().await.unwrap().execute(expire, &[]).await.unwrap();
    store.renew(NODES[1]).await.unwrap();
    let claiming = tokio::spawn({
        let store = place.store();
        async move { claim(&store, NODES[1]).await }
    });
    until_waiting(&place, 1).await;
    assert!(!claiming.is_finished(), "the claim did not wait for what it fences");
    under_way.commit().await.unwrap();
    assert_eq!(claiming.await.unwrap(), Claimed::Yours(Epoch(2)));
    let unsent = store.unsent(NODES[1], 9, &[]).await.unwrap();
    assert_eq!(unsent.len(), 1, "the new owner finds what the old one left");
    let late = store.apply(zombie.batch(vec![close]).into()).await.unwrap();
    assert_eq!(late.answers, [Err(StoreError::NotOwner)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_nodes_that_claim_at_once_one_gets_the_lobby() {
    let place = Place::new().await;
    let store = place.store();
    store.create_lobby(new_lobby(None), 1).await.unwrap().unwrap();
    for node in NODES {
        store.renew(node).await.unwrap();
    }
    let claims = NODES.map(|node| {
        let store = place.store();
        async move { claim(&store, node).await }
    });
    let claimed = join_all(claims.map(tokio::spawn)).await;
    let claimed: Vec<Claimed> = claimed.into_iter().map(Result::unwrap).collect();
    let of = |wanted| claimed.iter().filter(|claimed| **claimed == wanted).count();
    assert_eq!((of(Claimed::Yours(Epoch(1))), of(Claimed::Others)), (1, 2), "{claimed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lobbies_made_at_once_have_no_gaps_and_no_player_has_one_too_many() {
    let place = Place::new().await;
    let made = (0..20).map(|number| {
        let store = place.store();
        tokio::spawn(async move { store.create_lobby(new_lobby(Some(1 + number % 2)), 5).await })
    });
    let made = join_all(made).await.into_iter().filter_map(|made| made.unwrap().unwrap());
    let mut numbers: Vec<u64> = made.map(|record| record.lobby.get()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=10).collect::<Vec<u64>>());
}

#[tokio::test]
async fn constraints_hold_whatever_a_program_does() {
    let place = Place::new().await;
    let store = place.store();
    store.create_lobby(new_lobby(None), 1).await.unwrap().unwrap();
    store.renew(NODES[0]).await.unwrap();
    claim(&store, NODES[0]).await;
    let session = place.pool.session().await.unwrap();
    let chain = "INSERT INTO chain (lobby, chain, length, seeds_before, house_edge_bps, terminal,
                     public_key, signature, public_seed, used, created_at)
                 VALUES (1, 1, 9, 0, 100, decode(repeat('07', 32), 'hex'),
                     decode(repeat('07', 32), 'hex'), decode(repeat('07', 64), 'hex'), 'a', 2, 1)";
    let round = "INSERT INTO round (lobby, round, epoch, chain, state, opened_at)
                 VALUES (1, 1, 1, 1, 'open', 1)";
    let bet = "INSERT INTO bet (player, bet, lobby, round, name, stake_steps, cap_centi,
                   balance_units, state, placed_at)
               VALUES (1, decode(repeat('01', 16), 'hex'), 1, 1, 'ann', 10, 200, 0, 'lost', 1)";
    for sql in [chain, round, bet] {
        session.execute(sql, &[]).await.unwrap();
    }
    for sql in [
        "UPDATE lobby_owner SET epoch = 0",
        "UPDATE chain SET used = 1",
        "UPDATE chain SET used = 10",
        "UPDATE chain SET public_seed = 'b'",
        "UPDATE round SET state = 'locked'",
        "UPDATE round SET seed = decode(repeat('01', 32), 'hex')",
        "UPDATE bet SET state = 'accepted'",
        "UPDATE bet SET payout_units = 1",
    ] {
        let error = session.execute(sql, &[]).await.expect_err(sql);
        assert_eq!(error.code(), Some(&SqlState::CHECK_VIOLATION), "{sql}");
    }
}
