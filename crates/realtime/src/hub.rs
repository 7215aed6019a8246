//! Audiences: who hears what happens in which lobby. Audiences never mix.
//!
//! A socket has joined one lobby at a time and hears all of it. Where it placed a bet it also
//! follows, also after it joined another lobby: it hears what concerns its player there, and
//! nothing else.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use kernel::{LobbyId, PlayerId, Sealed};
use parking_lot::RwLock;
use platform::http::Places;
use protocol::close::CloseCode;
use protocol::socket_io::ServerEvent;

use crate::delivery::{self, Deliver, Writes};
use crate::metrics::Dialects;
use crate::session::Birth;
use crate::{Config, Delivery, Dialect, Encoded, Metrics, Session, SessionId};
use roll::Roll;

pub(crate) mod roll;

/// Lobbies that a session may follow beside the one it joined; the one followed longest gives way.
const FOLLOWED_MAX: usize = 16;

/// All sessions of a process and their audiences. A clone is the same hub.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    next_id: AtomicU64,
    audiences: RwLock<Audiences>,
    roll: Roll,
    places: OnceLock<Places>,
    metrics: Metrics,
    delivery: Box<dyn Deliver>,
}

#[derive(Default)]
struct Audiences {
    by_lobby: HashMap<LobbyId, HashMap<SessionId, Member>>,
    sessions: HashMap<SessionId, Seen>,
}

/// A session in one room.
struct Member {
    session: Session,
    has_joined: bool,
    follows: bool,
}

/// A session and where it is.
struct Seen {
    session: Session,
    /// Lobbies followed, the longest first.
    followed: Vec<LobbyId>,
}

