//! Lobbies that nobody plays cost nothing, wake with the next bet, and close after a day.

use cluster::{Bus, Delivery};
use engine::Mode;
use kernel::{CurveKind, LobbyId};

use super::*;
use crate::store::{LobbyLimits, NewLobby, Opened, Opening, Visibility};
use crate::testing::NODE;

const HOUR_MS: i64 = 3_600_000;

/// What `who` gets who asks for a lobby of their own.
async fn ask(process: &Process, who: u64, wish: impl FnOnce(&mut NewLobby)) -> Opened {
    let defaults = process.service.lobby_defaults(CurveKind::Exponential);
    let mut new = NewLobby { owner: Some(player(who)), ..defaults };
    wish(&mut new);
    let opening = Opening { join: None, new, limits: process.service.limits(), call: None };
    process.service.open_lobby(opening).await.unwrap()
}

pub(super) async fn make(process: &Process, who: u64, wish: impl FnOnce(&mut NewLobby)) -> LobbyId {
    match ask(process, who, wish).await {
        Opened::Made(record) => record.lobby,
        other => panic!("{other:?}"),
    }
}

fn in_lobby(at: LobbyId, bet: BetRequest) -> BetRequest {
    BetRequest { at: LobbyRef { lobby: at, round: None }, ..bet }
}

