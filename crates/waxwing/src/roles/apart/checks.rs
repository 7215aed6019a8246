//! Readiness of what stands outside the process, looked at again and again.

use std::sync::Arc;
use std::time::Duration;

use cluster::{Balancer, NatsBus};
use platform::health::{Check, Health};
use platform::postgres::Pool;

/// How often.
const LOOK: Duration = Duration::from_millis(100);
/// How often a database is asked.
const ASK: Duration = Duration::from_secs(1);

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

/// Fails while the database does not answer.
pub(super) fn answers(check: Check, pool: Pool) {
    check.pass();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(ASK).await;
            match pool.ping().await {
                Ok(()) => check.pass(),
                Err(error) => check.fail(error.to_string()),
            }
        }
    });
}
