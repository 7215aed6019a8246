//! What the house can cover, and how many rounds the wallet may lag behind.

use expect_test::expect;

use super::world::check;

#[test]
fn without_room_a_bet_is_refused_with_the_stake_that_fits() {
    check(
        "house 10000",
        "
          1 ann bets 10 auto 100
          1 ann bets 10.01 auto 100 as 2
          2 bob bets 501 auto 2
          3 bob bets 500 auto 2
          4 bob bets 0.01 auto 1.01 as 2
    ",
        &expect![[r"
            0 round 1 open until 1000
            1 ann in with 10, cap 100.00
            1 ann refused: ExposureFull { fits: None }
            2 bob refused: ExposureFull { fits: Some(Stake(50000)) }
            3 bob in with 500, cap 2.00
            4 bob refused: ExposureFull { fits: None }
        "]],
    );
}

#[test]
fn a_player_may_hold_a_tenth_of_the_room() {
    check(
        "house 1 payout_max 1",
        "
          1 ann bets 0.01 auto 10
          2 ann bets 0.01 auto 1.01 as 2
          3 bob bets 0.10 auto 2
          4 bob bets 0.05 auto 2
    ",
        &expect![[r"
            0 round 1 open until 1000
            1 ann in with 0.01, cap 10.00
            2 ann refused: ExposureFull { fits: None }
            3 bob refused: ExposureFull { fits: Some(Stake(5)) }
            4 bob in with 0.05, cap 2.00
        "]],
    );
}

#[test]
fn at_most_three_rounds_wait_for_the_wallet() {
    check(
        "crash 1.00 hold close",
        "
      30000 passes
    ",
        &expect![[r"
            0 round 1 open until 1000
            1000 locked with 0 bets of 0
            1200 started at 1200
            1200 crashed at 1.00x, climbed to 1.00x in 0 ms
            1300 settled, lost by [], paid out 0
            4300 round 2 open until 5300
            5300 locked with 0 bets of 0
            5500 started at 5500
            5500 crashed at 1.00x, climbed to 1.00x in 0 ms
            5600 settled, lost by [], paid out 0
            8600 round 3 open until 9600
            9600 locked with 0 bets of 0
            9800 started at 9800
            9800 crashed at 1.00x, climbed to 1.00x in 0 ms
            9900 settled, lost by [], paid out 0
        "]],
    );
}

#[test]
fn the_stake_that_fits_does_fit() {
    check(
        "house 500000",
        "
          1 ann bets 1000
          2 ann bets 50.01
          3 ann bets 50
    ",
        &expect![[r"
            0 round 1 open until 1000
            1 ann refused: ExposureFull { fits: Some(Stake(5000)) }
            2 ann refused: ExposureFull { fits: Some(Stake(5000)) }
            3 ann in with 50, cap 1000.00
        "]],
    );
}

#[test]
fn what_an_alarmed_close_may_still_cost_stays_reserved() {
    check(
        "crash 1.00 hold close house 10000",
        "
          1 ann bets 500 auto 2
       2000 passes
       2001 wallet disagrees
       4400 ann bets 450.01 auto 2
       4401 ann bets 450 auto 2
    ",
        &expect![[r"
            0 round 1 open until 1000
            1 ann in with 500, cap 2.00
            1000 locked with 1 bets of 500
            1200 started at 1200
            1200 crashed at 1.00x, climbed to 1.00x in 0 ms
            1300 settled, lost by [ann], paid out 0
            4300 round 2 open until 5300
            4400 ann refused: ExposureFull { fits: Some(Stake(45000)) }
            4401 ann in with 450, cap 2.00
        "]],
    );
}

#[test]
fn what_a_round_may_cost_is_reserved_until_the_wallet_has_closed_it() {
    // What it can still cost is not there for the next: a tenth of 1,000, of 800, of 720.
    check(
        "crash 1.00 hold close house 1000",
        "
          1 ann bets 50 auto 2
          2 bob bets 50 auto 2
       4400 ann bets 40.01 auto 2
       4401 ann bets 40 auto 2
       8800 ann bets 36.01 auto 2
       8801 ann bets 36 auto 2
    ",
        &expect![[r"
            0 round 1 open until 1000
            1 ann in with 50, cap 2.00
            2 bob in with 50, cap 2.00
            1000 locked with 2 bets of 100
            1200 started at 1200
            1200 crashed at 1.00x, climbed to 1.00x in 0 ms
            1300 settled, lost by [ann bob], paid out 0
            4300 round 2 open until 5300
            4400 ann refused: ExposureFull { fits: Some(Stake(4000)) }
            4401 ann in with 40, cap 2.00
            5300 locked with 1 bets of 40
            5500 started at 5500
            5500 crashed at 1.00x, climbed to 1.00x in 0 ms
            5600 settled, lost by [ann], paid out 0
            8600 round 3 open until 9600
            8800 ann refused: ExposureFull { fits: Some(Stake(3600)) }
            8801 ann in with 36, cap 2.00
        "]],
    );
}
