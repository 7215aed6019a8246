//! The shell every role stands in: clock, randomness, stores, HTTP, configuration, operation.
//!
//! Only this crate reads clocks, draws randomness and looks at the environment.

pub mod clock;
pub mod data_dir;
pub mod random;
pub mod sqlite;
