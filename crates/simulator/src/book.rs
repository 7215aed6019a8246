//! The user role's tables in memory: the ledger's rows behind `wallet::store::Store`.

mod client;

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Amount, LobbyId, PlayerId, RoundId};
use ledger::{
    Account, Answer, Changes, Command, Funds, HoldId, HoldState, Keys, Kind, Parked, RoundState,
    Rows, TopUp, Transfer, decide, touches,
};
use platform::http::idempotency::KeptAnswer;
use wallet::store::{Applied, Balance, Funded, Keyed, Line, Moved};

use crate::database::Tables;
use crate::dice::mix;

pub(crate) use client::BookClient;

/// How long an answer under a key is kept, in milliseconds: a day.
const KEPT_MS: i64 = 24 * 3_600 * 1_000;

/// The book: every row, every transfer, and what is found by more than its name.
#[derive(Clone, Default)]
pub(crate) struct Book {
    pub(crate) rows: Rows,
    /// Every transfer there ever was, in order.
    pub(crate) transfers: Vec<(i64, Transfer)>,
    pub(crate) parked: BTreeSet<Parked>,
    /// Holds that nobody decided, by round.
    reserved: BTreeMap<RoundId, BTreeSet<HoldId>>,
    currency: Option<(String, i64)>,
    kept: BTreeMap<(PlayerId, String, String), Kept>,
}

#[derive(Clone)]
struct Kept {
    fingerprint: [u8; 32],
    answer: KeptAnswer,
    at_ms: i64,
}

/// One transaction.
#[derive(Clone)]
pub(crate) enum BookChange {
    /// Notes the currency, or compares it.
    Open { currency: String, scale: i64 },
    /// Decides a batch.
    Apply { batch: Vec<Command>, at_ms: i64 },
    /// Decides a player's own money, perhaps under a key.
    Funds { funds: Funds, keyed: Option<Keyed>, at_ms: i64 },
}

/// What a change is answered.
pub(crate) enum BookAnswer {
    /// The currency that is noted.
    Opened((String, i64)),
    /// To a batch; the changes are the judge's to see.
    Applied(Applied, Box<Changes>),
    /// To a player's own money.
    Funded(Funded, Box<Changes>),
}

impl Tables for Book {
    type Change = BookChange;
    type Answer = BookAnswer;

    fn commit(&mut self, _: u64, change: &BookChange) -> BookAnswer {
        match change {
            BookChange::Open { currency, scale } => {
                let noted = self.currency.get_or_insert_with(|| (currency.clone(), *scale));
                BookAnswer::Opened(noted.clone())
            }
            BookChange::Apply { batch, at_ms } => {
                let (applied, changes) = self.apply(batch, *at_ms);
                BookAnswer::Applied(applied, Box::new(changes))
            }
            BookChange::Funds { funds, keyed, at_ms } => {
                let (funded, changes) = self.funds(*funds, keyed.as_ref(), *at_ms);
                BookAnswer::Funded(funded, Box::new(changes))
            }
        }
    }

    fn digest(change: &BookChange) -> u64 {
        match change {
            BookChange::Open { scale, .. } => scale.cast_unsigned(),
            BookChange::Apply { batch, .. } => {
                batch.iter().map(digest).fold(4, |hash, word| mix(hash ^ word))
            }
            BookChange::Funds { funds, .. } => mix(funds.player.get()),
        }
    }
}

fn digest(command: &Command) -> u64 {
    let of_hold = |hold: HoldId, round: RoundId| {
        let bet = u128::from_le_bytes(*hold.bet.as_bytes());
        #[expect(clippy::cast_possible_truncation, reason = "a digest takes what fits")]
        mix(bet as u64 ^ (bet >> 64) as u64 ^ hold.player.get() ^ u64::from(round.number))
    };
    match command {
        Command::Fence(fence) => mix(fence.lobby.get() ^ fence.epoch.0.rotate_left(32)),
        Command::Reserve(reserve) => of_hold(reserve.hold(), reserve.round),
        Command::Release(release) => of_hold(release.hold(), release.round) ^ 1,
        Command::Resolve(resolve) | Command::Settle(resolve) => {
            of_hold(resolve.hold(), resolve.round) ^ 2
        }
        Command::Close(close) => mix(close.round.lobby.get() ^ u64::from(close.round.number) << 32),
        Command::Funds(funds) => funds.player.get(),
    }
}

