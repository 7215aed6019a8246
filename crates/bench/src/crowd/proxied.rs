//! What a proxy adds to a call: the same calls from the same client, over HTTP/1.1 connections
//! that are kept, to the user role itself, through the gateway, and through nginx, in turns.
//!
//! All three end at the same process. A direct call carries the service token that the gateway
//! would add, so the role does the same for each.

mod connection;
mod deployment;

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use platform::clock::Stopwatch;

use super::answers::{Answers, Spread};
use connection::Connection;
use deployment::Deployment;

/// Calls a second.
pub(crate) const RATE: u32 = 2_000;
/// Connections that the calls are spread over.
const CONNECTIONS: u32 = 64;
/// How often each way is measured. Short turns: what disturbs the machine for some seconds then
/// falls into a few of them, and the middle is taken of all.
const ROUNDS: usize = 45;
/// Calls that come before those that are counted, and those; twenty of the latter lie above p99.
const WARM_UP: u32 = 500;
const COUNTED: u32 = 2_000;
/// How long the last answers are waited for, and how often they are looked for.
const LAST_ANSWERS: Duration = Duration::from_secs(2);
const LOOKED_FOR: Duration = Duration::from_millis(20);

/// Two quantiles, or what was added to them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quantiles {
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

/// Medians over all rounds; what is added is taken within a round.
pub(crate) struct Figures {
    pub(crate) direct: Quantiles,
    pub(crate) gateway: Quantiles,
    pub(crate) nginx: Quantiles,
    /// How late the client itself sent: part of every latency.
    pub(crate) sent_late_p99_us: f64,
}

/// A way to the user role.
pub(super) struct Way {
    pub(super) address: String,
    /// Calls as they are sent, one for each connection.
    pub(super) calls: Vec<String>,
}

/// Measures each way in every round.
pub(crate) fn measure() -> anyhow::Result<Figures> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let deployment = runtime.block_on(Deployment::open(CONNECTIONS))?;
    let (mut direct, mut gateway, mut nginx) = (Vec::new(), Vec::new(), Vec::new());
    let mut sent_late_p99_us = 0.0_f64;
    for _ in 0..ROUNDS {
        let [own, by_gateway, by_nginx] = deployment.ways().map(|way| run(&runtime, &way));
        let [own, by_gateway, by_nginx] = [own?, by_gateway?, by_nginx?].map(|(latency, late)| {
            sent_late_p99_us = sent_late_p99_us.max(late.p99_ms * 1_000.0);
            Quantiles::of(latency)
        });
        direct.push(own);
        gateway.push(by_gateway.above(own));
        nginx.push(by_nginx.above(own));
    }
    Ok(Figures {
        direct: Quantiles::median(&direct),
        gateway: Quantiles::median(&gateway),
        nginx: Quantiles::median(&nginx),
        sent_late_p99_us,
    })
}

/// One round of one way: latencies from when each call was due, and how late they were sent.
fn run(runtime: &tokio::runtime::Runtime, way: &Way) -> anyhow::Result<(Spread, Spread)> {
    let all = WARM_UP + COUNTED;
    let answers = Arc::new(Answers::of(all));
    let watch = Stopwatch::start();
    let mut connections = Vec::new();
    for (place, call) in (0..).zip(&way.calls) {
        let opened = runtime.block_on(Connection::open(&way.address, call));
        let (connection, reader) = opened.with_context(|| way.address.clone())?;
        let answers = Arc::clone(&answers);
        runtime.spawn(async move {
            if let Err(error) = reader.read(&answers, watch, (place, CONNECTIONS)).await {
                answers.refused(u32::MAX, &error.to_string());
            }
        });
        connections.push(connection);
    }
    answers.begin(0, watch.seconds() + 0.05, RATE);
    // This thread does nothing else: the kernel's timer wakes it closer than tokio's would.
    for number in 0..all {
        let early_s = answers.due_s(number) - watch.seconds();
        if early_s > 0.0 {
            sleep(Duration::from_secs_f64(early_s));
        }
        answers.sent(number, watch.seconds());
        connections[(number % CONNECTIONS) as usize].send()?;
    }
    let limit_s = watch.seconds() + LAST_ANSWERS.as_secs_f64();
    while answers.answered() < all && watch.seconds() < limit_s {
        sleep(LOOKED_FOR);
    }
    let outcomes = answers.outcomes(WARM_UP..all);
    let counted = (outcomes.acknowledged, outcomes.unanswered, outcomes.all_refused());
    ensure!(
        counted == (COUNTED, 0, 0),
        "{}: (right, unanswered, wrong) are {counted:?}: {:?}",
        way.address,
        outcomes.refused
    );
    Ok((outcomes.latency, outcomes.sent_late))
}

impl Quantiles {
    fn of(spread: Spread) -> Self {
        Self { p50_us: spread.p50_ms * 1_000.0, p99_us: spread.p99_ms * 1_000.0 }
    }

    fn above(self, other: Self) -> Self {
        Self { p50_us: self.p50_us - other.p50_us, p99_us: self.p99_us - other.p99_us }
    }

    /// The middle of each by itself.
    fn median(all: &[Self]) -> Self {
        let middle = |of: fn(&Self) -> f64| {
            let mut sorted: Vec<f64> = all.iter().map(of).collect();
            sorted.sort_by(f64::total_cmp);
            sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
        };
        Self { p50_us: middle(|it| it.p50_us), p99_us: middle(|it| it.p99_us) }
    }
}

#[cfg(test)]
mod tests {
    use super::Quantiles;

    #[test]
    fn what_is_added_is_taken_within_a_round_and_its_middle_counts() {
        let round = |p50_us, p99_us| Quantiles { p50_us, p99_us };
        let added: Vec<_> = [(100.0, 300.0), (400.0, 900.0), (130.0, 350.0)]
            .into_iter()
            .map(|(p50_us, p99_us)| round(p50_us, p99_us).above(round(90.0, 200.0)))
            .collect();
        let middle = Quantiles::median(&added);
        assert!((middle.p50_us - 40.0).abs() < 1e-9, "{middle:?}");
        assert!((middle.p99_us - 150.0).abs() < 1e-9, "{middle:?}");
    }
}
