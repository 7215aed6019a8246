//! What leaves a lobby: what must be stored, and what may be told.

use kernel::{Amount, Multiplier, Timestamp};

use crate::{Bet, BetKey, Outcome};

/// One output, in the order in which things happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Make this durable and answer with the command that its comment names.
    Store(Write),
    /// This happened and, where it had to be, is stored: tell whom it concerns.
    Tell(Notice),
}

/// What must be made durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// The round's row. Answer: `RoundStored`.
    Round { round: u32 },
    /// Reserve the stake at the wallet, then write the bet's row. Answer: `BetStored` once
    /// both are durable, or `BetRefused` (and, if the stake may be held, release it).
    Bet(Bet),
    /// Mark the bet cancelled and queue its release. Answer: `CancelStored`.
    Cancel(BetKey),
    /// The bet missed the lock: mark it released, if it has a row, and queue its release.
    /// No answer.
    Release(BetKey),
    /// The lock record: exactly these bets are in the round, and it starts at `start_at`. Sent
    /// again with a later start if the answer came after it. Answer: `LockStored`.
    Lock { round: u32, bets: Vec<BetKey>, totals: Totals, start_at: Timestamp },
    /// How far the climb has come. Answer: `HeartbeatStored`.
    Heartbeat { round: u32, multiplier: Multiplier },
    /// A cash-out, and its resolve queued. Answer: `CashOutStored`.
    CashOut(CashOut),
    /// The climb is over. Answer: `CrashStored`.
    Crash { round: u32, crash_point: Multiplier, multiplier: Multiplier },
    /// These bets are lost, their resolves and the round's close queued. Answer: `OutcomeStored`.
    Outcome { round: u32, lost: Vec<BetKey>, totals: Totals },
    /// Nobody asked for a bet in this open round: it never was. No answer.
    Forget { round: u32 },
    /// The round ends without having been locked: all its bets are released by its close, queued
    /// with a count of 0. Answer: `VoidStored`.
    Void { round: u32, reason: Reason },
    /// A locked round was stopped: every open bet ends like this, resolves and close queued.
    /// Answer: `InterruptionStored`.
    Interruption {
        round: u32,
        /// `None` where the climb turned out to be over: the round is settled as it was played.
        reason: Option<Reason>,
        /// `m_d`, or the end of a climb that was over, or `None` where nothing durable was shown
        /// and all stakes go back.
        multiplier: Option<Multiplier>,
        settlements: Vec<Settlement>,
        totals: Totals,
    },
}

/// What may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Bets are taken. Told again when a countdown begins or is cleared.
    BettingOpened { round: u32, closes_at: Option<Timestamp> },
    /// The bet is in the round.
    BetAccepted(Bet),
    /// The bet is not in the round.
    BetRefused { key: BetKey, rejection: crate::Rejection },
    /// The bet is out of the round, the stake on its way back.
    BetCancelled(Bet),
    /// The accepted set is fixed.
    RoundLocked { round: u32, totals: Totals },
    /// The climb begins.
    RoundStarted { round: u32, start_at: Timestamp },
    /// The climb, on a fixed grid.
    Ticked { round: u32, elapsed_ms: u64, multiplier: Multiplier },
    /// A cash-out of these bets was taken; `CashedOut` follows for each. Not to be shown.
    CashOutTaken { player: kernel::PlayerId, bets: Vec<BetKey> },
    /// The bet is paid. Also repeated for a player who asks again.
    CashedOut(CashOut),
    /// The climb is over.
    Crashed { round: u32, crash_point: Multiplier, multiplier: Multiplier, elapsed_ms: u64 },
    /// The round is decided: these bets are lost, and its seed may be shown.
    Settled { round: u32, lost: Vec<Bet>, totals: Totals },
    /// The round ended before its lock; every stake goes back.
    Voided { round: u32, reason: Reason },
    /// The climb was stopped. How it ends is told by `InterruptionSettled`, or by `Crashed` and
    /// `Settled` where it turned out to be over.
    Interrupted { round: u32, reason: Reason },
    /// How a stopped round ended.
    InterruptionSettled {
        round: u32,
        reason: Reason,
        multiplier: Option<Multiplier>,
        settlements: Vec<Settlement>,
        totals: Totals,
        /// What would have been paid, gross, had the round run to its end.
        would_have_paid: Amount,
    },
    /// The lobby plays no more rounds in this process.
    Stopped,
}

/// One bet's cash-out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashOut {
    /// Whose, in which round.
    pub key: BetKey,
    /// The stake that was risked.
    pub stake: kernel::Stake,
    /// At what.
    pub multiplier: Multiplier,
    /// Stake × multiplier.
    pub payout: Amount,
    /// When, in milliseconds of the climb: the stamp, or the target's instant.
    pub stamped_ms: u64,
    /// Whether the bet's cap paid it, not a click.
    pub auto: bool,
}

/// How one bet of a stopped round ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The bet.
    pub key: BetKey,
    /// Its end.
    pub outcome: Outcome,
}

/// Sums of a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Bets in the accepted set.
    pub count: u32,
    /// What they staked.
    pub stake_sum: Amount,
    /// What was paid out, gross; zero before the end.
    pub payout_sum: Amount,
}

/// Why a round did not end by its crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nobody plays: the lobby rests.
    Quiet,
    /// The process stops.
    Shutdown,
    /// The owner or its store stood still too long.
    Stalled,
    /// An earlier owner died.
    OwnerLost,
}
