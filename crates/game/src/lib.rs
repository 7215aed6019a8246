//! The game role: lobbies, their rounds, their seeds, and what the wallet must be told.

mod config;
mod live;
mod lobbies;
mod lobby_task;
mod metrics;
mod outbound;
mod outbox;
mod pictures;
mod recorder;
mod reserver;
mod seeds;
mod store;
mod takeover;

pub use config::{Config, InvalidConfig};
pub use metrics::Metrics;
