//! Accepted bets on their way to everyone, gathered: a crowd that bets costs each socket a few
//! frames a second, not one for each bet of anybody.
//!
//! The first after a pause is told at once, with all that came in the same step. Whoever placed a
//! bet is answered without waiting for this.

use engine::BetKey;
use kernel::Timestamp;
use protocol::PictureEvent;
use protocol::picture::BetsAccepted;

use super::Pictures;

/// How long bets gather after some were told, in milliseconds.
const APART_MS: u64 = 250;
/// The most bets in one picture, some 16 KiB.
const MOST: usize = 256;

/// What waits.
#[derive(Default)]
pub(super) struct Gathered {
    /// Of one round: every other picture tells these first.
    keys: Vec<BetKey>,
    /// When some were told last.
    told_at: Option<Timestamp>,
}

impl Gathered {
    pub(super) fn add(&mut self, key: BetKey) {
        self.keys.push(key);
    }

    pub(super) fn clear(&mut self) {
        self.keys.clear();
    }
}

impl Pictures {
    /// When bets that wait are to be told.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        let Gathered { keys, told_at } = &self.gathered;
        let due_at = told_at.map_or(Timestamp::from_ms(0), |told_at| told_at + APART_MS);
        (!keys.is_empty()).then_some(due_at)
    }

    /// Tells the bets that waited long enough.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        if self.next_deadline().is_some_and(|due_at| now >= due_at) {
            self.gathered.told_at = Some(now);
            self.tell_bets();
        }
    }

    /// Tells all bets that wait. One that was taken back meanwhile is not told of.
    pub(crate) fn tell_bets(&mut self) {
        let keys = std::mem::take(&mut self.gathered.keys);
        for some in keys.chunks(MOST) {
            let bets = some.iter().filter_map(|key| self.shown.get(key));
            let bets: Vec<_> = bets.map(|bet| self.seen(bet)).collect();
            if bets.is_empty() {
                continue;
            }
            self.live.next_seq();
            self.send(None, some[0].round, PictureEvent::BetsAccepted(BetsAccepted { bets }));
        }
    }
}
