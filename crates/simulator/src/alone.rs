//! A database and its client with nothing else in the world, for the suites of the stores.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use platform::clock::Clock;

use crate::clock::{ProcessClock, WallOffset};
use crate::database::{Database, Tables, Witness};
use crate::dice::Dice;
use crate::executor::Executor;
use crate::network::{Caller, Machine, Network, Peer};
use crate::trace::Trace;

/// Sees nothing.
struct Nobody;

impl<T: Tables> Witness<T> for Nobody {
    fn committed(&self, _: &T, _: &T::Change, _: &T::Answer) {}
    fn lost(&self, _: &T, _: &[T::Change]) {}
}

/// What a client is made of.
pub(crate) struct Alone<T: Tables> {
    pub(crate) executor: Executor,
    pub(crate) network: Network,
    pub(crate) caller: Caller,
    pub(crate) machine: Arc<Machine<Arc<Database<T>>>>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl<T: Tables> Alone<T> {
    pub(crate) fn new(loses_tail: bool) -> Self {
        let executor = Executor::new(Dice::new(1, 1), Trace::default());
        let network = Network::new(executor.clone(), Dice::new(1, 2));
        let witness = Arc::new(Nobody);
        let database = Database::new(executor.clone(), Dice::new(1, 3), witness, loses_tail);
        let machine = Arc::new(Machine::new(Peer::GameStore));
        machine.serve(executor.start_process(), Arc::new(database));
        let caller = Caller { peer: Peer::Game(0), patience_ms: 1_000 };
        let wall = WallOffset::default();
        let clock = Arc::new(ProcessClock::new(executor.clone(), 0, wall));
        Self { executor, network, caller, machine, clock }
    }

    /// Runs `work` to its end.
    pub(crate) fn drive(&self, work: impl Future<Output = ()> + Send + 'static) {
        let ended = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&ended);
        let process = self.executor.start_process();
        let work = async move {
            work.await;
            noted.store(true, Ordering::Relaxed);
        };
        self.executor.spawn(process, Box::pin(work));
        while self.executor.step(u64::MAX / 4) {}
        assert!(ended.load(Ordering::Relaxed), "it waits for something that never comes");
    }
}

/// The cases of a role's suite for its stores, each a test against a database alone.
macro_rules! conforms {
    ($client:ident, $suite:ident; $($name:ident,)*) => {
        $(
            #[test]
            fn $name() {
                let alone = Alone::new(false);
                let store = $client(&alone);
                alone.drive(async move { $suite::$name(&*store).await });
            }
        )*
    };
}

pub(crate) use conforms;
