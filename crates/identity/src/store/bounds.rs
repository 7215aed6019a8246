//! The instants at which sign-ins are over and forgotten, whichever database keeps them.

use super::Bounds;

/// Sessions cleared away with each new one, more than are made.
pub(super) const CLEARED_AT_ONCE: u32 = 8;

impl Bounds {
    /// When a sign-in is over by itself.
    pub(super) fn over_at_ms(self, created_at_ms: i64, used_at_ms: i64) -> i64 {
        (used_at_ms + self.idle_ms).min(created_at_ms + self.whole_ms)
    }

    /// From when on no token of a sign-in can live.
    pub(super) fn forget_at_ms(self, created_at_ms: i64, used_at_ms: i64) -> i64 {
        self.over_at_ms(created_at_ms, used_at_ms) + self.kept_ms
    }
}
