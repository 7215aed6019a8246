//! Closes, a house that is short, and players' own money.

use expect_test::expect;

use super::check;

#[test]
fn a_house_that_cannot_pay_parks_the_win_and_keeps_the_hold() {
    check(
        "fence 1 funding 5
         ann adds 10
         bob adds 10
         ann reserves a 10
         bob reserves a 10
         ann wins a 20
         close 1/1 count 2 sum 20 seed 1
         bob loses a
         ann wins a 20
         ann wins a 20",
        expect![[r"
            epoch 1, closed 0, seed 0, house 5, open []
            moved 10, balance 10
            moved 10, balance 10
            ok
            ok
            conflict
              parked: a Won { payout: Amount(200000) }: HouseShort
            disagreed, house 5
              parked: close of 1/1: locked 2 for 20, resolved 0 for 0
            done
            done
            done
            cashier -25 · house:1 5 · escrow:1 0 · ann 20 · bob 0
            ann's a won 20 · bob's a lost
        "]],
    );
}

#[test]
fn an_operator_makes_good_what_the_house_lacks_and_no_more() {
    check(
        "fence 1 funding 5
         ann adds 10
         bob adds 10
         ann reserves a 10
         bob reserves a 10
         ann wins a 20
         close 1/1 count 2 sum 20 seed 1
         ann settles a 20
         ann settles a 20
         bob settles a 5
         bob settles a 6
         cat settles a 6
         ann settles a 20 epoch 0",
        expect![[r"
            epoch 1, closed 0, seed 0, house 5, open []
            moved 10, balance 10
            moved 10, balance 10
            ok
            ok
            conflict
              parked: a Won { payout: Amount(200000) }: HouseShort
            disagreed, house 5
              parked: close of 1/1: locked 2 for 20, resolved 0 for 0
            done
            done
            done
            conflict
              parked: a Won { payout: Amount(60000) }: Decided
            conflict
              parked: a Won { payout: Amount(60000) }: Unknown
            refused: Fenced
            cashier -30 · house:1 5 · escrow:1 0 · ann 20 · bob 5
            ann's a won 20 · bob's a won 5
        "]],
    );
}

#[test]
fn a_close_that_agrees_releases_what_nobody_decided() {
    check(
        "fence 1 funding 100
         ann adds 30
         ann reserves a 10
         ann reserves b 10
         ann reserves c 10 in 1/2
         ann loses a
         close 1/1 count 1 sum 10 seed 1
         ann releases b
         ann loses b
         fence 1 epoch 2",
        expect![[r"
            epoch 1, closed 0, seed 0, house 100, open []
            moved 30, balance 30
            ok
            ok
            ok
            done
            agreed, house 110
            ok
            conflict
              parked: b Lost: Decided
            epoch 2, closed 1, seed 1, house 110, open [(2, 1)]
            cashier -130 · house:1 110 · escrow:1 10 · ann 10
            ann's a lost · ann's b released (Closed) · ann's c reserved
        "]],
    );
}

#[test]
fn a_voided_round_closes_with_nothing_and_releases_all() {
    check(
        "fence 1
         ann adds 30
         ann reserves a 10
         ann reserves b 10
         close 1/1
         close 1/2
         fence 1",
        expect![[r"
            epoch 1, closed 0, seed 0, house 0, open []
            moved 30, balance 30
            ok
            ok
            agreed, house 0
            agreed, house 0
            epoch 1, closed 2, seed 0, house 0, open []
            cashier -30 · escrow:1 0 · ann 30
            ann's a released (Closed) · ann's b released (Closed)
        "]],
    );
}

#[test]
fn a_close_that_disagrees_keeps_the_holds_and_goes_on() {
    check(
        "fence 1 funding 100
         ann adds 30
         ann reserves a 10
         ann reserves b 10
         ann loses a
         close 1/1 count 2 sum 20 seed 1
         close 1/1 count 2 sum 20 seed 1
         ann loses b
         fence 1
         close 1/2 count 1 sum 5 seed 2
         close 1/2 count 1 sum 5 seed 2",
        expect![[r"
            epoch 1, closed 0, seed 0, house 100, open []
            moved 30, balance 30
            ok
            ok
            done
            disagreed, house 110
              parked: close of 1/1: locked 2 for 20, resolved 1 for 10
            disagreed, house 110
            done
            epoch 1, closed 1, seed 1, house 120, open []
            disagreed, house 120
              parked: close of 1/2: locked 1 for 5, resolved 0 for 0
            disagreed, house 120
            cashier -130 · house:1 120 · escrow:1 0 · ann 10
            ann's a lost · ann's b lost
        "]],
    );
}

#[test]
fn a_round_below_the_closed_one_is_still_closed_once() {
    check(
        "fence 1 funding 100
         ann adds 30
         ann reserves a 10 in 1/1
         ann reserves b 10 in 1/4
         close 1/4 seed 4
         ann loses a in 1/1
         close 1/1 count 1 sum 10 seed 1
         fence 1",
        expect![[r"
            epoch 1, closed 0, seed 0, house 100, open []
            moved 30, balance 30
            ok
            ok
            agreed, house 100
            done
            agreed, house 110
            epoch 1, closed 4, seed 4, house 110, open []
            cashier -130 · house:1 110 · escrow:1 0 · ann 20
            ann's a lost · ann's b released (Closed)
        "]],
    );
}

#[test]
fn a_balance_is_set_without_touching_holds() {
    check(
        "fence 1
         ann sets 100 as x
         ann reserves a 40
         ann sets 100 as y
         ann sets 100 as x
         ann sets 0 as z
         ann sets -1
         ann sets 0 as u
         ann adds 5
         ann sets 0 as u",
        expect![[r"
            epoch 1, closed 0, seed 0, house 0, open []
            moved 100, balance 100
            ok
            moved 40, balance 100
            moved 100, balance 100
            moved -100, balance 0
            refused: InsufficientFunds
            moved 0, balance 0
            moved 5, balance 5
            moved 0, balance 0
            cashier -45 · escrow:1 40 · ann 5
            ann's a reserved
        "]],
    );
}

#[test]
fn top_ups_are_bounded_by_day_and_by_balance() {
    check(
        "ann adds 900
         ann adds 101
         ann adds 100
         ann adds -600
         ann adds 1
         ann adds 900 day 2
         ann adds 100.0001 day 2
         ann adds 100 day 1
         ann adds 1000 day 3
         bob adds -0.0001
         bob adds 5 as x
         bob adds 6 as x",
        expect![[r"
            moved 900, balance 900
            refused: AboveDay { left: Amount(1000000) }
            moved 100, balance 1000
            moved -600, balance 400
            refused: AboveDay { left: Amount(0) }
            moved 900, balance 1300
            refused: AboveDay { left: Amount(1000000) }
            moved 100, balance 1400
            refused: AboveBalance { max: Amount(15000000) }
            refused: InsufficientFunds
            moved 5, balance 5
            refused: IdReused
            cashier -1405 · ann 1400 · bob 5
        "]],
    );
}

#[test]
fn an_operators_credit_passes_the_bounds_of_players_and_leaves_their_day() {
    check(
        "ann credits 90000000000 as x
         ann credits 90000000000 as x
         ann credits 1 as x
         ann credits 90000000000
         ann sets 0
         ann adds 1000
         ann credits -400
         ann credits -600.0001",
        expect![[r"
            moved 90000000000, balance 90000000000
            moved 90000000000, balance 90000000000
            refused: IdReused
            refused: AboveBalance { max: Amount(1000000000000000) }
            moved -90000000000, balance 0
            moved 1000, balance 1000
            moved -400, balance 600
            refused: InsufficientFunds
            cashier -600 · ann 600
        "]],
    );
}
