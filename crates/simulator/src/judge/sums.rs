//! The judge's own arithmetic, from the design alone: hundredths times steps of 0.01 are units of
//! 0.0001, and nothing is rounded.

use game::store::LobbyRecord;
use kernel::{Amount, BetId, LobbyId, Multiplier, PlayerId, Stake};

use super::Judge;
use crate::records::{BetRow, Records};

/// Stake × multiplier.
pub(super) fn payout(stake: Stake, multiplier: Multiplier) -> Amount {
    Amount::from_units(i64::from(stake.steps()) * i64::from(multiplier.centi()))
}

/// Where a bet is paid at the latest, in hundredths: its target, the end of every climb, or what
/// one bet may be paid.
fn cap_centi(lobby: &LobbyRecord, stake: Stake, auto_cash_out: Option<Multiplier>) -> i64 {
    let highest = i64::from(lobby.rules.multiplier_max.centi());
    let target = auto_cash_out.map_or(highest, |target| i64::from(target.centi()));
    let affordable = lobby.rules.payout_max.units() / i64::from(stake.steps());
    target.min(highest).min(affordable)
}

impl Judge {
    /// A bet is stored as its player asked for it, with the cap that follows.
    pub(super) fn cap_follows(&self, records: &Records, name: (PlayerId, BetId)) {
        let Some(bet) = records.bets.get(&name) else { return };
        let Some(lobby) = records.lobbies.get(&bet.lobby) else { return };
        let asked = self.0.told.lock().bets.get(&name).copied();
        // Whose id nobody knows is judged elsewhere.
        let Some(asked) = asked else { return };
        let cap_centi = cap_centi(&lobby.record, asked.stake, asked.auto_cash_out);
        let same = same(bet, asked.lobby, asked.stake);
        let follows = i64::from(bet.cap.centi()) == cap_centi;
        self.require(same && follows, "a bet is stored as it was asked for", || {
            let (stake, cap) = (bet.stake, bet.cap);
            format!("{name:?}: {asked:?}, cap {cap_centi}, stored {stake} with cap {cap}")
        });
    }
}

fn same(bet: &BetRow, lobby: LobbyId, stake: Stake) -> bool {
    (bet.lobby, bet.stake) == (lobby, stake)
}
