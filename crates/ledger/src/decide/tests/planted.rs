//! Each mistake that may be planted in the ledger breaks the rule that it is named for.

use kernel::planted::{Bug, on_this_thread};

use super::script::play;

/// The script tells `right`, and with the bug `wrong` instead.
fn breaks(bug: Bug, script: &str, (right, wrong): (&str, &str)) {
    let sane = play(script);
    let planted = {
        let _planted = on_this_thread(bug);
        play(script)
    };
    assert!(sane.contains(right) && !sane.contains(wrong), "{sane}");
    assert!(planted.contains(wrong) && !planted.contains(right), "{planted}");
}

#[test]
fn without_idempotency_a_stake_moves_twice() {
    let script = "
        fence 1 funding 100
        ann adds 50
        ann reserves a 10
        ann reserves a 10
    ";
    breaks(Bug::NoIdempotency, script, ("escrow:1 10 · ann 40", "escrow:1 20 · ann 30"));
}

#[test]
fn without_a_tombstone_a_late_reserve_holds() {
    let script = "
        fence 1 funding 100
        ann adds 50
        ann releases a
        ann reserves a 10
    ";
    breaks(Bug::NoTombstone, script, ("refused: Tombstoned", "ann's a reserved"));
}

#[test]
fn without_an_epoch_fence_the_last_owner_is_obeyed() {
    let script = "
        fence 1 epoch 1 funding 100
        ann adds 50
        fence 1 epoch 2
        ann reserves a 10 epoch 1
    ";
    breaks(Bug::NoEpochFence, script, ("refused: Fenced", "ann's a reserved"));
}

#[test]
fn refund_and_pay_moves_a_decided_stake_again() {
    let script = "
        fence 1 funding 100
        ann adds 50
        ann reserves a 10
        ann reserves b 20
        ann wins a 15
        ann returns a
    ";
    breaks(Bug::RefundAndPay, script, ("parked", "escrow:1 10"));
}
