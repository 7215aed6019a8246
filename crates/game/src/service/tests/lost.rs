//! A lobby whose writes are refused, and a node that loses one of its tasks.

use std::time::Duration;

use cluster::{Bus, Delivery};
use rusqlite::Connection;

use super::*;

/// Lets the store refuse whatever `event` names, until it is allowed again.
struct Refusing(Connection);

impl Refusing {
    fn when(world: &World, event: &str) -> Self {
        let connection = Connection::open(world.directory.path().join("game.db")).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        let trigger = format!(
            "CREATE TRIGGER refuse BEFORE {event} BEGIN SELECT RAISE(ABORT, 'refused'); END"
        );
        connection.execute_batch(&trigger).unwrap();
        Self(connection)
    }

    fn allow(self) {
        self.0.execute_batch("DROP TRIGGER refuse").unwrap();
    }
}

/// Whether the picture is of an interruption.
fn interrupts(delivery: Option<Delivery>) -> bool {
    let Some(Delivery::Picture(picture)) = delivery else { return false };
    let picture: serde_json::Value = serde_json::from_slice(&picture).unwrap();
    picture["type"] == "interrupted"
}

/// Plays a bet while `event` is refused, and then until its round is over and paid.
async fn lose_and_recover(event: &str) {
    let world = World::new();
    world.wallet.top_up(player(1), 10);
    let process = world.start().await;
    let mut pictures = world.bus.subscribe(lobby(1));
    let refusing = Refusing::when(&world, event);
    let lost = &process.service.metrics().lobbies_lost;
    let accepted = place(&process, request(1, 1, 10, None)).await;
    until(async || lost.get() > 0).await;
    while !interrupts(pictures.next().await) {}
    refusing.allow();
    until(async || state(&process, accepted.round).await.is_over()).await;
    until(async || world.wallet.fence_of(lobby(1)).1 >= accepted.round.number).await;
    let stake = Stake::from_whole(10);
    assert!(matches!(
        world.wallet.hold(player(1), bet_id(1)),
        Some(Hold::Ended(ended, _)) if ended == stake
    ));
    // It plays on.
    world.wallet.top_up(player(1), 10);
    let later = place(&process, request(1, 2, 10, None)).await;
    assert!(later.round > accepted.round);
    assert_eq!(world.wallet.book.lock().conflicts, 0);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lobby_whose_lock_is_refused_is_taken_over_again() {
    lose_and_recover("UPDATE OF locked_at ON round").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lobby_whose_crash_is_refused_is_taken_over_again() {
    lose_and_recover("UPDATE OF state ON round WHEN new.state = 'crashed'").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_heartbeat_holds_no_round_for_ever() {
    let mut world = World::new();
    // Long enough for heartbeats.
    world.config.multiplier_max_centi = 100_000;
    world.wallet.top_up(player(1), 1_000);
    let process = world.start().await;
    let refusing = Refusing::when(&world, "UPDATE OF heartbeat_centi ON round");
    let lost = &process.service.metrics().lobbies_lost;
    until(async || lost.get() > 0).await;
    refusing.allow();
    place(&process, request(1, 1, 10, None)).await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bet_right_after_its_lobby_was_made_is_taken() {
    let world = World::new();
    world.wallet.top_up(player(1), 10);
    let process = world.start().await;
    for bet in 1..=4 {
        let made = resting::make(&process, u64::from(bet), |_| {}).await;
        let mut first = request(1, bet, 1, None);
        first.at.lobby = made;
        let accepted = process.service.place_bet(first).await.unwrap();
        assert_eq!(accepted.round, RoundId::new(made, 1));
    }
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bet_sent_again_is_answered_as_at_first_whatever_refuses_it_now() {
    let mut world = World::new();
    world.config.main.betting_ms = 3_000;
    world.wallet.top_up(player(1), 10);
    let process = world.start().await;
    let accepted = place(&process, request(1, 1, 3, None)).await;
    assert_eq!(accepted.balance, Amount::from_whole(7));
    let other = place(&process, request(1, 3, 2, None)).await;
    assert_eq!(other.balance, Amount::from_whole(5));
    // What the player has now is another matter.
    assert_eq!(process.service.place_bet(request(1, 1, 3, None)).await, Ok(accepted));
    process.shutdown.drain();
    until(async || {
        let draining = Err(PlayRefusal::Draining.into());
        process.service.place_bet(request(1, 2, 1, None)).await == draining
    })
    .await;
    assert_eq!(process.service.place_bet(request(1, 1, 3, None)).await, Ok(accepted));
    process.stop().await;
    // Nor does another process forget it.
    let process = world.start().await;
    assert_eq!(process.service.place_bet(request(1, 1, 3, None)).await, Ok(accepted));
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_loses_one_of_its_tasks_ends() {
    let world = World::new();
    world.wallet.top_up(player(1), 10);
    let process = world.start().await;
    assert!(process.health.is_ready());
    world.wallet.book.lock().panics = true;
    let asked = process.service.place_bet(request(1, 1, 10, None));
    let ended = async {
        process.shutdown.finished().await;
    };
    let (answer, ()) =
        tokio::time::timeout(Duration::from_secs(25), async { tokio::join!(asked, ended) })
            .await
            .unwrap();
    assert!(answer.is_err(), "a bet that nobody reserved is not accepted");
    assert!(!process.health.is_ready());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bet_that_can_never_be_held_takes_no_other_with_it() {
    let mut world = World::new();
    world.config.main.betting_ms = 5_000;
    for who in 1..=9 {
        world.wallet.top_up(player(who), 10);
    }
    let process = world.start().await;
    place(&process, request(9, 9, 1, None)).await;
    // While no call is answered, bets gather into one.
    world.wallet.book.lock().down = true;
    world.wallet.book.lock().poison = Some(bet_id(4));
    let bets = (1..=8_u8).map(|number| {
        let service = process.service.clone();
        let asked = request(number.into(), number, 1, None);
        tokio::spawn(async move { service.place_bet(asked).await })
    });
    let bets: Vec<_> = bets.collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    world.wallet.book.lock().down = false;
    for (number, bet) in (1..).zip(bets) {
        let answer = bet.await.unwrap();
        if number == 4 {
            assert_eq!(answer, Err(PlayRefusal::Overloaded.into()), "it went back");
        } else {
            assert!(answer.is_ok(), "{number}: {answer:?}");
        }
    }
    assert_eq!(world.wallet.balance(player(4)), Amount::from_whole(10));
    assert_eq!(world.wallet.hold(player(4), bet_id(4)), None);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lobby_that_cannot_be_taken_over_is_tried_again_until_it_can() {
    let world = World::new();
    world.wallet.top_up(player(1), 10);
    world.wallet.book.lock().down = true;
    // It starts all the same, and says what is not to be had.
    let process = world.start().await;
    assert!(process.health.is_ready());
    assert!(process.service.look(lobby(1), None).await.is_err());
    assert_eq!(process.service.metrics().lobbies.get(), 0);
    world.wallet.book.lock().down = false;
    until(async || process.service.metrics().lobbies.get() == 1).await;
    place(&process, request(1, 1, 10, None)).await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_look_never_crowd_out_those_who_play() {
    let mut world = World::new();
    world.config.main.betting_ms = 5_000;
    world.wallet.top_up(player(1), 10);
    let process = world.start().await;
    place(&process, request(1, 1, 1, None)).await;
    let looks: Vec<_> = (0..4_000)
        .map(|_| {
            let service = process.service.clone();
            tokio::spawn(async move { service.look(lobby(1), Some(player(1))).await })
        })
        .collect();
    let second = process.service.place_bet(request(1, 2, 1, None)).await.unwrap();
    let mut seen = 0;
    for look in looks {
        match look.await.unwrap() {
            Ok(snapshot) => {
                seen += 1;
                assert!(snapshot.mine.iter().all(|bet| bet.stake.0 == second.stake));
                assert!((1..=2).contains(&snapshot.mine.len()), "{:?}", snapshot.mine);
            }
            Err(error) => assert_eq!(error, PlayRefusal::Overloaded.into()),
        }
    }
    assert!(seen >= 256, "as many as may wait are answered, {seen}");
    process.stop().await;
}
