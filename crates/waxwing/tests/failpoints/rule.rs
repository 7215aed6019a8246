//! The rules of interrupted rounds, written a second time: what was durable says what every bet
//! is worth. Shares no code with the server that must agree.

use std::path::Path;

use kernel::{Amount, BetId, Multiplier, Stake};
use rusqlite::{Connection, Row};

use crate::harness::databases::copied;

/// What the files of a dead server hold of one lobby.
pub(crate) struct Durable {
    /// Rounds that had bets, and the last one.
    pub(crate) rounds: Vec<Round>,
    /// Holds that are still reserved.
    pub(crate) held: u64,
    /// Holds that were won, lost or released.
    pub(crate) decided: u64,
    /// Rows that the wallet has not answered.
    pub(crate) unsent: u64,
    /// The last round that the wallet has closed.
    pub(crate) closed_round: u64,
}

/// A round.
pub(crate) struct Round {
    pub(crate) number: u64,
    pub(crate) state: String,
    pub(crate) heartbeat: Option<Multiplier>,
    pub(crate) bets: Vec<Bet>,
}

/// A bet.
#[derive(Clone, Debug)]
pub(crate) struct Bet {
    pub(crate) player: u64,
    pub(crate) id: String,
    pub(crate) stake: Stake,
    pub(crate) target: Option<Multiplier>,
    pub(crate) in_round: bool,
    pub(crate) state: String,
    pub(crate) multiplier: Option<Multiplier>,
}

/// How a round must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Not locked: every stake goes back.
    Voided,
    /// Locked without any durable multiplier: likewise, and the seed is shown.
    Released,
    /// As played, to its crash or its highest multiplier.
    Settled,
    /// Stopped at the highest durable multiplier.
    Stopped(Multiplier),
}

impl Durable {
    /// Reads a copy of the files: the next start must find them as the death left them.
    pub(crate) fn read(data: &Path, lobby: u64) -> Self {
        let copy = copied(data);
        let game = Connection::open(copy.path().join("game.db")).unwrap();
        let user = Connection::open(copy.path().join("user.db")).unwrap();
        let lobby = i64::try_from(lobby).unwrap();
        let count = |database: &Connection, query: &str| -> u64 {
            let count: i64 = database.query_row(query, [lobby], |row| row.get(0)).unwrap();
            u64::try_from(count).unwrap()
        };
        let holds = "SELECT count(*) FROM ledger_hold WHERE lobby = ?1 AND state";
        Self {
            rounds: rounds(&game, lobby),
            held: count(&user, &format!("{holds} = 'reserved'")),
            decided: count(&user, &format!("{holds} <> 'reserved'")),
            unsent: count(&game, UNSENT),
            closed_round: count(&user, CLOSED),
        }
    }

    /// The round in which the server died.
    pub(crate) fn last(&self) -> &Round {
        self.rounds.last().expect("a lobby that was played has a round")
    }

    /// Whether the last round has a durable multiplier: a heartbeat, or the crash that came to the
    /// disk with it.
    pub(crate) fn is_climbing(&self) -> bool {
        let round = self.last();
        round.is("crashed") || (round.is("locked") && round.heartbeat.is_some())
    }

    /// Whether the wallet has closed a round that had bets.
    pub(crate) fn has_closed(&self) -> bool {
        let had_bets = self.rounds.iter().filter(|round| !round.bets.is_empty());
        had_bets.map(|round| round.number).any(|number| number <= self.closed_round)
    }

    /// Cash-outs that are durable, of all rounds.
    pub(crate) fn cashed_out(&self) -> usize {
        self.count("cashed_out")
    }

    /// Bets that are alive, of all rounds.
    pub(crate) fn accepted(&self) -> usize {
        self.count("accepted")
    }

    /// Bets that were taken back, of all rounds.
    pub(crate) fn cancelled(&self) -> usize {
        self.count("cancelled")
    }

    fn count(&self, state: &str) -> usize {
        let bets = self.rounds.iter().flat_map(|round| &round.bets);
        bets.filter(|bet| bet.state == state).count()
    }
}

impl Round {
    pub(crate) fn is(&self, state: &str) -> bool {
        self.state == state
    }

    pub(crate) fn is_over(&self) -> bool {
        ["settled", "voided", "interrupted"].contains(&self.state.as_str())
    }

