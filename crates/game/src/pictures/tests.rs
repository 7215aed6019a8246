//! What goes over the bus while a round is played.

use std::time::Duration;

use cluster::{Bus, Delivery};
use contracts::{BetRequest, LobbyRef, Play, PlayError, PlayRefusal};
use kernel::{Multiplier, Stake};
use protocol::picture::BetOutcome;
use protocol::rounds::Phase;
use protocol::{Picture, PictureEvent};
use tokio::task::JoinSet;

use super::CARRYING_MS;
use crate::testing::{World, bet_id, lobby, player};

fn request(bet: u8, auto: Option<u32>) -> BetRequest {
    BetRequest {
        player: player(1),
        username: "ann".into(),
        at: LobbyRef { lobby: lobby(1), round: None },
        bet: bet_id(bet),
        stake: Stake::from_whole(10),
        auto_cash_out: auto.and_then(Multiplier::from_centi),
    }
}

const fn kind(event: &PictureEvent) -> &'static str {
    match event {
        PictureEvent::Snapshot(_) => "snapshot",
        PictureEvent::BettingOpened(_) => "betting_opened",
        PictureEvent::BetsAccepted(_) => "bets_accepted",
        PictureEvent::RoundLocked(_) => "round_locked",
        PictureEvent::RoundStarted(_) => "round_started",
        PictureEvent::Tick(_) => "tick",
        PictureEvent::Crashed(_) => "crashed",
        PictureEvent::Settled(_) => "settled",
        PictureEvent::Voided(_) => "voided",
        PictureEvent::Interrupted(_) => "interrupted",
        PictureEvent::BetResult(_) => "bet_result",
    }
}

fn carries_nothing(event: &PictureEvent) -> bool {
    matches!(event, PictureEvent::Tick(tick) if tick.cash_outs.is_empty())
}

