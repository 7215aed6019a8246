//! Who moves players' own money over HTTP, and asks what they have: a request is sent again under
//! its key until it is answered, or given up.

use std::sync::Arc;
use std::time::Duration;

use checker::decimal::Decimal;
use checker::log::{Answer, Entry};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::asking::{PATIENCE, code, decimal};
use super::world::World;
use crate::harness::time::now;
use crate::harness::{Player, Random};

const PATH: &str = "/gateway/user/v1/balance";
/// How often a request is sent before it is given up.
const TRIES: u32 = 6;

/// One banker with players of his own.
pub(crate) struct Banker {
    pub(crate) world: Arc<World>,
    pub(crate) players: Vec<Player>,
    pub(crate) random: Random,
    pub(crate) client: Client,
}

impl Banker {
    /// A banker of these players.
    pub(crate) fn new(world: &Arc<World>, players: Vec<Player>, random: Random) -> Self {
        let client = Client::builder().timeout(PATIENCE).no_proxy().build().unwrap();
        Self { world: Arc::clone(world), players, random, client }
    }

    /// Works until the end of the world.
    pub(crate) async fn work(mut self) {
        while !self.world.has_ended() {
            let last = u64::try_from(self.players.len()).unwrap() - 1;
            let index = usize::try_from(self.random.between(0, last)).unwrap();
            let player = self.players[index].clone();
            self.look(&player).await;
            self.top_up(&player).await;
            self.look(&player).await;
            let pause = Duration::from_millis(self.random.between(50, 400));
            tokio::time::sleep(pause).await;
        }
    }

    async fn look(&self, player: &Player) {
        let asked = now();
        let request = self.request(Method::GET, player);
        let Some((200, body)) = self.answer(request).await else { return };
        let balance = decimal(&body["balance"]);
        self.world.journal.answered(player.id, asked, Entry::Balance { balance });
    }

    /// Adds an amount that is hardly ever the same twice, or takes it out.
    async fn top_up(&mut self, player: &Player) {
        let units = i64::try_from(self.random.between(1, 9_999_999)).unwrap();
        let takes_out = self.random.between(0, 3) == 0;
        let amount = Decimal::from_units(if takes_out { -units / 100 - 1 } else { units });
        let key = self.random.bet_id();
        for _ in 0..TRIES {
            let asked = now();
            let body = json!({ "ammount": amount.to_string() }).to_string();
            let request = self.request(Method::PUT, player).header("idempotency-key", &key);
            let request = request.header("content-type", "application/json").body(body);
            let answer = match self.answer(request).await {
                None => Answer::Nothing,
                Some((200, _)) => Answer::Taken(()),
                Some((_, body)) => Answer::Refused(code(&body)),
            };
            let is_known = match &answer {
                Answer::Nothing => false,
                Answer::Taken(()) => true,
                Answer::Refused(code) => code == "insufficient_funds",
            };
            let entry = Entry::TopUp { key: key.clone(), amount, answer };
            self.world.journal.answered(player.id, asked, entry);
            // A quarter of those without an answer is never asked about again.
            if is_known || self.random.between(0, 3) == 0 {
                return;
            }
            let pause = Duration::from_millis(self.random.between(10, 500));
            tokio::time::sleep(pause).await;
        }
    }

    fn request(&self, method: Method, player: &Player) -> RequestBuilder {
        let url = format!("{}{PATH}", self.world.base());
        let request = self.client.request(method, url);
        request.header("authorization", format!("Bearer {}", player.token))
    }

    /// Status and body, if both came whole.
    async fn answer(&self, request: RequestBuilder) -> Option<(u16, Value)> {
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let text = response.text().await.ok()?;
        Some((status, serde_json::from_str(&text).ok()?))
    }
}
