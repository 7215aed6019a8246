//! When each request was due, when it was sent, and what became of it.
//!
//! Every latency is kept, to the microsecond: the quantiles are exact.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What stands in place of a latency.
const NOTHING: u32 = 0;
const NOT_SENT: u32 = u32::MAX;
const REFUSED: u32 = u32::MAX - 1;

/// How a set of durations is spread, in milliseconds.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_field_names, reason = "a name ends in its unit")]
pub(crate) struct Spread {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) p999_ms: f64,
    pub(crate) max_ms: f64,
}

/// What became of the requests that count.
#[derive(Clone, Debug)]
pub(crate) struct Outcomes {
    /// From when each was due to when its acknowledgement was read.
    pub(crate) latency: Spread,
    /// How late the crowd itself sent: part of the latency.
    pub(crate) sent_late: Spread,
    pub(crate) acknowledged: u32,
    pub(crate) unanswered: u32,
    /// Not sent, as no lobby had a place for it.
    pub(crate) not_sent: u32,
    /// Of the whole run, by their code.
    pub(crate) refused: BTreeMap<String, u32>,
}

/// Every request by its number.
pub(super) struct Answers {
    schedule: Mutex<Vec<Run>>,
    /// Microseconds from when it was due to when it was acknowledged.
    latencies_us: Vec<AtomicU32>,
    /// Microseconds from when it was due to when it was sent.
    sent_late_us: Vec<AtomicU32>,
    refused: Mutex<BTreeMap<String, u32>>,
    /// Acknowledged or refused, whatever their number.
    answered: AtomicU32,
}

/// Requests that are due one after another.
struct Run {
    from: u32,
    /// When number `from` is due, in seconds.
    begin_s: f64,
    /// How many are due a second.
    rate: u32,
}

impl Answers {
    /// Of requests that are due later.
    pub(super) fn of(requests: u32) -> Self {
        let none = || (0..requests).map(|_| AtomicU32::new(NOTHING)).collect();
        let (latencies_us, sent_late_us) = (none(), none());
        let (schedule, refused) = (Mutex::default(), Mutex::default());
        Self { schedule, latencies_us, sent_late_us, refused, answered: AtomicU32::new(0) }
    }

    /// Number `from` is due now, and those behind it at this rate a second.
    pub(super) fn begin(&self, from: u32, now_s: f64, rate: u32) {
        held(&self.schedule).push(Run { from, begin_s: now_s, rate });
    }

    /// When a request is due, in seconds; never before the beginning is known.
    pub(super) fn due_s(&self, number: u32) -> f64 {
        let schedule = held(&self.schedule);
        let run = schedule.iter().rev().find(|run| run.from <= number);
        let due = |run: &Run| run.begin_s + f64::from(number - run.from) / f64::from(run.rate);
        run.map_or(f64::INFINITY, due)
    }

    /// It was sent.
    pub(super) fn sent(&self, number: u32, now_s: f64) {
        if let Some(late_us) = self.sent_late_us.get(number as usize) {
            late_us.store(micros(now_s - self.due_s(number)), Ordering::Relaxed);
        }
    }

    /// There was no place for it.
    pub(super) fn not_sent(&self, number: u32) {
        if let Some(latency_us) = self.latencies_us.get(number as usize) {
            latency_us.store(NOT_SENT, Ordering::Relaxed);
        }
    }

    /// It was acknowledged. Numbers of nothing are let be.
    pub(super) fn acknowledged(&self, number: u32, now_s: f64) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        if let Some(latency_us) = self.latencies_us.get(number as usize) {
            latency_us.store(micros(now_s - self.due_s(number)), Ordering::Relaxed);
        }
    }

    /// It was refused for the reason `code`.
    pub(super) fn refused(&self, number: u32, code: &str) {
        *held(&self.refused).entry(code.to_owned()).or_default() += 1;
        self.answered.fetch_add(1, Ordering::Relaxed);
        if let Some(latency_us) = self.latencies_us.get(number as usize) {
            latency_us.store(REFUSED, Ordering::Relaxed);
        }
    }

    /// How many were acknowledged or refused so far, those without a place here too.
    pub(super) fn answered(&self) -> u32 {
        self.answered.load(Ordering::Relaxed)
    }

    /// How many requests there are.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.latencies_us.len()).unwrap_or(u32::MAX)
    }

    /// Of the requests with these numbers.
    pub(super) fn outcomes(&self, numbers: Range<u32>) -> Outcomes {
        let of = |all: &[AtomicU32]| -> Vec<u32> {
            let places = numbers.start as usize..numbers.end as usize;
            all[places].iter().map(|us| us.load(Ordering::Relaxed)).collect()
        };
        let all = of(&self.latencies_us);
        let count = |wanted: u32| of_length(all.iter().filter(|us| **us == wanted).count());
        let (unanswered, not_sent) = (count(NOTHING), count(NOT_SENT));
        let refused = held(&self.refused).clone();
        let known: Vec<u32> =
            all.into_iter().filter(|us| !matches!(*us, NOTHING | NOT_SENT | REFUSED)).collect();
        let acknowledged = of_length(known.len());
        let mut sent_late = of(&self.sent_late_us);
        sent_late.retain(|us| *us != NOTHING);
        Outcomes {
            latency: Spread::of(known),
            sent_late: Spread::of(sent_late),
            acknowledged,
            unanswered,
            not_sent,
            refused,
        }
    }
}

impl Outcomes {
    /// How many were refused.
    pub(crate) fn all_refused(&self) -> u32 {
        self.refused.values().sum()
    }
}

impl Spread {
    /// Of durations in microseconds.
    fn of(mut all_us: Vec<u32>) -> Self {
        all_us.sort_unstable();
        let at = |thousandths: usize| {
            let place = (all_us.len() * thousandths / 1_000).min(all_us.len().saturating_sub(1));
            all_us.get(place).map_or(f64::NAN, |us| f64::from(*us) / 1_000.0)
        };
        Self { p50_ms: at(500), p99_ms: at(990), p999_ms: at(999), max_ms: at(1_000) }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// At least one, so that it is not nothing, and below what stands for no latency.
fn micros(seconds: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let us = (seconds * 1_000_000.0) as u32;
    us.clamp(1, REFUSED - 1)
}

fn of_length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::Answers;

    #[test]
    fn latency_counts_from_when_a_request_was_due() {
        let answers = Answers::of(200);
        answers.begin(0, 10.0, 100);
        for number in 0..197 {
            let due_s = answers.due_s(number);
            answers.sent(number, due_s + 0.002);
            answers.acknowledged(number, due_s + f64::from(number) / 1_000.0);
        }
        answers.not_sent(197);
        answers.refused(198, "rate_limited");
        let outcomes = answers.outcomes(100..200);
        let counts = (outcomes.acknowledged, outcomes.not_sent, outcomes.unanswered);
        assert_eq!(counts, (97, 1, 1));
        assert_eq!(outcomes.refused.into_iter().collect::<Vec<_>>(), [("rate_limited".into(), 1)]);
        let latency = outcomes.latency;
        assert!((latency.p50_ms - 148.0).abs() < 0.1, "{latency:?}");
        assert!((latency.p99_ms - 196.0).abs() < 0.1, "{latency:?}");
        assert!((latency.max_ms - 196.0).abs() < 0.1, "{latency:?}");
        assert!((outcomes.sent_late.p99_ms - 2.0).abs() < 0.1, "{:?}", outcomes.sent_late);
    }
}
