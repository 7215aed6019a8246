//! What every bus must do, tried on the one in memory.

use bytes::Bytes;
use kernel::LobbyId;

use super::{Bus, Delivery, KEPT, MemoryBus};

fn lobby(number: u64) -> LobbyId {
    LobbyId::new(number).unwrap()
}

fn picture(text: &'static str) -> Delivery {
    Delivery::Picture(Bytes::from_static(text.as_bytes()))
}

#[tokio::test]
async fn every_listener_gets_every_picture_in_order() {
    let bus = MemoryBus::new();
    let (mut first, mut second) = (bus.subscribe(lobby(1)), bus.subscribe(lobby(1)));
    bus.publish(lobby(1), "a".into());
    bus.publish(lobby(1), "b".into());
    for listener in [&mut first, &mut second] {
        assert_eq!(listener.next().await, Some(picture("a")));
        assert_eq!(listener.next().await, Some(picture("b")));
    }
}

#[tokio::test]
async fn lobbies_never_mix() {
    let bus = MemoryBus::new();
    let (mut first, mut second) = (bus.subscribe(lobby(1)), bus.subscribe(lobby(2)));
    bus.publish(lobby(2), "two".into());
    bus.publish(lobby(1), "one".into());
    assert_eq!(first.next().await, Some(picture("one")));
    assert_eq!(second.next().await, Some(picture("two")));
}

#[tokio::test]
async fn a_listener_hears_only_what_comes_after_it() {
    let bus = MemoryBus::new();
    bus.publish(lobby(1), "before".into());
    let mut listener = bus.subscribe(lobby(1));
    bus.publish(lobby(1), "after".into());
    assert_eq!(listener.next().await, Some(picture("after")));
}

#[tokio::test]
async fn a_slow_listener_learns_that_it_missed_pictures() {
    let bus = MemoryBus::new();
    let mut slow = bus.subscribe(lobby(1));
    for _ in 0..=KEPT {
        bus.publish(lobby(1), "lost".into());
    }
    bus.publish(lobby(1), "last".into());
    assert_eq!(slow.next().await, Some(Delivery::Lagged));
    let mut last = None;
    for _ in 0..KEPT {
        last = slow.next().await;
    }
    assert_eq!(last, Some(picture("last")));
}

#[tokio::test]
async fn a_lobby_nobody_hears_is_forgotten() {
    let bus = MemoryBus::new();
    drop(bus.subscribe(lobby(1)));
    bus.publish(lobby(1), "to nobody".into());
    assert!(bus.lobbies.lock().is_empty());
}

#[tokio::test]
async fn a_subscription_ends_with_its_bus() {
    let bus = MemoryBus::new();
    let mut listener = bus.subscribe(lobby(1));
    bus.publish(lobby(1), "last".into());
    drop(bus);
    assert_eq!(listener.next().await, Some(picture("last")));
    assert_eq!(listener.next().await, None);
}

#[tokio::test]
async fn notices_reach_every_listener_and_no_lobby() {
    let bus = MemoryBus::new();
    bus.notify("unheard".into());
    let (mut first, mut second, mut of_lobby) =
        (bus.notices(), bus.notices(), bus.subscribe(lobby(1)));
    bus.notify("a".into());
    bus.publish(lobby(1), "b".into());
    assert_eq!(first.next().await, Some(picture("a")));
    assert_eq!(second.next().await, Some(picture("a")));
    assert_eq!(of_lobby.next().await, Some(picture("b")));
}
