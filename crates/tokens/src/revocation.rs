//! Sign-ins that ended before their tokens did.

use std::collections::{HashMap, VecDeque};

use kernel::PlayerId;
use parking_lot::RwLock;

/// How long a revocation is kept, in seconds: no token lives longer than a day, and none cashes
/// out later than a day after its end.
pub const KEPT_S: i64 = 2 * 24 * 60 * 60;

/// Most revocations kept (some 30 MiB). Past them the oldest is forgotten: passwords are hashed
/// too slowly to fill this before its access tokens are over, and then it forbade cash-outs only.
const MOST: usize = 1 << 18;

/// What is revoked now. Bounded, and pruned as new ones come.
#[derive(Debug, Default)]
pub(crate) struct Revocations(RwLock<Revoked>);

#[derive(Debug, Default)]
struct Revoked {
    /// A session never comes back: all of its tokens are worth nothing.
    sessions: HashMap<Box<str>, i64>,
    /// Tokens of a player issued at or before this second are worth nothing.
    players: HashMap<PlayerId, i64>,
    /// All of them with their seconds, as they came.
    order: VecDeque<(Who, i64)>,
}

#[derive(Debug)]
enum Who {
    Session(Box<str>),
    Player(PlayerId),
}

impl Revocations {
    /// Ends a session, or all tokens of `player` issued until `until_s`.
    pub(crate) fn add(&self, player: PlayerId, until_s: i64, session: Option<&str>) {
        self.0.write().add(player, until_s, session, MOST);
    }

    pub(crate) fn cover(&self, player: PlayerId, issued_at_s: i64, session: &str) -> bool {
        let revoked = self.0.read();
        revoked.sessions.contains_key(session)
            || revoked.players.get(&player).is_some_and(|&until_s| issued_at_s <= until_s)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.read().order.len()
    }
}

impl Revoked {
    fn add(&mut self, player: PlayerId, until_s: i64, session: Option<&str>, most: usize) {
        let known = match session {
            Some(session) => self.sessions.contains_key(session),
            None => self.players.get(&player).is_some_and(|&known| known >= until_s),
        };
        if known {
            return;
        }
        let who = match session {
            Some(session) => Who::Session(session.into()),
            None => Who::Player(player),
        };
        match &who {
            Who::Session(session) => self.sessions.insert(session.clone(), until_s),
            Who::Player(player) => self.players.insert(*player, until_s),
        };
        self.order.push_back((who, until_s));
        while self.order.len() > most
            || self
                .order
                .front()
                .is_some_and(|(_, oldest_s)| oldest_s.saturating_add(KEPT_S) < until_s)
        {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        match self.order.pop_front() {
            Some((Who::Session(session), _)) => drop(self.sessions.remove(&session)),
            // Revoked again since, a player waits for its turn further back.
            Some((Who::Player(player), until_s)) if self.players.get(&player) == Some(&until_s) => {
                self.players.remove(&player);
            }
            Some(_) | None => {}
        }
    }
}

#[cfg(test)]
mod tests;
