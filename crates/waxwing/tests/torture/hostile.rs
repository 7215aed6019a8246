//! Who wants what is not theirs: forged tokens, other people's bets, and frames that are none.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;

use super::asking::{self, patient};
use super::wire::Wire;
use super::world::World;
use crate::harness::{Player, Random};
use crate::load::socket_io::Gone;

/// What is sent to whoever reads frames.
const GARBAGE: &[&str] = &[
    "",
    "{",
    "null",
    "[1,2",
    r#"{"type":"place_bet"}"#,
    r#"{"type":"place_bet","id":1,"lobby_id":1,"round":1,"bet_id":"x","stake":"-5"}"#,
    r#"{"type":"cash_out","id":-1,"lobby_id":1e99,"round":1}"#,
    r#"{"type":"authenticate","id":1,"token":"eyJhbGciOiJub25lIn0.e30."}"#,
];

/// One who is up to no good, with an account of his own.
pub(crate) struct Hostile {
    pub(crate) world: Arc<World>,
    pub(crate) lobby: u64,
    pub(crate) me: Player,
    pub(crate) victim: Player,
    pub(crate) random: Random,
    /// Names of other people's bets that a bet of mine had as well: that one is mine to end.
    pub(crate) borrowed: BTreeSet<String>,
}

impl Hostile {
    /// Tries until the end of the world.
    pub(crate) async fn play(mut self) {
        while !self.world.has_ended() {
            let _gone = match self.random.between(0, 3) {
                0 => self.forge().await,
                1 => self.steal().await,
                2 => self.babble().await,
                _ => self.scrawl().await,
            };
            let pause = Duration::from_millis(self.random.between(50, 600));
            tokio::time::sleep(pause).await;
        }
    }

    /// The victim's token with other letters: nothing may be done in the victim's name.
    async fn forge(&mut self) -> Result<(), Gone> {
        let socket = asking::sit(self.world.base(), self.lobby).await?;
        for token in [self.scratched(), unsigned(&self.victim.token), String::new()] {
            let bet = json!({ "token": token, "lobby_id": self.lobby, "amount": "1.00" });
            let click = json!({ "token": token, "lobby_id": self.lobby });
            for (name, data) in [("place_bet", bet), ("withdraw", click)] {
                let answer = patient(socket.ask(name, &data)).await?.map_err(|_| Gone)?;
                self.must_refuse(name, &answer, answer["error"].is_string());
            }
        }
        Ok(())
    }

    /// Other people's bets, by their names: they are not mine to end. The same name for a bet of
    /// mine is another bet.
    async fn steal(&mut self) -> Result<(), Gone> {
        let Some((owner, lobby, bet)) = self.world.heard(self.random.bits()) else { return Ok(()) };
        if owner == self.me.id || self.borrowed.contains(&bet) {
            return Ok(());
        }
        let mut wire = Wire::connect(self.world.base()).await?;
        let known = wire.ask("authenticate", json!({ "token": self.me.token })).await?;
        if known["type"] == "refused" {
            return Ok(());
        }
        for round in 1..=2 {
            let named = json!({ "lobby_id": lobby, "round": round, "bet_id": bet });
            for kind in ["cash_out", "cancel_bet"] {
                let answer = wire.ask(kind, named.clone()).await?;
                self.must_refuse(kind, &answer, answer["type"] == "refused");
            }
        }
        let socket = asking::sit(self.world.base(), self.lobby).await?;
        let mut sent = asking::invent(&mut self.random, self.lobby, 300);
        sent.bet = checker::Hex::parse(&bet);
        self.borrowed.insert(bet);
        asking::bet(&self.world.journal, &socket, &self.me, sent).await?;
        Ok(())
    }

    /// Frames that say nothing, say it too long, or are no text.
    async fn babble(&mut self) -> Result<(), Gone> {
        let mut wire = Wire::connect(self.world.base()).await?;
        for garbage in GARBAGE {
            wire.raw(Message::text(*garbage)).await?;
        }
        let letters = usize::try_from(self.random.between(1, 9_000)).unwrap();
        wire.raw(Message::text("a".repeat(letters))).await?;
        wire.raw(Message::binary(vec![0xff; 300])).await?;
        while wire.event(Duration::from_millis(200)).await?.is_some() {}
        Ok(())
    }

    /// Bytes that are not even HTTP.
    async fn scrawl(&mut self) -> Result<(), Gone> {
        let address = self.world.base().trim_start_matches("http://").to_owned();
        let stream = patient(tokio::net::TcpStream::connect(address)).await?;
        let mut stream = stream.map_err(|_| Gone)?;
        for _ in 0..20 {
            let bytes = self.random.bits().to_be_bytes();
            patient(stream.write_all(&bytes)).await?.map_err(|_| Gone)?;
        }
        Ok(())
    }

    fn must_refuse(&self, what: &str, answer: &Value, refused: bool) {
        if !refused {
            self.world.wrong(format!("a {what} that is forged or stolen was answered {answer}"));
        }
    }

    /// The victim's token with one letter of its signature changed.
    fn scratched(&mut self) -> String {
        let mut letters: Vec<char> = self.victim.token.chars().collect();
        let signature = self.victim.token.rfind('.').expect("a token has a signature") + 1;
        let place = signature + usize::try_from(self.random.between(0, 40)).unwrap();
        letters[place] = if letters[place] == 'A' { 'B' } else { 'A' };
        letters.into_iter().collect()
    }
}

/// The token's claims under a header that asks for no signature.
fn unsigned(token: &str) -> String {
    let claims = token.split('.').nth(1).expect("a token has claims");
    // {"alg":"none","typ":"JWT"}
    format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.")
}
