//! What every gateway should know of a player at once: over the bus, and lost without harm.
//!
//! A balance that got lost comes with the next one or with a snapshot; a sign-out that got lost
//! still ends every token when its minutes are over.

use serde::{Deserialize, Serialize};

use crate::wire::{WireAmount, WirePlayerId};

/// One notice, JSON under its kind's name: a tag beside the fields would read money as floats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// A player's money moved.
    Balance(BalanceNotice),
    /// A player signed out, or changed the password: tokens of before are worth nothing.
    SignedOut(SignedOut),
}

/// What a player has now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceNotice {
    /// Whose.
    pub user_id: WirePlayerId,
    /// What can be staked.
    pub balance: WireAmount,
    /// What is staked in rounds that are not over.
    pub held: WireAmount,
    /// Rises with every movement: the highest is the newest.
    pub version: u64,
}

/// Whose tokens ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedOut {
    /// Who.
    pub user_id: WirePlayerId,
    /// Tokens issued at or before this instant are worth nothing, in seconds since 1970.
    pub until_s: i64,
    /// Only the tokens of this sign-in; all of the player's without it.
    pub session: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::Notice;

    #[test]
    fn a_notice_is_what_was_sent() {
        let json = r#"{"balance":{"user_id":7,"balance":99999999999.9999,"held":2,"version":9}}"#;
        let notice: Notice = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&notice).unwrap(), json);
        let json = r#"{"signed_out":{"user_id":7,"until_s":60,"session":null}}"#;
        let notice: Notice = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&notice).unwrap(), json);
    }
}
