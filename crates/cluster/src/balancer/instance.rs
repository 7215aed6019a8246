//! What calls have shown of one instance.

use kernel::Timestamp;

use super::{CallEnd, Endpoint};

/// Failures in a row after which an instance is left alone.
const FAILURES_MAX: u32 = 3;
/// For how long, in milliseconds; doubling each time up to the last.
const LEFT_ALONE_MS: (u64, u64) = (500, 30_000);
/// The weight of the newest answer's time: one part in so many.
const WEIGHT: u64 = 8;
/// What is forgotten of a usual time whenever another instance was preferred: one part in so many.
const FORGOTTEN: u64 = 64;

/// One instance of the role.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) endpoint: Endpoint,
    /// Calls under way.
    in_flight: u64,
    /// The usual time of an answer, in microseconds; 0 until the first.
    usual_us: u64,
    failures: u32,
    /// How often it was left alone since it last answered.
    ejections: u32,
    /// Until when it is left alone.
    ejected_until: Option<Timestamp>,
    /// Whether the one call that looks whether it is back is under way.
    probing: bool,
}

impl Instance {
    pub(super) const fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            in_flight: 0,
            usual_us: 0,
            failures: 0,
            ejections: 0,
            ejected_until: None,
            probing: false,
        }
    }

    /// Whether a call may go there: always, or as the one that probes it.
    pub(super) fn takes_calls(&self, now: Timestamp) -> bool {
        match self.ejected_until {
            None => true,
            Some(until) => now >= until && !self.probing,
        }
    }

    /// How much it has to do. One that never answered counts as quick, so that it is tried.
    pub(super) const fn load(&self) -> u64 {
        (self.usual_us + 1).saturating_mul(self.in_flight + 1)
    }

    /// Another one was preferred. Without this whoever was slow once, say at its first call, would
    /// not be asked again while little is going on, and could never show that it is quick now.
    pub(super) const fn pass_over(&mut self) {
        self.usual_us -= self.usual_us.div_ceil(FORGOTTEN);
    }

    pub(super) fn begin(&mut self) {
        self.in_flight += 1;
        self.probing |= self.ejected_until.is_some();
    }

    pub(super) fn end(&mut self, end: Option<CallEnd>, seconds: f64, now: Timestamp) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let probed = std::mem::take(&mut self.probing);
        match end {
            None => {}
            Some(CallEnd::Answered) => {
                self.note_time(seconds);
                (self.failures, self.ejections, self.ejected_until) = (0, 0, None);
            }
            Some(CallEnd::Failed) => {
                self.failures += 1;
                if self.failures >= FAILURES_MAX || probed {
                    self.eject(now);
                }
            }
        }
    }

    fn eject(&mut self, now: Timestamp) {
        // Calls that were under way when it was left alone say nothing new.
        if self.ejected_until.is_some_and(|until| now < until) {
            return;
        }
        let ms = LEFT_ALONE_MS.0.saturating_mul(1 << self.ejections.min(16));
        self.ejections += 1;
        self.ejected_until = Some(now + ms.min(LEFT_ALONE_MS.1));
    }

    fn note_time(&mut self, seconds: f64) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a call lasts a few seconds, in microseconds"
        )]
        let took_us = (seconds.clamp(0.0, 3_600.0) * 1e6) as u64;
        self.usual_us = match self.usual_us {
            0 => took_us.max(1),
            usual => (usual * (WEIGHT - 1) + took_us) / WEIGHT,
        };
    }
}

/// How many are left alone.
pub(super) fn ejected(instances: &[Instance]) -> usize {
    instances.iter().filter(|instance| instance.ejected_until.is_some()).count()
}
