//! Who hears what: rooms never mix, and a bet is followed wherever its player goes.

use std::sync::Arc;

use kernel::{LobbyId, PlayerId};
use parking_lot::Mutex;
use platform::clock::SystemClock;
use protocol::socket_io::{RoundName, ServerEvent};

use super::{FOLLOWED_MAX, Hub};
use crate::session::{Birth, Frame, Sent, Wire};
use crate::{Config, Encoded, Metrics, Session};

/// A transport that remembers which rounds it was told of.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<String>>>);

impl Wire for Ear {
    fn send(&self, frame: &Frame) -> Sent {
        if let Frame::Event(event) = frame {
            self.0.lock().push(event.data().map_or_else(String::new, ToString::to_string));
        }
        Sent::Done
    }
}

fn lobby(number: u64) -> LobbyId {
    LobbyId::new(number).unwrap()
}

fn player(number: u64) -> PlayerId {
    PlayerId::new(number).unwrap()
}

fn enter(hub: &Hub) -> (Session, Ear) {
    let birth = Birth { id: hub.next_id(), peer: None, token: None };
    let clock = Arc::new(SystemClock::new());
    let session = Session::new(birth, &Config::default(), clock, hub.metrics().clone());
    let ear = Ear::default();
    assert!(session.attach(Box::new(ear.clone())));
    hub.enter(&session);
    (session, ear)
}

fn event(number: u64) -> Encoded {
    let lobby_id = lobby(number).into();
    Encoded::from(&ServerEvent::RoundStarted(RoundName { lobby_id, round: 1 }))
}

fn heard(ear: &Ear) -> usize {
    std::mem::take(&mut *ear.0.lock()).len()
}

#[test]
fn lobbies_never_mix() {
    let hub = Hub::new(Metrics::default());
    let ((ann, anns), (bob, bobs), (_, nobodys)) = (enter(&hub), enter(&hub), enter(&hub));
    hub.join(&ann, lobby(4));
    hub.join(&bob, lobby(5));
    assert_eq!(hub.broadcast(lobby(4), &event(4)), 1);
    assert_eq!((heard(&anns), heard(&bobs), heard(&nobodys)), (1, 0, 0));
    hub.join(&ann, lobby(5));
    assert!(hub.is_empty(lobby(4)));
    assert_eq!(hub.broadcast(lobby(4), &event(4)), 0);
    assert_eq!(hub.broadcast(lobby(5), &event(5)), 2);
    assert_eq!((heard(&anns), heard(&bobs)), (1, 1));
    assert_eq!(ann.lobby(), Some(lobby(5)));
}

#[test]
fn joining_again_changes_nothing() {
    let hub = Hub::new(Metrics::default());
    let (ann, anns) = enter(&hub);
    hub.join(&ann, lobby(4));
    hub.join(&ann, lobby(4));
    hub.broadcast(lobby(4), &event(4));
    assert_eq!(heard(&anns), 1);
    hub.join(&ann, lobby(5));
    assert_eq!((ann.lobby(), hub.is_empty(lobby(4))), (Some(lobby(5)), true));
}

#[test]
fn a_bet_is_followed_into_another_lobby() {
    let hub = Hub::new(Metrics::default());
    let ((ann, anns), (bob, bobs)) = (enter(&hub), enter(&hub));
    ann.set_player(player(1));
    bob.set_player(player(2));
    hub.join(&ann, lobby(4));
    hub.join(&bob, lobby(4));
    hub.follow(&ann, lobby(4));
    hub.join(&ann, lobby(5));
    assert_eq!(hub.broadcast(lobby(4), &event(4)), 1, "bob alone");
    assert_eq!(hub.to_player(lobby(4), player(1), &event(4)), 1);
    assert_eq!(hub.to_player(lobby(4), player(2), &event(4)), 1);
    assert_eq!(hub.to_player(lobby(5), player(2), &event(5)), 0);
    assert_eq!((heard(&anns), heard(&bobs)), (1, 2));
}

#[test]
fn the_lobby_followed_longest_gives_way() {
    let hub = Hub::new(Metrics::default());
    let (ann, _) = enter(&hub);
    let last = FOLLOWED_MAX as u64 + 1;
    for number in 1..=last {
        hub.follow(&ann, lobby(number));
    }
    assert!(hub.is_empty(lobby(1)));
    assert!((2..=last).all(|number| !hub.is_empty(lobby(number))));
}

#[test]
fn whoever_is_gone_is_nowhere() {
    let hub = Hub::new(Metrics::default());
    let (ann, _) = enter(&hub);
    hub.join(&ann, lobby(4));
    hub.follow(&ann, lobby(5));
    hub.exit(&ann);
    assert_eq!(hub.sessions(), 0);
    assert!(hub.is_empty(lobby(4)) && hub.is_empty(lobby(5)));
    assert_eq!(hub.metrics().sockets.get(), 0);
    hub.join(&ann, lobby(6));
    assert!(hub.is_empty(lobby(6)), "a late join of a socket that is gone");
}