impl Hub {
    /// An empty hub that counts in `metrics` and sends with one write for each socket.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self::with(metrics, Box::new(Writes))
    }

    /// An empty hub that counts in `metrics` and reaches many sockets as it is told; the log says
    /// what was chosen.
    ///
    /// # Errors
    /// `io_uring` was asked for and may not be used here.
    pub fn open(metrics: Metrics, delivery: Delivery) -> io::Result<Self> {
        let delivery = delivery::choose(delivery, &metrics)?;
        Ok(Self::with(metrics, delivery))
    }

    fn with(metrics: Metrics, delivery: Box<dyn Deliver>) -> Self {
        Self(Arc::new(Inner {
            next_id: AtomicU64::new(1),
            audiences: RwLock::default(),
            roll: Roll::default(),
            places: OnceLock::new(),
            metrics,
            delivery,
        }))
    }

    /// Puts the session into the lobby and out of the one it was in. A session that is gone stays
    /// out.
    pub fn join(&self, session: &Session, lobby: LobbyId) {
        let mut audiences = self.0.audiences.write();
        if !audiences.sessions.contains_key(&session.id()) {
            return;
        }
        if let Some(before) = session.lobby().filter(|before| *before != lobby) {
            audiences.revise(session, before, |member| member.has_joined = false);
        }
        session.set_lobby(Some(lobby));
        audiences.revise(session, lobby, |member| member.has_joined = true);
    }

    /// Takes the session out of the lobby it joined; what it follows it goes on following.
    pub fn leave(&self, session: &Session) {
        let mut audiences = self.0.audiences.write();
        if let Some(before) = session.lobby() {
            session.set_lobby(None);
            audiences.revise(session, before, |member| member.has_joined = false);
        }
    }

    /// From now on the session hears what concerns its player in the lobby, joined or not.
    pub fn follow(&self, session: &Session, lobby: LobbyId) {
        let mut audiences = self.0.audiences.write();
        let Some(seen) = audiences.sessions.get_mut(&session.id()) else { return };
        seen.followed.retain(|followed| *followed != lobby);
        seen.followed.push(lobby);
        let oldest = (seen.followed.len() > FOLLOWED_MAX).then(|| seen.followed.remove(0));
        if let Some(oldest) = oldest {
            audiences.revise(session, oldest, |member| member.follows = false);
        }
        audiences.revise(session, lobby, |member| member.follows = true);
    }

    /// Sends to everyone who joined the lobby. How many that were.
    pub fn broadcast(&self, lobby: LobbyId, event: &Encoded) -> usize {
        let audiences = self.0.audiences.read();
        let members = audiences.by_lobby.get(&lobby).into_iter().flat_map(HashMap::values);
        let joined = members.filter(|member| member.has_joined);
        self.0.delivery.deliver(event, &mut joined.map(|member| &member.session))
    }

    /// Sends to the player's own sockets that joined or follow the lobby. How many that were.
    pub fn to_player(&self, lobby: LobbyId, player: PlayerId, event: &Encoded) -> usize {
        // By the player and not by the lobby: the end of a crowded round tells each one of it.
        let own = self.0.roll.sessions(player);
        let audiences = self.0.audiences.read();
        let Some(members) = audiences.by_lobby.get(&lobby) else { return 0 };
        let here = own.iter().filter(|session| members.contains_key(&session.id()));
        here.filter(|session| session.send_encoded(event)).count()
    }

    /// The player's sockets, wherever they are.
    #[must_use]
    pub fn sessions_of(&self, player: PlayerId) -> Vec<Session> {
        self.0.roll.sessions(player)
    }

    /// Sends to all of the player's sockets, wherever they are. How many that were.
    pub fn to_player_anywhere(&self, player: PlayerId, event: &Encoded) -> usize {
        let own = self.0.roll.sessions(player);
        own.iter().filter(|session| session.send_encoded(event)).count()
    }

    /// Closes those of the player's sockets that `is_meant` says. How many that were.
    pub fn close_player(
        &self,
        player: PlayerId,
        code: CloseCode,
        is_meant: impl Fn(&Session) -> bool,
    ) -> usize {
        let mut own = self.0.roll.sessions(player);
        own.retain(is_meant);
        for session in &own {
            session.close(code);
        }
        own.len()
    }

    /// Encodes once and sends to everyone who joined the lobby. How many that were.
    #[expect(clippy::must_use_candidate, reason = "the count is a by-product of telling")]
    pub fn tell(&self, lobby: LobbyId, event: &ServerEvent) -> usize {
        self.broadcast(lobby, &Encoded::from(event))
    }

    /// Whether nobody is in the lobby, so that listening to it may end.
    #[must_use]
    pub fn is_empty(&self, lobby: LobbyId) -> bool {
        !self.0.audiences.read().by_lobby.contains_key(&lobby)
    }

    /// Sessions now.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.0.audiences.read().sessions.len()
    }

    /// Closes every socket, as before a restart.
    pub fn close_all(&self, code: CloseCode) {
        let all = self.0.audiences.read();
        let sessions: Vec<Session> =
            all.sessions.values().map(|seen| seen.session.clone()).collect();
        drop(all);
        for session in &sessions {
            session.close(code);
        }
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// What a new session is born with.
    pub(crate) fn birth(
        &self,
        dialect: Dialect,
        peer: Option<IpAddr>,
        token: Option<Sealed<String>>,
    ) -> Birth {
        let id = SessionId(self.0.next_id.fetch_add(1, Ordering::Relaxed));
        Birth { id, dialect, peer, token, roll: self.0.roll.clone() }
    }

    /// The places of all sockets of this process, as the first transport's limits have them.
    pub(crate) fn places(&self, config: &Config) -> Places {
        let places = || Places::new(config.sockets_max, config.sockets_per_address_max);
        self.0.places.get_or_init(places).clone()
    }

    /// The session is there.
    pub(crate) fn enter(&self, session: &Session) {
        let seen = Seen { session: session.clone(), followed: Vec::new() };
        if self.0.audiences.write().sessions.insert(session.id(), seen).is_none() {
            self.0.metrics.sockets.get_or_create(&Dialects::of(session.dialect())).inc();
        }
    }

    /// The session is gone, out of every room.
    pub(crate) fn exit(&self, session: &Session) {
        let mut audiences = self.0.audiences.write();
        let Some(seen) = audiences.sessions.remove(&session.id()) else { return };
        for lobby in seen.followed.into_iter().chain(session.lobby()) {
            audiences.revise(session, lobby, |member| {
                (member.has_joined, member.follows) = (false, false);
            });
        }
        drop(audiences);
        session.leave_roll();
        self.0.metrics.sockets.get_or_create(&Dialects::of(session.dialect())).dec();
    }
}

impl Audiences {
    /// Changes how the session is in the lobby; whoever is there in no way is not kept, nor is an
    /// empty room.
    fn revise(&mut self, session: &Session, lobby: LobbyId, change: impl FnOnce(&mut Member)) {
        let room = self.by_lobby.entry(lobby).or_default();
        let newcomer = || Member { session: session.clone(), has_joined: false, follows: false };
        let member = room.entry(session.id()).or_insert_with(newcomer);
        change(member);
        if !member.has_joined && !member.follows {
            room.remove(&session.id());
        }
        if room.is_empty() {
            self.by_lobby.remove(&lobby);
        }
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Hub").field("sessions", &self.sessions()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
