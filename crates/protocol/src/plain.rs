//! The messages of `waxwing.v1`, our own protocol over plain WebSocket: JSON text frames.
//!
//! What comes in is read strictly: a repeated or unknown field is refused, numbers are read from
//! their text. Every request is answered once, under its own number, by a reply or a refusal.
//! What a lobby tells is [`crate::picture`], as it is on the bus but without `to`.

use kernel::{BetId, LobbyId, Multiplier, Sealed, Stake};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::wire::{WireAmount, WireBetId, WireLobbyId, WireMultiplier, WirePlayerId, WireStake};
use crate::{Code, Problem};

mod catalogue;
mod read;

pub use catalogue::{Catalogue, Listed, catalogue};

/// The subprotocol, as a client names it in `Sec-WebSocket-Protocol`.
pub const SUBPROTOCOL: &str = "waxwing.v1";

/// One message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The client's number, below 2^53; its answer carries it.
    pub id: u64,
    /// What it asks for.
    pub ask: Ask,
}

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// `authenticate`: from now on this socket is the token's player.
    Authenticate {
        /// The token. Nothing has checked it yet.
        token: Sealed<String>,
    },
    /// `join`: from now on this socket follows the lobby.
    Join {
        /// Which.
        lobby: LobbyId,
    },
    /// `leave`: it follows none.
    Leave,
    /// `place_bet`
    PlaceBet {
        /// Where.
        lobby: LobbyId,
        /// In which round.
        round: u32,
        /// Its id, made by the client.
        bet: BetId,
        /// How much.
        stake: Stake,
        /// Where it cashes out by itself.
        auto_cash_out: Option<Multiplier>,
    },
    /// `cancel_bet`
    CancelBet {
        /// Where.
        lobby: LobbyId,
        /// In which round.
        round: u32,
        /// Which.
        bet: BetId,
    },
    /// `cash_out`
    CashOut {
        /// Where.
        lobby: LobbyId,
        /// In which round.
        round: u32,
        /// Which bet; none is all open ones.
        bet: Option<BetId>,
    },
    /// `sync`: a fresh snapshot of the lobby followed.
    Sync,
    /// `ping`: what time it is.
    Ping,
}

/// A message that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The client's number, where it could be read.
    pub id: Option<u64>,
    /// Why.
    pub problem: Problem,
}

/// What a request that succeeded is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To `authenticate`.
    Authenticated(Authenticated),
    /// To `join`; a `snapshot` event follows.
    Joined(Joined),
    /// To `leave`.
    Left,
    /// To `place_bet`.
    BetPlaced(BetPlaced),
    /// To `cancel_bet`.
    BetCancelled(BetCancelled),
    /// To `cash_out`.
    CashedOut(CashedOut),
    /// To `sync`; a `snapshot` event follows.
    Synced(Joined),
    /// To `ping`.
    Pong(Pong),
}

/// The reply to `authenticate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Authenticated {
    /// Who this socket is now.
    pub user_id: WirePlayerId,
    /// The name they play under.
    pub username: String,
    /// Seconds for which the token still places bets.
    pub expires_in: u64,
}

/// The reply to `join` and `sync`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Joined {
    /// The lobby followed.
    pub lobby_id: WireLobbyId,
}

/// The reply to `place_bet`, the same to every sending of the same bet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BetPlaced {
    /// The bet.
    pub bet_id: WireBetId,
    /// The round it is in.
    pub round: u32,
    /// The stake held.
    pub stake: WireStake,
    /// The target asked for, or null.
    pub auto_cash_out: Option<WireMultiplier>,
    /// Where it is paid at the latest: the target, or the lobby's caps.
    pub cap: WireMultiplier,
    /// What could be staked once this stake was held.
    pub balance: WireAmount,
}

/// The reply to `cancel_bet`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BetCancelled {
    /// The bet.
    pub bet_id: WireBetId,
    /// The round it was in.
    pub round: u32,
    /// The stake on its way back.
    pub stake: WireStake,
}

