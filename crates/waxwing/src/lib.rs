//! The composition root: what is one process and what is many differs here and nowhere else.

pub mod cli;
pub mod config;
pub mod roles;
pub mod verify;
