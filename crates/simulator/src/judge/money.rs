//! Money: the judge replays every transfer and compares.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Amount, LobbyId, RoundId};
use ledger::{
    Account, Answer, Changes, Command, Fence, Hold, HoldId, HoldState, Kind, Parked, Transfer,
};

use super::Judge;
use crate::book::{Book, BookAnswer, BookChange};
use crate::database::Witness;

/// What transfers alone say.
#[derive(Default)]
pub(super) struct Money {
    pub(super) balances: BTreeMap<Account, Amount>,
    /// What each hold's transfers did so far.
    moved: BTreeMap<HoldId, Moved>,
    pub(super) holds: BTreeMap<HoldId, Hold>,
    /// Stakes that nobody decided, by lobby.
    reserved: BTreeMap<LobbyId, Amount>,
    pub(super) fences: BTreeMap<LobbyId, Fence>,
    /// Rounds of which a failover lost something: their holds may be kept for a person to see.
    pub(super) lost: BTreeSet<RoundId>,
    /// Holds of which a failover lost something.
    pub(super) lost_holds: BTreeSet<HoldId>,
    /// Whether a failover ever lost anything.
    pub(super) ever_lost: bool,
}

/// How far the transfers of one hold are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moved {
    Staked,
    /// Its stake is the house's; its payout may follow at once.
    Collected,
    Paid,
    Released,
}

impl Witness<Book> for Judge {
    fn committed(&self, book: &Book, change: &BookChange, answer: &BookAnswer) {
        let (BookAnswer::Applied(_, changes) | BookAnswer::Funded(_, changes)) = answer else {
            return;
        };
        let mut money = self.0.money.lock();
        self.replay(&mut money, &changes.transfers);
        self.compare(&money, changes);
        self.follow_holds(&mut money, changes);
        self.follow_fences(&mut money, changes);
        for parked in &changes.parked {
            self.parks(&money, parked);
        }
        if let (BookChange::Apply { batch, .. }, BookAnswer::Applied(applied, _)) = (change, answer)
        {
            self.sender_was_obeyed(batch, &applied.answers);
            self.closes(book, batch, &applied.answers);
        }
        let lobbies: BTreeSet<LobbyId> =
            changes.transfers.iter().filter_map(|transfer| transfer.lobby).collect();
        for lobby in lobbies {
            self.escrow_is_what_is_reserved(&money, book, lobby);
        }
    }

    fn lost(&self, book: &Book, changes: &[BookChange]) {
        let mut money = self.0.money.lock();
        let mut lost = std::mem::take(&mut money.lost);
        let mut lost_holds = std::mem::take(&mut money.lost_holds);
        for change in changes {
            let BookChange::Apply { batch, .. } = change else { continue };
            for command in batch {
                let (round, hold) = touched(command);
                lost.extend(round);
                lost_holds.extend(hold);
            }
        }
        // A lost close takes its whole round back to before it.
        *money = Money { lost, lost_holds, ever_lost: true, ..Money::default() };
        let transfers: Vec<Transfer> =
            book.transfers.iter().map(|(_, transfer)| *transfer).collect();
        self.replay(&mut money, &transfers);
        for (id, hold) in &book.rows.holds {
            if hold.state == HoldState::Reserved {
                *money.reserved.entry(hold.round.lobby).or_default() += hold.stake.amount();
            }
            money.holds.insert(*id, *hold);
        }
        money.fences = book.rows.fences.clone();
        drop(money);
        let batches = changes.iter().filter_map(|change| match change {
            BookChange::Apply { batch, .. } => Some(batch),
            _ => None,
        });
        self.fences_are_left(book, batches.flatten());
        self.0.rounds.lock().tally.lost_commits += changes.len() as u64;
    }
}

/// The round and the hold that a command is about.
fn touched(command: &Command) -> (Option<RoundId>, Option<HoldId>) {
    match command {
        Command::Reserve(reserve) => (Some(reserve.round), Some(reserve.hold())),
        Command::Release(release) => (Some(release.round), Some(release.hold())),
        Command::Resolve(resolve) | Command::Settle(resolve) => {
            (Some(resolve.round), Some(resolve.hold()))
        }
        Command::Close(close) => (Some(close.round), None),
        Command::Fence(_) | Command::Funds(_) => (None, None),
    }
}

impl Judge {
    /// Every transfer has two sides, and a hold's come in order, each once.
    fn replay(&self, money: &mut Money, transfers: &[Transfer]) {
        for transfer in transfers {
            let (from, to) = transfer.accounts();
            self.require(!transfer.amount.is_negative(), "no transfer is negative", || {
                format!("{transfer:?}")
            });
            *money.balances.entry(from).or_default() -= transfer.amount;
            *money.balances.entry(to).or_default() += transfer.amount;
            self.follow_transfer(money, transfer);
        }
    }

    fn follow_transfer(&self, money: &mut Money, transfer: &Transfer) {
        let Some(player) = transfer.player else { return };
        let bet = kernel::BetId::from_bytes(transfer.reference);
        let id = HoldId { player, bet };
        let (needed, after) = match transfer.kind {
            Kind::Stake => (None, Moved::Staked),
            Kind::Collect => (Some(Moved::Staked), Moved::Collected),
            Kind::Payout => (Some(Moved::Collected), Moved::Paid),
            Kind::Release => (Some(Moved::Staked), Moved::Released),
            Kind::Funding | Kind::TopUp | Kind::TakeOut => return,
        };
        let before = money.moved.insert(id, after);
        self.require(before == needed, "a hold is staked once and ends once", || {
            format!("{:?} of hold {id} after {before:?}", transfer.kind)
        });
    }

