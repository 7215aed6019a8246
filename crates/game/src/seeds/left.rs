//! How many seeds the lobby has that has the fewest: the number to be alarmed by.

use std::collections::{BTreeSet, HashMap};

use kernel::LobbyId;
use parking_lot::Mutex;
use prometheus_client::metrics::gauge::Gauge;

/// Seeds left, by lobby; shown is the least.
pub(crate) struct SeedsLeft {
    shown: Gauge,
    lobbies: Mutex<Lobbies>,
}

#[derive(Default)]
struct Lobbies {
    left: HashMap<LobbyId, u32>,
    order: BTreeSet<(u32, LobbyId)>,
}

impl SeedsLeft {
    pub(crate) fn new(shown: Gauge) -> Self {
        Self { shown, lobbies: Mutex::default() }
    }

    pub(super) fn note(&self, lobby: LobbyId, left: u32) {
        let mut lobbies = self.lobbies.lock();
        if let Some(before) = lobbies.left.insert(lobby, left) {
            lobbies.order.remove(&(before, lobby));
        }
        lobbies.order.insert((left, lobby));
        self.show(&lobbies);
    }

    pub(super) fn forget(&self, lobby: LobbyId) {
        let mut lobbies = self.lobbies.lock();
        if let Some(before) = lobbies.left.remove(&lobby) {
            lobbies.order.remove(&(before, lobby));
        }
        self.show(&lobbies);
    }

    fn show(&self, lobbies: &Lobbies) {
        let least = lobbies.order.first().map_or(0, |(left, _)| *left);
        self.shown.set(least.into());
    }
}
