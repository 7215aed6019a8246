//! When clicks came: a cash-out is priced by the instant at which it arrived where the lobby is
//! played, and what came in time is not too late.
//!
//! A climb starts after its lock is stored and is told at once or later, so both bound its start.

use std::collections::BTreeMap;

use contracts::CashOutRequest;
use engine::BetKey;
use kernel::{BetId, LobbyId, Multiplier, PlayerId, RoundId};

use super::Judge;
use super::rounds::Rounds;
use crate::records::Records;

/// How old a click may be when it is judged, in milliseconds.
const LATE_MS: u64 = 100;

/// Clicks of rounds that have no end yet.
#[derive(Default)]
pub(super) struct Clicks(BTreeMap<RoundId, Climb>);

/// What is known of one climb.
#[derive(Clone, Debug, Default)]
struct Climb {
    /// When its lock was first stored, in milliseconds of the world.
    locked_ms: u64,
    came: Vec<Click>,
}

/// One click.
#[derive(Clone, Copy, Debug)]
struct Click {
    player: PlayerId,
    /// Which bet, or all of its player's.
    bet: Option<BetId>,
    /// In milliseconds of the world.
    at_ms: u64,
    /// Whether it was turned away as too late, before it grew old.
    turned_away: bool,
}

impl Judge {
    /// A cash-out arrives where its lobby is played; when.
    pub(crate) fn clicks(&self, cash_out: &CashOutRequest) -> u64 {
        let at_ms = self.0.executor.now_ms();
        if let Some(round) = round_of(cash_out) {
            let CashOutRequest { player, bet, .. } = *cash_out;
            let click = Click { player, bet, at_ms, turned_away: false };
            self.0.clicks.lock().0.entry(round).or_default().came.push(click);
        }
        at_ms
    }

    /// The owner answers that the click of `at_ms` came too late.
    pub(crate) fn turns_away(&self, cash_out: &CashOutRequest, at_ms: u64) {
        let Some(round) = round_of(cash_out) else { return };
        if self.0.executor.now_ms() >= at_ms + LATE_MS {
            return;
        }
        let mut clicks = self.0.clicks.lock();
        let came = clicks.0.get_mut(&round).into_iter().flat_map(|climb| &mut climb.came);
        let meant = (cash_out.player, cash_out.bet, at_ms);
        for click in came.filter(|click| (click.player, click.bet, click.at_ms) == meant) {
            click.turned_away = true;
        }
    }

    /// A lock is stored: its climb starts later.
    pub(super) fn starts_later(&self, round: RoundId) {
        let now_ms = self.0.executor.now_ms();
        let mut clicks = self.0.clicks.lock();
        let climb = clicks.0.entry(round).or_default();
        if climb.locked_ms == 0 {
            climb.locked_ms = now_ms;
        }
    }

    /// A cash-out by click is stored: some click came at its stamp.
    pub(super) fn somebody_clicked(
        &self,
        rounds: &Rounds,
        lobby: LobbyId,
        key: BetKey,
        stamped_ms: u64,
    ) {
        let round = RoundId::new(lobby, key.round);
        let climb = self.0.clicks.lock().0.get(&round).cloned().unwrap_or_default();
        // The least and the most that the climb's age may have been.
        let told_ms = rounds.started.get(&round).copied().unwrap_or(u64::MAX);
        let clicked = climb.came.iter().any(|click| {
            let youngest_ms = click.at_ms.saturating_sub(told_ms);
            let oldest_ms = click.at_ms.saturating_sub(climb.locked_ms);
            (youngest_ms..=oldest_ms).contains(&stamped_ms)
                && click.player == key.player
                && click.bet.is_none_or(|bet| bet == key.bet)
        });
        let excused = rounds.lost.contains(&round);
        self.require(clicked || excused, "a click is priced by its arrival", || {
            format!("{key:?} is stamped {stamped_ms} ms, told at {told_ms}: {climb:?}")
        });
    }

    /// The round was played to its end: nobody was turned away before it.
    pub(super) fn late_is_late(&self, records: &Records, round: RoundId, climb_end: Multiplier) {
        let Some(lobby) = records.lobbies.get(&round.lobby) else { return };
        let end_ms = self.curve(lobby.record.rules.curve).first_ms(climb_end);
        let climb = self.0.clicks.lock().0.get(&round).cloned().unwrap_or_default();
        let in_time = |click: &&Click| {
            click.turned_away && click.at_ms.saturating_sub(climb.locked_ms) < end_ms
        };
        let early = climb.came.iter().find(in_time);
        self.require(early.is_none(), "who came in time is not too late", || {
            format!("round {round}, locked at {}, to {climb_end}: {early:?}", climb.locked_ms)
        });
    }

    /// The round has its end: its clicks are judged.
    pub(super) fn forget_clicks(&self, round: RoundId) {
        self.0.clicks.lock().0.remove(&round);
    }
}

/// Players here always say which round they mean.
fn round_of(cash_out: &CashOutRequest) -> Option<RoundId> {
    cash_out.at.round.map(|number| RoundId::new(cash_out.at.lobby, number))
}
