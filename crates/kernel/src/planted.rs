//! Mistakes on purpose: the list of bugs that the tests of the whole must be able to catch.
//!
//! Each stands where a developer would have made it, behind [`is`]. Without the feature `planted`
//! that is the constant `false`, and the mistake is not compiled. With it, one bug at a time is
//! switched on, for the process or for one thread.

use crate::{Amount, Multiplier, Stake};

#[cfg(all(feature = "planted", not(debug_assertions)))]
compile_error!("`planted` makes mistakes with money on purpose: it is never part of a release");

/// A mistake, and the rule that it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Bug {
    /// `ledger`: the same hold reserved again moves its stake again.
    NoIdempotency = 1,
    /// `ledger`: a release that comes first leaves nothing, so that its reserve still holds.
    NoTombstone,
    /// `ledger`: an owner whose time is over is obeyed.
    NoEpochFence,
    /// Stores that several owners share: the fence is looked at, not held, so that it may rise
    /// before the commit.
    UnlockedFence,
    /// `game`: a lobby is told that its writes are durable before they are.
    EarlyAcknowledgement,
    /// `engine`: a payout is a product of floats, rounded to hundredths.
    FloatPayout,
    /// `engine`: an auto cash-out pays what the next tick shows, not its target.
    TickRoundedAuto,
    /// `engine`: a cash-out at the crash point itself loses.
    TieLost,
    /// `game` and `ledger`: what an earlier owner cashed out is paid, and its stake goes back too.
    RefundAndPay,
    /// `gateway`: a bet that was not answered is sent again under another id.
    NewIdPerRetry,
    /// `game`: a start voids every round that has no end, whoever plays it.
    SweepVoidsLiveRounds,
    /// `engine`: an interrupted auto cash-out is paid its target wherever the seed would have
    /// reached it, and what the climb had reached otherwise.
    BetterOfBothForAutos,
    /// `game`: a cash-out is priced by the wall clock, at the instant at which it is handled.
    WallClockPricing,
}

impl Bug {
    /// Every bug there is.
    pub const ALL: [Self; 13] = [
        Self::NoIdempotency,
        Self::NoTombstone,
        Self::NoEpochFence,
        Self::UnlockedFence,
        Self::EarlyAcknowledgement,
        Self::FloatPayout,
        Self::TickRoundedAuto,
        Self::TieLost,
        Self::RefundAndPay,
        Self::NewIdPerRetry,
        Self::SweepVoidsLiveRounds,
        Self::BetterOfBothForAutos,
        Self::WallClockPricing,
    ];

    /// Its name, as the environment and reports have it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoIdempotency => "no_idempotency",
            Self::NoTombstone => "no_tombstone",
            Self::NoEpochFence => "no_epoch_fence",
            Self::UnlockedFence => "unlocked_fence",
            Self::EarlyAcknowledgement => "early_acknowledgement",
            Self::FloatPayout => "float_payout",
            Self::TickRoundedAuto => "tick_rounded_auto",
            Self::TieLost => "tie_lost",
            Self::RefundAndPay => "refund_and_pay",
            Self::NewIdPerRetry => "new_id_per_retry",
            Self::SweepVoidsLiveRounds => "sweep_voids_live_rounds",
            Self::BetterOfBothForAutos => "better_of_both_for_autos",
            Self::WallClockPricing => "wall_clock_pricing",
        }
    }

    /// The bug of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bug| bug.as_str() == name)
    }
}

/// Whether the bug is switched on here.
#[cfg(not(feature = "planted"))]
#[inline]
#[must_use]
pub const fn is(_bug: Bug) -> bool {
    false
}

#[cfg(feature = "planted")]
pub use switch::{Planted, is, on_this_thread, plant};

/// A payout as [`Bug::FloatPayout`] has it.
#[expect(clippy::float_arithmetic, clippy::cast_possible_truncation, reason = "the mistake")]
#[must_use]
pub fn float_payout(stake: Stake, multiplier: Multiplier) -> Amount {
    let hundredths = f64::from(stake.steps()) * (f64::from(multiplier.centi()) / 100.0);
    Amount::from_units(hundredths.round() as i64 * 100)
}

#[cfg(feature = "planted")]
mod switch {
    //! What is switched on. The only state in this crate, and in no program that anybody is given.

    use std::cell::Cell;
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::Bug;

    /// The process' bug, 0 for none.
    static EVERYWHERE: AtomicU8 = AtomicU8::new(0);

    thread_local! {
        static HERE: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Switches a bug off again when it is dropped.
    #[derive(Debug)]
    #[must_use = "the bug is gone once this is dropped"]
    pub struct Planted {
        before: Option<Bug>,
    }

    /// Whether the bug is switched on, here or everywhere.
    #[must_use]
    pub fn is(bug: Bug) -> bool {
        HERE.get() == Some(bug) || EVERYWHERE.load(Ordering::Relaxed) == bug as u8
    }

    /// Switches a bug on in the whole process, for as long as it lives; or none.
    pub fn plant(bug: Option<Bug>) {
        EVERYWHERE.store(bug.map_or(0, |bug| bug as u8), Ordering::Relaxed);
    }

    /// Switches a bug on for what this thread does, for as long as the answer is kept.
    pub fn on_this_thread(bug: Bug) -> Planted {
        Planted { before: HERE.replace(Some(bug)) }
    }

    impl Drop for Planted {
        fn drop(&mut self) {
            HERE.set(self.before);
        }
    }
}

#[cfg(test)]
mod tests;
