//! Every byte that leaves a process: HTTP bodies, socket messages, pictures, close codes, problems.
//!
//! Numbers of money are read from their text and written as text; none passes through a float.

pub mod auth;
pub mod chains;
pub mod close;
pub mod code;
pub mod history;
pub mod idempotency;
pub mod internal;
pub mod lobby;
pub mod notice;
pub mod picture;
pub mod plain;
pub mod problem;
pub mod rounds;
pub mod socket_io;
pub mod wallet;
pub mod wire;

pub use code::Code;
pub use picture::{Picture, PictureEvent, Snapshot};
pub use problem::{Problem, ProblemBody};
