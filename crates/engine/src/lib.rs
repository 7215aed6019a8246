//! The rounds of one lobby as a state machine: commands and instants in, events out.
//!
//! Pure: same inputs, same events. Nothing here waits; what must be stored leaves as
//! [`Event::Store`], and comes back as a command when it is durable. Shown means stored.
#![deny(clippy::float_arithmetic)]

mod bet;
mod command;
mod event;
mod interruption;
mod lobby;
mod rules;

pub use bet::{Bet, BetKey, BetState};
pub use command::{Command, PlaceBet, Rejection};
pub use event::{CashOut, Event, Notice, Reason, Settlement, Totals, Write};
pub use interruption::{
    Interruption, Outcome, StoredBet, StoredRound, decide_interruption, would_have_paid,
};
pub use lobby::{Lobby, Phase, Resume, Unclosed};
pub use rules::{Mode, Rules};
