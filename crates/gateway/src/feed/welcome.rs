//! What a session that joins is told: the lobby as it stands, with its player's own things in it.

use protocol::picture::{Picture, PictureEvent, Snapshot};
use protocol::socket_io::ServerEvent;
use protocol::wire::WireAmount;
use realtime::{Encoded, Importance};
use serde_json::Value;

/// How a session is greeted in the lobby it joins.
#[derive(Clone, Copy)]
pub(crate) enum Greeting<'a> {
    /// `Joined room: 4`, then `joined`.
    SocketIo,
    /// This reply, then a `snapshot`.
    Plain {
        /// The reply's JSON.
        reply: &'a str,
        /// What the session's player can stake, asked when the snapshot is written.
        balance: &'a (dyn Fn() -> Option<WireAmount> + Sync),
    },
}

/// A greeting, encoded before anybody has to wait for it.
pub(super) struct Welcome {
    pub(super) snapshot: Snapshot,
    pub(super) events: [Encoded; 2],
    pub(super) is_plain: bool,
}

impl Welcome {
    /// Greets with `snapshot`, whose instants are measured now.
    pub(super) fn new(mut snapshot: Snapshot, greeting: Greeting<'_>) -> Self {
        let events = match greeting {
            Greeting::SocketIo => {
                let lobby = snapshot.lobby_id;
                let fields = serde_json::to_value(&snapshot).unwrap_or_default();
                let joined = ServerEvent::Joined { lobby, snapshot: fields };
                [&ServerEvent::JoinedRoom(lobby), &joined].map(Encoded::from)
            }
            Greeting::Plain { reply, balance } => {
                snapshot.balance = balance();
                let event = event_json(&snapshot);
                [reply, &event].map(|json| Encoded::plain(json, Importance::Event))
            }
        };
        let is_plain = matches!(greeting, Greeting::Plain { .. });
        Self { snapshot, events, is_plain }
    }
}

/// The snapshot for every plain socket in place of what all of them missed. It says nothing of
/// own bets, rather than that there are none.
pub(super) fn for_everyone(snapshot: &Snapshot) -> Encoded {
    let whole = serde_json::from_str(&event_json(snapshot)).unwrap_or_default();
    let Value::Object(mut fields) = whole else { return Encoded::default() };
    fields.shift_remove("mine");
    fields.shift_remove("balance");
    Encoded::plain(&Value::Object(fields).to_string(), Importance::Event)
}

fn event_json(snapshot: &Snapshot) -> String {
    let Snapshot { lobby_id, epoch, seq, round, .. } = *snapshot;
    let event = PictureEvent::Snapshot(Box::new(snapshot.clone()));
    Picture { to: None, lobby_id, epoch, seq, round, event }.event_json()
}
