//! What a batch does to the book: the rows as they stand afterwards, and what is only ever added.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Amount, LobbyId, PlayerId, RoundId};

use crate::{Account, Fence, Hold, HoldId, Outcome, Round, TopUpDay};

/// Sixteen bytes that name a request; made by its sender before the first sending.
pub type RequestId = [u8; 16];

/// The least that must be written for a batch. Each row stands here once, with its last value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Fences as they stand now.
    pub fences: BTreeMap<LobbyId, Fence>,
    /// Tallies as they stand now.
    pub rounds: BTreeMap<RoundId, Round>,
    /// Holds that were not there before the batch.
    pub holds_made: BTreeMap<HoldId, Hold>,
    /// Holds that were there, and were decided.
    pub holds_decided: BTreeMap<HoldId, Hold>,
    /// Tombstones set.
    pub tombstones: BTreeMap<HoldId, RoundId>,
    /// Rounds whose tombstones are no longer needed.
    pub buried: BTreeSet<RoundId>,
    /// Balances as they stand now.
    pub accounts: BTreeMap<Account, Amount>,
    /// What players have on reserved holds now.
    pub held: BTreeMap<PlayerId, Amount>,
    /// Days of top-ups as they stand now.
    pub top_up_days: BTreeMap<PlayerId, TopUpDay>,
    /// Transfers, in order. They are only ever added.
    pub transfers: Vec<Transfer>,
    /// What the wallet could not do and somebody must look at. Adding one again changes nothing.
    pub parked: BTreeSet<Parked>,
}

/// One movement of money. Immutable; (player, reference, kind) names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// From which account to which.
    pub kind: Kind,
    /// The sender's id: the bet's, or the request's; zeros for a lobby's first funding.
    pub reference: RequestId,
    /// Whose money or whose bet; none for a funding.
    pub player: Option<PlayerId>,
    /// The lobby whose house or escrow it touches; none for a top-up or take-out.
    pub lobby: Option<LobbyId>,
    /// The round it was staked in.
    pub round: Option<u32>,
    /// How much; never negative. Zero only for a request that changed nothing.
    pub amount: Amount,
    /// What the player could stake right after it; none where no player's account moved.
    pub balance: Option<Amount>,
}

/// What a transfer is for; says which accounts it joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// cashier → house: once a lobby, and where an operator makes good what the house lacks.
    Funding,
    /// cashier → player.
    TopUp,
    /// player → cashier.
    TakeOut,
    /// player → escrow.
    Stake,
    /// escrow → house: the stake of a bet that was won or lost.
    Collect,
    /// house → player: the gross payout.
    Payout,
    /// escrow → player.
    Release,
}

/// Something refused for good that money may depend on: kept, alarmed, listed by `waxwing check`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parked {
    /// A resolve that could not be done.
    Resolve {
        /// Which hold.
        hold: HoldId,
        /// The round it was said to be played in.
        round: RoundId,
        /// How it was said to end.
        outcome: Outcome,
        /// Why it was not done.
        reason: Reason,
    },
    /// A close that did not agree with the holds resolved.
    Close {
        /// The round.
        round: RoundId,
        /// The lock record's count and sum.
        locked: (u32, Amount),
        /// The wallet's count and sum.
        resolved: (u32, Amount),
    },
}

/// Why a resolve was parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The wallet knows no such hold.
    Unknown,
    /// The hold is of another round.
    OtherRound,
    /// The hold was decided otherwise.
    Decided,
    /// The payout is below zero or beyond any amount.
    BadPayout,
    /// The house cannot pay. The hold stays reserved, and the same resolve sent again is tried
    /// again, as [`crate::Command::Settle`] it is paid: nothing is lost, and the house does not
    /// go below zero.
    HouseShort,
}

impl Transfer {
    /// The account that pays and the account that is paid.
    ///
    /// # Panics
    /// If the transfer lacks the player or lobby that its kind joins; `decide` makes none such.
    #[must_use]
    pub fn accounts(&self) -> (Account, Account) {
        let player = || Account::Player(self.player.expect("the kind joins a player"));
        let house = || Account::House(self.lobby.expect("the kind joins a house"));
        let escrow = || Account::Escrow(self.lobby.expect("the kind joins an escrow"));
        match self.kind {
            Kind::Funding => (Account::Cashier, house()),
            Kind::TopUp => (Account::Cashier, player()),
            Kind::TakeOut => (player(), Account::Cashier),
            Kind::Stake => (player(), escrow()),
            Kind::Collect => (escrow(), house()),
            Kind::Payout => (house(), player()),
            Kind::Release => (escrow(), player()),
        }
    }
}
