//! The climb and who leaves it with what.

use expect_test::expect;

use super::world::check;

#[test]
fn auto_cash_out_beats_a_late_crash() {
    check(
        "crash 2.00",
        "
          0 ann bets 10 auto 1.5
        100 bob bets 5
       8000 passes
       8400 sleeps
      12900 passes
      13300 sleeps
      13301 bob leaves
      14000 passes
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1.50
            100 bob in with 5, cap 1000.00
            1000 locked with 2 bets of 15
            1200 started at 1200
            7958 ann paid 15 at 1.50x by cap
            12836 crashed at 2.00x, climbed to 2.00x in 11636 ms
            13300 settled, lost by [bob], paid out 15
            13301 bob refused: TooLate
        "]],
    );
}

#[test]
fn equal_wins_and_a_hundredth_later_loses() {
    check(
        "crash 2.00",
        "
          0 ann bets 10 auto 2
          0 bob bets 10 auto 2.01
          0 eve bets 10
      12835 eve leaves
      12836 passes
      13000 passes
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 2.00
            0 bob in with 10, cap 2.01
            0 eve in with 10, cap 1000.00
            1000 locked with 3 bets of 30
            1200 started at 1200
            12753 ann paid 20 at 2.00x by cap
            12835 eve paid 20 at 2.00x
            12836 crashed at 2.00x, climbed to 2.00x in 11636 ms
            12936 settled, lost by [bob], paid out 40
        "]],
    );
}

#[test]
fn the_instant_of_the_crash_is_too_late() {
    check(
        "crash 2.00",
        "
          0 ann bets 10
      12836 ann leaves
      13000 passes
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1000.00
            1000 locked with 1 bets of 10
            1200 started at 1200
            12836 crashed at 2.00x, climbed to 2.00x in 11636 ms
            12836 ann refused: TooLate
            12936 settled, lost by [ann], paid out 0
        "]],
    );
}

#[test]
fn a_click_is_judged_by_its_stamp() {
    check(
        "crash 2.00",
        "
          0 ann bets 10
          0 bob bets 10
          0 eve bets 10
      12880 ann leaves stamped 12800
      12881 bob leaves stamped 12780
      12882 eve leaves stamped 12837
      13000 passes
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1000.00
            0 bob in with 10, cap 1000.00
            0 eve in with 10, cap 1000.00
            1000 locked with 3 bets of 30
            1200 started at 1200
            12836 crashed at 2.00x, climbed to 2.00x in 11636 ms
            12880 ann paid 20 at 2.00x
            12881 bob paid 20 at 2.00x
            12882 eve refused: TooLate
            12936 settled, lost by [eve], paid out 40
        "]],
    );
}

#[test]
fn a_click_after_the_autos_instant_pays_the_auto() {
    check(
        "crash 3.00 hold cash_out",
        "
          0 ann bets 10 auto 1.5
       7990 passes
       8100 ann leaves
       8200 answers
       8300 ann leaves
       8400 ann leaves as 1
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1.50
            1000 locked with 1 bets of 10
            1200 started at 1200
            8200 ann paid 15 at 1.50x by cap
            8300 ann refused: NoOpenBet
            8400 ann refused: AlreadyCashedOut
        "]],
    );
}

#[test]
fn a_crash_point_of_one_ends_the_round_at_once() {
    check(
        "crash 1.00",
        "
          0 ann bets 10 auto 1.01
       1200 ann leaves
       1400 passes
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1.01
            1000 locked with 1 bets of 10
            1200 started at 1200
            1200 crashed at 1.00x, climbed to 1.00x in 0 ms
            1200 ann refused: TooLate
            1300 settled, lost by [ann], paid out 0
        "]],
    );
}

#[test]
fn a_climb_to_the_highest_multiplier_pays_everybody() {
    check(
        "crash 5.00 max 2",
        "
          0 ann bets 10
          0 bob bets 10 auto 4
      13000 passes
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 2.00
            0 bob in with 10, cap 2.00
            1000 locked with 2 bets of 20
            1200 started at 1200
            12753 ann paid 20 at 2.00x by cap
            12753 bob paid 20 at 2.00x by cap
            12753 crashed at 5.00x, climbed to 2.00x in 11553 ms
            12853 settled, lost by [], paid out 40
        "]],
    );
}

