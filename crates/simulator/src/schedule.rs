//! What befalls a world, and when.

use std::fmt;

use crate::dice::Dice;
use crate::plan::{FaultKind, Plan};

/// The first faults come after the lobbies have opened, in milliseconds.
const FIRST_MS: u64 = 3_000;

/// One fault. Its numbers mean what its kind makes of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When, in milliseconds of the world.
    pub at_ms: u64,
    /// What.
    pub kind: FaultKind,
    /// How long, in milliseconds.
    pub for_ms: u64,
    /// Chance that the kind needs: which machine, how much.
    pub chance: u64,
}

/// The faults that `seed` draws for `plan`, until `until_ms`.
pub(crate) fn draw(seed: u64, plan: &Plan, until_ms: u64) -> Vec<Fault> {
    let mut dice = Dice::new(seed, 0xfa);
    let mut faults = Vec::new();
    if plan.faults.is_empty() {
        return faults;
    }
    let mut at_ms = FIRST_MS;
    loop {
        at_ms += dice.below(2 * plan.fault_every_ms.max(1)) + 1;
        if at_ms >= until_ms {
            return faults;
        }
        let kind = *dice.choose(&plan.faults);
        let for_ms = duration_ms(kind, &mut dice);
        faults.push(Fault { at_ms, kind, for_ms, chance: dice.next() });
    }
}

/// How long a fault of this kind lasts: half of them are short.
fn duration_ms(kind: FaultKind, dice: &mut Dice) -> u64 {
    let (low, high) = match kind {
        FaultKind::KillGame
        | FaultKind::KillWallet
        | FaultKind::KillGateway
        | FaultKind::KillDatabase
        | FaultKind::LoseUnsynced
        | FaultKind::TornWrite => (50, 4_000),
        FaultKind::PauseGame | FaultKind::PauseWallet => (300, 12_000),
        FaultKind::Stall => (500, 5_000),
        FaultKind::RollingUpgrade | FaultKind::TwoOwners | FaultKind::LoseTail => (100, 3_000),
        FaultKind::WallClock => (1, 1),
        _ => (500, 12_000),
    };
    let high = if dice.permille(500) { low + (high - low) / 4 } else { high };
    dice.between(low, high)
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at_ms, kind, for_ms, chance } = self;
        write!(formatter, "{at_ms} ms: {kind} for {for_ms} ms, chance {chance:#x}")
    }
}