impl Book {
    /// The stakes that nobody decided in a lobby, counted from the holds alone.
    pub(crate) fn reserved_in(&self, lobby: LobbyId) -> Amount {
        let rounds = RoundId::new(lobby, 0)..=RoundId::new(lobby, u32::MAX);
        let holds = self.reserved.range(rounds).flat_map(|(_, holds)| holds);
        holds.map(|id| self.rows.holds[id].stake.amount()).sum()
    }

    /// What is still held for rounds whose close did not agree, counted from the holds alone.
    fn escrow_kept(&self) -> Amount {
        let disagreed = |round: &RoundId| {
            self.rows.rounds.get(round).is_some_and(|row| row.state == RoundState::Disagreed)
        };
        let kept = self.reserved.iter().filter(|(round, _)| disagreed(round));
        kept.flat_map(|(_, holds)| holds).map(|id| self.rows.holds[id].stake.amount()).sum()
    }

    /// How many holds of the round nobody decided.
    pub(crate) fn reserved_of(&self, round: RoundId) -> usize {
        self.reserved.get(&round).map_or(0, BTreeSet::len)
    }

    pub(crate) fn balance(&self, player: PlayerId) -> Balance {
        let available = self.rows.accounts.get(&Account::Player(player)).copied();
        let held = self.rows.held.get(&player).copied();
        Balance { available: available.unwrap_or_default(), held: held.unwrap_or_default() }
    }

    fn apply(&mut self, batch: &[Command], at_ms: i64) -> (Applied, Changes) {
        let rows = self.load(touches(batch));
        let (answers, changes) = decide(batch, &rows);
        let moved: BTreeSet<PlayerId> =
            changes.transfers.iter().filter_map(|transfer| transfer.player).collect();
        self.write(&changes, at_ms);
        let parked = changes.parked.iter().copied().collect();
        let version = |player: PlayerId| {
            let of_player =
                |(_, (_, transfer)): &(usize, &(i64, Transfer))| transfer.player == Some(player);
            let last = self.transfers.iter().enumerate().rev().find(of_player);
            last.map_or(0, |(place, _)| place as u64 + 1)
        };
        let moved = moved.into_iter().map(|player| Moved {
            player,
            balance: self.balance(player),
            version: version(player),
        });
        (Applied { answers, parked, moved: moved.collect() }, changes)
    }

    fn funds(&mut self, funds: Funds, keyed: Option<&Keyed>, at_ms: i64) -> (Funded, Changes) {
        let name = |keyed: &Keyed| {
            (funds.player, keyed.call.route.clone(), keyed.call.key.as_str().to_owned())
        };
        if let Some(keyed) = keyed
            && let Some(kept) = self.kept.get(&name(keyed))
            && kept.at_ms > at_ms - KEPT_MS
        {
            let same = kept.fingerprint == keyed.call.fingerprint;
            let found = if same { Funded::Before(kept.answer.clone()) } else { Funded::Mismatch };
            return (found, Changes::default());
        }
        let (applied, changes) = self.apply(&[Command::Funds(funds)], at_ms);
        let Some(Answer::Funds(answer)) = applied.answers.into_iter().next() else {
            return (Funded::Mismatch, changes);
        };
        if let (Ok(_), Some(keyed)) = (answer, keyed) {
            let (fingerprint, answer) = (keyed.call.fingerprint, keyed.answer.clone());
            self.kept.insert(name(keyed), Kept { fingerprint, answer, at_ms });
        }
        (Funded::Now(answer, applied.moved.into_iter().next()), changes)
    }

