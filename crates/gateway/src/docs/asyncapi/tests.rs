//! Every message has an example, and every example is what the server's own types read or write.

use std::collections::BTreeSet;

use protocol::Problem;
use protocol::picture::Picture;
use protocol::plain::{Answer, Authenticated, BetCancelled, BetPlaced, CashedOut, Joined, Pong};
use protocol::plain::{BalanceChanged, Head, Refused, Request};
use protocol::socket_io::ClientMessage;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn examples() -> Value {
    serde_json::from_str(super::EXAMPLES).unwrap()
}

/// The examples of one group, by name.
fn group(channel: &str, group: &str) -> Vec<(String, Value)> {
    let examples = examples();
    let group = examples[channel][group].as_object().unwrap();
    group.iter().map(|(name, example)| (name.clone(), example.clone())).collect()
}

fn read<T: DeserializeOwned>(example: &Value) -> T {
    serde_json::from_str(&example.to_string()).unwrap_or_else(|error| panic!("{error}: {example}"))
}

#[test]
fn every_message_has_an_example_and_no_other_is_there() {
    let document = super::document();
    let messages = document["components"]["messages"].as_object().unwrap();
    let without: Vec<_> = messages
        .iter()
        .filter(|(_, message)| message["examples"].as_array().is_none_or(Vec::is_empty))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(without, ["socket_io.joined_room"], "an event without data");
    let groups = [("plain", "requests"), ("plain", "replies"), ("plain", "events")];
    let groups = groups.into_iter().chain([("socket_io", "sent"), ("socket_io", "told")]);
    let given: usize = groups.map(|(channel, name)| group(channel, name).len()).sum();
    assert_eq!(given, messages.len());
}

#[test]
fn requests_are_read_as_they_are_shown() {
    for (name, example) in group("plain", "requests") {
        let request = Request::parse(example.to_string().as_bytes()).unwrap();
        assert_eq!(request.ask.name(), name);
        assert_eq!(Some(request.id), example["id"].as_u64());
    }
    for (name, example) in group("socket_io", "sent") {
        ClientMessage::read(&name, &example.to_string()).unwrap();
    }
}

#[test]
fn replies_are_written_as_they_are_shown() {
    for (name, example) in group("plain", "replies") {
        let id = example["id"].as_u64().unwrap();
        let answer = match name.as_str() {
            "authenticate" => Answer::Authenticated(read::<Authenticated>(&example)),
            "join" => Answer::Joined(read::<Joined>(&example)),
            "sync" => Answer::Synced(read::<Joined>(&example)),
            "leave" => Answer::Left,
            "place_bet" => Answer::BetPlaced(read::<BetPlaced>(&example)),
            "cancel_bet" => Answer::BetCancelled(read::<BetCancelled>(&example)),
            "cash_out" => Answer::CashedOut(read::<CashedOut>(&example)),
            "ping" => Answer::Pong(read::<Pong>(&example)),
            "refused" => {
                let detail = example["detail"].as_str().unwrap();
                let problem = Problem::new(read(&example["code"]), detail);
                assert_eq!(Refused::new(Some(id), problem).json(), example.to_string());
                continue;
            }
            other => panic!("{other} is no reply"),
        };
        assert_eq!(answer.json(id), example.to_string());
    }
}

#[test]
fn events_are_written_as_they_are_shown() {
    for (name, example) in group("plain", "events") {
        let json = if name == "balance" {
            read::<BalanceChanged>(&example).json(Some(read::<Head>(&example)))
        } else {
            Picture::from_json(example.to_string().as_bytes()).unwrap().event_json()
        };
        assert_eq!(json_of(&json), example, "{name}");
    }
}

/// A JSON text as a value, which has no order of fields.
fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_reference_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|field| references(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = super::document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 40, "{found:?}");
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}
