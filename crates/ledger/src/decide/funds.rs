//! Top-ups, take-outs and set balances: transfers between a player and the cashier.

use kernel::Amount;

use crate::book::Book;
use crate::{
    Account, Funds, FundsChange, FundsRefusal, FundsTaken, Kind, TopUp, TopUpDay, Transfer,
};

/// Moves a player's own money. A request made before is answered as it was.
pub(super) fn change(book: &mut Book<'_>, funds: &Funds) -> Result<FundsTaken, FundsRefusal> {
    if let Some(made) = book.request(funds.player, funds.request) {
        let same = match funds.change {
            FundsChange::Add(amount) | FundsChange::Credit(amount) => made.moved == amount,
            FundsChange::Set(balance) => made.balance == balance,
        };
        let taken = FundsTaken { moved: made.moved, balance: made.balance };
        return if same { Ok(taken) } else { Err(FundsRefusal::IdReused) };
    }
    let available = book.balance(Account::Player(funds.player));
    let (moved, balance) = match funds.change {
        FundsChange::Add(amount) | FundsChange::Credit(amount) => (amount, available + amount),
        FundsChange::Set(balance) => (balance - available, balance),
    };
    if balance.is_negative() {
        return Err(FundsRefusal::InsufficientFunds);
    }
    if balance > Amount::MAX {
        return Err(FundsRefusal::AboveBalance { max: Amount::MAX });
    }
    if moved > Amount::ZERO && !matches!(funds.change, FundsChange::Credit(_)) {
        count_top_up(book, funds, moved, balance)?;
    }
    let (kind, amount) =
        if moved.is_negative() { (Kind::TakeOut, -moved) } else { (Kind::TopUp, moved) };
    book.transfer(Transfer {
        kind,
        reference: funds.request,
        player: Some(funds.player),
        lobby: None,
        round: None,
        amount,
        balance: None,
    });
    book.put_request(funds.player, funds.request, TopUp { moved, balance });
    Ok(FundsTaken { moved, balance })
}

/// Keeps a top-up within the bounds of its day and of the balance. A clock that went back does
/// not begin a day again.
fn count_top_up(
    book: &mut Book<'_>,
    funds: &Funds,
    moved: Amount,
    balance: Amount,
) -> Result<(), FundsRefusal> {
    let known = book.top_up_day(funds.player);
    let today =
        if known.day >= funds.day { known } else { TopUpDay { day: funds.day, sum: Amount::ZERO } };
    let sum = today.sum + moved;
    if sum > funds.bounds.per_day {
        let left = funds.bounds.per_day - today.sum;
        return Err(FundsRefusal::AboveDay { left: left.max(Amount::ZERO) });
    }
    if balance > funds.bounds.balance {
        return Err(FundsRefusal::AboveBalance { max: funds.bounds.balance });
    }
    book.put_top_up_day(funds.player, TopUpDay { sum, ..today });
    Ok(())
}
