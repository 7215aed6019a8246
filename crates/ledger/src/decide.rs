//! Decides a batch in order, each command against the rows as the ones before it left them.

mod bets;
mod funds;
mod lobby;

use crate::book::Book;
use crate::{Answer, Changes, Command, Fence, Refusal, Rows};
use kernel::planted::{self, Bug};
use kernel::{Epoch, LobbyId};

/// Answers every command of `batch`, in its order, and says what must be written.
///
/// `rows` holds what [`crate::touches`] named. Splitting a sequence of commands into other
/// batches changes neither answers nor rows.
#[must_use]
pub fn decide(batch: &[Command], rows: &Rows) -> (Vec<Answer>, Changes) {
    let mut book = Book::new(rows);
    let answers = batch
        .iter()
        .map(|command| match command {
            Command::Fence(fence) => Answer::Fence(lobby::fence(&mut book, fence)),
            Command::Reserve(reserve) => Answer::Reserve(bets::reserve(&mut book, reserve)),
            Command::Release(release) => Answer::Release(bets::release(&mut book, release)),
            Command::Resolve(resolve) => Answer::Resolve(bets::resolve(&mut book, resolve)),
            Command::Settle(resolve) => Answer::Resolve(bets::settle(&mut book, resolve)),
            Command::Close(close) => Answer::Close(lobby::close(&mut book, close)),
            Command::Funds(change) => Answer::Funds(funds::change(&mut book, change)),
        })
        .collect();
    (answers, book.into_changes())
}

/// The lobby's fence, if `epoch` is not behind it. A lobby never fenced has no owner to obey.
fn pass(book: &Book<'_>, lobby: LobbyId, epoch: Epoch) -> Result<Fence, Refusal> {
    let is_ours = |fence: &Fence| epoch >= fence.epoch || planted::is(Bug::NoEpochFence);
    book.fence(lobby).filter(is_ours).ok_or(Refusal::Fenced)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
