//! Starting, calling, killing and reading a real server.

pub(crate) mod databases;
pub(crate) mod fleet;
pub(crate) mod http;
pub(crate) mod numbers;
pub(crate) mod place;
pub(crate) mod process;
pub(crate) mod random;
pub(crate) mod server;
pub(crate) mod settings;
pub(crate) mod shared;
pub(crate) mod time;

pub(crate) use http::{Answer, Caller, Player};
pub(crate) use place::Place;
pub(crate) use random::Random;
pub(crate) use server::Server;