/// Whether only Main has a task.
fn all_rest(process: &Process) -> bool {
    process.service.metrics().lobbies.get() == 1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lobby_nobody_plays_gives_its_task_back_and_wakes_with_the_next_bet() {
    let mut world = World::new();
    world.config.rest_ms = 150;
    world.wallet.top_up(player(1), 100);
    let process = world.start().await;
    let at = make(&process, 1, |_| {}).await;
    let first = process.service.place_bet(in_lobby(at, request(1, 1, 1, Some(101)))).await.unwrap();
    assert_eq!(first.round, RoundId::new(at, 1));
    until(async || all_rest(&process)).await;
    assert_eq!(state(&process, first.round).await, RoundState::Settled);
    // The round that nobody played never was, once that is stored.
    let store = &process.service.inner.store;
    until(async || store.rounds(at, None, 10).await.unwrap().len() == 1).await;

    let seen = process.service.look(at, Some(player(1))).await.unwrap();
    assert_eq!((seen.round, seen.phase, seen.closes_in_ms), (2, Phase::Open, None));
    assert_eq!((seen.seq, seen.seed_index), (0, 2));
    assert_eq!(seen.last.len(), 1);
    assert!(all_rest(&process), "a look wakes nobody");
    let stamp = process.service.inner.clock.now();
    let nothing = CashOutRequest {
        player: player(1),
        at: LobbyRef { lobby: at, round: Some(1) },
        bet: None,
        stamp,
    };
    let refused = process.service.cash_out(nothing).await;
    assert_eq!(refused, Err(PlayRefusal::NoOpenBet.into()));
    assert!(all_rest(&process), "nor does a cash-out of nothing");

    let mut pictures = world.bus.subscribe(at);
    let mut bet = in_lobby(at, request(1, 2, 1, Some(101)));
    bet.at.round = Some(seen.round);
    let second = process.service.place_bet(bet).await.unwrap();
    assert_eq!(second.round, RoundId::new(at, 2));
    let Some(Delivery::Picture(json)) = pictures.next().await else { panic!("no picture") };
    let picture: serde_json::Value = serde_json::from_slice(&json).unwrap();
    // Who saw it rest misses nothing.
    assert_eq!((&picture["epoch"], &picture["seq"]), (&seen.epoch.into(), &(seen.seq + 1).into()));
    until(async || world.wallet.fence_of(at).1 == 2).await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bet_is_lost_on_a_lobby_that_lies_down() {
    let mut world = World::new();
    world.config.rest_ms = 1;
    world.wallet.top_up(player(1), 100);
    let process = world.start().await;
    let at = make(&process, 1, |_| {}).await;
    for bet in 1..=12 {
        let asked = in_lobby(at, request(1, bet, 1, None));
        let accepted = process.service.place_bet(asked).await.unwrap();
        let cancel = CancelRequest {
            player: player(1),
            at: LobbyRef { lobby: at, round: Some(accepted.round.number) },
            bet: bet_id(bet),
        };
        process.service.cancel_bet(cancel).await.unwrap();
        tokio::time::sleep(Duration::from_millis(u64::from(bet))).await;
    }
    until(async || all_rest(&process)).await;
    until(async || world.wallet.balance(player(1)) == Amount::from_whole(100)).await;
    let rounds = process.service.inner.store.rounds(at, None, 50).await.unwrap();
    assert!(rounds.iter().all(|round| round.state == RoundState::Voided), "their bets went back");
    assert_eq!(world.wallet.book.lock().conflicts, 0);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resting_lobby_is_seen_but_not_owned_after_a_restart() {
    let mut world = World::new();
    world.config.rest_ms = 50;
    let process = world.start().await;
    let at = make(&process, 1, |_| {}).await;
    // Nothing is promised about its rounds before it was woken once.
    let first = process.service.look(at, None).await.unwrap();
    until(async || all_rest(&process)).await;
    process.stop().await;
    let process = world.start().await;
    assert!(all_rest(&process));
    let seen = process.service.look(at, None).await.unwrap();
    assert_eq!((seen.round, &seen.commitment), (1, &first.commitment));
    assert_eq!(seen.epoch, first.epoch + 1);
    assert!(all_rest(&process));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lobby_without_a_visitor_for_a_day_is_closed_and_its_history_stays() {
    let mut world = World::new();
    world.config.rest_ms = 50;
    world.wallet.top_up(player(1), 100);
    let process = world.start().await;
    let service = &process.service;
    let now = service.inner.clock.unix_ms();
    let stale = |new: &mut NewLobby| new.created_at = now - 25 * HOUR_MS;
    let empty = make(&process, 1, stale).await;
    let played = make(&process, 1, stale).await;
    let visited = make(&process, 1, stale).await;
    let young = make(&process, 1, |new| new.created_at = now - 23 * HOUR_MS).await;
    let bet = in_lobby(played, request(1, 1, 1, Some(101)));
    let accepted = service.place_bet(bet).await.unwrap();
    service.look(visited, None).await.unwrap();
    until(async || all_rest(&process)).await;
    service.inner.lobbies.upkeep().await.unwrap();
    assert_eq!(service.metrics().lobbies_closed.get(), 1);
    let unknown = PlayError::Refused(PlayRefusal::UnknownLobby);
    assert_eq!(service.look(empty, None).await.unwrap_err(), unknown);
    let refused = service.place_bet(in_lobby(empty, request(1, 2, 1, None))).await;
    assert_eq!(refused, Err(unknown.clone()));
    for at in [played, visited, young, lobby(1)] {
        assert!(service.look(at, None).await.is_ok(), "{at}");
    }
    // A day later, as the store sees it: only the configured one is left.
    let store = &service.inner.store;
    let tomorrow = now + 25 * HOUR_MS;
    for at in store.unvisited(tomorrow, 10).await.unwrap() {
        until(async || store.close_lobby(NODE, at, tomorrow, tomorrow).await.unwrap()).await;
    }
    assert_eq!(service.look(played, None).await.unwrap_err(), unknown);
    assert!(service.look(lobby(1), None).await.is_ok());
    assert!(store.round(accepted.round).await.unwrap().is_some(), "history stays readable");
    assert!(store.public_lobbies(10).await.unwrap().iter().all(|one| one.lobby == lobby(1)));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lobby_that_plays_on_and_on_is_told_to_finish_before_it_is_closed() {
    let world = World::new();
    let process = world.start().await;
    let (service, now) = (&process.service, process.service.inner.clock.unix_ms());
    let at = make(&process, 1, |new| {
        new.mode = Mode::Continuous;
        new.created_at = now - 25 * HOUR_MS;
    })
    .await;
    until(async || !all_rest(&process)).await;
    until(async || {
        service.inner.lobbies.upkeep().await.unwrap();
        service.metrics().lobbies_closed.get() == 1
    })
    .await;
    assert!(all_rest(&process));
    let unknown = PlayError::Refused(PlayRefusal::UnknownLobby);
    assert_eq!(service.look(at, None).await.unwrap_err(), unknown);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_player_has_five_lobbies_at_most_and_one_that_plays_without_a_pause() {
    let world = World::new();
    let process = world.start().await;
    let continuous = |new: &mut NewLobby| new.mode = Mode::Continuous;
    let stale = |new: &mut NewLobby| new.created_at = 1;
    let first = make(&process, 1, stale).await;
    make(&process, 1, continuous).await;
    assert!(matches!(ask(&process, 1, continuous).await, Opened::TooManyContinuous));
    for _ in 0..3 {
        make(&process, 1, |new| new.visibility = Visibility::Private).await;
    }
    assert!(matches!(ask(&process, 1, |_| {}).await, Opened::TooMany));
    assert!(matches!(ask(&process, 2, continuous).await, Opened::Made(_)));
    // A closed one does not count.
    assert!(process.service.inner.store.close_lobby(NODE, first, 2, 3).await.unwrap());
    assert!(matches!(ask(&process, 1, |_| {}).await, Opened::Made(_)));
    assert!(matches!(ask(&process, 1, |_| {}).await, Opened::TooMany));
    let limits = LobbyLimits { all: 0, ..process.service.limits() };
    let new = process.service.lobby_defaults(CurveKind::Exponential);
    let join = Opening { join: Some(lobby(1)), new, limits, call: None };
    let joined = process.service.open_lobby(join).await.unwrap();
    assert!(matches!(joined, Opened::Joined(at) if at == lobby(1)), "who joins makes none");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_lobbies_are_played_at_once() {
    let mut world = World::new();
    world.config.lobbies_max = 2;
    world.config.rest_ms = 300;
    world.wallet.top_up(player(1), 100);
    let process = world.start().await;
    let (second, third) = (make(&process, 1, |_| {}).await, make(&process, 1, |_| {}).await);
    process.service.look(second, None).await.unwrap();
    let bet = in_lobby(third, request(1, 1, 1, None));
    let refused = process.service.place_bet(bet.clone()).await;
    assert_eq!(refused, Err(PlayRefusal::Overloaded.into()));
    // Its place is free once the other one rests.
    until(async || process.service.place_bet(bet.clone()).await.is_ok()).await;
    process.stop().await;
}
