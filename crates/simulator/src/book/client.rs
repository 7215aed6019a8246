//! The way of a user process to its database.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Amount, PlayerId};
use ledger::{Command, Funds};
use platform::clock::{BoxFuture, Clock};
use wallet::store::{Applied, Balance, Funded, Keyed, Line, Store, StoreError};

use super::{Book, BookAnswer, BookChange};
use crate::database::{Database, Refused};
use crate::network::{Caller, Machine, Network};

/// A connection to the database of the user role.
pub(crate) struct BookClient {
    pub(crate) network: Network,
    pub(crate) caller: Caller,
    pub(crate) machine: Arc<Machine<Arc<Database<Book>>>>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl BookClient {
    async fn write(&self, change: BookChange) -> Result<BookAnswer, StoreError> {
        let serve = move |database: Arc<Database<Book>>| -> BoxFuture<'static, _> {
            let change = change.clone();
            Box::pin(async move { database.write(change).await })
        };
        match self.network.call(self.caller, &self.machine, serve).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(Refused::Failed(why))) => Err(StoreError::Failed(why.to_owned())),
            Some(Err(Refused::Unknown)) | None => Err(StoreError::Unavailable),
        }
    }

    async fn read<A: Send + 'static>(
        &self,
        read: impl Fn(&Book) -> A + Clone + Send + Sync + 'static,
    ) -> Result<A, StoreError> {
        let serve = move |database: Arc<Database<Book>>| -> BoxFuture<'static, A> {
            let read = read.clone();
            Box::pin(async move { database.read(read) })
        };
        self.network.call(self.caller, &self.machine, serve).await.ok_or(StoreError::Unavailable)
    }
}

#[async_trait]
impl Store for BookClient {
    async fn open_book(&self, currency: String, scale: i64) -> Result<(), StoreError> {
        let asked = (currency.clone(), scale);
        match self.write(BookChange::Open { currency, scale }).await? {
            BookAnswer::Opened(noted) if noted == asked => Ok(()),
            BookAnswer::Opened((currency, scale)) => {
                Err(StoreError::Failed(format!("the book is kept in {currency}, {scale} in one")))
            }
            _ => Err(StoreError::Unavailable),
        }
    }

    async fn apply(&self, batch: Vec<Command>) -> Result<Applied, StoreError> {
        let at_ms = self.clock.unix_ms();
        match self.write(BookChange::Apply { batch, at_ms }).await? {
            BookAnswer::Applied(applied, _) => Ok(applied),
            _ => Err(StoreError::Unavailable),
        }
    }

    async fn change_funds(&self, funds: Funds, keyed: Option<Keyed>) -> Result<Funded, StoreError> {
        let at_ms = self.clock.unix_ms();
        match self.write(BookChange::Funds { funds, keyed, at_ms }).await? {
            BookAnswer::Funded(funded, _) => Ok(funded),
            _ => Err(StoreError::Unavailable),
        }
    }

    async fn balance(&self, player: PlayerId) -> Result<Balance, StoreError> {
        self.read(move |book| book.balance(player)).await
    }

    async fn escrow_kept(&self) -> Result<Amount, StoreError> {
        self.read(Book::escrow_kept).await
    }

    async fn statement(
        &self,
        player: PlayerId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Line>, StoreError> {
        self.read(move |book| book.statement(player, after, limit)).await
    }
}
