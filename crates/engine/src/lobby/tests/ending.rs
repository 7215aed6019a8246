//! Rounds that do not end by their crash, and lobbies that stop.

use expect_test::expect;

use super::world::check;

#[test]
fn a_store_that_stands_still_stops_the_climb_after_a_second() {
    check(
        "hold heartbeat crash 5.00",
        "
          0 ann bets 10
          0 bob bets 10 auto 1.05
       2201 ann leaves
       2300 ann leaves
       4000 answers
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1000.00
            0 bob in with 10, cap 1.05
            1000 locked with 2 bets of 20
            1200 started at 1200
            2014 bob paid 10.5 at 1.05x by cap
            2201 interrupted: Stalled
            2201 ann refused: TooLate
            2300 ann refused: TooLate
            4000 interruption settled at 1.05x: [ann 1.05x, bob 1.05x]
        "]],
    );
}

#[test]
fn a_climb_that_turns_out_to_be_over_is_told_as_it_was_played() {
    // 1.18x was shown and paid, and nothing is higher than the crash point: the round had crashed.
    check(
        "crash 1.18",
        "
          0 ann bets 10
          0 bob bets 10
          0 eve bets 10 auto 1.10
       4000 ann leaves
       4005 stops
       4010 passes
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1000.00
            0 bob in with 10, cap 1000.00
            0 eve in with 10, cap 1.10
            1000 locked with 3 bets of 30
            1200 started at 1200
            2789 eve paid 11 at 1.10x by cap
            4000 ann paid 11.8 at 1.18x
            4005 interrupted: Shutdown
            4005 crashed at 1.18x, climbed to 1.18x in 2900 ms
            4005 settled, lost by [bob], paid out 22.8
            4005 stopped
        "]],
    );
}

#[test]
fn stopped_in_mid_climb_everybody_is_paid_what_was_durable() {
    check(
        "crash 5.00",
        "
          0 ann bets 10
          0 bob bets 10 auto 1.2
          0 eve bets 10 auto 4
       4000 ann leaves
       6000 passes
       6600 sleeps
       7000 passes
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1000.00
            0 bob in with 10, cap 1.20
            0 eve in with 10, cap 4.00
            1000 locked with 3 bets of 30
            1200 started at 1200
            4000 ann paid 11.8 at 1.18x
            4239 bob paid 12 at 1.20x by cap
            6600 interrupted: Stalled
            6600 interruption settled at 1.32x: [ann 1.18x, bob 1.20x, eve 1.32x]
        "]],
    );
}

#[test]
fn a_crash_between_the_last_heartbeat_and_the_stop_does_not_count() {
    check(
        "crash 1.34",
        "
          0 ann bets 10
       6000 passes
       6600 sleeps
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1000.00
            1000 locked with 1 bets of 10
            1200 started at 1200
            6600 interrupted: Stalled
            6600 interruption settled at 1.32x: [ann 1.32x]
        "]],
    );
}

#[test]
fn a_stopping_lobby_finishes_a_round_that_is_played() {
    check(
        "crash 1.50",
        "
          0 ann bets 10
        500 drains
        600 bob bets 10
      20000 passes
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1000.00
            600 bob refused: Draining
            1000 locked with 1 bets of 10
            1200 started at 1200
            8069 crashed at 1.50x, climbed to 1.50x in 6869 ms
            8169 settled, lost by [ann], paid out 0
            8169 stopped
        "]],
    );
}

#[test]
fn a_stopping_lobby_ends_a_round_that_nobody_plays() {
    check(
        "",
        "
        500 drains
    ",
        &expect![[r"
            0 round 1 open until 1000
            500 voided: Shutdown
            500 stopped
        "]],
    );
    check(
        "",
        "
       2500 drains
    ",
        &expect![[r"
            0 round 1 open until 1000
            1000 locked with 0 bets of 0
            1200 started at 1200
            2500 interrupted: Shutdown
            2500 interruption settled at 1.07x: []
            2500 stopped
        "]],
    );
}

#[test]
fn told_to_stop_now_an_open_round_is_voided_and_a_climb_interrupted() {
    check(
        "hold bet",
        "
          0 ann bets 10
        100 stops
    ",
        &expect![[r"
            0 round 1 open until 1000
            100 ann refused: Draining
            100 voided: Shutdown
            100 stopped
        "]],
    );
    check(
        "",
        "
          0 ann bets 10
       3000 stops
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1000.00
            1000 locked with 1 bets of 10
            1200 started at 1200
            3000 interrupted: Shutdown
            3000 interruption settled at 1.11x: [ann 1.11x]
            3000 stopped
        "]],
    );
    check(
        "hold lock",
        "
          0 ann bets 10
       1100 stops
       1150 answers
    ",
        &expect![[r"
            0 round 1 open until 1000
            0 ann in with 10, cap 1000.00
            1100 interrupted: Shutdown
            1150 interruption settled at nothing durable: [ann released]
            1150 stopped
        "]],
    );
}
