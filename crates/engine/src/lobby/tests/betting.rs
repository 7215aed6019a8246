//! Who gets into a round, and who does not.

use expect_test::expect;

use super::world::check;

#[test]
fn a_bet_is_in_the_round_once_it_is_stored() {
    check(
        "hold bet",
        "
         10 ann bets 10
        500 answers
        500 ann bets 10
        500 ann bets 11
    ",
        &expect![[r"
            0 round 1 open until 1000
            500 ann in with 10, cap 1000.00
            500 ann in with 10, cap 1000.00
            500 ann refused: BetIdReused
        "]],
    );
}

#[test]
fn a_bet_that_misses_the_lock_is_refused_and_released() {
    check(
        "hold bet",
        "
         10 ann bets 10
       1000 passes
       1100 answers
       1100 ann leaves
    ",
        &expect![[r"
            0 round 1 open until 1000
            1000 ann refused: BettingClosed
            1000 locked with 0 bets of 0
            1100 ann refused: NoOpenBet
        "]],
    );
}

#[test]
fn a_bet_stamped_at_closing_is_refused() {
    check(
        "",
        "
        999 ann bets 10
       1000 bob bets 10
    ",
        &expect![[r"
            0 round 1 open until 1000
            999 ann in with 10, cap 1000.00
            1000 locked with 1 bets of 10
            1000 bob refused: BettingClosed
        "]],
    );
}

#[test]
fn limits_are_checked_before_money_moves() {
    check(
        "payout_max 1000",
        "
          1 ann bets 990.10
          1 ann bets 10 auto 1.00
          1 ann bets 10 auto 1.01 round 7
          1 ann bets 500 auto 3
          2 ann bets 1 as 2
          3 ann bets 1 as 3
          4 bob bets 10001
    ",
        &expect![[r"
            0 round 1 open until 1000
            1 ann refused: AboveMax { max: Stake(99009) }
            1 ann refused: InvalidTarget
            1 ann refused: WrongRound
            1 ann in with 500, cap 2.00
            2 ann#2 in with 1, cap 1000.00
            3 ann refused: BetLimit { limit: 2 }
            4 bob refused: AboveMax { max: Stake(99009) }
        "]],
    );
}

#[test]
fn what_the_wallet_refuses_leaves_room_for_another_try() {
    check(
        "hold bet",
        "
          1 ann bets 10
          2 wallet refuses ann
          3 ann bets 5
          4 answers
    ",
        &expect![[r"
            0 round 1 open until 1000
            2 ann refused: InsufficientFunds
            4 ann in with 5, cap 1000.00
        "]],
    );
}

#[test]
fn a_bet_may_be_taken_back_until_the_lock() {
    check(
        "hold cancel",
        "
          1 ann bets 10
          2 bob bets 10
          3 ann cancels
          4 ann cancels
          5 eve cancels
          9 answers
         10 ann cancels
       1000 bob cancels
    ",
        &expect![[r"
            0 round 1 open until 1000
            1 ann in with 10, cap 1000.00
            2 bob in with 10, cap 1000.00
            5 eve refused: NoOpenBet
            9 ann out, 10 back
            10 ann out, 10 back
            1000 locked with 1 bets of 10
            1000 bob refused: BettingClosed
        "]],
    );
}

#[test]
fn a_cancellation_under_way_at_the_lock_counts() {
    check(
        "hold cancel crash 1.00",
        "
          1 ann bets 10
        999 ann cancels
       1100 answers
       5000 passes
    ",
        &expect![[r"
            0 round 1 open until 1000
            1 ann in with 10, cap 1000.00
            1000 locked with 0 bets of 0
            1100 ann out, 10 back
            1200 started at 1200
            1200 crashed at 1.00x, climbed to 1.00x in 0 ms
            1300 settled, lost by [], paid out 0
            4300 round 2 open until 5300
        "]],
    );
}

#[test]
fn an_on_first_bet_lobby_rests_until_a_bet_is_accepted() {
    check(
        "on_first_bet hold bet",
        "
       5000 passes
       5001 ann bets 10
       5500 answers
       6499 bob bets 5
       6500 passes
    ",
        &expect![[r"
            0 round 1 open, resting
            5500 ann in with 10, cap 1000.00
            5500 round 1 open until 6500
            6499 bob in with 5, cap 1000.00
            6500 locked with 2 bets of 15
        "]],
    );
}

#[test]
fn when_all_bets_are_cancelled_the_same_round_rests_again() {
    check(
        "on_first_bet",
        "
        100 ann bets 10
        200 ann cancels
       9000 bob bets 5
       9999 passes
      10000 passes
    ",
        &expect![[r"
            0 round 1 open, resting
            100 ann in with 10, cap 1000.00
            100 round 1 open until 1100
            200 round 1 open, resting
            200 ann out, 10 back
            9000 bob in with 5, cap 1000.00
            9000 round 1 open until 10000
            10000 locked with 1 bets of 5
        "]],
    );
}

#[test]
fn the_same_bet_again_gets_the_first_answer() {
    check(
        "crash 1.00",
        "
          1 ann bets 10 auto 2
          2 ann bets 10 auto 2
          3 ann bets 10
       1300 ann bets 10 auto 2
    ",
        &expect![[r"
            0 round 1 open until 1000
            1 ann in with 10, cap 2.00
            2 ann in with 10, cap 2.00
            3 ann refused: BetIdReused
            1000 locked with 1 bets of 10
            1200 started at 1200
            1200 crashed at 1.00x, climbed to 1.00x in 0 ms
            1300 settled, lost by [ann], paid out 0
            1300 ann in with 10, cap 2.00
        "]],
    );
}

#[test]
fn a_refused_bet_does_not_keep_a_countdown_alive() {
    check(
        "on_first_bet hold bet",
        "
        100 ann bets 10
        110 answers late
        120 bob bets 5
        200 ann cancels
        300 wallet refuses bob
       2000 passes
    ",
        &expect![[r"
            0 round 1 open, resting
            110 ann in with 10, cap 1000.00
            110 round 1 open until 1110
            200 ann out, 10 back
            300 bob refused: InsufficientFunds
            300 round 1 open, resting
        "]],
    );
}
