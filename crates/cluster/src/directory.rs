//! Who is alive and where, over NATS' services protocol: standard tools see the same.
//!
//! Every process answers for its role; whoever calls a role asks all of them again and again. What
//! is known is kept while NATS is away: calls do not go over it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::Client;
use async_nats::connection::State;
use async_nats::service::{Info, Service, ServiceExt as _};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};
use platform::clock::Clock;

use crate::balancer::Endpoint;
use crate::bus::{NatsBus, NatsError};

/// How often everybody is asked, in milliseconds.
const LOOK_MS: u64 = 500;
/// How long answers are waited for.
const ANSWERS: Duration = Duration::from_millis(400);
/// Whoever did not answer so often in a row is gone.
const MISSED_MAX: u32 = 4;
/// Where everybody is asked.
const EVERYBODY: &str = "$SRV.INFO";
/// The keys of our metadata.
const INSTANCE: &str = "instance";
const ADDRESS: &str = "address";
const OPS: &str = "ops";
/// What stands before a role in the protocol's names.
const OURS: &str = "waxwing-";

/// The directory of many processes. Clones share it.
#[derive(Clone)]
pub struct NatsDirectory {
    client: Client,
    clock: Arc<dyn Clock>,
}

/// A process as everybody may find it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    /// What it answers for.
    pub role: String,
    /// Where.
    pub endpoint: Endpoint,
    /// Where its operators look, `host:port`.
    pub ops: String,
}

/// A process that is announced, until this is dropped or the process dies.
#[must_use = "nobody finds the process once this is dropped"]
pub struct Announcement {
    service: Option<Service>,
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // Nothing in it waits: what answers is told to stop.
        let _stopped = self.service.take().map(|service| service.stop().now_or_never());
    }
}

impl NatsDirectory {
    /// The directory on the connection of `bus`.
    #[must_use]
    pub fn new(bus: &NatsBus, clock: Arc<dyn Clock>) -> Self {
        Self { client: bus.client(), clock }
    }

    /// Says that `process` is there.
    ///
    /// # Errors
    /// [`NatsError`]: the role's name is none.
    pub async fn announce(&self, process: &Process) -> Result<Announcement, NatsError> {
        let Process { role, endpoint, ops } = process;
        let metadata = HashMap::from([
            (INSTANCE.to_owned(), endpoint.instance.clone()),
            (ADDRESS.to_owned(), endpoint.address.clone()),
            (OPS.to_owned(), ops.clone()),
        ]);
        let builder = self.client.service_builder().metadata(metadata);
        let started = builder.start(format!("{OURS}{role}"), env!("CARGO_PKG_VERSION")).await;
        Ok(Announcement { service: Some(started.map_err(|error| NatsError::new(&error))?) })
    }

    /// Tells `known` of all processes there are, each time that may have changed, for as long as
    /// it is polled.
    pub async fn follow(&self, mut known: impl FnMut(Vec<Process>) + Send) {
        let mut missed: BTreeMap<Process, u32> = BTreeMap::new();
        loop {
            let next = self.clock.now() + LOOK_MS;
            if let Some(found) = self.look().await {
                for count in missed.values_mut() {
                    *count += 1;
                }
                missed.extend(found.into_iter().map(|process| (process, 0)));
                missed.retain(|_, count| *count < MISSED_MAX);
                known(missed.keys().cloned().collect());
            }
            self.clock.sleep_until(next).await;
        }
    }

    /// Everyone who answers now. None if NATS was away meanwhile, or if nobody at all was heard:
    /// whoever is announced hears himself, so that says more of who listens than of all others.
    async fn look(&self) -> Option<Vec<Process>> {
        if self.client.connection_state() != State::Connected {
            return None;
        }
        let before = self.connects();
        let inbox = self.client.new_inbox();
        let mut answers = self.client.subscribe(inbox.clone()).await.ok()?;
        self.client.publish_with_reply(EVERYBODY, inbox, Bytes::new()).await.ok()?;
        let mut found = Vec::new();
        let all = async {
            while let Some(answer) = answers.next().await {
                found.extend(process(&answer.payload));
            }
        };
        // It is over when the time is.
        let _over = tokio::time::timeout(ANSWERS, all).await;
        let stood = before == self.connects() && self.client.connection_state() == State::Connected;
        (stood && !found.is_empty()).then_some(found)
    }

    /// How often the connection was made.
    fn connects(&self) -> u64 {
        self.client.statistics().connects.load(Ordering::Relaxed)
    }
}

/// Who answered, if it is a process of ours that says where its operators look.
fn process(answer: &[u8]) -> Option<Process> {
    let Info { name, mut metadata, .. } = serde_json::from_slice(answer).ok()?;
    let role = name.strip_prefix(OURS)?.to_owned();
    let (instance, address) = (metadata.remove(INSTANCE)?, metadata.remove(ADDRESS)?);
    Some(Process { role, endpoint: Endpoint { instance, address }, ops: metadata.remove(OPS)? })
}

#[cfg(test)]
mod tests;
