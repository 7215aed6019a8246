//! Machines: what messages are addressed to, and the process that serves there, if one does.

use std::fmt;

use parking_lot::Mutex;

use crate::executor::ProcessId;

/// A machine by its part and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    Game(u8),
    Wallet(u8),
    Gateway(u8),
    /// The database of the game role.
    GameStore,
    /// The database of the user role.
    WalletStore,
    /// Everybody who plays.
    Crowd,
}

/// A machine and what serves on it.
pub(crate) struct Machine<S> {
    pub(crate) peer: Peer,
    serving: Mutex<Option<(ProcessId, S)>>,
    /// Out of memory or descriptors: what comes is turned away.
    exhausted: Mutex<bool>,
}

impl<S: Clone> Machine<S> {
    pub(crate) fn new(peer: Peer) -> Self {
        Self { peer, serving: Mutex::new(None), exhausted: Mutex::new(false) }
    }

    /// From now on calls are served by `service` in `process`.
    pub(crate) fn serve(&self, process: ProcessId, service: S) {
        *self.serving.lock() = Some((process, service));
    }

    /// Nobody serves any more; what did is given back, to be dropped outside of any lock.
    pub(crate) fn stop(&self) -> Option<(ProcessId, S)> {
        self.serving.lock().take()
    }

    pub(crate) fn exhaust(&self, exhausted: bool) {
        *self.exhausted.lock() = exhausted;
    }

    /// Who takes a call that arrives now.
    pub(crate) fn serving(&self) -> Option<(ProcessId, S)> {
        if *self.exhausted.lock() { None } else { self.serving.lock().clone() }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Game(number) => write!(formatter, "game {number}"),
            Self::Wallet(number) => write!(formatter, "wallet {number}"),
            Self::Gateway(number) => write!(formatter, "gateway {number}"),
            Self::GameStore => formatter.write_str("game database"),
            Self::WalletStore => formatter.write_str("wallet database"),
            Self::Crowd => formatter.write_str("crowd"),
        }
    }
}
