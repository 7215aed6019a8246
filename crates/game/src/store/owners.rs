//! Who may change what a store keeps of a lobby: nodes with leases, and the epochs they claimed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use fairness::hex;
use kernel::{Epoch, LobbyId};
use platform::random::{self, Random};

use super::{Done, StoreCommand, StoreError};

/// One start of one process that plays lobbies. A start after it is another node: what it knew in
/// memory is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId([u8; 16]);

/// How long a node may own lobbies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// As long as it runs: something else, like the lock on a data directory, proves that no other
    /// owner lives. Such a store's claims always succeed, and it is never asked to renew.
    Held,
    /// So many milliseconds from the moment at which the store renewed it, on the store's clock.
    Timed {
        /// How many.
        ms: u64,
    },
}

/// A node wants to play a lobby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Who.
    pub node: NodeId,
    /// Which.
    pub lobby: LobbyId,
    /// The lowest epoch that is of use: the wallet has refused those below it.
    pub at_least: Epoch,
}

/// What became of a [`Claim`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The node owns the lobby under this epoch, higher than any that the store gave before.
    Yours(Epoch),
    /// Another node owns it whose lease has not run out.
    Others,
    /// The node's own lease has run out: renew it first.
    Lapsed,
    /// There is no such lobby.
    Unknown,
}

/// A node in its part as owner of one lobby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The node.
    pub node: NodeId,
    /// The lobby.
    pub lobby: LobbyId,
    /// The epoch that its claim was given.
    pub epoch: Epoch,
}

/// Changes of rounds, in order, and whose they are.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Who sends them.
    pub node: NodeId,
    /// The epoch that the node owns each lobby of the commands under.
    pub owned: BTreeMap<LobbyId, Epoch>,
    /// What is to be done.
    pub commands: Vec<StoreCommand>,
}

/// What a [`Batch`] came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// In the order of the commands; [`StoreError::NotOwner`] for those of lobbies in `not_owned`.
    pub answers: Vec<Result<Done, StoreError>>,
    /// Lobbies of the batch that the node does not own under that epoch: nothing of theirs was
    /// changed, their heartbeats among a command's left out.
    pub not_owned: BTreeSet<LobbyId>,
}

impl NodeId {
    /// A number that no other node has.
    #[must_use]
    pub fn draw(random: &dyn Random) -> Self {
        Self(random::array(random))
    }

    /// The node with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// 32 hexadecimal digits.
impl fmt::Display for NodeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(&self.0))
    }
}

impl Owner {
    /// A batch of changes to the owner's lobby alone.
    #[must_use]
    pub fn batch(&self, commands: Vec<StoreCommand>) -> Batch {
        let owned = BTreeMap::from([(self.lobby, self.epoch)]);
        Batch { node: self.node, owned, commands }
    }
}

impl Batch {
    /// Whether the batch may change the lobby: it says under which epoch, and that one stands.
    pub(super) fn owns(&self, lobby: LobbyId, not_owned: &BTreeSet<LobbyId>) -> bool {
        self.owned.contains_key(&lobby) && !not_owned.contains(&lobby)
    }

    /// The part of the batch that is this command.
    #[must_use]
    pub fn alone(&self, command: &StoreCommand) -> Self {
        let owned = match command.lobby() {
            Some(lobby) => self.owned.get_key_value(&lobby).map(|(id, epoch)| (*id, *epoch)),
            None => return Self { commands: vec![command.clone()], ..self.clone() },
        };
        Self {
            node: self.node,
            owned: owned.into_iter().collect(),
            commands: vec![command.clone()],
        }
    }
}
