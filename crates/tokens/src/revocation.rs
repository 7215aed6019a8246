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
mod tests {
    use kernel::PlayerId;

    use super::{KEPT_S, Revocations, Revoked};

    fn player(number: u64) -> PlayerId {
        PlayerId::new(number).unwrap()
    }

    #[test]
    fn a_session_ends_alone_and_for_good() {
        let revoked = Revocations::default();
        revoked.add(player(1), 100, Some("laptop"));
        assert!(revoked.cover(player(1), 100, "laptop"));
        assert!(revoked.cover(player(1), 101, "laptop"), "one signed as it ended");
        assert!(!revoked.cover(player(1), 100, "phone"));
    }

    #[test]
    fn all_of_a_player_ends_up_to_a_second() {
        let revoked = Revocations::default();
        revoked.add(player(1), 100, None);
        assert!(revoked.cover(player(1), 100, "laptop") && revoked.cover(player(1), 9, "phone"));
        assert!(!revoked.cover(player(1), 101, "laptop"), "signed in again");
        assert!(!revoked.cover(player(2), 100, "other"));
        revoked.add(player(1), 90, None);
        assert!(revoked.cover(player(1), 100, "laptop"), "an older notice takes nothing back");
    }

    #[test]
    fn what_no_token_outlives_is_forgotten() {
        let revoked = Revocations::default();
        for again in 0..3 {
            revoked.add(player(1), 100, Some("laptop"));
            revoked.add(player(1), 100 + again, None);
        }
        assert_eq!(revoked.len(), 4, "what is known is not kept twice");
        revoked.add(player(2), 102 + KEPT_S, Some("kept"));
        assert!(revoked.cover(player(1), 102, "any"), "the newest of the player is still kept");
        assert!(!revoked.cover(player(2), 0, "laptop"));
        revoked.add(player(2), 103 + KEPT_S, Some("later"));
        assert_eq!(revoked.len(), 2);
        assert!(!revoked.cover(player(1), 102, "any"));
    }

    #[test]
    fn past_the_bound_the_oldest_is_forgotten() {
        let mut revoked = Revoked::default();
        for number in 0..1_000 {
            revoked.add(player(1), 100, Some(&number.to_string()), 10);
        }
        assert_eq!((revoked.order.len(), revoked.sessions.len()), (10, 10));
        assert!(revoked.sessions.contains_key("990") && !revoked.sessions.contains_key("989"));
    }
}
