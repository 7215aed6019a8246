//! Every rule of the book, as a script and what it tells.

use expect_test::{Expect, expect};

mod lobby_and_funds;
#[cfg(feature = "planted")]
mod planted;
mod raising;
mod script;

#[expect(clippy::needless_pass_by_value, reason = "an expectation is written in place")]
fn check(script: &str, expected: Expect) {
    expected.assert_eq(&script::play(script));
}

#[test]
fn the_first_fence_funds_the_house_and_later_ones_do_not() {
    check(
        "fence 1 epoch 1 funding 1000
         fence 1 epoch 1 funding 1000
         fence 1 epoch 2 funding 500
         fence 1 epoch 1 funding 1000
         fence 2 epoch 1",
        expect![[r"
            epoch 1, closed 0, seed 0, house 1000, open []
            epoch 1, closed 0, seed 0, house 1000, open []
            epoch 2, closed 0, seed 0, house 1000, open []
            refused: Fenced
            epoch 1, closed 0, seed 0, house 0, open []
            cashier -1000 · house:1 1000
        "]],
    );
}

#[test]
fn a_fence_tells_the_holds_still_reserved() {
    check(
        "fence 1 funding 100
         ann adds 50
         ann reserves a 10 in 1/1
         ann reserves b 10 in 1/2
         ann reserves c 10 in 1/2
         ann loses a in 1/1
         fence 1 epoch 2",
        expect![[r"
            epoch 1, closed 0, seed 0, house 100, open []
            moved 50, balance 50
            ok
            ok
            ok
            done
            epoch 2, closed 0, seed 0, house 110, open [(2, 2)]
            cashier -150 · house:1 110 · escrow:1 20 · ann 20
            ann's a lost · ann's b reserved · ann's c reserved
        "]],
    );
}

#[test]
fn a_win_pays_out_of_the_house_and_a_loss_pays_into_it() {
    check(
        "fence 1 funding 100
         ann adds 50
         bob adds 50
         ann reserves a 10
         bob reserves a 20
         ann wins a 25.5
         bob loses a
         close 1/1 count 2 sum 30 seed 1",
        expect![[r"
            epoch 1, closed 0, seed 0, house 100, open []
            moved 50, balance 50
            moved 50, balance 50
            ok
            ok
            done
            done
            agreed, house 104.5
            cashier -200 · house:1 104.5 · escrow:1 0 · ann 65.5 · bob 30
            ann's a won 25.5 · bob's a lost
        "]],
    );
}

#[test]
fn the_same_command_again_gets_the_same_answer_and_moves_nothing() {
    check(
        "fence 1 funding 100
         ann adds 50 as x
         ann adds 50 as x
         ann reserves a 10
         ann reserves a 10
         ann wins a 20
         ann wins a 20
         close 1/1 count 1 sum 10 seed 1
         close 1/1 count 1 sum 10 seed 1
         ann wins a 20
         ann adds 50 as x",
        expect![[r"
            epoch 1, closed 0, seed 0, house 100, open []
            moved 50, balance 50
            moved 50, balance 50
            ok
            ok
            done
            done
            agreed, house 90
            agreed, house 90
            done
            moved 50, balance 50
            cashier -150 · house:1 90 · escrow:1 0 · ann 60
            ann's a won 20
        "]],
    );
}

#[test]
fn refusals_of_a_reserve_have_an_order() {
    check(
        "fence 1 epoch 2
         ann reserves a 10 in 1/1 epoch 1
         close 1/1 epoch 2
         ann reserves a 10 in 1/1 epoch 1
         ann releases a in 1/2 epoch 2
         ann reserves a 10 in 1/1 epoch 2
         ann reserves a 10 in 1/2 epoch 2
         ann adds 10
         ann reserves b 5 in 1/2 epoch 2
         ann reserves b 50 in 1/2 epoch 2
         ann reserves b 5 in 1/3 epoch 2
         ann reserves c 50 in 1/2 epoch 2
         ann reserves c 5 in 2/1 epoch 9",
        expect![[r"
            epoch 2, closed 0, seed 0, house 0, open []
            refused: Fenced
            agreed, house 0
            refused: Fenced
            ok
            refused: RoundClosed
            refused: Tombstoned
            moved 10, balance 10
            ok
            refused: IdReused
            refused: IdReused
            refused: InsufficientFunds
            refused: Fenced
            cashier -10 · escrow:1 5 · ann 5
            ann's b reserved
            ann's tombstone in 1/2
        "]],
    );
}

#[test]
fn two_stakes_cannot_spend_one_balance() {
    check(
        "fence 1
         ann adds 10
         ann reserves a 10
         ann reserves b 10
         ann reserves c 0.01",
        expect![[r"
            epoch 1, closed 0, seed 0, house 0, open []
            moved 10, balance 10
            ok
            refused: InsufficientFunds
            refused: InsufficientFunds
            cashier -10 · escrow:1 10 · ann 0
            ann's a reserved
        "]],
    );
}

#[test]
fn a_release_gives_the_stake_back_once() {
    check(
        "fence 1
         ann adds 10
         ann reserves a 10
         ann releases a
         ann releases a
         ann reserves a 10
         ann releases a in 1/2",
        expect![[r"
            epoch 1, closed 0, seed 0, house 0, open []
            moved 10, balance 10
            ok
            ok
            ok
            refused: IdReused
            refused: IdReused
            cashier -10 · escrow:1 0 · ann 10
            ann's a released (Early)
        "]],
    );
}

#[test]
fn a_release_that_comes_first_leaves_a_tombstone_until_the_close() {
    check(
        "fence 1
         ann adds 10
         ann releases a
         ann releases a
         ann releases b in 1/2
         ann reserves a 10
         close 1/1
         ann reserves a 10
         ann releases a",
        expect![[r"
            epoch 1, closed 0, seed 0, house 0, open []
            moved 10, balance 10
            ok
            ok
            ok
            refused: Tombstoned
            agreed, house 0
            refused: RoundClosed
            ok
            cashier -10 · ann 10
            ann's tombstone in 1/2
        "]],
    );
}

#[test]
fn a_zombies_messages_are_fenced() {
    check(
        "fence 1 epoch 2
         ann adds 10
         ann reserves a 5 epoch 2
         ann releases a epoch 1
         ann loses a epoch 1
         close 1/1 epoch 1
         ann releases a epoch 2",
        expect![[r"
            epoch 2, closed 0, seed 0, house 0, open []
            moved 10, balance 10
            ok
            refused: Fenced
            refused: Fenced
            refused: Fenced
            ok
            cashier -10 · escrow:1 0 · ann 10
            ann's a released (Early)
        "]],
    );
}

#[test]
fn another_outcome_is_a_conflict() {
    check(
        "fence 1 funding 100
         ann adds 30
         ann reserves a 10
         ann reserves b 10
         ann reserves c 10
         ann wins a 20
         ann loses a
         ann wins a 21
         ann returns a
         ann releases b
         ann returns b
         ann returns c
         ann returns c
         ann releases c
         ann loses d
         ann loses c in 1/2
         ann wins d -1",
        expect![[r"
            epoch 1, closed 0, seed 0, house 100, open []
            moved 30, balance 30
            ok
            ok
            ok
            done
            conflict
              parked: a Lost: Decided
            conflict
              parked: a Won { payout: Amount(210000) }: Decided
            conflict
              parked: a Released: Decided
            ok
            conflict
              parked: b Released: Decided
            done
            done
            refused: IdReused
            conflict
              parked: d Lost: Unknown
            conflict
              parked: c Lost: OtherRound
            conflict
              parked: d Won { payout: Amount(-10000) }: Unknown
            cashier -130 · house:1 90 · escrow:1 0 · ann 40
            ann's a won 20 · ann's b released (Early) · ann's c released (Resolved)
        "]],
    );
}
