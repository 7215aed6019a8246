//! A token bucket in whole thousandths: how fast one socket may speak.

use kernel::Timestamp;

/// Refills `per_second` messages a second up to `burst`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    burst_milli: u64,
    per_second: u64,
    milli: u64,
    filled_at: Timestamp,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn full(burst: u32, per_second: u32, now: Timestamp) -> Self {
        let burst_milli = u64::from(burst) * 1_000;
        Self { burst_milli, per_second: per_second.into(), milli: burst_milli, filled_at: now }
    }

    /// Takes one message out, or says that there is none.
    pub(crate) fn take(&mut self, now: Timestamp) -> bool {
        let refill = now.ms_since(self.filled_at).saturating_mul(self.per_second);
        self.milli = self.milli.saturating_add(refill).min(self.burst_milli);
        self.filled_at = self.filled_at.max(now);
        match self.milli.checked_sub(1_000) {
            Some(rest) => {
                self.milli = rest;
                true
            }
            None => false,
        }
    }

    /// Whether at least half of the burst is left.
    pub(crate) const fn is_half_full(&self) -> bool {
        self.milli * 2 >= self.burst_milli
    }
}

#[cfg(test)]
mod tests {
    use kernel::Timestamp;

    use super::Bucket;

    #[test]
    fn a_burst_then_the_rate() {
        let mut bucket = Bucket::full(3, 2, Timestamp::from_ms(0));
        let taken = |bucket: &mut Bucket, ms| bucket.take(Timestamp::from_ms(ms));
        assert_eq!([0; 4].map(|ms| taken(&mut bucket, ms)), [true, true, true, false]);
        assert!(!taken(&mut bucket, 499));
        assert!(taken(&mut bucket, 500));
        assert!(!taken(&mut bucket, 501));
        assert_eq!([60_000; 4].map(|ms| taken(&mut bucket, ms)), [true, true, true, false]);
    }
}
