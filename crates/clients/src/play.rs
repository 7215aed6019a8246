//! The owners of lobbies from afar: one ordered, acknowledged stream to each game node.
//!
//! Which node owns a lobby is learnt from the answers. A lobby that nobody owns is claimed by
//! the node that is asked, so all gateways ask the same one first: the lobby's number draws it.

mod lines;
mod link;
mod server;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cluster::{Balancer, Endpoint};
use contracts::{
    Accepted, BetRequest, CancelRequest, CashOutRequest, CashedOut, Play, PlayError, PlayRefusal,
    Returned,
};
use kernel::{LobbyId, PlayerId};
use parking_lot::Mutex;
use protocol::internal::play::{PlayAnswer, PlayCall, SnapshotCall};
use protocol::wire::{WireLobbyId, WirePlayerId};

use crate::channel::Channel;
use link::Link;

pub use server::play_routes;

/// Lobbies whose owner is remembered; past it all are learnt anew.
const OWNERS_MAX: usize = 100_000;
/// How long an answer is waited for on a stream: a bet waits for two commits.
const ANSWER: Duration = Duration::from_secs(5);
/// The same for a look, which waits for nothing and may be sent to the next node.
const LOOK: Duration = Duration::from_secs(2);

/// Playing at whichever node owns the lobby. Clones share the streams.
#[derive(Clone)]
pub struct HttpPlay {
    shared: Arc<Shared>,
}

struct Shared {
    channel: Channel,
    /// The game nodes that are alive.
    nodes: Balancer,
    links: Mutex<BTreeMap<Endpoint, Arc<Link>>>,
    /// Who answered last for a lobby.
    owners: Mutex<BTreeMap<LobbyId, Endpoint>>,
    /// Who left the last call without an answer: asked after all others.
    silent: Mutex<BTreeSet<Endpoint>>,
}

impl HttpPlay {
    /// Plays at the nodes that `nodes` knows, calling as `channel` does.
    #[must_use]
    pub fn new(channel: Channel, nodes: Balancer) -> Self {
        let (links, owners, silent) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { shared: Arc::new(Shared { channel, nodes, links, owners, silent }) }
    }

    /// Asks the owner: who answered last, else each node once in the lobby's order, until one
    /// does not say that it is another. An answer that does not come is asked for elsewhere only
    /// if nothing but a look was asked: of anything else the caller asks again, and whoever left
    /// it unanswered is then asked last.
    async fn ask(&self, lobby: LobbyId, call: PlayCall) -> Result<PlayAnswer, PlayError> {
        let is_look = matches!(call, PlayCall::Snapshot(_));
        let patience = if is_look { LOOK } else { ANSWER };
        let mut all_drain = true;
        for endpoint in self.shared.candidates(lobby) {
            let answer = self.shared.link(&endpoint).ask(call.clone(), patience).await;
            self.shared.note(&endpoint, answer.is_some());
            match answer {
                None | Some(PlayAnswer::Unavailable) => {
                    if !is_look {
                        self.shared.forget(lobby, &endpoint);
                        return Err(PlayError::Unavailable);
                    }
                    all_drain = false;
                }
                Some(PlayAnswer::Refused(refused)) => match wire::refusal(refused) {
                    Some(PlayRefusal::NotOwner) => {
                        self.shared.forget(lobby, &endpoint);
                        all_drain = false;
                    }
                    // It gives the lobby up, or did so already: whoever is next may have it. Until
                    // another answers it is the one to cash out at.
                    Some(PlayRefusal::Draining) => {}
                    Some(refusal) => {
                        self.shared.remember(lobby, endpoint);
                        return Err(refusal.into());
                    }
                    None => return Err(PlayError::Unavailable),
                },
                Some(answer) => {
                    self.shared.remember(lobby, endpoint);
                    return Ok(answer);
                }
            }
        }
        if all_drain && !self.shared.nodes.endpoints().is_empty() {
            return Err(PlayRefusal::Draining.into());
        }
        // Everyone says that it is another: the lobby is on its way from one to the next.
        Err(PlayError::Unavailable)
    }
}