/// The reply to `cash_out`, once stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CashedOut {
    /// What was paid, never empty.
    pub cashed_out: Vec<PaidBet>,
    /// When the cash-out was read, in milliseconds of the climb.
    pub stamped_ms: u64,
}

/// One bet that a `cash_out` paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaidBet {
    /// The bet.
    pub bet_id: WireBetId,
    /// At what.
    pub multiplier: WireMultiplier,
    /// Stake × multiplier.
    pub payout: WireAmount,
}

/// The reply to `ping`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pong {
    /// The server's time in Unix milliseconds; it never steps.
    pub unix_ms: i64,
}

/// `balance`: the player's money moved. It carries the head of the lobby this socket follows, and
/// none where it follows none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BalanceChanged {
    /// What can be staked now.
    pub balance: WireAmount,
    /// What stands on open bets.
    pub held: WireAmount,
    /// The currency of both.
    pub currency: String,
}

/// Where an event happened: what every event of a lobby carries after its `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Head {
    /// The lobby.
    pub lobby_id: WireLobbyId,
    /// The owner's fencing number; a higher one starts a new sequence.
    pub epoch: u64,
    /// Counts up by one within an epoch; an event for one player repeats the last.
    pub seq: u64,
    /// The round.
    pub round: u32,
}

/// A reply as it goes out.
#[derive(Serialize)]
struct Reply<'a, T: Serialize> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: u64,
    #[serde(flatten)]
    body: &'a T,
}

/// A refusal as it goes out.
#[derive(Serialize)]
struct Refusal<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: Option<u64>,
    code: Code,
    detail: &'a str,
}

/// An event that no picture is.
#[derive(Serialize)]
struct Event<'a, T: Serialize> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    head: Option<Head>,
    #[serde(flatten)]
    body: &'a T,
}

/// A body without fields.
#[derive(Serialize)]
struct Nothing {}

impl Ask {
    /// The message's `type`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Authenticate { .. } => "authenticate",
            Self::Join { .. } => "join",
            Self::Leave => "leave",
            Self::PlaceBet { .. } => "place_bet",
            Self::CancelBet { .. } => "cancel_bet",
            Self::CashOut { .. } => "cash_out",
            Self::Sync => "sync",
            Self::Ping => "ping",
        }
    }
}

impl Refused {
    /// Refuses the message numbered `id`.
    #[must_use]
    pub const fn new(id: Option<u64>, problem: Problem) -> Self {
        Self { id, problem }
    }

    /// The frame's text.
    #[must_use]
    pub fn json(&self) -> String {
        let Problem { code, detail } = &self.problem;
        text_of(&Refusal { kind: "refused", id: self.id, code: *code, detail })
    }
}

impl Answer {
    /// The frame's text, in answer to the request numbered `id`.
    #[must_use]
    pub fn json(&self, id: u64) -> String {
        match self {
            Self::Authenticated(body) => reply(id, body),
            Self::Joined(body) | Self::Synced(body) => reply(id, body),
            Self::Left => reply(id, &Nothing {}),
            Self::BetPlaced(body) => reply(id, body),
            Self::BetCancelled(body) => reply(id, body),
            Self::CashedOut(body) => reply(id, body),
            Self::Pong(body) => reply(id, body),
        }
    }
}

impl BalanceChanged {
    /// The frame's text, for a socket that follows the lobby of `head`.
    #[must_use]
    pub fn json(&self, head: Option<Head>) -> String {
        text_of(&Event { kind: "balance", head, body: self })
    }
}

fn reply(id: u64, body: &impl Serialize) -> String {
    text_of(&Reply { kind: "reply", id, body })
}

/// JSON of something that has no way to fail: string keys and finite numbers only.
fn text_of(message: &impl Serialize) -> String {
    serde_json::to_string(message).unwrap_or_default()
}

#[cfg(test)]
mod tests;
