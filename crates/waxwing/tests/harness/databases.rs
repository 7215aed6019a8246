//! The two databases as a server left them, read by other code than the server's own.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use kernel::{Amount, BetId, Multiplier, Stake};
use rusqlite::{Connection, OpenFlags, Row};

use super::shared;

/// Everything the invariants speak of.
pub(crate) struct Books {
    pub(crate) accounts: Vec<Account>,
    pub(crate) holds: Vec<Hold>,
    pub(crate) bets: Vec<Bet>,
    pub(crate) rounds: Vec<Round>,
    pub(crate) fences: Vec<Fence>,
    transfers: Vec<Transfer>,
    /// What the wallet could not do and parked for a person to look at.
    parked: u64,
}

/// What the wallet refuses to go behind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fence {
    pub(crate) lobby: u64,
    /// Epoch, closed round, seed index: none of them ever falls.
    pub(crate) at: [u64; 3],
}

/// A movement of money between the two accounts that its kind names.
struct Transfer {
    from: String,
    to: String,
    amount: Amount,
}

/// A line of the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) balance: Amount,
    /// What a player has on reserved holds, as the wallet keeps it beside the balance.
    pub(crate) held: Amount,
}

/// Staked money, as the wallet keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    pub(crate) player: u64,
    pub(crate) bet_id: String,
    pub(crate) lobby: u64,
    pub(crate) round: u64,
    pub(crate) stake: Stake,
    /// `reserved`, `won`, `lost` or `released`.
    pub(crate) state: String,
    pub(crate) payout: Option<Amount>,
}

/// A bet, as the game keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Bet {
    pub(crate) player: u64,
    pub(crate) id: String,
    pub(crate) lobby: u64,
    pub(crate) round: u64,
    pub(crate) stake: Stake,
    /// `accepted` is alive; `cashed_out`, `lost`, `cancelled`, `released` are terminal.
    pub(crate) state: String,
    pub(crate) multiplier: Option<Multiplier>,
    pub(crate) payout: Option<Amount>,
}

/// A round, as the game keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    pub(crate) lobby: u64,
    pub(crate) state: String,
    pub(crate) chain: u64,
    pub(crate) seed_index: Option<u64>,
}

