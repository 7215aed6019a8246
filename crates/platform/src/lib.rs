//! The shell every role stands in: clock, randomness, stores, HTTP, configuration, operation.
//!
//! Only this crate reads clocks, draws randomness and looks at the environment.

pub mod clock;
pub mod config;
pub mod data_dir;
pub mod failpoint;
pub mod fetch;
pub mod health;
pub mod http;
pub mod metrics;
pub mod ops;
pub mod planted;
pub mod postgres;
pub mod random;
pub mod shutdown;
pub mod sqlite;
pub mod tasks;
pub mod telemetry;
pub mod traces;
