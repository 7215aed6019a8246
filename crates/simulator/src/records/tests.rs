//! The records in memory do what every store of the game does.

use std::sync::Arc;

use game::store::conformance;

use super::RecordsClient;
use crate::alone::Alone;

macro_rules! cases {
    ($($name:ident,)*) => {
        $(
            #[test]
            fn $name() {
                let alone = Alone::new(false);
                let store = Arc::new(RecordsClient {
                    network: alone.network.clone(),
                    caller: alone.caller,
                    machine: Arc::clone(&alone.machine),
                });
                alone.drive(async move { conformance::$name(&*store).await });
            }
        )*
    };
}

cases! {
    a_cash_out_or_crash_that_is_not_what_is_stored_is_refused,
    applying_everything_twice_changes_nothing_the_second_time,
    the_lock_marks_exactly_its_bets_and_later_ones_are_released,
    no_seed_is_played_twice,
    a_voided_round_gives_all_bets_back_and_closes_with_nothing,
    a_close_that_disagrees_keeps_its_exposure_and_acknowledged_rows_are_pruned,
    a_public_seed_is_set_once_and_checkpoints_are_found_from_below,
    a_player_has_at_most_so_many_lobbies,
    a_wallet_that_is_an_older_copy_is_sent_again_what_it_has_lost,
}
