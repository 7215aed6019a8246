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
/// After a connection to NATS was made, others may still be on their way back to it for so long,
/// in milliseconds: nobody is missed meanwhile.
const COMING_BACK_MS: u64 = 4_000;
/// Where everybody is asked.
const EVERYBODY: &str = "$SRV.INFO";
/// The keys of our metadata.
const INSTANCE: &str = "instance";
const ADDRESS: &str = "address";
const OPS: &str = "ops";
const SIGNATURE: &str = "signature";
/// What stands before a role in the protocol's names.
const OURS: &str = "waxwing-";

/// The directory of many processes. Clones share it.
#[derive(Clone)]
pub struct NatsDirectory {
    client: Client,
    clock: Arc<dyn Clock>,
    signatures: Arc<dyn Signatures>,
}

/// Tells processes of ours from whoever else may speak on NATS.
pub trait Signatures: Send + Sync {
    /// What proves to the others that this process, our own, is what it says.
    fn sign(&self, process: &Process) -> String;

    /// Whether `signature` proves that `process` answers for its role there.
    fn is_genuine(&self, process: &Process, signature: &str) -> bool;
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
    /// The directory on the connection of `bus`. It knows whom `signatures` believes.
    #[must_use]
    pub fn new(bus: &NatsBus, clock: Arc<dyn Clock>, signatures: Arc<dyn Signatures>) -> Self {
        Self { client: bus.client(), clock, signatures }
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
            (SIGNATURE.to_owned(), self.signatures.sign(process)),
        ]);
        let builder = self.client.service_builder().metadata(metadata);
        let started = builder.start(format!("{OURS}{role}"), env!("CARGO_PKG_VERSION")).await;
        Ok(Announcement { service: Some(started.map_err(|error| NatsError::new(&error))?) })
    }

    /// Tells `known` of all processes there are, each time that may have changed, for as long as
    /// it is polled.
    pub async fn follow(&self, mut known: impl FnMut(Vec<Process>) + Send) {
        let mut book = Book::new();
        let (mut connects, mut connected_at) = (self.connects(), self.clock.now());
        loop {
            let next = self.clock.now() + LOOK_MS;
            if let Some(found) = self.look().await {
                if self.connects() != connects {
                    (connects, connected_at) = (self.connects(), self.clock.now());
                }
                if self.clock.now() >= connected_at + COMING_BACK_MS {
                    book.miss_all();
                }
                book.note(found, &*self.signatures);
                known(book.all());
            }
            self.clock.sleep_until(next).await;
        }
    }

    /// Everyone who answers now. None if NATS was away meanwhile, or if nobody at all was heard:
    /// whoever is announced hears himself, so that says more of who listens than of all others.
    async fn look(&self) -> Option<Vec<(Process, String)>> {
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

/// Who is known, and how many looks in a row each has missed.
struct Book {
    missed: BTreeMap<Process, u32>,
    /// Whether the last look found somebody who did not prove to be one of us.
    is_refusing: bool,
}

impl Book {
    const fn new() -> Self {
        Self { missed: BTreeMap::new(), is_refusing: false }
    }

    fn miss_all(&mut self) {
        for count in self.missed.values_mut() {
            *count += 1;
        }
    }

    /// These answered; whoever has missed too many looks is forgotten.
    fn note(&mut self, found: Vec<(Process, String)>, signatures: &dyn Signatures) {
        let all = found.len();
        // Also of those that are known: the key that they signed with may count no more.
        let ours = found
            .into_iter()
            .filter(|(process, signature)| signatures.is_genuine(process, signature));
        let ours: Vec<Process> = ours.map(|(process, _)| process).collect();
        let refuses = ours.len() < all;
        // Said once, not at each look.
        if refuses && !self.is_refusing {
            tracing::error!("somebody says to be a process of ours and does not prove it");
        }
        self.is_refusing = refuses;
        self.missed.extend(ours.into_iter().map(|process| (process, 0)));
        self.missed.retain(|_, count| *count < MISSED_MAX);
    }

    fn all(&self) -> Vec<Process> {
        self.missed.keys().cloned().collect()
    }
}

/// Who answered, if it says to be a process of ours, and what it proves that with.
fn process(answer: &[u8]) -> Option<(Process, String)> {
    let Info { name, mut metadata, .. } = serde_json::from_slice(answer).ok()?;
    let role = name.strip_prefix(OURS)?.to_owned();
    let mut said = |key| metadata.remove(key);
    let (instance, address) = (said(INSTANCE)?, said(ADDRESS)?);
    let process = Process { role, endpoint: Endpoint { instance, address }, ops: said(OPS)? };
    Some((process, said(SIGNATURE)?))
}

#[cfg(test)]
mod tests;
