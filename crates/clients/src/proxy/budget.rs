//! How many calls may be sent again: a share of those that come, and a few in any case.

use std::sync::atomic::{AtomicU32, Ordering};

/// What one call earns, and what one sending more costs: a tenth of all calls.
const EARNED: u32 = 1;
const COST: u32 = 10;
/// What may be saved up: a hundred sendings.
const MOST: u32 = 100 * COST;

/// What is saved up. Full at the start.
#[derive(Debug)]
pub(super) struct Budget(AtomicU32);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU32::new(MOST))
    }
}

impl Budget {
    /// A call came.
    pub(super) fn earn(&self) {
        let more = |saved: u32| Some((saved + EARNED).min(MOST));
        let _always = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    /// Whether [`Self::spend`] would allow it now.
    pub(super) fn is_left(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= COST
    }

    /// Whether a call may be sent once more.
    pub(super) fn spend(&self) -> bool {
        let less = |saved: u32| saved.checked_sub(COST);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, COST, MOST};

    #[test]
    fn where_all_fail_a_tenth_is_sent_again_once_the_savings_are_spent() {
        let budget = Budget::default();
        assert!(budget.is_left());
        let spent = (0..10_000).filter(|_| budget.spend()).count();
        assert_eq!(spent, (MOST / COST) as usize);
        assert!(!budget.is_left());
        let again = (0..1_000).filter(|_| {
            budget.earn();
            budget.spend()
        });
        assert_eq!(again.count(), 100);
    }
}
