//! The book of money: accounts, transfers, holds, fences, and the one function that decides.
//!
//! Pure. [`touches`] says which rows a batch may read or change, a store loads them, [`decide`]
//! answers the batch in order against the rows as they change, and the store writes the
//! [`Changes`] and commits once. Rules live here; stores only keep constraints as a second lock.
#![deny(clippy::float_arithmetic)]

mod account;
mod answer;
mod book;
mod changes;
mod command;
mod decide;
mod keys;
mod rows;

pub use account::{Account, Fence, Hold, HoldId, HoldState, Released, Round, RoundState, TopUpDay};
pub use answer::{Answer, Closed, Fenced, FundsRefusal, FundsTaken, Refusal, ResolveAnswer};
pub use changes::{Changes, Kind, Parked, Reason, RequestId, Transfer};
pub use command::{
    Bounds, Close, Command, Funds, FundsChange, OpenFence, Outcome, Release, Reserve, Resolve,
};
pub use decide::decide;
pub use keys::{Keys, touches};
pub use rows::{Rows, TopUp};
