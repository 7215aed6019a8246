//! Every transfer posted again: the balances they give, and what each bet moved.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use crate::dump::{BetKey, RoundKey, Transfer};
use crate::report::Verdict;

/// An account: its kind and the lobby or player it is of.
pub(crate) type Name = (&'static str, i64);

/// What a bet has moved, by kind: how often, and how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) stake: (u32, i64),
    pub(crate) collect: (u32, i64),
    pub(crate) payout: (u32, i64),
    pub(crate) release: (u32, i64),
    /// The round of the first.
    pub(crate) round: RoundKey,
    /// Whether another one was of another round.
    pub(crate) strayed: bool,
}

/// The book as the transfers alone give it.
#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) balances: BTreeMap<Name, i128>,
    pub(crate) moved: BTreeMap<BetKey, Moved>,
    /// What each player could stake, over time.
    pub(crate) history: BTreeMap<i64, Vec<i64>>,
    /// Top-ups, and take-outs as negative ones, of each player.
    pub(crate) funds: BTreeMap<i64, Vec<i64>>,
    /// The hash of everything up to each mark.
    pub(crate) marked: BTreeMap<i64, [u8; 32]>,
    marks: BTreeSet<i64>,
    hash: Sha256,
    last_seq: i64,
    /// What the posting itself found wrong.
    pub(crate) below_zero: Verdict,
    pub(crate) statements: Verdict,
    pub(crate) sides: Verdict,
}

impl Book {
    pub(crate) fn new(marks: &[i64]) -> Self {
        Self {
            balances: BTreeMap::new(),
            moved: BTreeMap::new(),
            history: BTreeMap::new(),
            funds: BTreeMap::new(),
            marked: BTreeMap::new(),
            marks: marks.iter().copied().collect(),
            hash: Sha256::new(),
            last_seq: 0,
            below_zero: Verdict::new(
                "nobody_owes",
                "no balance but the cashier's is below zero, now or after any transfer",
            ),
            statements: Verdict::new(
                "statements_add_up",
                "each line of a player's statement follows from the line before",
            ),
            sides: Verdict::new(
                "transfers_give_the_balances",
                "replaying every transfer gives every stored balance",
            ),
        }
    }

    pub(crate) const fn last_seq(&self) -> i64 {
        self.last_seq
    }

    /// The hash of everything that was posted.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    /// Posts the next transfer.
    pub(crate) fn post(&mut self, transfer: &Transfer) {
        let place = format!("transfer {}", transfer.seq);
        if transfer.seq <= self.last_seq {
            self.sides.add(&place, format!("a number above {}", self.last_seq), transfer.seq);
        }
        self.last_seq = transfer.seq;
        self.hash.update(format!("{transfer:?}\n"));
        if self.marks.contains(&transfer.seq) {
            self.marked.insert(transfer.seq, self.digest());
        }
        if transfer.amount_units < 0 {
            self.sides.add(&place, "an amount that is not negative", transfer.amount_units);
        }
        let Some((from, to)) = sides(transfer) else {
            self.sides.add(&place, "a known kind with its accounts", format!("{transfer:?}"));
            return;
        };
        let amount = i128::from(transfer.amount_units);
        self.put(&place, from, -amount);
        self.put(&place, to, amount);
        self.state(&place, transfer, [from, to]);
        self.count(transfer);
    }

    fn put(&mut self, place: &str, account: Name, amount: i128) {
        let balance = self.balances.entry(account).or_default();
        *balance += amount;
        self.below_zero.look();
        if *balance < 0 && account.0 != "cashier" {
            let (kind, id) = account;
            let found = format!("{balance} units");
            self.below_zero.add(format!("{kind}:{id} after {place}"), "0 units or more", found);
        }
    }

    /// The line in the player's statement.
    fn state(&mut self, place: &str, transfer: &Transfer, sides: [Name; 2]) {
        let Some(player) = sides.into_iter().find(|(kind, _)| *kind == "player") else { return };
        let balance = self.balances[&player];
        self.statements.look();
        if transfer.balance_units.map(i128::from) != Some(balance) {
            let found = format!("{:?} units", transfer.balance_units);
            self.statements.add(place, format!("{balance} units"), found);
        }
        let balance = i64::try_from(balance).unwrap_or(i64::MAX);
        self.history.entry(player.1).or_default().push(balance);
    }

    /// What the bet or the player moved.
    fn count(&mut self, transfer: &Transfer) {
        let Some(player) = transfer.player else { return };
        let amount = transfer.amount_units;
        match transfer.kind.as_str() {
            "top_up" => self.funds.entry(player).or_default().push(amount),
            "take_out" => self.funds.entry(player).or_default().push(-amount),
            kind => {
                let round = (transfer.lobby.unwrap_or(0), transfer.round.unwrap_or(0));
                let first = Moved { round, ..Moved::default() };
                let moved = self.moved.entry((player, transfer.reference)).or_insert(first);
                moved.strayed |= moved.round != round;
                let (count, sum) = match kind {
                    "stake" => &mut moved.stake,
                    "collect" => &mut moved.collect,
                    "payout" => &mut moved.payout,
                    _ => &mut moved.release,
                };
                *count += 1;
                *sum += amount;
            }
        }
    }
}

/// From which account to which; `None` where the kind is unknown or its account is not named.
fn sides(transfer: &Transfer) -> Option<(Name, Name)> {
    let player = transfer.player.map(|id| ("player", id));
    let house = transfer.lobby.map(|id| ("house", id));
    let escrow = transfer.lobby.map(|id| ("escrow", id));
    let cashier = ("cashier", 0);
    Some(match transfer.kind.as_str() {
        "funding" => (cashier, house?),
        "top_up" => (cashier, player?),
        "take_out" => (player?, cashier),
        "stake" => (player?, escrow?),
        "collect" => (escrow?, house?),
        "payout" => (house?, player?),
        "release" => (escrow?, player?),
        _ => return None,
    })
}
