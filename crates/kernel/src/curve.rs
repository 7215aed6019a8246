//! The climb: which multiplier stands at which millisecond, from integer steps alone.
//!
//! Every machine and the page compute the same table; `fixtures/curve.json` holds the proof.

use std::sync::Arc;

use crate::Multiplier;

/// One in Q64.64.
const ONE: u128 = 1 << 64;

/// floor((e^0.00006 − 1) · 2^64): what the exponential curve grows by in a millisecond, in Q0.64.
///
/// e^(0.00006·ms) is the published curve of bustabit v1 (`server/lib.js`): 2x after 11.55 s.
const STEP_FRACTION: u128 = 1_106_837_849_225_998;

/// How long the linear curve, the original's, takes for 0.01x, in milliseconds.
const LINEAR_STEP_MS: u64 = 50;

/// The names of the curves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CurveKind {
    /// e^(0.00006·ms), floored to hundredths.
    Exponential,
    /// 0.01x every 50 ms.
    Linear,
}

/// The climb of a round: a multiplier for each millisecond. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Curve(Shape);

/// Each kind with what it needs to answer.
#[derive(Clone, Debug)]
enum Shape {
    /// `first_ms[i]` is the first millisecond at which 1.00x + i hundredths is reached.
    Exponential {
        first_ms: Arc<[u32]>,
    },
    Linear,
}

impl CurveKind {
    /// The highest multiplier a round on this curve may climb to: 10,000.00x or 100.00x.
    #[must_use]
    pub const fn multiplier_limit(self) -> Multiplier {
        Multiplier::saturating_from_centi(match self {
            Self::Exponential => 1_000_000,
            Self::Linear => 10_000,
        })
    }
}

impl Curve {
    /// The exponential curve. Fills a table of 4 MB: make it once and clone it.
    #[must_use]
    pub fn exponential() -> Self {
        let limit = CurveKind::Exponential.multiplier_limit().centi();
        let mut first_ms = Vec::with_capacity((limit - Multiplier::ONE.centi() + 1) as usize);
        let mut growth = ONE;
        let mut next_centi = u128::from(Multiplier::ONE.centi());
        for ms in 0_u32.. {
            let reached = (growth * 100) >> 64;
            while next_centi <= reached && next_centi <= u128::from(limit) {
                first_ms.push(ms);
                next_centi += 1;
            }
            if next_centi > u128::from(limit) {
                break;
            }
            // Below 2^78 times below 2^50: the product fits, and what is cut off is under 2^-64.
            growth += (growth * STEP_FRACTION) >> 64;
        }
        Self(Shape::Exponential { first_ms: first_ms.into() })
    }

    /// The linear curve.
    #[must_use]
    pub const fn linear() -> Self {
        Self(Shape::Linear)
    }

    /// Which curve it is.
    #[must_use]
    pub const fn kind(&self) -> CurveKind {
        match self.0 {
            Shape::Exponential { .. } => CurveKind::Exponential,
            Shape::Linear => CurveKind::Linear,
        }
    }

    /// The first millisecond of the climb at which `multiplier` is reached.
    ///
    /// What lies above the curve's limit is reached one millisecond after the limit, so that a
    /// crash point at the limit has a crash instant too.
    #[must_use]
    pub fn first_ms(&self, multiplier: Multiplier) -> u64 {
        let limit = self.kind().multiplier_limit();
        if multiplier > limit {
            return self.first_ms(limit) + 1;
        }
        let steps = multiplier.centi() - Multiplier::ONE.centi();
        match &self.0 {
            Shape::Exponential { first_ms } => u64::from(first_ms[steps as usize]),
            Shape::Linear => u64::from(steps) * LINEAR_STEP_MS,
        }
    }

    /// The multiplier `elapsed_ms` after the climb began, at most the curve's limit.
    #[must_use]
    pub fn multiplier_at(&self, elapsed_ms: u64) -> Multiplier {
        let limit = self.kind().multiplier_limit();
        let steps = match &self.0 {
            Shape::Exponential { first_ms } => {
                first_ms.partition_point(|&ms| u64::from(ms) <= elapsed_ms) as u64 - 1
            }
            Shape::Linear => elapsed_ms / LINEAR_STEP_MS,
        };
        let centi = u128::from(Multiplier::ONE.centi()) + u128::from(steps);
        Multiplier::saturating_from_centi(centi).min(limit)
    }
}

#[cfg(test)]
mod tests;
