//! What clients wrote down: one JSON object a line, in the order in which answers came.
//!
//! ```json
//! {"who":7,"asked_ms":10,"at_ms":12,"saw":{"bet":{
//!   "sent":{"lobby":4,"round":17,"bet":"018f…","stake":"10.00","target":"1.50"},
//!   "answer":{"taken":{"bet":"018f…","lobby":4,"round":17,"stake":"10","target":"1.5"}}}}}
//! {"who":7,"asked_ms":13,"at_ms":90,"saw":{"cash_out":{
//!   "sent":{"lobby":4,"bet":null},"answer":"nothing"}}}
//! {"who":0,"asked_ms":95,"at_ms":95,"saw":{"round":{"lobby":4,"round":17,"event":{"crashed":{
//!   "crash_point":"1.37","multiplier":"1.37"}}}}}
//! ```
//!
//! `who` is the player's id, 0 for a watcher. Times are milliseconds of one clock of the clients;
//! only their order counts. What was asked and never answered is a line too, with the answer
//! `nothing`: it may or may not have happened. Decimals are texts or numbers. A player who stands
//! in a log has all of his bets there, asked and answered.

use serde::{Deserialize, Serialize};

use crate::decimal::Decimal;
use crate::hex::{BetId, Hex};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Who: a player's id, 0 for a watcher.
    pub who: i64,
    /// When it was asked, or when it was seen by who asked nothing.
    pub asked_ms: u64,
    /// When the answer came, or the asker gave up.
    pub at_ms: u64,
    /// What.
    pub saw: Entry,
}

/// What was asked and answered, or told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A bet.
    Bet {
        /// What was sent.
        sent: BetSent,
        /// What came back.
        answer: Answer<BetTaken>,
    },
    /// A bet taken back before the lock.
    Cancel {
        /// Which bet.
        sent: BetNamed,
        /// What came back.
        answer: Answer<BetNamed>,
    },
    /// A click.
    CashOut {
        /// What was sent.
        sent: CashOutSent,
        /// What came back: what was paid.
        answer: Answer<Vec<Paid>>,
    },
    /// Money added, or taken out where it is negative.
    TopUp {
        /// The request's name: sent again with it, it is the same top-up.
        key: String,
        /// How much.
        amount: Decimal,
        /// What came back.
        answer: Answer<()>,
    },
    /// What could be staked, as the player was shown it.
    Balance {
        /// What can be staked.
        balance: Decimal,
    },
    /// How a bet ended, as the player was told.
    Result(Told),
    /// What everybody was shown of a round.
    Round(Shown),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer<T> {
    /// It was done.
    Taken(T),
    /// It was not done, for the reason with this code.
    Refused(String),
    /// No answer came: it was done wholly or not at all.
    Nothing,
}

/// A bet as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BetSent {
    /// Where.
    pub lobby: i64,
    /// In which round, if the client named one.
    pub round: Option<i64>,
    /// Its name, if the client gave one.
    pub bet: Option<BetId>,
    /// How much.
    pub stake: Decimal,
    /// Where it shall cash out by itself.
    pub target: Option<Decimal>,
}

/// A bet as it was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BetTaken {
    /// Its name.
    pub bet: BetId,
    /// Where.
    pub lobby: i64,
    /// In which round.
    pub round: i64,
    /// How much.
    pub stake: Decimal,
    /// Where it cashes out by itself.
    pub target: Option<Decimal>,
    /// Where it is paid at the latest, if that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Decimal>,
    /// What could be staked once the stake was held, if that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<Decimal>,
}

/// A bet by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BetNamed {
    /// Where.
    pub lobby: i64,
    /// In which round.
    pub round: i64,
    /// Which.
    pub bet: BetId,
}

/// A click as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashOutSent {
    /// Where.
    pub lobby: i64,
    /// Which bet; none is all open ones.
    pub bet: Option<BetId>,
}

/// What a click paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paid {
    /// Which bet.
    pub bet: BetId,
    /// At what.
    pub multiplier: Decimal,
    /// How much, gross.
    pub payout: Decimal,
}

/// A bet's end as its player was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Where.
    pub lobby: i64,
    /// In which round.
    pub round: i64,
    /// Which bet.
    pub bet: BetId,
    /// How it ended.
    pub end: End,
}

/// How a bet ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Paid.
    Won {
        /// At what.
        multiplier: Decimal,
        /// How much, gross.
        payout: Decimal,
    },
    /// The crash came first.
    Lost,
    /// The stake goes back.
    Released,
}

/// Something that everybody was shown of a round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Where.
    pub lobby: i64,
    /// Of which round.
    pub round: i64,
    /// What.
    pub event: RoundEvent,
}

/// What happened in a round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundEvent {
    /// Bets are taken under this promise.
    Opened {
        /// Which of the lobby's chains.
        chain: i64,
        /// The chain's promised end.
        terminal: Hex<32>,
        /// The seed the round will use.
        seed_index: i64,
    },
    /// The accepted set is fixed.
    Locked {
        /// Bets in it.
        count: i64,
        /// What they staked.
        sum: Decimal,
        /// The hash over them.
        bets_hash: Hex<32>,
    },
    /// The climb began.
    Started,
    /// The climb stood here.
    Climbed {
        /// Where.
        multiplier: Decimal,
    },
    /// The climb is over.
    Crashed {
        /// The seed's own crash point.
        crash_point: Decimal,
        /// Where the climb ended, if that was told.
        multiplier: Option<Decimal>,
    },
    /// The round is decided.
    Settled {
        /// The revealed seed.
        seed: Hex<32>,
        /// The public seed.
        public_seed: String,
        /// What was paid out, gross.
        payout_sum: Decimal,
    },
    /// It ended before its lock.
    Voided,
    /// It was stopped. First without anything, then with what was stored.
    Interrupted {
        /// Where.
        multiplier: Option<Decimal>,
        /// The revealed seed.
        seed: Option<Hex<32>>,
    },
}
