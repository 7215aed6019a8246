//! Secrets: values that never show themselves.

use std::fmt;

use zeroize::Zeroize;

/// A value that must not be seen before its time: not in a log, a message, or a panic.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed<T>(T);

impl<T> Sealed<T> {
    /// Seals `value`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Reads without opening. Never log or send what this returns.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Sealed<T> {
    /// Overwrites the value where it stands.
    pub fn wipe(&mut self) {
        self.0.zeroize();
    }
}

impl<T> fmt::Debug for Sealed<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sealed(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Sealed;

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Sealed::new("hush")), "Sealed(..)");
    }
}