    /// What the book says is what its transfers say, and nobody is below zero.
    fn compare(&self, money: &Money, changes: &Changes) {
        for (account, balance) in &changes.accounts {
            let replayed = money.balances.get(account).copied().unwrap_or_default();
            self.require(replayed == *balance, "replaying transfers gives balances", || {
                format!("{account} has {balance}, its transfers say {replayed}")
            });
            let may_owe = *account == Account::Cashier;
            self.require(may_owe || !balance.is_negative(), "nobody is below zero", || {
                format!("{account} has {balance}")
            });
        }
    }

    fn follow_holds(&self, money: &mut Money, changes: &Changes) {
        for (id, hold) in changes.holds_made.iter().chain(&changes.holds_decided) {
            let before = money.holds.insert(*id, *hold);
            let was_reserved = before.is_none_or(|hold| hold.state == HoldState::Reserved);
            let same = before
                .is_none_or(|before| (before.round, before.stake) == (hold.round, hold.stake));
            self.require(was_reserved && same, "a hold is decided once", || {
                format!("hold {id} was {before:?} and became {hold:?}")
            });
            let reserved = money.reserved.entry(hold.round.lobby).or_default();
            match (before, hold.state) {
                (None, HoldState::Reserved) => *reserved += hold.stake.amount(),
                (None, _) | (Some(_), HoldState::Reserved) => {}
                (Some(_), _) => *reserved -= hold.stake.amount(),
            }
            if let HoldState::Won { payout } = hold.state {
                let steps = i64::from(hold.stake.steps());
                let exact = payout.units() % steps == 0 && payout.units() / steps >= 101;
                self.require(exact, "a payout is stake × multiplier", || {
                    format!("hold {id} of {} was paid {payout}", hold.stake)
                });
            }
        }
    }

    fn follow_fences(&self, money: &mut Money, changes: &Changes) {
        for (lobby, fence) in &changes.fences {
            let before = money.fences.insert(*lobby, *fence);
            let rises = before.is_none_or(|before| {
                fence.epoch >= before.epoch
                    && fence.closed_round >= before.closed_round
                    && fence.seed_index >= before.seed_index
                    && fence.seen_round >= before.seen_round
                    && fence.seen_seed >= before.seen_seed
            });
            self.require(rises, "epochs, closed rounds and seed indexes never fall", || {
                format!("lobby {lobby}: {before:?} became {fence:?}")
            });
        }
    }

    /// Only what a failover took may leave something for a person to look at.
    fn parks(&self, money: &Money, parked: &Parked) {
        let (round, hold) = match parked {
            Parked::Resolve { round, hold, .. } => (round, Some(hold)),
            Parked::Close { round, .. } => (round, None),
        };
        let excused = money.lost.contains(round)
            || hold.is_some_and(|hold| money.lost_holds.contains(hold))
            || self.0.rounds.lock().lost.contains(round);
        self.require(excused, "the wallet can do what it is told", || format!("{parked:?}"));
    }

    /// A closed round holds nothing, unless its close was alarmed.
    fn closes(&self, book: &Book, batch: &[Command], answers: &[Answer]) {
        for (command, answer) in batch.iter().zip(answers) {
            let (Command::Close(close), Answer::Close(Ok(closed))) = (command, answer) else {
                continue;
            };
            let held = book.reserved_of(close.round);
            self.require(!closed.agreed || held == 0, "a closed round holds nothing", || {
                format!("round {} is closed with {held} holds", close.round)
            });
        }
    }

    fn escrow_is_what_is_reserved(&self, money: &Money, book: &Book, lobby: LobbyId) {
        let escrow = book.rows.accounts.get(&Account::Escrow(lobby)).copied().unwrap_or_default();
        let reserved = money.reserved.get(&lobby).copied().unwrap_or_default();
        self.require(escrow == reserved, "escrow is the sum of reserved holds", || {
            format!("escrow:{lobby} has {escrow}, its holds {reserved}")
        });
    }

    /// Everything once more, from nothing but what is stored.
    pub(super) fn money_adds_up(&self, book: &Book) {
        let money = self.0.money.lock();
        let mut balances: BTreeMap<Account, Amount> = BTreeMap::new();
        for (_, transfer) in &book.transfers {
            let (from, to) = transfer.accounts();
            *balances.entry(from).or_default() -= transfer.amount;
            *balances.entry(to).or_default() += transfer.amount;
        }
        let mut sum = Amount::ZERO;
        for (account, balance) in &book.rows.accounts {
            sum += *balance;
            let replayed = balances.get(account).copied().unwrap_or_default();
            self.require(replayed == *balance, "replaying transfers gives balances", || {
                format!("{account} has {balance}, its transfers say {replayed}")
            });
        }
        self.require(sum == Amount::ZERO, "all balances sum to zero", || format!("they are {sum}"));
        for lobby in book.rows.fences.keys() {
            let counted = book.reserved_in(*lobby);
            let escrow = book.rows.accounts.get(&Account::Escrow(*lobby)).copied();
            self.require(
                escrow.unwrap_or_default() == counted,
                "escrow is the sum of reserved holds",
                || format!("escrow:{lobby} has {escrow:?}, its holds {counted}"),
            );
        }
        self.require(money.holds == book.rows.holds, "holds change by commits alone", || {
            "the judge's holds are not the book's".to_owned()
        });
    }
}