    /// The rows that `keys` names, and the reserved holds of closing rounds with their players.
    fn load(&self, mut keys: Keys) -> Rows {
        let mut rows = Rows::default();
        for round in keys.closing.clone() {
            for id in self.reserved.get(&round).into_iter().flatten() {
                keys.add_reserved(*id);
                rows.holds.insert(*id, self.rows.holds[id]);
            }
        }
        for lobby in &keys.open_rounds {
            let of_lobby = RoundId::new(*lobby, 0)..=RoundId::new(*lobby, u32::MAX);
            for (round, _) in self.reserved.range(of_lobby) {
                copy(&self.rows.rounds, round, &mut rows.rounds);
            }
        }
        keys.fences.iter().for_each(|key| copy(&self.rows.fences, key, &mut rows.fences));
        keys.rounds.iter().for_each(|key| copy(&self.rows.rounds, key, &mut rows.rounds));
        for id in &keys.holds {
            copy(&self.rows.holds, id, &mut rows.holds);
            copy(&self.rows.tombstones, id, &mut rows.tombstones);
        }
        keys.requests.iter().for_each(|key| copy(&self.rows.requests, key, &mut rows.requests));
        for player in &keys.top_up_days {
            copy(&self.rows.top_up_days, player, &mut rows.top_up_days);
        }
        for account in &keys.accounts {
            copy(&self.rows.accounts, account, &mut rows.accounts);
            if let Account::Player(player) = account {
                copy(&self.rows.held, player, &mut rows.held);
            }
        }
        rows
    }

    /// As [`Rows::apply`], by index where that one walks everything.
    fn write(&mut self, changes: &Changes, at_ms: i64) {
        let rows = &mut self.rows;
        rows.fences.extend(changes.fences.iter());
        rows.rounds.extend(changes.rounds.iter());
        for (id, hold) in changes.holds_made.iter().chain(&changes.holds_decided) {
            rows.holds.insert(*id, *hold);
            let reserved = self.reserved.entry(hold.round).or_default();
            if hold.state == HoldState::Reserved {
                reserved.insert(*id);
            } else {
                reserved.remove(id);
            }
            if reserved.is_empty() {
                self.reserved.remove(&hold.round);
            }
        }
        if !changes.buried.is_empty() {
            rows.tombstones.retain(|_, round| !changes.buried.contains(round));
        }
        rows.tombstones.extend(changes.tombstones.iter());
        rows.accounts.extend(changes.accounts.iter());
        rows.held.extend(changes.held.iter());
        rows.top_up_days.extend(changes.top_up_days.iter());
        rows.requests.extend(changes.transfers.iter().filter_map(request));
        self.transfers.extend(changes.transfers.iter().map(|transfer| (at_ms, *transfer)));
        self.parked.extend(&changes.parked);
    }

    fn statement(&self, player: PlayerId, after: u64, limit: u32) -> Vec<Line> {
        let lines = self.transfers.iter().enumerate().filter(|(_, (_, transfer))| {
            transfer.player == Some(player)
                && transfer.balance.is_some()
                && transfer.amount > Amount::ZERO
        });
        let lines = lines.map(|(place, (at_ms, transfer))| Line {
            seq: place as u64 + 1,
            at_ms: *at_ms,
            transfer: *transfer,
        });
        lines.filter(|line| line.seq > after).take(limit as usize).collect()
    }
}

fn copy<K: Ord + Copy, V: Copy>(from: &BTreeMap<K, V>, key: &K, to: &mut BTreeMap<K, V>) {
    if let Some(value) = from.get(key) {
        to.insert(*key, *value);
    }
}

/// The request that a transfer answers, if it does.
fn request(transfer: &Transfer) -> Option<((PlayerId, ledger::RequestId), TopUp)> {
    let moved = match transfer.kind {
        Kind::TopUp => transfer.amount,
        Kind::TakeOut => -transfer.amount,
        _ => return None,
    };
    let balance = transfer.balance?;
    Some(((transfer.player?, transfer.reference), TopUp { moved, balance }))
}

#[cfg(test)]
mod tests;