impl Books {
    /// Reads what a stopped server left in `data`, from a copy: the next start must find the
    /// files, unfinished write-ahead log and all, exactly as the death left them.
    pub(crate) fn read(data: &Path) -> Self {
        Self::open(copied(data).path(), OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    /// Reads beside a running server. The two files are not read at one instant.
    pub(crate) fn watch(data: &Path) -> Self {
        if shared::urls(data).is_some() {
            return Self::read(data);
        }
        Self::open(data, OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    fn open(data: &Path, flags: OpenFlags) -> Self {
        let connect = |file| Connection::open_with_flags(data.join(file), flags).unwrap();
        let (game, user) = (connect("game.db"), connect("user.db"));
        for database in [&game, &user] {
            database.busy_timeout(Duration::from_secs(10)).unwrap();
        }
        Self {
            bets: all(&game, BETS, bet),
            rounds: all(&game, ROUNDS, round),
            holds: all(&user, HOLDS, hold),
            accounts: all(&user, ACCOUNTS, account),
            fences: all(&user, FENCES, fence),
            transfers: all(&user, TRANSFERS, transfer),
            parked: all(&user, PARKED, |row| whole(row, 0))[0],
        }
    }

    /// How many holds are reserved, beside a running server and without reading all of them.
    pub(crate) fn reserved(data: &Path) -> u64 {
        if shared::urls(data).is_some() {
            let holds = Self::read(data).holds;
            return holds.iter().filter(|hold| hold.state == "reserved").count() as u64;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let user = Connection::open_with_flags(data.join("user.db"), flags).unwrap();
        user.busy_timeout(Duration::from_secs(10)).unwrap();
        let reserved = "SELECT count(*) FROM ledger_hold WHERE state = 'reserved'";
        all(&user, reserved, |row| whole(row, 0))[0]
    }

    /// The balance of an account; one that was never touched has none.
    pub(crate) fn balance(&self, name: &str) -> Amount {
        let found = self.accounts.iter().find(|account| account.name == name);
        found.map_or(Amount::ZERO, |account| account.balance)
    }

    /// Every amount that `player` put in.
    pub(crate) fn top_ups(&self, player: u64) -> Vec<Amount> {
        let to = format!("player:{player}");
        let theirs = |found: &&Transfer| found.from == "cashier" && found.to == to;
        self.transfers.iter().filter(theirs).map(|found| found.amount).collect()
    }

    /// What holds at every committed state: money is neither made nor lost, only the cashier owes,
    /// and escrow is the sum of what is held.
    pub(crate) fn assert_sound(&self) {
        let sum: Amount = self.accounts.iter().map(|account| account.balance).sum();
        assert_eq!(sum, Amount::ZERO, "the ledger does not sum to zero: {:?}", self.accounts);
        for account in &self.accounts {
            let may_owe = account.name == "cashier";
            assert!(may_owe || !account.balance.is_negative(), "{account:?} owes");
        }
        let mut held: BTreeMap<String, Amount> = BTreeMap::new();
        let mut staked: BTreeMap<String, Amount> = BTreeMap::new();
        for hold in self.holds.iter().filter(|hold| hold.state == "reserved") {
            *held.entry(format!("escrow:{}", hold.lobby)).or_default() += hold.stake.amount();
            *staked.entry(format!("player:{}", hold.player)).or_default() += hold.stake.amount();
        }
        for account in &self.accounts {
            let reserved = staked.remove(&account.name).unwrap_or_default();
            assert_eq!(account.held, reserved, "{account:?} does not hold what its bets do");
        }
        assert!(staked.is_empty(), "held by nobody: {staked:?}");
        for account in self.accounts.iter().filter(|account| account.name.starts_with("escrow:")) {
            let reserved = held.remove(&account.name).unwrap_or_default();
            assert_eq!(account.balance, reserved, "{account:?} is not what is held");
        }
        assert!(held.is_empty(), "held outside of any escrow: {held:?}");
        assert_eq!(self.parked, 0, "the wallet could not do something");
        self.assert_replayed();
    }
}

impl Books {
    /// The transfers alone give every balance that is stored.
    fn assert_replayed(&self) {
        let mut balances: BTreeMap<&str, Amount> = BTreeMap::new();
        for transfer in &self.transfers {
            *balances.entry(&transfer.from).or_default() -= transfer.amount;
            *balances.entry(&transfer.to).or_default() += transfer.amount;
        }
        for account in &self.accounts {
            let replayed = balances.remove(account.name.as_str()).unwrap_or_default();
            assert_eq!(account.balance, replayed, "{account:?} is not what its transfers give");
        }
        assert!(balances.values().all(|left| *left == Amount::ZERO), "{balances:?}");
    }
}

/// A copy of the databases in `data`, logs and all.
pub(crate) fn copied(data: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    if let Some(urls) = shared::urls(data) {
        shared::copy(urls, copy.path());
        return copy;
    }
    for entry in std::fs::read_dir(data).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if name.to_string_lossy().contains(".db") {
            std::fs::copy(entry.path(), copy.path().join(name)).unwrap();
        }
    }
    copy
}

const BETS: &str = "SELECT player, bet, lobby, round, stake_steps, state, multiplier_centi,
    payout_units FROM bet";
const ROUNDS: &str = "SELECT lobby, state, chain, seed_index FROM round";
const HOLDS: &str = "SELECT player, bet, lobby, round, stake_steps, state, payout_units
    FROM ledger_hold";
const ACCOUNTS: &str = "SELECT iif(kind = 'cashier', kind, kind || ':' || id), balance_units,
    held_units FROM ledger_account";
const FENCES: &str = "SELECT lobby, epoch, closed_round, seed_index FROM ledger_fence";
const TRANSFERS: &str = "SELECT kind, player, lobby, amount_units FROM ledger_transfer";
const PARKED: &str = "SELECT count(*) FROM ledger_parked";

/// Every row of `query`.
fn all<T>(database: &Connection, query: &str, read: fn(&Row<'_>) -> rusqlite::Result<T>) -> Vec<T> {
    let mut statement = database.prepare(query).unwrap();
    let rows = statement.query_map([], read).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

fn bet(row: &Row<'_>) -> rusqlite::Result<Bet> {
    let multiplier: Option<u32> = row.get(6)?;
    let payout: Option<i64> = row.get(7)?;
    Ok(Bet {
        player: whole(row, 0)?,
        id: bet_id(row, 1)?,
        lobby: whole(row, 2)?,
        round: whole(row, 3)?,
        stake: Stake::from_steps(row.get(4)?).unwrap(),
        state: row.get(5)?,
        multiplier: multiplier.map(|centi| Multiplier::from_centi(centi).unwrap()),
        payout: payout.map(Amount::from_units),
    })
}

fn hold(row: &Row<'_>) -> rusqlite::Result<Hold> {
    let payout: Option<i64> = row.get(6)?;
    Ok(Hold {
        player: whole(row, 0)?,
        bet_id: bet_id(row, 1)?,
        lobby: whole(row, 2)?,
        round: whole(row, 3)?,
        stake: Stake::from_steps(row.get(4)?).unwrap(),
        state: row.get(5)?,
        payout: payout.map(Amount::from_units),
    })
}

fn round(row: &Row<'_>) -> rusqlite::Result<Round> {
    let seed_index: Option<i64> = row.get(3)?;
    Ok(Round {
        lobby: whole(row, 0)?,
        state: row.get(1)?,
        chain: whole(row, 2)?,
        seed_index: seed_index.map(|index| u64::try_from(index).unwrap()),
    })
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let (balance, held) = (Amount::from_units(row.get(1)?), Amount::from_units(row.get(2)?));
    Ok(Account { name: row.get(0)?, balance, held })
}

fn fence(row: &Row<'_>) -> rusqlite::Result<Fence> {
    Ok(Fence { lobby: whole(row, 0)?, at: [whole(row, 1)?, whole(row, 2)?, whole(row, 3)?] })
}

fn transfer(row: &Row<'_>) -> rusqlite::Result<Transfer> {
    let kind: String = row.get(0)?;
    let named = |kind: &str, column| row.get::<_, i64>(column).map(|id| format!("{kind}:{id}"));
    let cashier = || Ok("cashier".to_owned());
    let (player, house, escrow) = (named("player", 1), named("house", 2), named("escrow", 2));
    let (from, to) = match kind.as_str() {
        "funding" => (cashier(), house),
        "top_up" => (cashier(), player),
        "take_out" => (player, cashier()),
        "stake" => (player, escrow),
        "collect" => (escrow, house),
        "payout" => (house, player),
        "release" => (escrow, player),
        other => panic!("{other} is no kind of transfer"),
    };
    Ok(Transfer { from: from?, to: to?, amount: Amount::from_units(row.get(3)?) })
}

/// A number that is never negative.
fn whole(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    Ok(u64::try_from(number).unwrap())
}

/// The sixteen bytes of a bet's name, in the form the wire has.
fn bet_id(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(BetId::from_bytes(row.get(column)?).to_string())
}
