//! Every id of the program: one newtype a thing, none is a bare number or string.

use std::fmt;
use std::num::NonZeroU64;

use uuid::Uuid;

/// The first number a browser cannot hold exactly: 2^53.
const BROWSER_LIMIT: u64 = 1 << 53;

/// The number or text is not an id of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdError;

/// A player, numbered by the user database. Below 2^53, so that a browser can hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlayerId(NonZeroU64);

/// A lobby, numbered by the game database. Below 2^53, so that a browser can hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LobbyId(NonZeroU64);

/// One round of a lobby, counted from 1; shown `4/17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoundId {
    /// Where it was played.
    pub lobby: LobbyId,
    /// Which of that lobby's rounds it is.
    pub number: u32,
}

/// A bet, named by who placed it; unique for one player, not beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BetId(Uuid);

/// The fencing number of an owner of a lobby. A newer owner has a higher one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// Which seed of a chain a round was played with, counted from 1; 0 stands for none yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeedIndex(pub u32);

macro_rules! numbered {
    ($name:ident) => {
        impl $name {
            /// The id with this number.
            ///
            /// # Errors
            /// [`IdError`] for zero and for numbers a browser cannot hold.
            pub const fn new(number: u64) -> Result<Self, IdError> {
                match NonZeroU64::new(number) {
                    Some(number) if number.get() < BROWSER_LIMIT => Ok(Self(number)),
                    _ => Err(IdError),
                }
            }

            /// The number that others know it by.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0.get()
            }

            /// The number as databases keep it.
            #[must_use]
            pub const fn as_i64(self) -> i64 {
                self.0.get().cast_signed()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                if !digits {
                    return Err(IdError);
                }
                Self::new(text.parse().map_err(|_| IdError)?)
            }
        }
    };
}

numbered!(PlayerId);
numbered!(LobbyId);

impl RoundId {
    /// Round `number` of `lobby`.
    #[must_use]
    pub const fn new(lobby: LobbyId, number: u32) -> Self {
        Self { lobby, number }
    }
}

impl BetId {
    /// The bet named by these sixteen bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The name's sixteen bytes, as databases keep it.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl std::str::FromStr for BetId {
    type Err = IdError;
    /// Takes the hyphenated form only, 36 characters.
    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != 36 {
            return Err(IdError);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| IdError)
    }
}

impl Epoch {
    /// The next owner's.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl SeedIndex {
    /// The next round's.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for RoundId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.lobby, self.number)
    }
}

impl fmt::Display for BetId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(formatter)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for SeedIndex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for IdError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("is not an id")
    }
}

impl std::error::Error for IdError {}

#[cfg(test)]
mod tests;
