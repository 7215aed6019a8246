//! The list of lobbies as all game nodes know it together: each counts the crowd of those it plays.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cluster::{Balancer, Endpoint};
use futures_util::future::join_all;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty, Limited};
use kernel::Timestamp;
use platform::clock::Clock;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use crate::Channel;

/// What every node is asked.
const PATH: &str = "/game/v1/lobbies";
/// How long a node may take, in milliseconds: one that does not answer lists nothing.
const PATIENCE_MS: u64 = 1_000;
/// How long a list counts, in milliseconds, however many ask for it.
const KEPT_MS: u64 = 500;
/// The most lobbies one list shows, as at each node.
const LISTED: usize = 200;
/// Bytes of one node's list.
const LIST_BYTES: usize = 1_024 * 1_024;

/// The lobbies of all nodes. Clones share what was listed last.
#[derive(Clone)]
pub struct HttpLobbies {
    shared: Arc<Shared>,
}

struct Shared {
    channel: Channel,
    nodes: Balancer,
    clock: Arc<dyn Clock>,
    /// Held while the nodes are asked, so that a crowd asks them once.
    listed: Mutex<Option<(Timestamp, Option<Bytes>)>>,
}

/// A lobby in a list.
type Line = Map<String, Value>;

impl HttpLobbies {
    /// The lobbies of the nodes that `nodes` knows, asked as `channel` does.
    #[must_use]
    pub fn new(channel: Channel, nodes: Balancer, clock: Arc<dyn Clock>) -> Self {
        Self { shared: Arc::new(Shared { channel, nodes, clock, listed: Mutex::default() }) }
    }

    /// The list as JSON, at most half a second old; none if no node answers.
    pub async fn list(&self) -> Option<Bytes> {
        let Shared { nodes, clock, listed, .. } = &*self.shared;
        let mut listed = listed.lock().await;
        if let Some((at, list)) = &*listed
            && clock.now() < *at + KEPT_MS
        {
            return list.clone();
        }
        let nodes = nodes.endpoints();
        let lists = join_all(nodes.iter().map(|node| self.shared.ask(node))).await;
        let list = if lists.iter().all(Option::is_none) {
            None
        } else {
            serde_json::to_vec(&merged(lists.into_iter().flatten())).ok().map(Bytes::from)
        };
        // That nobody answered is known as long: whoever waited meanwhile need not find out, too.
        *listed = Some((clock.now(), list.clone()));
        list
    }
}

impl Shared {
    async fn ask(&self, node: &Endpoint) -> Option<Vec<Line>> {
        let asked = Request::get(PATH).body(Empty::new().boxed_unsync()).ok()?;
        let answer = async {
            let answer = self.channel.forward(node, asked, PATIENCE_MS).await.ok()?;
            if answer.status() != StatusCode::OK {
                return None;
            }
            let body = Limited::new(answer.into_body(), LIST_BYTES).collect().await.ok()?;
            serde_json::from_slice(&body.to_bytes()).ok()
        };
        tokio::time::timeout(Duration::from_millis(PATIENCE_MS), answer).await.ok()?
    }
}

/// One line a lobby: its owner's, which alone counts its crowd. In the order of each list.
fn merged(lists: impl IntoIterator<Item = Vec<Line>>) -> Vec<Line> {
    let mut lines: BTreeMap<u64, Line> = BTreeMap::new();
    for line in lists.into_iter().flatten() {
        let Some(lobby) = number(&line, "lobby_id") else { continue };
        let is_better = lines.get(&lobby).is_none_or(|known| bets(known) < bets(&line));
        if is_better {
            lines.insert(lobby, line);
        }
    }
    let mut lines: Vec<(u64, Line)> = lines.into_iter().collect();
    lines.sort_by_key(|(lobby, line)| (Reverse(bets(line)), Reverse(*lobby)));
    lines.truncate(LISTED);
    lines.into_iter().map(|(_, line)| line).collect()
}

fn bets(line: &Line) -> u64 {
    number(line, "bets").unwrap_or_default()
}

fn number(line: &Line, name: &str) -> Option<u64> {
    line.get(name)?.as_u64()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::merged;

    #[test]
    fn a_lobby_is_listed_once_by_whoever_counts_its_crowd_and_the_busiest_come_first() {
        let list = |lines: Value| from_value(lines).unwrap();
        let busy = json!({ "lobby_id": 4, "bets": 7, "stake_sum": 70.5 });
        let lists = [
            list(json!([{ "lobby_id": 9, "bets": 0 }, { "lobby_id": 4, "bets": 0 }])),
            list(json!([busy, { "lobby_id": 9, "bets": 0 }])),
            list(json!([{ "lobby_id": 4, "bets": 0 }, { "lobby_id": 2, "bets": 1 }, { "no": 1 }])),
        ];
        let found: Value = merged(lists).into_iter().collect();
        let expected = json!([
            busy,
            { "lobby_id": 2, "bets": 1 },
            { "lobby_id": 9, "bets": 0 },
        ]);
        assert_eq!(found, expected);
    }

    #[test]
    fn no_more_are_listed_than_one_node_would() {
        let many = (1..=500).map(|lobby| json!({ "lobby_id": lobby, "bets": lobby % 3 }));
        let found = merged([from_value(many.collect()).unwrap()]);
        assert_eq!((found.len(), &found[0]["lobby_id"]), (200, &json!(500)));
    }
}
