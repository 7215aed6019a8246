//! Which lobby takes a bet now, and whose turn it is there.

use std::sync::{Mutex, PoisonError};

/// A window that closes sooner takes no more: the bet must arrive before it does.
const TO_ARRIVE_S: f64 = 0.5;
/// Bets of a player in a round.
const BETS_EACH: u32 = 2;

/// All lobbies' windows.
pub(super) struct Windows(Mutex<Turns>);

struct Turns {
    lobbies: Vec<Window>,
    seats: u32,
    /// The lobby that was last bet in.
    last: usize,
}

struct Window {
    lobby_id: u64,
    round: u32,
    /// When it closes, in seconds.
    closes_at_s: f64,
    /// Bets placed in it.
    placed: u32,
    /// Whether the lobby climbs.
    climbs: bool,
}

/// A place for one bet.
pub(super) struct Slot {
    /// Counted from 0.
    pub(super) lobby: usize,
    pub(super) lobby_id: u64,
    pub(super) round: u32,
    /// Whose turn it is there, counted from 0.
    pub(super) seat: usize,
}

impl Windows {
    /// Closed ones, of lobbies with `seats` players each.
    pub(super) fn new(lobbies: &[u64], seats: u32) -> Self {
        let closed = |lobby_id: &u64| Window {
            lobby_id: *lobby_id,
            round: 0,
            closes_at_s: 0.0,
            placed: 0,
            climbs: false,
        };
        let lobbies = lobbies.iter().map(closed).collect();
        Self(Mutex::new(Turns { lobbies, seats, last: 0 }))
    }

    /// Betting opened.
    pub(super) fn open(&self, lobby: usize, round: u32, closes_at_s: f64) {
        self.with(|turns| {
            let window = &mut turns.lobbies[lobby];
            (window.round, window.closes_at_s, window.placed) = (round, closes_at_s, 0);
        });
    }

    /// Betting closed.
    pub(super) fn close(&self, lobby: usize) {
        self.with(|turns| turns.lobbies[lobby].closes_at_s = 0.0);
    }

    /// A climb began or ended.
    pub(super) fn climb(&self, lobby: usize, climbs: bool) {
        self.with(|turns| turns.lobbies[lobby].climbs = climbs);
    }

    /// Whether the lobby climbs.
    pub(super) fn climbs(&self, lobby: usize) -> bool {
        self.with(|turns| turns.lobbies[lobby].climbs)
    }

    /// Whether every lobby waits for its first bet.
    pub(super) fn all_wait(&self) -> bool {
        self.with(|turns| turns.lobbies.iter().all(|window| window.closes_at_s.is_infinite()))
    }

    /// The lobby's number, and its round.
    pub(super) fn round(&self, lobby: usize) -> (u64, u32) {
        self.with(|turns| (turns.lobbies[lobby].lobby_id, turns.lobbies[lobby].round))
    }

    /// The next place for a bet, lobby after lobby; none while all are closed or full.
    pub(super) fn next(&self, now_s: f64) -> Option<Slot> {
        self.with(|turns| {
            let count = turns.lobbies.len();
            let full = turns.seats * BETS_EACH;
            let takes = |at: &usize| {
                let window = &turns.lobbies[*at];
                window.closes_at_s >= now_s + TO_ARRIVE_S && window.placed < full
            };
            let lobby = (1..=count).map(|step| (turns.last + step) % count).find(takes)?;
            let seats = turns.seats;
            turns.last = lobby;
            let window = &mut turns.lobbies[lobby];
            let seat = (window.placed % seats) as usize;
            window.placed += 1;
            Some(Slot { lobby, lobby_id: window.lobby_id, round: window.round, seat })
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Turns) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::Windows;

    #[test]
    fn open_windows_take_turns_until_they_are_full_or_nearly_over() {
        let windows = Windows::new(&[7, 9], 2);
        assert!(windows.next(0.0).is_none());
        windows.open(1, 3, 10.0);
        let seats: Vec<_> = (0..5).map(|_| windows.next(1.0).map(|slot| slot.seat)).collect();
        assert_eq!(seats, [Some(0), Some(1), Some(0), Some(1), None], "two bets each");
        windows.open(0, 4, 10.0);
        windows.open(1, 4, 10.0);
        let lobbies: Vec<_> =
            (0..3).filter_map(|_| windows.next(1.0)).map(|s| s.lobby_id).collect();
        assert_eq!(lobbies, [7, 9, 7]);
        assert!(windows.next(9.9).is_none());
        windows.close(0);
        assert_eq!(windows.next(1.0).map(|slot| slot.lobby), Some(1));
    }
}
