//! The book in memory does what every store of the book does.

use std::sync::Arc;

use wallet::store::conformance;

use super::{Book, BookClient};
use crate::alone::Alone;

fn client(alone: &Alone<Book>) -> Arc<BookClient> {
    Arc::new(BookClient {
        network: alone.network.clone(),
        caller: alone.caller,
        machine: Arc::clone(&alone.machine),
        clock: Arc::clone(&alone.clock),
    })
}

crate::alone::conforms! {
    client, conformance;
    does_as_the_ledger_decides,
    a_key_moves_money_once,
    a_batch_may_be_applied_again,
    a_statement_goes_on_after_a_line,
    the_currency_is_noted_once,
    what_closed_rounds_hold_is_told,
}

#[test]
fn another_handle_goes_on() {
    let alone = Alone::new(false);
    let (store, other) = (client(&alone), client(&alone));
    alone.drive(async move { conformance::another_handle_goes_on(&*store, &*other).await });
}
