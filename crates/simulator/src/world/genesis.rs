//! How a world begins: lobbies with rules of their own, players with money.

use engine::Mode;
use game::store::{NewLobby, Visibility};
use kernel::{Amount, CurveKind, LobbyId, Multiplier, PlayerId, Stake};
use ledger::{Bounds, Command, Funds, FundsChange};

use super::{World, purpose};
use crate::book::BookChange;
use crate::dice::Dice;
use crate::records::RecordsChange;

/// How many seeds a chain has: few, so that chains end while a world is looked at.
const CHAIN_LENGTH: (u32, u32) = (12, 60);

impl World {
    /// Founds lobbies and players, before any process runs.
    pub(super) fn begin(&self) {
        let mut dice = Dice::new(self.0.seed, purpose::GENESIS);
        for lobby in &self.0.lobbies {
            let (new, limit) = (Box::new(self.new_lobby(*lobby, &mut dice)), u32::MAX);
            self.0.records.found(&RecordsChange::CreateLobby { new, limit });
        }
        let count = u64::from(self.0.plan.players) * self.0.lobbies.len() as u64;
        let mut funds = Vec::new();
        for number in 1..=count {
            let Ok(player) = PlayerId::new(number) else { continue };
            // Some have little and lose it.
            let whole = if dice.permille(100) { 40 } else { 1_000_000 };
            funds.push(top_up(player, Amount::from_whole(whole)));
        }
        self.0.book.found(&BookChange::Apply { batch: funds, at_ms: 0 });
    }

    fn new_lobby(&self, lobby: LobbyId, dice: &mut Dice) -> NewLobby {
        let new = new_lobby(lobby, dice);
        if !self.0.plan.high {
            return new;
        }
        let multiplier_max = Multiplier::saturating_from_centi(1_000);
        NewLobby { curve: CurveKind::Exponential, multiplier_max, ..new }
    }

    /// Everybody sits down.
    pub(super) fn seat(&self) {
        let players = u64::from(self.0.plan.players);
        for (place, lobby) in self.0.lobbies.iter().enumerate() {
            for seat in 1..=players {
                let number = place as u64 * players + seat;
                let Ok(player) = PlayerId::new(number) else { continue };
                let dice = Dice::new(self.0.seed, purpose::PLAYERS + number);
                self.0.crowd.join(player, *lobby, dice);
            }
        }
    }
}

fn new_lobby(lobby: LobbyId, dice: &mut Dice) -> NewLobby {
    let mode = if dice.permille(700) { Mode::Continuous } else { Mode::OnFirstBet };
    let curve = if dice.permille(700) { CurveKind::Linear } else { CurveKind::Exponential };
    let highest: u32 = *dice.choose(&[130, 150, 200, 200, 300, 500]);
    NewLobby {
        owner: None,
        name: format!("lobby {lobby}"),
        visibility: Visibility::Public,
        mode,
        curve,
        betting_ms: dice.between(600, 2_000),
        stake_min: Stake::MIN,
        stake_max: Stake::from_whole(10_000),
        multiplier_max: Multiplier::saturating_from_centi(highest.into()),
        payout_max: Amount::from_whole(*dice.choose(&[1_000, 100_000])),
        bets_per_player: 2,
        house_edge_bps: 100,
        funding: Amount::from_whole(*dice.choose(&[10_000, 1_000_000, 10_000_000])),
        chain_length: dice.number(CHAIN_LENGTH.0, CHAIN_LENGTH.1),
        created_at: 0,
    }
}

fn top_up(player: PlayerId, amount: Amount) -> Command {
    let bounds = Bounds { per_day: Amount::MAX, balance: Amount::MAX };
    let change = FundsChange::Add(amount);
    Command::Funds(Funds { player, request: [1; 16], change, day: 1, bounds })
}