    pub(crate) fn accepted(&self) -> usize {
        self.bets.iter().filter(|bet| bet.state == "accepted").count()
    }

    /// The highest multiplier in any durable record of the round.
    pub(crate) fn reached(&self) -> Option<Multiplier> {
        let paid = self.bets.iter().filter(|bet| bet.state == "cashed_out");
        paid.filter_map(|bet| bet.multiplier).chain(self.heartbeat).max()
    }

    /// The first that holds decides.
    pub(crate) fn ending(&self, crash_point: Option<Multiplier>) -> Ending {
        if self.is("open") || self.is("voided") {
            return Ending::Voided;
        }
        let crash_point = crash_point.expect("a round that was locked shows its crash point");
        if self.is("crashed") || self.is("settled") {
            return Ending::Settled;
        }
        match self.reached() {
            Some(reached) if crash_point <= reached => Ending::Settled,
            Some(reached) => Ending::Stopped(reached),
            None => Ending::Released,
        }
    }
}

impl Bet {
    /// At what the bet is paid; `None`: it is lost. A stake that goes back is paid 1.00x.
    pub(crate) fn paid_at(
        &self,
        ending: Ending,
        crash_point: Option<Multiplier>,
        multiplier_max: Multiplier,
    ) -> Option<Multiplier> {
        if !self.in_round || matches!(ending, Ending::Voided | Ending::Released) {
            return Some(Multiplier::ONE);
        }
        if self.state == "cashed_out" {
            return self.multiplier;
        }
        let bound = if let Ending::Stopped(reached) = ending { reached } else { multiplier_max };
        let target = self.target.map_or(bound, |target| target.min(bound));
        (ending != Ending::Settled || Some(target) <= crash_point).then_some(target)
    }

    /// What comes back, gross.
    pub(crate) fn worth(&self, paid_at: Option<Multiplier>) -> Amount {
        paid_at.map_or(Amount::ZERO, |multiplier| self.stake.payout_at(multiplier))
    }
}

const UNSENT: &str = "SELECT count(*) FROM outbox WHERE lobby = ?1 AND acknowledged_at IS NULL";
const CLOSED: &str = "SELECT coalesce(max(closed_round), 0) FROM ledger_fence WHERE lobby = ?1";
const ROUNDS: &str = "SELECT round, state, heartbeat_centi FROM round
    WHERE lobby = ?1 AND (EXISTS (SELECT 1 FROM bet
                                  WHERE bet.lobby = round.lobby AND bet.round = round.round)
        OR (round = (SELECT max(round) FROM round WHERE lobby = ?1)
            AND NOT EXISTS (SELECT 1 FROM bet WHERE lobby = ?1)))
    ORDER BY round";
const BETS: &str = "SELECT player, bet, stake_steps, auto_centi, in_round, state, multiplier_centi
    FROM bet WHERE lobby = ?1 AND round = ?2";

fn rounds(game: &Connection, lobby: i64) -> Vec<Round> {
    let mut statement = game.prepare(ROUNDS).unwrap();
    let rows = statement.query_map([lobby], |row| {
        let number: u32 = row.get(0)?;
        Ok(Round {
            number: number.into(),
            state: row.get(1)?,
            heartbeat: multiplier(row, 2)?,
            bets: bets(game, lobby, number)?,
        })
    });
    rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

fn bets(game: &Connection, lobby: i64, round: u32) -> rusqlite::Result<Vec<Bet>> {
    let mut statement = game.prepare_cached(BETS)?;
    let rows = statement.query_map(rusqlite::params![lobby, round], |row| {
        let player: i64 = row.get(0)?;
        Ok(Bet {
            player: u64::try_from(player).unwrap(),
            id: BetId::from_bytes(row.get(1)?).to_string(),
            stake: Stake::from_steps(row.get(2)?).unwrap(),
            target: multiplier(row, 3)?,
            in_round: row.get(4)?,
            state: row.get(5)?,
            multiplier: multiplier(row, 6)?,
        })
    })?;
    rows.collect()
}

fn multiplier(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Multiplier>> {
    let centi: Option<u32> = row.get(column)?;
    Ok(centi.map(|centi| Multiplier::from_centi(centi).unwrap()))
}
