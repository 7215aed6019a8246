//! Fences that leave behind what an earlier owner may have shown and lost.

use expect_test::expect;

use super::check;

#[test]
fn a_raised_fence_takes_no_bet_of_the_rounds_it_leaves_behind() {
    check(
        "fence 1 funding 100
         ann adds 30
         ann reserves a 10
         fence 1 epoch 2 raise 3 as x
         ann reserves b 10 in 1/3 epoch 2
         ann reserves c 10 in 1/4 epoch 2",
        expect![[r"
            epoch 1, closed 0, seed 0, house 100, open []
            moved 30, balance 30
            ok
            epoch 2, closed 3, seed 3, house 100, open [(1, 1)], seen 0 and 0
            refused: RoundClosed
            ok
            cashier -130 · house:1 100 · escrow:1 20 · ann 10
            ann's a reserved · ann's c reserved
        "]],
    );
}

#[test]
fn rounds_behind_a_raised_fence_are_resolved_and_closed() {
    check(
        "fence 1 funding 100
         ann adds 30
         ann reserves a 10
         ann reserves b 10 in 1/2
         fence 1 epoch 2 raise 3 as x
         ann wins a 20 epoch 2
         close 1/1 count 1 sum 10 seed 1 epoch 2
         close 1/2 seed 1 epoch 2
         close 1/2 seed 1 epoch 2
         fence 1 epoch 3 as y",
        expect![[r"
            epoch 1, closed 0, seed 0, house 100, open []
            moved 30, balance 30
            ok
            ok
            epoch 2, closed 3, seed 3, house 100, open [(1, 1), (2, 1)], seen 0 and 0
            done
            agreed, house 90
            agreed, house 90
            agreed, house 90
            epoch 3, closed 3, seed 3, house 90, open [], seen 2 and 1
            cashier -130 · house:1 90 · escrow:1 0 · ann 40
            ann's a won 20 · ann's b released (Closed)
        "]],
    );
}

#[test]
fn a_take_over_sent_again_raises_once_and_another_under_its_epoch_is_refused() {
    check(
        "fence 1 funding 100 raise 3 as x
         fence 1 epoch 2 raise 3 as x
         fence 1 epoch 2 raise 3 as x
         fence 1 epoch 2 raise 3 as y
         fence 1 epoch 2 raise 3
         fence 1 epoch 3 raise 3 as y",
        expect![[r"
            epoch 1, closed 0, seed 0, house 100, open []
            epoch 2, closed 3, seed 3, house 100, open [], seen 0 and 0
            epoch 2, closed 3, seed 3, house 100, open [], seen 0 and 0
            refused: Fenced
            refused: Fenced
            epoch 3, closed 6, seed 6, house 100, open [], seen 0 and 0
            cashier -100 · house:1 100
        "]],
    );
}
