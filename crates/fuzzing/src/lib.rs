//! What holds for every input a stranger can send, whatever it is: a function a kind of input.
//!
//! Each takes bytes and panics if the promise is broken. libFuzzer calls them from `fuzz/`, which
//! looks for inputs; what it found worth keeping stands in `fuzz/corpus`, and a test of this crate
//! replays all of it.

mod bodies;
mod decimals;
mod json;
mod messages;
mod tokens;

pub use bodies::bodies;
pub use messages::messages;
pub use realtime::fuzzing::{codec, handshake};
pub use tokens::tokens;

/// What judges one input.
pub type Judge = fn(&[u8]);

/// Every target by the name of its corpus.
pub const TARGETS: [(&str, Judge); 5] = [
    ("codec", codec),
    ("handshake", handshake),
    ("messages", messages),
    ("tokens", tokens),
    ("bodies", bodies),
];
