//! The composition root: what is one process and what is many differs here and nowhere else.

pub mod check;
pub mod cli;
pub mod config;
pub mod credit;
mod discovery;
pub mod internal;
pub mod keys;
pub mod migrate;
pub mod mirror;
pub mod postgres;
pub mod probe;
pub mod roles;
mod schemas;
pub mod settle;
pub mod verify;
