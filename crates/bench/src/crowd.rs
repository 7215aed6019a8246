//! A crowd on real sockets of the real program: what bets and cash-outs take while many come in.
//!
//! Open loop: what is due at an instant counts from there, whatever became of what came before it,
//! so that a server that stalls is charged for everybody who had to wait. The crowd and the server
//! share this machine's cores; what each of them used is shown.

pub(crate) mod answers;
pub(crate) mod bets;
pub(crate) mod bursts;
mod call;
pub(crate) mod cash_outs;
pub(crate) mod cpu;
pub(crate) mod proxied;
mod seats;
mod socket;
mod venue;
pub(crate) mod watching;
mod window;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use platform::clock::Stopwatch;

use answers::Answers;
use window::Windows;

/// Everything that readers and those who send share.
struct Crowd {
    watch: Stopwatch,
    windows: Windows,
    answers: Answers,
    /// Texts that all sockets were sent.
    heard: AtomicU64,
}

impl Crowd {
    /// Of so many players in each of `lobbies`, who wait for at most so many answers.
    fn of(lobbies: &[u64], seats: u32, answers: u32) -> Arc<Self> {
        Arc::new(Self {
            watch: Stopwatch::start(),
            windows: Windows::new(lobbies, seats),
            answers: Answers::of(answers),
            heard: AtomicU64::new(0),
        })
    }
}

/// The text of a bet of 1; `number` names it and its answer.
fn bet_text(number: u32, lobby: u64, round: u32) -> String {
    let bet = bet_id(number);
    format!(r#"{{"type":"place_bet","id":{number},"lobby_id":{lobby},"round":{round},"#)
        + &format!(r#""bet_id":"{bet}","stake":"1"}}"#)
}

/// Ids grow with time, as those that clients make.
fn bet_id(number: u32) -> String {
    format!("018f3c5e-0000-7000-8000-{number:012x}")
}
