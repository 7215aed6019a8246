//! The words every other crate speaks: amounts, multipliers, curves, instants, ids, secrets.
//!
//! Pure: no clock, no randomness, no I/O, and no floats.
#![deny(clippy::float_arithmetic)]

mod curve;
mod decimal;
mod ids;
mod money;
mod multiplier;
pub mod planted;
mod sealed;
mod time;

pub use curve::{Curve, CurveKind};
pub use decimal::{Decimal, DecimalError};
pub use ids::{BetId, Epoch, IdError, LobbyId, PlayerId, RoundId, SeedIndex};
pub use money::{Amount, Stake};
pub use multiplier::Multiplier;
pub use sealed::Sealed;
pub use time::Timestamp;
