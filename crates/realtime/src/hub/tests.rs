//! Who hears what: rooms never mix, and a bet is followed wherever its player goes.

use std::sync::Arc;

use kernel::{LobbyId, PlayerId};
use parking_lot::Mutex;
use platform::clock::SystemClock;
use protocol::socket_io::{RoundName, ServerEvent};

use super::{FOLLOWED_MAX, Hub};
use crate::metrics::Dialects;
use crate::session::{Frame, Sent, Wire};
use crate::{CloseCode, Config, Dialect, Encoded, Importance, Metrics, Session};

/// A transport that remembers which rounds it was told of.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<String>>>);

impl Wire for Ear {
    fn send(&self, frame: &Frame) -> Sent {
        if let Frame::Event(event) = frame {
            let heard = event.frame().map_or_else(String::new, |frame| {
                String::from_utf8_lossy(&frame[2..]).into_owned()
            });
            self.0.lock().push(heard);
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
    enter_as(hub, Dialect::SocketIo)
}

fn enter_as(hub: &Hub, dialect: Dialect) -> (Session, Ear) {
    let birth = hub.birth(dialect, None, None);
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
    let ours = Dialects::of(Dialect::SocketIo);
    assert_eq!(hub.metrics().sockets.get_or_create(&ours).get(), 0);
    hub.join(&ann, lobby(6));
    assert!(hub.is_empty(lobby(6)), "a late join of a socket that is gone");
}

#[test]
fn each_dialect_hears_its_own_words() {
    let hub = Hub::new(Metrics::default());
    let (ann, anns) = enter_as(&hub, Dialect::Plain);
    let (bob, bobs) = enter(&hub);
    hub.join(&ann, lobby(4));
    hub.join(&bob, lobby(4));
    assert_eq!(hub.broadcast(lobby(4), &event(4)), 1, "bob alone");
    let plain = Encoded::plain(r#"{"type":"tick"}"#, Importance::Tick);
    assert_eq!(hub.broadcast(lobby(4), &plain), 1, "ann alone");
    assert_eq!(*anns.0.lock(), [r#"{"type":"tick"}"#]);
    let both = event(4).with_plain("{}", Importance::Event);
    assert_eq!(hub.broadcast(lobby(4), &both), 2);
    assert_eq!((heard(&anns), heard(&bobs)), (2, 2));
    assert!(both.is_tick(Dialect::Plain) == both.is_tick(Dialect::SocketIo));
    assert!(plain.is_tick(Dialect::Plain) && !plain.speaks(Dialect::SocketIo));
}

#[test]
fn whoever_leaves_hears_nothing_but_what_is_followed() {
    let hub = Hub::new(Metrics::default());
    let (ann, anns) = enter(&hub);
    ann.set_player(player(1));
    hub.join(&ann, lobby(4));
    hub.follow(&ann, lobby(4));
    hub.leave(&ann);
    hub.leave(&ann);
    assert_eq!((ann.lobby(), hub.broadcast(lobby(4), &event(4))), (None, 0));
    assert_eq!(hub.to_player(lobby(4), player(1), &event(4)), 1);
    assert_eq!(heard(&anns), 1);
    hub.join(&ann, lobby(5));
    hub.leave(&ann);
    assert!(hub.is_empty(lobby(5)));
}

#[test]
fn a_player_is_found_wherever_the_sockets_are() {
    let hub = Hub::new(Metrics::default());
    let ((phone, phones), (desk, desks)) = (enter(&hub), enter(&hub));
    phone.set_player(player(1));
    desk.set_player(player(2));
    desk.set_player(player(1));
    hub.join(&phone, lobby(4));
    assert_eq!(hub.to_player_anywhere(player(1), &event(4)), 2);
    assert_eq!(hub.to_player_anywhere(player(2), &event(4)), 0, "a later proof counts");
    assert_eq!((heard(&phones), heard(&desks)), (1, 1));
    hub.exit(&desk);
    desk.set_player(player(1));
    assert_eq!(hub.to_player_anywhere(player(1), &event(4)), 1, "who is gone stays away");
}

#[test]
fn a_sign_out_closes_the_sockets_it_means() {
    let hub = Hub::new(Metrics::default());
    let ((phone, _), (desk, _)) = (enter_as(&hub, Dialect::Plain), enter(&hub));
    for (session, id) in [(&phone, "phone"), (&desk, "desk")] {
        session.set_player(player(1));
        session.set_sign_in(Some(id.to_owned()), 60);
    }
    let is_phone =
        |session: &Session| session.sign_in().is_some_and(|by| by.id.as_deref() == Some("phone"));
    assert_eq!(hub.close_player(player(1), CloseCode::LoggedOut, is_phone), 1);
    assert!(phone.is_closing() && !desk.is_closing());
    assert_eq!(hub.close_player(player(2), CloseCode::LoggedOut, |_| true), 0);
}
