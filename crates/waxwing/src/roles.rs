//! One wiring file a role.

mod apart;
pub mod game;
pub mod gateway;
pub mod up;
pub mod user;
