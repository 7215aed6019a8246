//! A timing wheel: many deadlines, each put in and found again in constant time.
//!
//! Nothing fires early; what fires is late by less than a slot, plus what its caller adds.

use kernel::Timestamp;

/// How long a slot is, in milliseconds.
pub(crate) const SLOT_MS: u64 = 100;

/// Slots of one turn. A deadline further away than a turn waits for another one.
const SLOTS: u64 = 512;

/// Things and when they are due.
#[derive(Debug)]
pub(crate) struct Wheel<T> {
    slots: Vec<Vec<(u64, T)>>,
    /// Every slot before this one has fired.
    next: u64,
    len: usize,
}

impl<T> Wheel<T> {
    /// An empty wheel that begins at `now`.
    pub(crate) fn new(now: Timestamp) -> Self {
        let slots = (0..SLOTS).map(|_| Vec::new()).collect();
        Self { slots, next: now.as_ms() / SLOT_MS, len: 0 }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Puts `thing` in; it fires once `at` has passed.
    pub(crate) fn insert(&mut self, at: Timestamp, thing: T) {
        let slot = (at.as_ms().div_ceil(SLOT_MS)).max(self.next);
        self.len += 1;
        self.slots[index(slot)].push((slot, thing));
    }

    /// Takes out what is due at `now`, the earlier slot first.
    pub(crate) fn advance(&mut self, now: Timestamp, due: &mut Vec<T>) {
        let end = now.as_ms() / SLOT_MS + 1;
        if end <= self.next {
            return;
        }
        // After a long pause every slot is looked at once, and sorted, instead of once a turn.
        let begin = self.next.max(end.saturating_sub(SLOTS));
        let mut fired = Vec::new();
        for slot in begin..end {
            let slot = &mut self.slots[index(slot)];
            fired.extend(slot.extract_if(.., |(slot, _)| *slot < end));
        }
        fired.sort_by_key(|(slot, _)| *slot);
        self.len -= fired.len();
        self.next = end;
        due.extend(fired.into_iter().map(|(_, thing)| thing));
    }

    /// When to advance it next.
    pub(crate) const fn next_at(&self) -> Timestamp {
        Timestamp::from_ms(self.next * SLOT_MS)
    }
}

fn index(slot: u64) -> usize {
    // The remainder is far below any usize.
    usize::try_from(slot % SLOTS).unwrap_or_default()
}

#[cfg(test)]
mod tests;
