//! The records in memory do what every store of the game does.

use std::sync::Arc;

use game::store::conformance;
use platform::clock::BoxFuture;

use super::{Records, RecordsClient};
use crate::alone::Alone;

fn client(alone: &Alone<Records>) -> Arc<RecordsClient> {
    Arc::new(RecordsClient {
        network: alone.network.clone(),
        caller: alone.caller,
        machine: Arc::clone(&alone.machine),
        loses_tail: false,
    })
}

crate::alone::conforms! {
    client, conformance;
    a_cash_out_or_crash_that_is_not_what_is_stored_is_refused,
    applying_everything_twice_changes_nothing_the_second_time,
    the_lock_marks_exactly_its_bets_and_later_ones_are_released,
    no_seed_is_played_twice,
    a_voided_round_gives_all_bets_back_and_closes_with_nothing,
    a_close_that_disagrees_keeps_its_exposure_and_acknowledged_rows_are_pruned,
    a_public_seed_is_set_once_and_checkpoints_are_found_from_below,
    a_player_has_at_most_so_many_lobbies,
    a_wallet_that_is_an_older_copy_is_sent_again_what_it_has_lost,
    each_claim_gives_a_higher_epoch_and_fences_the_one_before,
    what_is_fenced_in_a_batch_stops_nothing_else,
    a_lobby_goes_to_another_node_once_it_is_handed_over,
    a_node_that_left_owns_nothing,
    skipped_seeds_are_used_up_and_told,
    the_round_that_waits_for_the_wallet_longest_is_found,
}

#[test]
fn a_lobby_is_anybodys_once_its_owners_lease_ran_out() {
    let alone = Alone::new(false);
    let (store, executor) = (client(&alone), alone.executor.clone());
    alone.drive(async move {
        let pass = move |ms| -> BoxFuture<'static, ()> {
            Box::pin(executor.sleep_until(executor.now_ms() + ms))
        };
        conformance::a_lobby_is_anybodys_once_its_owners_lease_ran_out(&*store, &pass).await;
    });
}
