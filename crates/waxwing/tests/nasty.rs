//! Nasty input over every door: a stable code, a sentence, nothing changed, nothing lost, and the
//! process lives on. Forged tokens are in `http::forgeries`, broken frames in `realtime`.

use kernel::Amount;
use serde_json::Value;

use crate::harness::numbers::{amount, text};
use crate::harness::{Caller, Place, Player, Server};

mod bets;
mod bodies;
mod connections;
mod fields;

/// A server with two players of 100 each.
struct Table {
    server: Server,
    caller: Caller,
    ann: Player,
    bob: Player,
}

impl Table {
    async fn at(place: &Place) -> Self {
        let server = place.start().await;
        let caller = server.caller();
        let ann = caller.rich_player("ann", "100").await;
        let bob = caller.rich_player("bob", "100").await;
        Self { server, caller, ann, bob }
    }

    /// What `player` can stake, and what is held.
    async fn money(&self, player: &Player) -> (Amount, Amount) {
        let path = "/gateway/user/v1/balance";
        let answer = self.caller.call(reqwest::Method::GET, path, Some(player), None).await;
        let body = answer.json();
        (amount(&body["balance"]), amount(&body["held"]))
    }

    /// Nobody's money moved, and all services answer.
    async fn assert_untouched(&self) {
        for player in [&self.ann, &self.bob] {
            assert_eq!(self.money(player).await, (Amount::from_whole(100), Amount::ZERO));
        }
        let status = self.caller.get("/gateway/status").await;
        assert_eq!(status.status, 200, "{}", status.text);
    }
}

/// The code of a refusal over a socket, which also has a sentence.
fn code(refused: &Value) -> &str {
    let sentence = if refused["detail"].is_null() { &refused["error"] } else { &refused["detail"] };
    assert!(sentence.as_str().is_some_and(|said| said.len() > 5), "{refused}");
    text(&refused["code"])
}
