//! The wallet: the ledger on a store, behind `contracts::Wallet` and the balance routes.
//!
//! Rules live in `ledger`; here calls are gathered into batches, stored, and answered.

mod batch;
mod config;
mod contract;
mod credit;
mod http;
mod kept;
mod metrics;
mod notices;
mod parked;
mod routes;
mod service;
mod settle;
pub mod store;

pub use config::Config;
pub use credit::{Credit, CreditError, Credited, credit};
pub use metrics::Metrics;
pub use parked::{Matter, ParkedLine, parked};
pub use routes::{openapi, router};
pub use service::{Deps, Service, StartError};
pub use settle::{made_good, settle_parked};
pub use store::SCHEMA;
