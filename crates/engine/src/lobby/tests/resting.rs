//! Lobbies that nobody plays for a while, and come back.

use expect_test::expect;

use super::world::{World, check};

#[test]
fn a_round_that_nobody_asked_for_a_bet_is_forgotten() {
    check(
        "on_first_bet",
        "
       9000 rests
       9001 ann bets 10
    ",
        &expect![[r"
            0 round 1 open, resting
            9000 stopped
            9001 ann refused: Draining
        "]],
    );
}

#[test]
fn a_round_whose_bets_all_went_back_is_voided() {
    check(
        "on_first_bet",
        "
          0 ann bets 10
        500 ann cancels
       9000 rests
    ",
        &expect![[r"
            0 round 1 open, resting
            0 ann in with 10, cap 1000.00
            0 round 1 open until 1000
            500 round 1 open, resting
            500 ann out, 10 back
            9000 voided: Quiet
            9000 stopped
        "]],
    );
}

#[test]
fn nothing_rests_while_somebody_plays_or_something_is_on_its_way() {
    for (setting, act) in [
        ("on_first_bet", "ann bets 10"),
        ("on_first_bet hold bet", "ann bets 10"),
        ("on_first_bet hold round", "passes"),
        ("", "passes"),
    ] {
        let mut world = World::new(setting);
        world.act(100, act);
        assert!(!world.lobby.may_rest(), "{setting}: {act}");
        let told = world.told.clone();
        world.act(200, "rests");
        assert_eq!(world.told, told, "{setting}: {act}");
    }
    let mut world = World::new("on_first_bet hold cancel");
    world.act(100, "ann bets 10");
    world.act(200, "ann cancels");
    assert!(!world.lobby.may_rest(), "the stake is not on its way back yet");
    world.act(300, "answers");
    assert!(world.lobby.may_rest());
}
