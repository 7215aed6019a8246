//! Readiness of what stands outside the process, looked at again and again.

use std::sync::Arc;
use std::time::Duration;

use cluster::{Balancer, NatsBus};
use platform::health::{Check, Health};
use platform::metrics::Answers;
use platform::postgres::{Pool, StoreError};

/// How often.
const LOOK: Duration = Duration::from_millis(100);
/// How often a database is asked.
const ASK: Duration = Duration::from_secs(1);
/// How long it may take: as long as a process that calls this one waits.
const ANSWER: Duration = Duration::from_secs(2);

/// Fails until NATS was reached once. Later it may be away: who is known stays known.
pub(super) fn reached(health: &Health, name: &'static str, bus: Arc<NatsBus>) {
    let check = health.check(name);
    check.fail("NATS was not reached yet");
    tokio::spawn(async move {
        while !bus.is_connected() {
            tokio::time::sleep(LOOK).await;
        }
        check.pass();
    });
}

/// Fails while nobody of a role is known.
pub(super) fn somebody(health: &Health, name: &'static str, balancer: Balancer) {
    let check = health.check(name);
    tokio::spawn(async move {
        loop {
            if balancer.endpoints().is_empty() {
                check.fail("no process of this role is known");
            } else {
                check.pass();
            }
            tokio::time::sleep(LOOK).await;
        }
    });
}

/// Fails while the database does not answer, which `shown` says to whoever watches.
pub(in crate::roles) fn answers(check: Check, shown: Answers, pool: Pool) {
    check.pass();
    shown.note(true);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(ASK).await;
            let asked = tokio::time::timeout(ANSWER, pool.ping()).await;
            let asked = asked.unwrap_or(Err(StoreError::Unavailable));
            shown.note(asked.is_ok());
            match asked {
                Ok(()) => check.pass(),
                Err(error) => check.fail(error.to_string()),
            }
        }
    });
}
