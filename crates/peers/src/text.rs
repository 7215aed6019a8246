//! What everyone is sent: 65 bytes, whichever way.

use serde_json::{Value, json};

/// The text that plain sockets are sent.
pub(crate) const PLAIN: &str =
    r#"{"type":"tick","round":17,"elapsed_ms":10000,"multiplier":"1.82"}"#;

/// The name of the event that Socket.IO's clients are sent.
pub(crate) const EVENT: &str = "round_opened";
pub(crate) const LOBBY: u64 = 1;
pub(crate) const ROUND: u32 = 17;
pub(crate) const CLOSES_IN_MS: u64 = 10_000;

/// What that event carries.
pub(crate) fn event() -> Value {
    json!({ "lobby_id": LOBBY, "round": ROUND, "closes_in_ms": CLOSES_IN_MS })
}

#[cfg(test)]
mod tests {
    use super::{EVENT, PLAIN, event};

    #[test]
    fn all_peers_send_the_same_length() {
        let packet = format!(r#"42["{EVENT}",{}]"#, event());
        assert_eq!((PLAIN.len(), packet.len()), (65, 65));
    }

    #[test]
    fn the_peers_in_other_languages_send_the_same() {
        let theirs = include_str!("../js/control.mjs");
        assert!(theirs.contains(&format!("PLAIN = '{PLAIN}';")));
        assert!(theirs.contains(&format!("EVENT = '{EVENT}';")));
        assert!(theirs.contains(&format!("DATA = '{}';", event())));
    }
}
