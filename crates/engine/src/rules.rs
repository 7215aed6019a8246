//! How one lobby is played. Immutable for the life of a [`crate::Lobby`].

use kernel::{Amount, Curve, Multiplier, Stake};

/// When rounds follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One round after another, played or not.
    Continuous,
    /// A countdown begins with the first accepted bet; the lobby rests otherwise.
    OnFirstBet,
}

/// The rules of a lobby. All times are in milliseconds.
#[derive(Clone, Debug)]
pub struct Rules {
    /// When rounds begin.
    pub mode: Mode,
    /// The climb.
    pub curve: Curve,
    /// How long bets are taken.
    pub betting_ms: u64,
    /// How long a finished round is shown before the next opens.
    pub pause_ms: u64,
    /// How far ahead of its lock record a climb starts.
    pub start_lead_ms: u64,
    /// How old a cash-out's stamp may be, and how long after the crash bets are decided.
    pub late_ms: u64,
    /// The grid of ticks.
    pub tick_ms: u64,
    /// How often the climb is stored.
    pub heartbeat_ms: u64,
    /// How long a climb may run past its last durable heartbeat.
    pub stall_ms: u64,
    /// How late a wake-up may come during a climb.
    pub wake_late_ms: u64,
    /// Where every climb ends at the latest.
    pub multiplier_max: Multiplier,
    /// The most that one bet may be paid.
    pub payout_max: Amount,
    /// The least stake.
    pub stake_min: Stake,
    /// The highest stake.
    pub stake_max: Stake,
    /// How many bets a player may have in a round.
    pub bets_per_player: u32,
    /// How many rounds may be unclosed at the wallet.
    pub unclosed_max: usize,
    /// The part of a round's room that one player's bets may hold, in basis points.
    pub room_per_player_bps: u32,
}

impl Rules {
    /// The default rules for a continuous lobby on `curve`.
    #[must_use]
    pub fn standard(curve: Curve) -> Self {
        let limit = curve.kind().multiplier_limit();
        Self {
            mode: Mode::Continuous,
            curve,
            betting_ms: 6_000,
            pause_ms: 3_000,
            start_lead_ms: 200,
            late_ms: 100,
            tick_ms: 50,
            heartbeat_ms: 250,
            stall_ms: 1_000,
            wake_late_ms: 500,
            multiplier_max: limit.min(Multiplier::saturating_from_centi(100_000)),
            payout_max: Amount::from_whole(100_000),
            stake_min: Stake::MIN,
            stake_max: Stake::from_whole(10_000),
            bets_per_player: 2,
            unclosed_max: 3,
            room_per_player_bps: 1_000,
        }
    }

    /// Where a bet of `stake` with this target is paid at the latest.
    ///
    /// `None` if the most that a bet may be paid is below 1.01 times the stake.
    #[must_use]
    pub fn cap(&self, stake: Stake, auto_cash_out: Option<Multiplier>) -> Option<Multiplier> {
        let by_payout = self.payout_max.units() / i64::from(stake.steps());
        let by_payout = Multiplier::saturating_from_centi(u128::try_from(by_payout).unwrap_or(0));
        let cap = auto_cash_out.unwrap_or(self.multiplier_max);
        let cap = cap.min(self.multiplier_max).min(by_payout);
        (cap >= Multiplier::CASH_OUT_MIN).then_some(cap)
    }
}