#[test]
fn a_cap_by_payout_is_an_auto_cash_out() {
    check(
        "crash 5.00 payout_max 1000",
        "
          0 ann bets 500
          0 bob bets 400 auto 2.4
      20000 passes
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 500, cap 2.00
            0 bob in with 400, cap 2.40
            1000 locked with 2 bets of 900
            1200 started at 1200
            12753 ann paid 1000 at 2.00x by cap
            15792 bob paid 960 at 2.40x by cap
        "]],
    );
}

#[test]
fn nothing_is_paid_before_the_climb_or_below_its_first_step() {
    check(
        "",
        "
          0 ann bets 10
        500 ann leaves
       1100 ann leaves
       1201 ann leaves
       1365 ann leaves
       1366 ann leaves
       1400 ann leaves
       1400 bob leaves
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1000.00
            500 ann refused: NoOpenBet
            1000 locked with 1 bets of 10
            1100 ann refused: NoOpenBet
            1200 started at 1200
            1201 ann refused: TooEarly
            1365 ann refused: TooEarly
            1366 ann paid 10.1 at 1.01x
            1400 ann refused: NoOpenBet
            1400 bob refused: NoOpenBet
        "]],
    );
}

#[test]
fn cashing_out_without_a_bet_id_takes_all_open_bets() {
    check(
        "",
        "
          0 ann bets 10 auto 1.2
          0 ann bets 5 as 2
          0 ann bets 5 as 3
       6000 ann leaves
       6001 ann leaves
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1.20
            0 ann#2 in with 5, cap 1000.00
            0 ann refused: BetLimit { limit: 2 }
            1000 locked with 2 bets of 15
            1200 started at 1200
            4239 ann paid 12 at 1.20x by cap
            6000 ann#2 paid 6.65 at 1.33x
            6001 ann refused: NoOpenBet
        "]],
    );
}

#[test]
fn no_cash_out_is_told_before_it_is_stored() {
    check(
        "hold cash_out",
        "
          0 ann bets 10
       6000 ann leaves
       6000 ann leaves as 1
      13000 passes
      13100 answers
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1000.00
            1000 locked with 1 bets of 10
            1200 started at 1200
            6000 ann refused: AlreadyCashedOut
            12836 crashed at 2.00x, climbed to 2.00x in 11636 ms
            13100 ann paid 13.3 at 1.33x
            13100 settled, lost by [], paid out 13.3
        "]],
    );
}

#[test]
fn no_crash_is_told_before_it_is_stored() {
    check(
        "hold crash crash 1.50",
        "
          0 ann bets 10
       9000 passes
       9001 answers
       9500 passes
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1000.00
            1000 locked with 1 bets of 10
            1200 started at 1200
            9001 crashed at 1.50x, climbed to 1.50x in 6869 ms
            9001 settled, lost by [ann], paid out 0
        "]],
    );
}

#[test]
fn a_lock_that_came_too_late_is_stored_anew() {
    check(
        "hold lock",
        "
          0 ann bets 10
       1500 answers
       1600 ann leaves
       2000 passes
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1000.00
            1500 locked with 1 bets of 10
            1600 ann refused: NoOpenBet
            1900 started at 1900
        "]],
    );
}

#[test]
fn a_slow_store_gets_a_longer_lead_each_time() {
    check(
        "hold lock",
        "
          0 ann bets 10
       1300 answers late
       1750 answers late
       2100 answers
       3000 passes
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1000.00
            2100 locked with 1 bets of 10
            2550 started at 2550
        "]],
    );
}

#[test]
fn two_bets_of_one_player_each_have_their_own_target() {
    check(
        "crash 2.00",
        "
          0 ann bets 10 auto 1.2
          1 ann bets 20 auto 1.5 as 2
          2 ann bets 30 as 3
          3 bob bets 10
          4 bob bets 10 auto 3 as 2
        500 bob cancels as 2
       6000 ann leaves as 2
       7000 ann leaves
      20000 passes
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1.20
            1 ann#2 in with 20, cap 1.50
            2 ann refused: BetLimit { limit: 2 }
            3 bob in with 10, cap 1000.00
            4 bob#2 in with 10, cap 3.00
            500 bob#2 out, 10 back
            1000 locked with 3 bets of 40
            1200 started at 1200
            4239 ann paid 12 at 1.20x by cap
            6000 ann#2 paid 26.6 at 1.33x
            7000 ann refused: NoOpenBet
            12836 crashed at 2.00x, climbed to 2.00x in 11636 ms
            12936 settled, lost by [bob], paid out 38.6
            15936 round 2 open until 16936
            16936 locked with 0 bets of 0
            17136 started at 17136
        "]],
    );
}
