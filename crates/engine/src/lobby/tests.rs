//! Script tests for every rule of a round; `world` speaks to the lobby, cases are data.

mod bankroll;
mod betting;
mod climb;
mod ending;
#[cfg(feature = "planted")]
mod planted;
mod properties;
mod replay;
mod resting;
pub(crate) mod world;
