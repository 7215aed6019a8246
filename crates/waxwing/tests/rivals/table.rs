//! A lobby, its players, and their bets, in few words.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::numbers::multiplier;
use crate::harness::{Caller, Place, Player, Server};
use crate::load::socket_io::{Event, Socket};

/// Short rounds that end at 1.40x at the latest; hardly one crashes at once. Main stays open.
const SETTINGS: &[(&str, &str)] = &[
    ("WAXWING_GAME__MAIN__BETTING_MS", "60000"),
    ("WAXWING_GAME__PLAYERS__BETTING_MS", "700"),
    ("WAXWING_GAME__PAUSE_MS", "200"),
    ("WAXWING_GAME__MULTIPLIER_MAX_CENTI", "140"),
    ("WAXWING_GAME__HOUSE_EDGE_BPS", "0"),
];

/// A server with Ann and a lobby of hers.
pub(super) struct Table {
    pub(super) caller: Caller,
    pub(super) server: Server,
    pub(super) ann: Player,
    pub(super) lobby: u64,
    /// Outlives the server.
    _place: Place,
}

impl Table {
    pub(super) async fn new() -> Self {
        Self::at(Place::with(SETTINGS)).await
    }

    /// The same, with a failpoint armed.
    pub(super) async fn armed(failpoint: &str) -> Self {
        let mut place = Place::with(SETTINGS);
        place.arm(Some(failpoint));
        Self::at(place).await
    }

    async fn at(place: Place) -> Self {
        let server = place.start().await;
        let caller = server.caller();
        let ann = caller.rich_player("ann", "100").await;
        let lobby = caller.lobby(&ann, json!({})).await;
        Self { caller, server, ann, lobby, _place: place }
    }

    pub(super) async fn socket(&self) -> Socket {
        Socket::join(&self.server.base, self.lobby).await.unwrap()
    }

    /// Bets as soon as a round takes it.
    pub(super) async fn bet(&self, socket: &Socket, player: &Player, more: Value) -> Value {
        self.bet_in(self.lobby, socket, player, more).await
    }

    pub(super) async fn bet_in(
        &self,
        lobby: u64,
        socket: &Socket,
        player: &Player,
        more: Value,
    ) -> Value {
        let mut bet = json!({ "token": player.token, "lobby_id": lobby, "amount": "10" });
        for (key, value) in more.as_object().expect("an object").clone() {
            bet[key] = value;
        }
        for _ in 0..400 {
            let answer = socket.call("place_bet", bet.clone()).await.unwrap();
            if answer["code"] != "betting_closed" {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no round opens");
    }

    /// The round's record over HTTP.
    pub(super) async fn record(&self, round: &Value) -> Value {
        let path = format!("/gateway/game/v1/lobby/{}/rounds/{round}", self.lobby);
        self.caller.get(&path).await.json()
    }
}

/// The next event; there is always one soon.
pub(super) async fn next(socket: &mut Socket) -> Event {
    let event = socket.event(Duration::from_secs(30)).await.unwrap();
    event.expect("nothing happened for 30 s")
}

/// Waits until the climb has reached `centi`; false if it ended before.
pub(super) async fn climbs_to(socket: &mut Socket, centi: u32) -> bool {
    loop {
        let event = next(socket).await;
        if event.name == "crashed" || event.name == "bet_result" {
            return false;
        }
        let climbs = event.name == "coefficient_update";
        if climbs && multiplier(&event.data["coefficient"]).centi() >= centi {
            return true;
        }
    }
}

/// Waits for the result of `placed`.
pub(super) async fn result(socket: &mut Socket, placed: &Value) -> Value {
    loop {
        let event = next(socket).await;
        if event.name == "bet_result" && event.data["bet_id"] == placed["bet_id"] {
            return event.data;
        }
    }
}
