//! What a world is made of, and which faults may befall it.

use std::fmt;
use std::str::FromStr;

use crate::schedule::Fault;

/// Everything that is the same for all seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Lobbies, each with rules of its own.
    pub lobbies: u32,
    /// Players at each lobby.
    pub players: u32,
    /// Game nodes.
    pub games: u8,
    /// User processes.
    pub wallets: u8,
    /// Gateways.
    pub gateways: u8,
    /// About how many rounds are played before the world ends.
    pub rounds: u32,
    /// Which faults may come.
    pub faults: Vec<FaultKind>,
    /// How far faults are apart on average, in milliseconds of the world.
    pub fault_every_ms: u64,
    /// Whether all climb on the exponential curve, to where a tick is more than a hundredth, and
    /// players aim there.
    pub high: bool,
    /// What befalls the world, in place of what its seed would draw.
    pub schedule: Option<Vec<Fault>>,
}

/// The text names no kind of fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFault(String);

macro_rules! faults {
    ($($(#[$comment:meta])* $kind:ident = $name:literal,)*) => {
        /// One kind of fault; each can be switched on alone.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum FaultKind {
            $($(#[$comment])* $kind,)*
        }

        impl FaultKind {
            /// Every kind there is.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// Its name on the command line and in reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

faults! {
    /// A game node dies and is started again.
    KillGame = "kill-game",
    /// A user process dies and is started again.
    KillWallet = "kill-wallet",
    /// A gateway dies and is started again.
    KillGateway = "kill-gateway",
    /// A database dies with writes under way, of which some were durable.
    KillDatabase = "kill-database",
    /// A game node stands still and wakes up as if nothing had happened.
    PauseGame = "pause-game",
    /// A user process does.
    PauseWallet = "pause-wallet",
    /// A game node drains and is started again.
    RollingUpgrade = "rolling-upgrade",
    /// Leases run out early, so that two nodes take themselves for the owner.
    TwoOwners = "two-owners",
    /// Requests are lost.
    DropRequest = "drop-request",
    /// Answers are lost.
    DropResponse = "drop-response",
    /// Messages arrive twice.
    Duplicate = "duplicate",
    /// Messages overtake each other.
    Reorder = "reorder",
    /// Messages are late, up to 30 seconds.
    Delay = "delay",
    /// A machine hears others and is not heard, or the other way round.
    PartitionOneWay = "partition-one-way",
    /// A machine is cut off.
    PartitionFull = "partition-full",
    /// What players are told comes late.
    SlowReader = "slow-reader",
    /// Connections break in the middle of a call.
    ResetMidFrame = "reset-mid-frame",
    /// A database loses what it had not synced.
    LoseUnsynced = "lose-unsynced",
    /// A database dies in the middle of a write.
    TornWrite = "torn-write",
    /// A database has no space left.
    DiskFull = "disk-full",
    /// A database's syncs fail.
    SyncError = "sync-error",
    /// A standby takes over that lacks the last commits.
    LoseTail = "lose-tail",
    /// A machine's wall clock jumps by up to an hour.
    WallClock = "wall-clock",
    /// A process or database gets no time for half a second to five.
    Stall = "stall",
    /// A process has no memory or descriptors left and turns calls away.
    Exhaustion = "exhaustion",
}

impl Plan {
    /// A world without faults that plays about so many rounds.
    #[must_use]
    pub const fn calm(rounds: u32) -> Self {
        Self {
            lobbies: 8,
            players: 10,
            games: 2,
            wallets: 2,
            gateways: 2,
            rounds,
            faults: Vec::new(),
            fault_every_ms: 4_000,
            high: false,
            schedule: None,
        }
    }

    /// The same world with faults of every kind.
    #[must_use]
    pub fn stormy(rounds: u32) -> Self {
        Self { faults: FaultKind::ALL.to_vec(), ..Self::calm(rounds) }
    }

    /// The same world with faults of these kinds only.
    #[must_use]
    pub fn with(rounds: u32, faults: &[FaultKind]) -> Self {
        Self { faults: faults.to_vec(), ..Self::calm(rounds) }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for FaultKind {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let known = Self::ALL.iter().copied().find(|kind| kind.name() == text);
        known.ok_or_else(|| UnknownFault(text.to_owned()))
    }
}

impl fmt::Display for UnknownFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` is no kind of fault", self.0)
    }
}

impl std::error::Error for UnknownFault {}