impl Shared {
    fn candidates(&self, lobby: LobbyId) -> Vec<Endpoint> {
        let mut nodes = self.nodes.endpoints();
        {
            let silent = self.silent.lock();
            nodes.sort_by_cached_key(|node| (silent.contains(node), rank(lobby, &node.instance)));
        }
        if let Some(owner) = self.owners.lock().get(&lobby)
            && let Some(place) = nodes.iter().position(|node| node == owner)
        {
            nodes[..=place].rotate_right(1);
        }
        nodes
    }

    fn link(&self, endpoint: &Endpoint) -> Arc<Link> {
        let mut links = self.links.lock();
        // Nodes that are gone do not come back under the same name and address.
        if links.len() > self.nodes.endpoints().len() * 2 {
            let alive = self.nodes.endpoints();
            links.retain(|known, _| alive.contains(known));
            self.silent.lock().retain(|known| alive.contains(known));
        }
        let link = links.entry(endpoint.clone());
        let link =
            link.or_insert_with(|| Arc::new(Link::new(self.channel.clone(), endpoint.clone())));
        Arc::clone(link)
    }

    fn note(&self, endpoint: &Endpoint, has_answered: bool) {
        let mut silent = self.silent.lock();
        if has_answered {
            silent.remove(endpoint);
        } else {
            silent.insert(endpoint.clone());
        }
    }

    fn remember(&self, lobby: LobbyId, endpoint: Endpoint) {
        let mut owners = self.owners.lock();
        if owners.len() >= OWNERS_MAX {
            owners.clear();
        }
        owners.insert(lobby, endpoint);
    }

    /// It is not the owner, if it is the one that was taken for it.
    fn forget(&self, lobby: LobbyId, endpoint: &Endpoint) {
        let mut owners = self.owners.lock();
        if owners.get(&lobby) == Some(endpoint) {
            owners.remove(&lobby);
        }
    }
}

/// The order in which a lobby's owner is looked for (rendezvous hashing: Thaler, Ravishankar,
/// "Using name-based mappings to increase hit rates", 1998). The name by FNV-1a, then mixed with
/// the lobby as `SplitMix64` does (Steele, Lea, Flood, 2014).
fn rank(lobby: LobbyId, instance: &str) -> u64 {
    let named = instance.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3_u64)
    });
    let mut mixed = named ^ lobby.get().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[async_trait]
impl Play for HttpPlay {
    async fn place_bet(&self, bet: BetRequest) -> Result<Accepted, PlayError> {
        let call = PlayCall::PlaceBet(wire::place_bet_call(&bet));
        match self.ask(bet.at.lobby, call).await? {
            PlayAnswer::Accepted(bet) => wire::accepted(&bet).ok_or(PlayError::Unavailable),
            _ => Err(PlayError::Unavailable),
        }
    }

    async fn cancel_bet(&self, cancel: CancelRequest) -> Result<Returned, PlayError> {
        let call = PlayCall::CancelBet(wire::cancel_call(&cancel));
        match self.ask(cancel.at.lobby, call).await? {
            PlayAnswer::Returned(bet) => wire::returned(&bet).ok_or(PlayError::Unavailable),
            _ => Err(PlayError::Unavailable),
        }
    }

    async fn cash_out(&self, cash_out: CashOutRequest) -> Result<Vec<CashedOut>, PlayError> {
        let call = PlayCall::CashOut(wire::cash_out_call(&cash_out));
        match self.ask(cash_out.at.lobby, call).await? {
            PlayAnswer::CashedOut(bets) => {
                let paid: Option<Vec<_>> = bets.iter().map(wire::cashed_out).collect();
                paid.ok_or(PlayError::Unavailable)
            }
            _ => Err(PlayError::Unavailable),
        }
    }

    async fn snapshot(&self, lobby: LobbyId, player: Option<PlayerId>) -> Result<Bytes, PlayError> {
        let (lobby_id, player) = (WireLobbyId(lobby), player.map(WirePlayerId));
        let call = PlayCall::Snapshot(SnapshotCall { lobby: lobby_id, player });
        match self.ask(lobby, call).await? {
            PlayAnswer::Snapshot(json) => Ok(Bytes::from(String::from(Box::<str>::from(json)))),
            _ => Err(PlayError::Unavailable),
        }
    }
}

#[cfg(test)]
mod tests;
