//! What happens to messages now: storms, each of one kind, on some links, until it is over.

use super::{LATENCY_MS, Peer};
use crate::dice::Dice;

/// One direction between two machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) from: Peer,
    pub(crate) to: Peer,
}

/// What a storm does to a message on its links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storm {
    /// It is lost, in `permille` of all cases.
    Drop { permille: u64 },
    /// It arrives twice.
    Duplicate { permille: u64 },
    /// It is overtaken by others: up to so much later.
    Reorder { up_to_ms: u64 },
    /// It is late, in `permille` of all cases.
    Delay { permille: u64, up_to_ms: u64 },
    /// It may have arrived or not; its sender learns at once that the connection broke.
    Reset { permille: u64 },
}

/// Every storm that blows.
#[derive(Debug, Default)]
pub(crate) struct Weather(Vec<Front>);

/// A storm in its place and time.
#[derive(Clone, Copy, Debug)]
struct Front {
    storm: Storm,
    from: Option<Peer>,
    to: Option<Peer>,
    until_ms: u64,
}

/// When a message arrives, each time that it does, and whether its sender was cut off.
#[derive(Debug, Default)]
pub(super) struct Fate {
    pub(super) arrivals_ms: Vec<u64>,
    pub(super) broken: bool,
}

impl Link {
    /// The other direction.
    pub(crate) const fn back(self) -> Self {
        Self { from: self.to, to: self.from }
    }
}

impl Weather {
    /// Lets `storm` blow on messages from and to these machines, or from and to any.
    pub(crate) fn begin(
        &mut self,
        storm: Storm,
        (from, to): (Option<Peer>, Option<Peer>),
        until_ms: u64,
    ) {
        self.0.push(Front { storm, from, to, until_ms });
    }

    /// Every storm is over.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn fate(&mut self, link: Link, now_ms: u64, dice: &mut Dice) -> Fate {
        let mut fate = Fate { arrivals_ms: vec![dice.below(LATENCY_MS + 1)], broken: false };
        if self.0.is_empty() {
            return fate;
        }
        self.0.retain(|front| front.until_ms > now_ms);
        for front in self.0.iter().filter(|front| front.is_on(link)) {
            front.storm.strike(&mut fate, dice);
        }
        fate
    }
}

impl Front {
    fn is_on(&self, link: Link) -> bool {
        self.from.is_none_or(|from| from == link.from) && self.to.is_none_or(|to| to == link.to)
    }
}

impl Storm {
    fn strike(self, fate: &mut Fate, dice: &mut Dice) {
        match self {
            Self::Drop { permille } => {
                if dice.permille(permille) {
                    fate.arrivals_ms.clear();
                }
            }
            Self::Duplicate { permille } => {
                if let Some(first) = fate.arrivals_ms.first().copied()
                    && dice.permille(permille)
                {
                    fate.arrivals_ms.push(first + dice.below(500));
                }
            }
            Self::Reorder { up_to_ms } => {
                fate.arrivals_ms.iter_mut().for_each(|at| *at += dice.below(up_to_ms));
            }
            Self::Delay { permille, up_to_ms } => {
                if dice.permille(permille) {
                    fate.arrivals_ms.iter_mut().for_each(|at| *at += dice.below(up_to_ms));
                }
            }
            Self::Reset { permille } => {
                if dice.permille(permille) {
                    fate.broken = true;
                    if dice.permille(500) {
                        fate.arrivals_ms.clear();
                    }
                }
            }
        }
    }
}
