//! Several nodes on one store: one plays a lobby, the others wait, and nobody loses a bet.

use std::sync::Arc;

use cluster::{Bus, Delivery};
use platform::clock::Stopwatch;

use super::*;
use crate::store::{NodeId, Store};
use crate::testing::LeasedStore;

fn node_of(process: &Process) -> NodeId {
    process.service.inner.lobbies.ownership.node()
}

/// Two nodes on one store; the first plays Main.
async fn two(world: &World) -> (Arc<LeasedStore>, Process, Process) {
    let store = world.shared();
    let one = world.node(1, &store).await;
    let other = world.node(2, &store).await;
    (store, one, other)
}

fn not_owner<T>() -> Result<T, PlayError> {
    Err(PlayRefusal::NotOwner.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_refuses_what_another_one_owns() {
    let world = World::new();
    world.wallet.top_up(player(1), 100);
    let (store, one, other) = two(&world).await;
    assert_eq!(store.owner_of(lobby(1)), Some(node_of(&one)));
    assert_eq!(other.service.place_bet(request(1, 1, 10, None)).await, not_owner());
    assert_eq!(other.service.snapshot(lobby(1), None).await, not_owner());
    let at = LobbyRef { lobby: lobby(1), round: None };
    let cancel = CancelRequest { player: player(1), at, bet: bet_id(1) };
    assert_eq!(other.service.cancel_bet(cancel).await, not_owner());
    place(&one, request(1, 1, 10, None)).await;
    // What was accepted there is known here once its round was locked with it.
    let store = &other.service.inner.store;
    until(async || store.bet(player(1), bet_id(1)).await.unwrap().unwrap().in_round).await;
    assert!(other.service.place_bet(request(1, 1, 10, None)).await.is_ok());
    assert_eq!(world.wallet.balance(player(1)), Amount::from_whole(90));
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_lease_falls_silent_and_another_ends_its_round() {
    let world = World::new();
    world.wallet.top_up(player(1), 100);
    let (store, zombie, heir) = two(&world).await;
    let accepted = place(&zombie, request(1, 1, 10, None)).await;
    store.cut_off(node_of(&zombie), true);
    let since = Stopwatch::start();
    let lapsed = &zombie.service.metrics().leases_lapsed;
    until(async || lapsed.get() == 1).await;
    assert!(since.seconds() < 2.0, "before its lease ended");
    assert!(!zombie.service.inner.lobbies.ownership.holds());
    let mut pictures = world.bus.subscribe(lobby(1));
    assert_eq!(zombie.service.place_bet(request(1, 2, 10, None)).await, not_owner());
    assert_eq!(zombie.service.snapshot(lobby(1), None).await, not_owner());

    until(async || store.owner_of(lobby(1)) == Some(node_of(&heir))).await;
    assert!(since.seconds() < 3.0, "taken over after {} s", since.seconds());
    let next = place(&heir, request(1, 3, 10, None)).await;
    assert!(next.round.number > accepted.round.number);
    // Every picture since is the heir's: no word of a node that may not own the lobby.
    let epoch = heir.service.inner.lobbies.awake(lobby(1)).unwrap().epoch;
    until(async || world.wallet.fence_of(lobby(1)).1 >= next.round.number).await;
    let mut seen = 0;
    while let Ok(Some(Delivery::Picture(picture))) =
        tokio::time::timeout(Duration::from_millis(10), pictures.next()).await
    {
        let picture: serde_json::Value = serde_json::from_slice(&picture).unwrap();
        assert_eq!(picture["epoch"], epoch.0, "{picture}");
        seen += 1;
    }
    assert!(seen > 3, "{seen} pictures");
    // The bet that the zombie had acknowledged has one end, and nothing is held.
    let (_, bets) = heir.service.inner.store.round(accepted.round).await.unwrap().unwrap();
    assert!(bets.iter().all(|bet| bet.state != engine::BetState::Accepted), "{bets:?}");
    let hold = world.wallet.hold(player(1), bet_id(1)).unwrap();
    assert!(matches!(hold, Hold::Ended(..)), "{hold:?}");
    assert_eq!(world.wallet.book.lock().conflicts, 0);

    // Back in touch, the node plays what nobody owns, and this one is owned.
    store.cut_off(node_of(&zombie), false);
    until(async || zombie.service.inner.lobbies.ownership.holds()).await;
    assert_eq!(zombie.service.place_bet(request(1, 4, 10, None)).await, not_owner());
    zombie.stop().await;
    heir.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_alone_begins_anew_once_it_can_renew() {
    let world = World::new();
    world.wallet.top_up(player(1), 100);
    let store = world.shared();
    let node = world.node(1, &store).await;
    place(&node, request(1, 1, 10, None)).await;
    store.cut_off(node_of(&node), true);
    until(async || node.service.metrics().leases_lapsed.get() == 1).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    store.cut_off(node_of(&node), false);
    let since = Stopwatch::start();
    until(async || node.service.snapshot(lobby(1), None).await.is_ok()).await;
    assert!(since.seconds() < 2.0, "after {} s", since.seconds());
    place(&node, request(1, 2, 10, None)).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_node_hands_its_lobbies_over_at_once() {
    let world = World::new();
    world.wallet.top_up(player(1), 100);
    let (store, old, new) = two(&world).await;
    let accepted = place(&old, request(1, 1, 10, None)).await;
    old.shutdown.drain();
    until(async || store.owner_of(lobby(1)) == Some(node_of(&new))).await;
    // The round under way was played out first.
    let over = state(&new, accepted.round).await;
    assert_eq!(over, RoundState::Settled);
    old.shutdown.finished().await;
    let next = place(&new, request(1, 2, 10, None)).await;
    until(async || world.wallet.fence_of(lobby(1)).1 >= next.round.number).await;
    assert_eq!(old.service.metrics().lobbies_handed_over.get(), 1);
    assert_eq!(old.service.metrics().leases_lapsed.get(), 0);
    new.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resting_lobby_is_played_by_whoever_is_asked() {
    let mut world = World::new();
    world.config.rest_ms = 100;
    world.wallet.top_up(player(1), 100);
    let (store, one, other) = two(&world).await;
    let mut new = one.service.lobby_defaults(kernel::CurveKind::Exponential);
    new.owner = Some(player(1));
    let made = one.service.inner.store.create_lobby(new, 9).await.unwrap().unwrap().lobby;
    let at = LobbyRef { lobby: made, round: None };
    let bet = |number| BetRequest { at, ..request(1, number, 10, Some(101)) };
    place(&one, bet(1)).await;
    assert_eq!(store.owner_of(made), Some(node_of(&one)));
    assert_eq!(other.service.place_bet(bet(2)).await, not_owner());
    // It is given up once nobody plays and everything is answered.
    until(async || store.owner_of(made).is_none()).await;
    place(&other, bet(3)).await;
    assert_eq!(store.owner_of(made), Some(node_of(&other)));
    assert_eq!(one.service.place_bet(bet(4)).await, not_owner());
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_may_lose_its_tail_skips_what_may_have_been_shown() {
    let world = World::new();
    world.wallet.top_up(player(1), 1_000);
    let store = world.shared();
    store.say_that_it_loses();
    let node = world.node(1, &store).await;
    let first = place(&node, request(1, 1, 10, None)).await.round;
    assert_eq!(first.number, 1, "nothing was shown before the first fence");
    until(async || world.wallet.fence_of(lobby(1)).1 >= first.number).await;
    node.stop().await;
    let left = store.inherit(lobby(1)).await.unwrap().unwrap();
    let (_, closed, seed) = world.wallet.fence_of(lobby(1));

    let node = world.node(2, &store).await;
    let next = place(&node, request(1, 2, 10, None)).await.round;
    assert!(next.number > closed + 3, "{next} after {closed}");
    until(async || state(&node, next).await.is_over()).await;
    let (played, _) = store.round(next).await.unwrap().unwrap();
    assert!(played.seed_index > Some(seed.0 + 3), "{played:?} after {seed:?}");
    let chain = store.chain(lobby(1), 1).await.unwrap().unwrap();
    assert_eq!(chain.abandoned, None, "it is not behind");
    let rounds = chain.skipped[0].rounds.unwrap();
    assert_eq!((rounds.from, rounds.to), (left.last_round + 1, closed + 3));
    let skipped = chain.skipped[0].seeds.as_ref().unwrap();
    assert_eq!((skipped.from, skipped.to), (left.chains[0].used + 1, seed.0 + 3));
    // Told as it is: hashed once for each seed, it is the one before them.
    let hash = |seed: fairness::Seed| fairness::step(&seed);
    let told = fairness::Seed::from_bytes(fairness::hex::decode(&skipped.seed).unwrap());
    let below = (skipped.from..=skipped.to).fold(told, |seed, _| hash(seed));
    let before = match store.round(first).await.unwrap().unwrap().0 {
        round if round.seed_index == Some(skipped.from - 1) => round.seed.unwrap(),
        _ => panic!("the first round's seed is the one before: {left:?}"),
    };
    assert_eq!(below.as_bytes(), &before);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lobby_plays_on_though_answers_to_acknowledgements_are_lost() {
    let world = World::new();
    let store = world.shared();
    store.lose_answers_to_acknowledgements();
    let node = world.node(1, &store).await;
    // More rounds than may be unclosed at the wallet.
    until(async || world.wallet.fence_of(lobby(1)).1 > 4).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lobby_that_waits_finds_out_that_another_node_plays_it() {
    let world = World::new();
    world.wallet.top_up(player(1), 100);
    let (store, waiting, heir) = two(&world).await;
    // Three rounds that the wallet has not closed: the fourth is not opened, nothing is written.
    world.wallet.book.lock().down = true;
    let waits = async || {
        let left = store.inherit(lobby(1)).await.unwrap().unwrap();
        left.unclosed.len() == 3
    };
    until(waits).await;
    store.void_claims();
    world.wallet.book.lock().down = false;
    until(async || store.owner_of(lobby(1)) == Some(node_of(&heir))).await;
    until(async || waiting.service.place_bet(request(1, 1, 10, None)).await == not_owner()).await;
    assert!(waiting.service.inner.lobbies.ownership.holds(), "its lease never lapsed");
    place(&heir, request(1, 2, 10, None)).await;
    waiting.stop().await;
    heir.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lobby_that_was_fenced_is_taken_over_soon_after_its_fence_lets_it() {
    let world = World::new();
    let store = world.shared();
    // An owner that this store knows nothing of yet.
    let known = kernel::Epoch(1 << 60);
    world.wallet.book.lock().fences.entry(lobby(1)).or_default().epoch = known;
    world.wallet.book.lock().houses.insert(lobby(1), Amount::from_whole(1_000_000));
    let node = world.node(1, &store).await;
    until(async || node.service.metrics().lobbies_fenced.get() == 1).await;
    assert!(node.service.snapshot(lobby(1), None).await.is_err());
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.wallet.book.lock().fences.entry(lobby(1)).or_default().epoch = kernel::Epoch(0);
    let since = Stopwatch::start();
    until(async || node.service.snapshot(lobby(1), None).await.is_ok()).await;
    assert!(since.seconds() < 3.5, "after {} s", since.seconds());
    node.stop().await;
}
