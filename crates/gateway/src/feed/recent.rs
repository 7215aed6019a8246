//! What plain sockets were told last, for those who come in while it is told: their snapshot is a
//! little older than what the others know, and this lies between.

use std::collections::VecDeque;

use kernel::PlayerId;
use realtime::Encoded;

/// Events kept. A snapshot takes milliseconds, and so many are not told meanwhile.
const KEPT: usize = 512;

/// Epoch and number.
pub(super) type Place = (u64, u64);

/// The last events, in order.
#[derive(Default)]
pub(super) struct Recent {
    /// Nothing after this place was forgotten.
    floor: Place,
    told: VecDeque<Entry>,
}

struct Entry {
    at: Place,
    /// The only player who may see it, or everyone.
    to: Option<PlayerId>,
    event: Encoded,
}

impl Recent {
    /// Begins at `floor`, with nothing told.
    pub(super) fn begin(&mut self, floor: Place) {
        self.told.clear();
        self.floor = floor;
    }

    /// Keeps an event that was told.
    pub(super) fn keep(&mut self, at: Place, to: Option<PlayerId>, event: &Encoded) {
        if self.told.len() == KEPT
            && let Some(oldest) = self.told.pop_front()
        {
            self.floor = oldest.at;
        }
        self.told.push_back(Entry { at, to, event: event.clone() });
    }

    /// What `player` was told after a snapshot that stands at `place`; none if some of it is
    /// forgotten. What is for one player alone has no number of its own, so that a snapshot may
    /// hold it already: it is told again.
    pub(super) fn since(&self, place: Place, player: Option<PlayerId>) -> Option<Vec<Encoded>> {
        if place < self.floor {
            return None;
        }
        let is_missing = |entry: &&Entry| match entry.to {
            None => entry.at > place,
            to => entry.at >= place && to == player,
        };
        Some(self.told.iter().filter(is_missing).map(|entry| entry.event.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use realtime::{Dialect, Importance};

    use super::*;
    use crate::testing::player;

    fn event() -> Encoded {
        Encoded::plain("{}", Importance::Event)
    }

    fn count(recent: &Recent, place: Place, number: u64) -> Option<usize> {
        recent.since(place, Some(player(number))).map(|events| {
            assert!(events.iter().all(|event| event.speaks(Dialect::Plain)));
            events.len()
        })
    }

    #[test]
    fn who_comes_late_is_told_what_lies_between_and_own_things_in_any_case() {
        let mut recent = Recent::default();
        recent.begin((1, 9));
        recent.keep((1, 10), None, &event());
        recent.keep((1, 10), Some(player(7)), &event());
        recent.keep((1, 11), None, &event());
        assert_eq!(count(&recent, (1, 8), 7), None, "what came before is not known");
        assert_eq!(count(&recent, (1, 9), 7), Some(3));
        assert_eq!(count(&recent, (1, 9), 8), Some(2));
        assert_eq!(count(&recent, (1, 10), 7), Some(2));
        assert_eq!(count(&recent, (1, 11), 7), Some(0));
        assert_eq!(count(&recent, (2, 1), 7), Some(0));
    }

    #[test]
    fn what_is_forgotten_is_not_passed_over() {
        let mut recent = Recent::default();
        recent.begin((1, 0));
        for seq in 1..=600 {
            recent.keep((1, seq), None, &event());
        }
        assert_eq!(count(&recent, (1, 87), 7), None);
        assert_eq!(count(&recent, (1, 88), 7), Some(512));
    }
}
