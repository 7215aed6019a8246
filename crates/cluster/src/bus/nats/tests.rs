//! The bus over a real nats-server: order, interruptions, and nobody who waits.

use std::time::Duration;

use bytes::Bytes;
use kernel::{LobbyId, Sealed};
use platform::metrics::Registry;
use test_servers::Nats;

use super::{NatsBus, Topic, with_password};
use crate::bus::{Bus, Delivery, Subscription};

/// Longer than any delivery takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

async fn bus(url: String) -> NatsBus {
    NatsBus::connect(&Sealed::new(url), &Registry::new()).await.unwrap()
}

fn lobby(number: u64) -> LobbyId {
    LobbyId::new(number).unwrap()
}

async fn next(listener: &mut Subscription) -> Delivery {
    let delivery = tokio::time::timeout(PATIENCE, listener.next()).await;
    delivery.expect("a delivery").expect("the bus is there")
}

/// The next picture. That some may have been missed is told once too often rather than never.
async fn heard(listener: &mut Subscription) -> Bytes {
    loop {
        if let Delivery::Picture(picture) = next(listener).await {
            return picture;
        }
    }
}

async fn connected(bus: &NatsBus) {
    while !bus.is_connected() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A listener whose subscription is in force.
async fn listener(bus: &NatsBus, number: u64) -> Subscription {
    let mut listener = bus.subscribe(lobby(number));
    assert_eq!(next(&mut listener).await, Delivery::Lagged, "what came before was missed");
    listener
}

fn picture(number: u32) -> Bytes {
    number.to_string().into()
}

#[tokio::test]
async fn every_process_hears_every_picture_of_its_lobbies_in_order() {
    let server = Nats::start().unwrap();
    let (owner, gateway) = (bus(server.url()).await, bus(server.url()).await);
    let mut first = listener(&gateway, 1).await;
    let mut own = listener(&owner, 1).await;
    let mut other = listener(&gateway, 2).await;
    for number in 0..1_000 {
        owner.publish(lobby(1), picture(number));
    }
    owner.publish(lobby(2), "two".into());
    for listener in [&mut first, &mut own] {
        for number in 0..1_000 {
            assert_eq!(heard(listener).await, picture(number));
        }
    }
    assert_eq!(heard(&mut other).await, "two");
}

#[tokio::test]
async fn notices_go_to_everyone_who_listens_to_them() {
    let server = Nats::start().unwrap();
    let (user, gateway) = (bus(server.url()).await, bus(server.url()).await);
    let mut notices = gateway.notices();
    assert_eq!(next(&mut notices).await, Delivery::Lagged);
    connected(&user).await;
    user.notify("signed out".into());
    assert_eq!(heard(&mut notices).await, "signed out");
}

#[tokio::test]
async fn while_nats_is_away_nobody_waits_and_afterwards_everybody_knows() {
    let mut server = Nats::start().unwrap();
    let (owner, gateway) = (bus(server.url()).await, bus(server.url()).await);
    let mut early = listener(&gateway, 1).await;
    server.stop().unwrap();
    while owner.is_connected() || gateway.is_connected() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for number in 0..20_000 {
        owner.publish(lobby(1), picture(number));
    }
    let mut late = gateway.subscribe(lobby(2));
    server.restart().unwrap();
    assert_eq!(next(&mut early).await, Delivery::Lagged);
    assert_eq!(next(&mut late).await, Delivery::Lagged);
    connected(&owner).await;
    for number in [1, 2] {
        owner.publish(lobby(number), "after".into());
    }
    for listener in [&mut early, &mut late] {
        assert_eq!(heard(listener).await, "after", "nothing late comes before it");
    }
}

#[tokio::test]
async fn a_bus_is_there_before_its_server() {
    let mut server = Nats::start().unwrap();
    server.stop().unwrap();
    let bus = bus(server.url()).await;
    assert!(!bus.is_connected());
    let mut listener = bus.subscribe(lobby(1));
    bus.publish(lobby(1), "lost".into());
    server.restart().unwrap();
    assert_eq!(next(&mut listener).await, Delivery::Lagged);
    bus.publish(lobby(1), "heard".into());
    assert_eq!(heard(&mut listener).await, "heard");
}

#[tokio::test]
async fn a_lobby_nobody_hears_is_forgotten_and_can_be_heard_again() {
    let server = Nats::start().unwrap();
    let bus = bus(server.url()).await;
    drop(listener(&bus, 1).await);
    let topic = Topic::Lobby(lobby(1));
    while bus.shared.listeners.lock().contains_key(&topic) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut again = listener(&bus, 1).await;
    bus.publish(lobby(1), "again".into());
    assert_eq!(heard(&mut again).await, "again");
}

#[tokio::test]
async fn an_address_is_never_shown() {
    let url = Sealed::new("nats://ann:hush@[::1".to_owned());
    let refused = NatsBus::connect(&url, &Registry::new()).await.unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("hush"));
}

#[tokio::test]
async fn who_knows_no_password_is_not_let_in() {
    let mut server = Nats::start_with_password("hush").unwrap();
    let registry = Registry::new();
    let ours = NatsBus::connect(&Sealed::new(server.url()), &registry).await.unwrap();
    let mut listener = listener(&ours, 1).await;
    let address = server.url_without_password();
    let wrong = address.replace("nats://", "nats://waxwing:hash@");
    let strangers = [bus(address).await, bus(wrong).await];
    tokio::time::sleep(Duration::from_millis(300)).await;
    for stranger in &strangers {
        assert!(!stranger.is_connected());
        stranger.publish(lobby(1), "forged".into());
    }
    ours.publish(lobby(1), "ours".into());
    assert_eq!(heard(&mut listener).await, "ours");

    // What is known of the connection is counted.
    let shows = |line: &str| registry.encode().unwrap().lines().any(|it| it == line);
    assert!(shows("waxwing_nats_connected 1") && shows("waxwing_nats_connects_total 1"));
    server.stop().unwrap();
    while !shows("waxwing_nats_connected 0") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.restart().unwrap();
    while !(shows("waxwing_nats_connected 1") && shows("waxwing_nats_connects_total 2")) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn a_password_may_hold_any_letter() {
    let read = |url: &str| with_password(&Sealed::new(url.to_owned()));
    assert!(read("nats://ann:h%2Fu%40sh@127.0.0.1:4222").is_ok());
    let refused = read("nats://ann:h%FFush@127.0.0.1:4222").unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("ush@"));
}
