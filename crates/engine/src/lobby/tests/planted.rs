//! Each mistake that may be planted in the engine breaks the rule that it is named for.

use kernel::planted::{Bug, on_this_thread};

use super::world::World;

/// What a script tells, with a bug planted or without.
fn told(bug: Option<Bug>, setting: &str, script: &str) -> String {
    let _planted = bug.map(on_this_thread);
    let mut world = World::new(setting);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (at, act) = line.split_once(' ').unwrap();
        world.act(at.parse().unwrap(), act.trim());
    }
    world.told
}

/// The script tells `right`, and with the bug `wrong` instead.
fn breaks(bug: Bug, setting: &str, script: &str, (right, wrong): (&str, &str)) {
    let (sane, planted) = (told(None, setting, script), told(Some(bug), setting, script));
    assert!(sane.contains(right) && !sane.contains(wrong), "{sane}");
    assert!(planted.contains(wrong) && !planted.contains(right), "{planted}");
}

#[test]
fn a_float_payout_loses_what_is_less_than_a_hundredth() {
    let script = "
        0 ann bets 0.15 auto 1.01
     4000 passes
    ";
    let lines = ("ann paid 0.1515 at 1.01x", "ann paid 0.15 at 1.01x");
    breaks(Bug::FloatPayout, "crash 2.00", script, lines);
}

#[test]
fn a_tick_rounded_auto_is_not_paid_its_target() {
    // From 3.34x on a tick is longer than a hundredth.
    let mut differs = 0;
    for centi in 400..500 {
        let target = format!("{}.{:02}", centi / 100, centi % 100);
        let script = format!("0 ann bets 10 auto {target}\n 30000 passes");
        let sane = told(None, "crash 6.00", &script);
        assert!(sane.contains(&format!("at {target}x by cap")), "{sane}");
        differs += usize::from(sane != told(Some(Bug::TickRoundedAuto), "crash 6.00", &script));
    }
    assert!(differs > 20, "{differs} of 100 targets are paid otherwise");
}

#[test]
fn a_lost_tie_takes_what_equals_the_crash_point() {
    let script = "
        0 ann bets 10 auto 2
        0 eve bets 10
    12835 eve leaves
    13000 passes
    ";
    let lines = ("ann paid 20 at 2.00x by cap", "lost by [ann eve]");
    breaks(Bug::TieLost, "crash 2.00", script, lines);
    breaks(Bug::TieLost, "crash 2.00", script, ("eve paid 20 at 2.00x", "eve refused: TooLate"));
}

#[test]
fn better_of_both_pays_targets_that_the_climb_never_reached() {
    let script = "
        0 ann bets 10 auto 1.50
        0 bob bets 10 auto 3
     3000 stops
    ";
    let lines = ("ann 1.11x, bob 1.11x", "ann 1.50x, bob 1.11x");
    breaks(Bug::BetterOfBothForAutos, "crash 2.00", script, lines);
}
