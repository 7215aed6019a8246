//! The game role: lobbies, their rounds, their seeds, and what the wallet must be told.
//!
//! One task a lobby drives the engine; one task a node reserves, one records, one sends. Shown
//! means stored, and nothing that was acknowledged is forgotten.

mod config;
mod http;
mod live;
mod lobbies;
mod lobby_task;
mod metrics;
mod outbound;
mod outbox;
mod ownership;
mod pictures;
mod recorder;
mod reserver;
mod restore;
mod routes;
mod seeds;
mod service;
mod settle;
pub mod store;
mod takeover;

pub use config::{Config, DrandConfig, MainConfig, PlayersConfig, PublicSeedSource};
pub use metrics::Metrics;
pub use restore::abandon_all_chains;
pub use routes::{openapi, router};
pub use service::{Deps, Service, StartError};
pub use settle::{disagreed, free_exposure};
pub use store::{SCHEMA, StoreError};

#[cfg(test)]
mod testing;