/// The pictures of one round in which bet 1 was placed, from its opening to its results.
async fn round_of_pictures(world: &World) -> Vec<Picture> {
    world.wallet.top_up(player(1), 1_000);
    let mut subscription = world.bus.subscribe(lobby(1));
    let process = world.start().await;
    let accepted = loop {
        match process.service.place_bet(request(1, Some(101))).await {
            Ok(accepted) => break accepted,
            Err(PlayError::Refused(PlayRefusal::BettingClosed)) => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(error) => panic!("{error}"),
        }
    };
    let mut pictures = Vec::new();
    while let Some(Delivery::Picture(json)) = subscription.next().await {
        let picture = Picture::from_json(&json).unwrap();
        if picture.round > accepted.round.number {
            break;
        }
        if picture.round == accepted.round.number {
            pictures.push(picture);
        }
    }
    process.stop().await;
    pictures
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_is_drawn_in_order_and_hides_its_end() {
    let world = World::new();
    let pictures = round_of_pictures(&world).await;
    let mut order: Vec<&str> = pictures
        .iter()
        .filter(|picture| picture.to.is_none())
        .map(|picture| kind(&picture.event))
        .collect();
    order.dedup();
    let drawn = order.join(" ");
    // A climb that ends at 1.00x has no tick, so that word may be missing.
    let expected = [
        "betting_opened bets_accepted round_locked round_started tick crashed settled",
        "betting_opened bets_accepted round_locked round_started crashed settled",
    ];
    assert!(expected.contains(&drawn.as_str()), "{drawn}");

    let everyone: Vec<_> = pictures.iter().filter(|picture| picture.to.is_none()).collect();
    let is_counted = |picture: &Picture, before: &Picture| picture.seq == before.seq + 1;
    for pair in everyone.windows(2) {
        let uncounted = pair[1].seq == pair[0].seq && carries_nothing(&pair[1].event);
        assert!(is_counted(pair[1], pair[0]) || uncounted, "{pair:?}");
    }
    let crash = everyone.iter().position(|picture| kind(&picture.event) == "crashed").unwrap();
    for picture in &everyone[..crash] {
        let json = String::from_utf8(picture.to_json().unwrap()).unwrap();
        assert!(!json.contains("crash_point") && !json.contains("\"seed\""), "{json}");
    }
    let PictureEvent::Settled(settled) = &everyone.last().unwrap().event else {
        panic!("the last picture says how it was settled")
    };
    assert_eq!((settled.seed.len(), settled.public_seed.len()), (64, 64));
    assert_eq!(settled.totals.count, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn bets_of_a_crowd_share_pictures_and_each_is_told_once_before_the_lock() {
    const CROWD: u64 = 40;
    let mut world = World::new();
    world.config.main.betting_ms = 2_000;
    for number in 1..=CROWD {
        world.wallet.top_up(player(number), 1_000);
    }
    let mut subscription = world.bus.subscribe(lobby(1));
    let process = world.start().await;
    while process.service.look(lobby(1), None).await.unwrap().closes_in_ms.is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut bets = JoinSet::new();
    for number in 1..=CROWD {
        let request = BetRequest { player: player(number), ..request(1, None) };
        let service = process.service.clone();
        bets.spawn(async move { service.place_bet(request).await });
    }
    while let Some(placed) = bets.join_next().await {
        placed.unwrap().unwrap();
    }
    let (mut told, mut pictures) = (Vec::new(), 0);
    while let Some(Delivery::Picture(json)) = subscription.next().await {
        match Picture::from_json(&json).unwrap().event {
            PictureEvent::BetsAccepted(accepted) => {
                pictures += 1;
                told.extend(accepted.bets.iter().map(|bet| bet.user_id.0));
            }
            PictureEvent::RoundLocked(locked) => {
                assert_eq!(u64::from(locked.count), CROWD);
                break;
            }
            _ => {}
        }
    }
    told.sort();
    assert_eq!(told, (1..=CROWD).map(player).collect::<Vec<_>>());
    // One at once, one four times a second while betting is open, one before the lock.
    assert!((1..=10).contains(&pictures), "{pictures} pictures");
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bet_that_ends_by_itself_is_told_to_its_player_alone_and_once() {
    let world = World::new();
    let pictures = round_of_pictures(&world).await;
    let told: Vec<_> = pictures.iter().filter(|picture| picture.to.is_some()).collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].to.unwrap().0, player(1));
    let PictureEvent::BetResult(result) = &told[0].event else { panic!("a bet's result") };
    assert_eq!((result.bet_id.0, result.stake.0), (bet_id(1), Stake::from_whole(10)));
    let least = Multiplier::CASH_OUT_MIN;
    match result.result {
        BetOutcome::Win => {
            assert_eq!(result.payout.unwrap().0, Stake::from_whole(10).payout_at(least));
        }
        BetOutcome::Lost => assert_eq!(result.payout, None),
        BetOutcome::Released => panic!("the round was played"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ticks_are_counted_twice_a_second_at_most_and_carry_everyone_who_left() {
    let world = World::new();
    let pictures = round_of_pictures(&world).await;
    let (mut counted_ms, mut seq, mut left) = (0, 0, 0);
    for picture in pictures.iter().filter(|picture| picture.to.is_none()) {
        let was_counted = picture.seq > seq;
        seq = picture.seq;
        let PictureEvent::Tick(tick) = &picture.event else { continue };
        left += tick.cash_outs.len();
        if was_counted {
            // The end tells the rest at once.
            let is_last = tick.elapsed_ms < counted_ms + CARRYING_MS;
            assert!(!is_last || !tick.cash_outs.is_empty(), "{tick:?} after {counted_ms}");
            counted_ms = tick.elapsed_ms;
        } else {
            assert!(tick.cash_outs.is_empty(), "{tick:?}");
        }
    }
    let won = |picture: &Picture| match &picture.event {
        PictureEvent::BetResult(result) => result.result == BetOutcome::Win,
        _ => false,
    };
    assert_eq!(left, pictures.iter().filter(|picture| won(picture)).count());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_not_stored_is_not_shown() {
    let mut world = World::new();
    world.config.main.betting_ms = 1_000;
    let process = world.start().await;
    let look = async || process.service.look(lobby(1), None).await.unwrap();
    while look().await.closes_in_ms.is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The round closes while the store stands still, so that its lock cannot be stored.
    process.stall_store(Duration::from_millis(2_500));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let seen = look().await;
    assert_eq!((seen.phase, seen.closes_in_ms), (Phase::Open, Some(0)));
    for _ in 0..1_000 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if look().await.phase != Phase::Open {
            process.stop().await;
            return;
        }
    }
    panic!("the lock was stored and is not shown");
}
