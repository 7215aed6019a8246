//! The crowd: honest players who ask again under the same id, greedy ones who cash out twice,
//! those who set a target, who take bets back, who vanish in the middle of a call.

mod player;
pub(crate) mod screens;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kernel::{LobbyId, PlayerId};
use parking_lot::Mutex;
use platform::clock::Clock;

use crate::dice::Dice;
use crate::executor::{Executor, ProcessId};
use crate::gateway::Gateway;
use crate::judge::Judge;
use crate::network::{Machine, Network};

use player::Player;
use screens::Screens;

/// What players like to aim at, in hundredths: low ones meet crash points more often.
pub(crate) const TARGETS: [u32; 10] = [101, 102, 103, 105, 110, 120, 135, 150, 200, 300];
/// What they aim at where all climbs are high.
pub(crate) const HIGH_TARGETS: [u32; 10] = [110, 150, 210, 347, 353, 411, 467, 523, 619, 877];

/// Everybody who plays, in one process that nobody kills. Clones are the same.
#[derive(Clone)]
pub(crate) struct Crowd(Arc<Inner>);

struct Inner {
    executor: Executor,
    process: ProcessId,
    network: Network,
    gateways: Vec<Arc<Machine<Gateway>>>,
    screens: Screens,
    judge: Judge,
    clock: Arc<dyn Clock>,
    targets: &'static [u32],
    /// Nobody begins another round.
    over: AtomicBool,
    /// How many are still at it.
    playing: Mutex<usize>,
}

/// What a crowd needs.
pub(crate) struct Parts {
    pub(crate) executor: Executor,
    pub(crate) network: Network,
    pub(crate) gateways: Vec<Arc<Machine<Gateway>>>,
    pub(crate) screens: Screens,
    pub(crate) judge: Judge,
    pub(crate) clock: Arc<dyn Clock>,
    /// What players aim at, in hundredths.
    pub(crate) targets: &'static [u32],
}

impl Crowd {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { executor, network, gateways, screens, judge, clock, targets } = parts;
        let process = executor.start_process();
        Self(Arc::new(Inner {
            executor,
            process,
            network,
            gateways,
            screens,
            judge,
            clock,
            targets,
            over: AtomicBool::new(false),
            playing: Mutex::new(0),
        }))
    }

    /// One more player at this lobby, with dice of its own.
    pub(crate) fn join(&self, player: PlayerId, lobby: LobbyId, dice: Dice) {
        *self.0.playing.lock() += 1;
        let crowd = self.clone();
        let playing = async move {
            Player::new(crowd.clone(), player, lobby, dice).play().await;
            *crowd.0.playing.lock() -= 1;
        };
        self.0.executor.spawn(self.0.process, Box::pin(playing));
    }

    /// Nobody begins another round.
    pub(crate) fn call_it_a_day(&self) {
        self.0.over.store(true, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.0.over.load(Ordering::Relaxed)
    }

    /// Everybody is gone, whatever they waited for.
    pub(crate) fn disperse(&self) {
        self.0.executor.kill(self.0.process);
    }

    /// Whether everybody has left.
    pub(crate) fn has_left(&self) -> bool {
        *self.0.playing.lock() == 0
    }
}
