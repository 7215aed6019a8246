//! Messages of sockets, ours and the original's: what is taken says one thing only.

use kernel::{BetId, LobbyId, Sealed};
use protocol::plain::{Ask, Refused, Request};
use protocol::socket_io::ClientMessage;
use serde_json::{Map, Value, json};

use crate::decimals::decimals;
use crate::json::Fields;

/// The original's events, and one that it does not have.
const EVENTS: [&str; 4] = ["joinRoom", "place_bet", "withdraw", "place_bets"];

/// The first byte says what the rest is: a frame of `waxwing.v1`, data of an event, a number.
///
/// # Panics
/// If what is read depends on more than what is said, or does not read back as itself.
pub fn messages(input: &[u8]) {
    let [kind, rest @ ..] = input else { return };
    match kind % 8 {
        0..3 => plain(rest),
        kind @ 3..7 => original(EVENTS[usize::from(kind) - 3], rest),
        _ => {
            if let Ok(text) = std::str::from_utf8(rest) {
                decimals(text);
            }
        }
    }
}

fn plain(frame: &[u8]) {
    let fields = Fields::of(frame);
    let request = match Request::parse(frame) {
        Ok(request) => request,
        Err(refused) => return refusal(&refused, fields.as_ref()),
    };
    let fields = fields.expect("what is taken is an object");
    assert!(request.id < 1 << 53);
    assert_eq!(fields.get("id"), Some(json!(request.id)));
    assert_eq!(fields.get("type"), Some(json!(request.ask.name())));
    assert!(fields.are_plain(&["stake", "auto_cash_out", "lobby_id", "round", "bet_id"]));
    let again = json_of(&request);
    assert_eq!(read(&again).as_ref(), Ok(&request), "{again}");
    assert_eq!(read(&fields.turned()).as_ref(), Ok(&request), "the order of fields says nothing");
    assert!(read(&fields.with("user_id", "7")).is_err(), "an unknown field is taken");
    for (name, value) in &fields.0 {
        let twice = fields.with(name, value.get());
        assert!(read(&twice).is_err(), "the field {name} is taken twice");
    }
}

fn read(text: &str) -> Result<Request, Refused> {
    Request::parse(text.as_bytes())
}

/// A refusal is JSON that a client can match to what it sent.
fn refusal(refused: &Refused, fields: Option<&Fields>) {
    let said: Value = serde_json::from_str(&refused.json()).expect("a refusal is JSON");
    assert_eq!(said["type"], "refused");
    assert_eq!(said["code"], refused.problem.code.as_str());
    assert!(said["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    assert_eq!(said["id"], json!(refused.id));
    if let Some(id) = refused.id {
        assert_eq!(fields.and_then(|fields| fields.get("id")), Some(json!(id)));
    }
}

/// The request as one of our own clients would write it.
fn json_of(request: &Request) -> String {
    let mut json = json!({ "type": request.ask.name(), "id": request.id });
    let mut set = |name: &str, value: Value| json[name] = value;
    match &request.ask {
        Ask::Authenticate { token } => set("token", json!(token.expose())),
        Ask::Join { lobby } => set("lobby_id", json!(lobby.get())),
        Ask::Leave | Ask::Sync | Ask::Ping => {}
        Ask::PlaceBet { lobby, round, bet, stake, auto_cash_out } => {
            set("lobby_id", json!(lobby.get()));
            set("round", json!(round));
            set("bet_id", json!(bet.to_string()));
            set("stake", json!(stake.to_string()));
            set("auto_cash_out", json!(auto_cash_out.map(|target| target.to_string())));
        }
        Ask::CancelBet { lobby, round, bet } => {
            set("lobby_id", json!(lobby.get()));
            set("round", json!(round));
            set("bet_id", json!(bet.to_string()));
        }
        Ask::CashOut { lobby, round, bet } => {
            set("lobby_id", json!(lobby.get()));
            set("round", json!(round));
            set("bet_id", json!(bet.map(|bet| bet.to_string())));
        }
    }
    json.to_string()
}

fn original(event: &str, sent: &[u8]) {
    let Ok(text) = std::str::from_utf8(sent) else { return };
    let Ok(message) = ClientMessage::read(event, text) else { return };
    assert_ne!(event, "place_bets");
    let fields = Fields::of(sent).expect("what is taken is an object");
    let Ok(data @ Value::Object(_)) = serde_json::from_str(text) else {
        // Asked for any value it says something else than for a message; only we ask so.
        return assert!(fields.has_spelled(), "what is taken is JSON: {text}");
    };
    assert_eq!(fields.0.len(), data.as_object().map_or(0, Map::len), "a field is there twice");
    if event == "place_bet" {
        assert!(fields.are_plain(&["amount", "coefficient"]), "{data}");
    }
    let read = |data: &Value| ClientMessage::read(event, &data.to_string());
    let again = written(&message);
    assert_eq!(read(&again).as_ref(), Ok(&message), "{again}");
    let mut foreign = data.clone();
    foreign["user_id"] = json!(7);
    assert_eq!(read(&foreign).as_ref(), Ok(&message), "who is no question");
    let texts = Value::Object(as_texts(&data));
    assert_eq!(read(&texts).as_ref(), Ok(&message), "numbers may be texts");
    let lobby = LobbyId::new(9).ok();
    let named = message.clone().in_lobby(lobby);
    assert_eq!(named.lobby(), message.lobby().or(lobby));
}

/// The same data with every number as a string.
fn as_texts(data: &Value) -> Map<String, Value> {
    let fields = data.as_object().into_iter().flatten();
    let as_text = |value: &Value| match value {
        Value::Number(number) => Value::from(number.to_string()),
        value => value.clone(),
    };
    fields.map(|(name, value)| (name.clone(), as_text(value))).collect()
}

/// The message as a client of the original would write it.
fn written(message: &ClientMessage) -> Value {
    let token = |token: &Option<Sealed<String>>| json!(token.as_ref().map(Sealed::expose));
    let lobby = |lobby: Option<LobbyId>| json!(lobby.map(LobbyId::get));
    let bet = |bet: Option<BetId>| json!(bet.map(|bet| bet.to_string()));
    match message {
        ClientMessage::JoinRoom(join) => {
            json!({ "token": token(&join.token), "lobby_id": lobby(join.lobby) })
        }
        ClientMessage::PlaceBet(place) => json!({
            "token": token(&place.token), "lobby_id": lobby(place.lobby),
            "amount": place.stake.to_string(), "bet_id": bet(place.bet), "round": place.round,
            "coefficient": place.auto_cash_out.map(|target| target.to_string()),
        }),
        ClientMessage::Withdraw(leave) => json!({
            "token": token(&leave.token), "lobby_id": lobby(leave.lobby), "bet_id": bet(leave.bet),
        }),
    }
}
