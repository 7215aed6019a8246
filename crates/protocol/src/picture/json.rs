//! Pictures as JSON.
//!
//! Read in two passes, head then event: `serde`'s tagged and flattened enums buffer numbers as
//! floats or maps, and both would break money.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};

use super::{Picture, PictureEvent};
use crate::wire::{WireLobbyId, WirePlayerId};

/// What every picture begins with.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    to: Option<WirePlayerId>,
    lobby_id: WireLobbyId,
    epoch: u64,
    seq: u64,
    round: u32,
}

/// A picture whose event has no head of its own.
#[derive(Serialize)]
struct WithHead<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<WirePlayerId>,
    lobby_id: WireLobbyId,
    epoch: u64,
    seq: u64,
    round: u32,
    #[serde(flatten)]
    event: &'a PictureEvent,
}

/// A picture whose event brings its head along.
#[derive(Serialize)]
struct WithoutHead<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<WirePlayerId>,
    #[serde(flatten)]
    event: &'a PictureEvent,
}

impl Serialize for Picture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.write(self.to, serializer)
    }
}

impl PictureEvent {
    /// Its `type`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Snapshot(_) => "snapshot",
            Self::BettingOpened(_) => "betting_opened",
            Self::BetsAccepted(_) => "bets_accepted",
            Self::RoundLocked(_) => "round_locked",
            Self::RoundStarted(_) => "round_started",
            Self::Tick(_) => "tick",
            Self::Crashed(_) => "crashed",
            Self::Settled(_) => "settled",
            Self::Voided(_) => "voided",
            Self::Interrupted(_) => "interrupted",
            Self::BetResult(_) => "bet_result",
        }
    }
}

impl Picture {
    fn write<S: Serializer>(
        &self,
        to: Option<WirePlayerId>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let Self { lobby_id, epoch, seq, round, ref event, .. } = *self;
        let kind = event.name();
        match event {
            PictureEvent::Snapshot(_) => WithoutHead { kind, to, event }.serialize(serializer),
            _ => WithHead { kind, to, lobby_id, epoch, seq, round, event }.serialize(serializer),
        }
    }

    /// The picture as an event of `waxwing.v1`: without `to`.
    #[must_use]
    pub fn event_json(&self) -> String {
        let mut json = Vec::new();
        // Nothing in a picture fails to be JSON, and no JSON fails to be text.
        let written = self.write(None, &mut serde_json::Serializer::new(&mut json));
        written.ok().and_then(|()| String::from_utf8(json).ok()).unwrap_or_default()
    }

    /// The picture as it goes over the bus.
    ///
    /// # Errors
    /// None that our types can cause; `serde_json` only asks that it be handled.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Reads a picture; unknown fields are ignored, so that an older gateway can read a newer
    /// owner.
    ///
    /// # Errors
    /// If it is not the JSON of a picture, or of a type that is not known here.
    pub fn from_json(json: &[u8]) -> Result<Self, serde_json::Error> {
        let head: Head = serde_json::from_slice(json)?;
        let event = read_event(&head.kind, json)?;
        let Head { to, lobby_id, epoch, seq, round, .. } = head;
        Ok(Self { to, lobby_id, epoch, seq, round, event })
    }
}

/// Reads the fields that belong to the type `kind`.
fn read_event(kind: &str, json: &[u8]) -> Result<PictureEvent, serde_json::Error> {
    fn fields<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
        serde_json::from_slice(json)
    }
    Ok(match kind {
        "snapshot" => PictureEvent::Snapshot(fields(json)?),
        "betting_opened" => PictureEvent::BettingOpened(fields(json)?),
        "bets_accepted" => PictureEvent::BetsAccepted(fields(json)?),
        "round_locked" => PictureEvent::RoundLocked(fields(json)?),
        "round_started" => PictureEvent::RoundStarted(fields(json)?),
        "tick" => PictureEvent::Tick(fields(json)?),
        "crashed" => PictureEvent::Crashed(fields(json)?),
        "settled" => PictureEvent::Settled(fields(json)?),
        "voided" => PictureEvent::Voided(fields(json)?),
        "interrupted" => PictureEvent::Interrupted(fields(json)?),
        "bet_result" => PictureEvent::BetResult(fields(json)?),
        _ => return Err(serde::de::Error::custom(format_args!("unknown picture {kind:?}"))),
    })
}
