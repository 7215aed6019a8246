//! What a node is made of, and who knows whom.

use std::sync::Arc;

use kernel::Curve;
use platform::tasks::Spawner;
use tokio::sync::Notify;

use super::Deps;
use crate::config::{Config, DrandConfig, PublicSeedSource};
use crate::lobbies::{Lobbies, Parts};
use crate::metrics::Metrics;
use crate::outbound::{Outbound, OutboundQueues};
use crate::outbox::Sender;
use crate::ownership::Ownership;
use crate::recorder::Recorder;
use crate::reserver::Reserver;
use crate::seeds::{Beacon, DrandClient, SeedMaker, Vault};
use crate::takeover::Takeover;

/// The parts of a node, none of them running yet.
pub(super) struct Wiring {
    pub(super) lobbies: Arc<Lobbies>,
    pub(super) sender: Sender,
    pub(super) recorder: Recorder,
    pub(super) reserver: Reserver,
    pub(super) outbound: Outbound,
    pub(super) queues: OutboundQueues,
}

/// Joins the parts.
pub(super) fn wire(
    config: &Config,
    deps: &Deps,
    ownership: Arc<Ownership>,
    metrics: &Metrics,
) -> Wiring {
    let (outbound, queues) = Outbound::new();
    let bell = Arc::new(Notify::new());
    let node = ownership.node();
    let takeover = Takeover {
        store: Arc::clone(&deps.store),
        wallet: Arc::clone(&deps.wallet),
        clock: Arc::clone(&deps.clock),
        random: Arc::clone(&deps.random),
        node,
        seeds: Arc::new(seed_maker(config, deps, metrics)),
        curve: Curve::exponential(),
        pause_ms: config.pause_ms,
        metrics: metrics.clone(),
    };
    let lobbies = Arc::new(Lobbies::new(Parts {
        takeover,
        live: Arc::default(),
        outbound: outbound.clone(),
        ownership: Arc::clone(&ownership),
        bus: Arc::clone(&deps.bus),
        clock: Arc::clone(&deps.clock),
        spawner: Arc::clone(&deps.spawner),
        metrics: metrics.clone(),
        lobbies_max: config.lobbies_max,
        rest_ms: config.rest_ms,
    }));
    let sender = Sender {
        store: Arc::clone(&deps.store),
        ownership,
        wallet: Arc::clone(&deps.wallet),
        clock: Arc::clone(&deps.clock),
        live: Arc::clone(&lobbies.live),
        gate: Arc::clone(&lobbies.gate),
        bell: Arc::clone(&bell),
        metrics: metrics.clone(),
        failures: Arc::default(),
    };
    let recorder = Recorder {
        store: Arc::clone(&deps.store),
        node,
        clock: Arc::clone(&deps.clock),
        spawner: Arc::clone(&deps.spawner),
        outbound: outbound.clone(),
        outbox: bell,
        metrics: metrics.clone(),
    };
    let reserver = Reserver {
        wallet: Arc::clone(&deps.wallet),
        clock: Arc::clone(&deps.clock),
        outbound: outbound.clone(),
        metrics: metrics.clone(),
    };
    Wiring { lobbies, sender, recorder, reserver, outbound, queues }
}

/// What makes every lobby's chains.
fn seed_maker(config: &Config, deps: &Deps, metrics: &Metrics) -> SeedMaker {
    SeedMaker {
        store: Arc::clone(&deps.store),
        vault: Arc::new(Vault::new(&deps.seed_key)),
        clock: Arc::clone(&deps.clock),
        random: Arc::clone(&deps.random),
        spawner: Arc::clone(&deps.spawner),
        commitment_key: deps.commitment_key.clone(),
        beacon: beacon(config, &deps.spawner),
        successor_at: config.successor_at,
        metrics: metrics.clone(),
    }
}

/// What new chains are anchored in.
fn beacon(config: &Config, spawner: &Arc<dyn Spawner>) -> Option<Arc<dyn Beacon>> {
    match config.public_seed {
        PublicSeedSource::Local => None,
        PublicSeedSource::Drand => {
            let DrandConfig { urls, timeout_ms } = config.drand.clone();
            Some(Arc::new(DrandClient::new(urls, timeout_ms, Arc::clone(spawner))))
        }
    }
}
