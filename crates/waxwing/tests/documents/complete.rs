//! Whatever the generated documents know, docs/protocol.md tells: every call, parameter, field,
//! word, message, code and close code. Names are looked for in what stands as code there.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::Place;
use crate::harness::numbers::{text, whole};
use crate::harness::process::repository;

/// Fields that every message of a kind begins with, told once for all.
const HEADS: &[&str] = &["type", "id", "lobby_id", "epoch", "seq", "round"];

/// docs/protocol.md.
struct Protocol(String);

impl Protocol {
    fn read() -> Self {
        let path = repository().join("docs/protocol.md");
        Self(std::fs::read_to_string(path).unwrap().replace("```", "`"))
    }

    /// The words that stand as code in `text`.
    fn words(text: &str) -> BTreeSet<&str> {
        let code = text.split('`').skip(1).step_by(2);
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        code.flat_map(|code| code.split(move |letter| !is_part(letter))).collect()
    }

    /// The part under the heading `## title`.
    fn section(&self, title: &str) -> &str {
        let heading = format!("\n## {title}\n");
        let (_, rest) = self.0.split_once(&heading).unwrap_or_else(|| panic!("no {heading}"));
        rest.split_once("\n## ").map_or(rest, |(section, _)| section)
    }

    /// The rows in `section` of tables that name `name` in their first cell.
    fn rows<'a>(section: &'a str, name: &str) -> Vec<&'a str> {
        let named = |line: &&str| {
            let cell = line.strip_prefix("| ").and_then(|line| line.split(" | ").next());
            cell.is_some_and(|cell| cell == name || Self::words(cell).contains(name))
        };
        section.lines().filter(named).collect()
    }
}

/// What is not told.
#[derive(Default)]
struct Missing(BTreeSet<String>);

impl Missing {
    fn unless(&mut self, is_told: bool, what: impl FnOnce() -> String) {
        if !is_told {
            self.0.insert(what());
        }
    }

    fn assert_none(&self) {
        assert!(self.0.is_empty(), "docs/protocol.md does not tell of {:#?}", self.0);
    }
}

/// The names of fields, and the words of enumerations, anywhere in a schema.
fn names<'a>(schema: &'a Value, found: &mut BTreeSet<&'a str>) {
    match schema {
        Value::Object(parts) => {
            if let Some(Value::Object(properties)) = parts.get("properties") {
                found.extend(properties.keys().map(String::as_str));
            }
            if let Some(Value::Array(words)) = parts.get("enum") {
                found.extend(words.iter().filter_map(Value::as_str));
            }
            parts.values().for_each(|part| names(part, found));
        }
        Value::Array(parts) => parts.iter().for_each(|part| names(part, found)),
        _ => {}
    }
}

/// Whether this line of a table is that of a call.
fn is_row_of(line: &str, method: &str, path: &str) -> bool {
    let cell = line.strip_prefix("| ").and_then(|line| line.split(" | ").next());
    let cell = cell.unwrap_or_default();
    let mut parts = cell.split(['`', ' ', '?']);
    parts.any(|part| part == path) && Protocol::words(cell).contains(method)
}

async fn document(path: &str) -> Value {
    let place = Place::new();
    let server = place.start().await;
    server.caller().get(path).await.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_http_call_and_field_is_told() {
    let document = document("/gateway/openapi.json").await;
    let protocol = Protocol::read();
    let (words, mut missing) = (Protocol::words(&protocol.0), Missing::default());
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Value::Object(_) = operation["responses"] else { continue };
            let method = method.to_uppercase();
            let is_told = protocol.0.lines().any(|line| is_row_of(line, &method, path));
            missing.unless(is_told, || format!("{method} {path}"));
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = text(&parameter["name"]);
                let is_told = words.contains(name) || protocol.0.contains(&format!("`{name}`"));
                missing.unless(is_told, || format!("{name} of {method} {path}"));
            }
        }
    }
    for (schema, definition) in document["components"]["schemas"].as_object().unwrap() {
        let mut found = BTreeSet::new();
        names(definition, &mut found);
        for name in found {
            missing.unless(words.contains(name), || format!("{schema}: {name}"));
        }
    }
    missing.assert_none();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_and_its_fields_are_told() {
    let document = document("/gateway/asyncapi.json").await;
    let protocol = Protocol::read();
    let (words, mut missing) = (Protocol::words(&protocol.0), Missing::default());
    for (key, message) in document["components"]["messages"].as_object().unwrap() {
        let (name, fields) = (text(&message["name"]), &message["payload"]["properties"]);
        // A refusal is told in a sentence, a join by the name of its event.
        if ["plain.refused", "socket_io.joined_room"].contains(&key.as_str()) {
            continue;
        }
        let sections = if key.starts_with("plain.") {
            [protocol.section("Plain WebSocket"), protocol.section("Pictures")]
        } else {
            [protocol.section("Socket.IO"), ""]
        };
        let rows: Vec<&str> =
            sections.iter().flat_map(|section| Protocol::rows(section, name)).collect();
        // What an event's row leaves out stands in the row of what it answers, or of a snapshot.
        let told = if rows.is_empty() { sections.concat() } else { rows.join("\n") };
        let told = Protocol::words(&told);
        missing.unless(told.contains(name), || format!("the message {key}"));
        for field in fields.as_object().into_iter().flatten().map(|(field, _)| field.as_str()) {
            let is_told = told.contains(field) || HEADS.contains(&field) || name == "joined";
            missing.unless(is_told, || format!("{field} of {key}"));
        }
        let mut found = BTreeSet::new();
        names(&message["payload"], &mut found);
        for name in found {
            missing.unless(words.contains(name), || format!("{name} in {key}"));
        }
    }
    missing.assert_none();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_code_and_close_code_is_told() {
    let document = document("/gateway/asyncapi.json").await;
    let protocol = Protocol::read();
    let mut missing = Missing::default();
    for code in document["x-codes"].as_array().unwrap() {
        let row = format!("\n| `{}` | {} | ", text(&code["code"]), whole(&code["status"]));
        missing.unless(protocol.0.contains(&row), || row);
    }
    for code in document["x-close-codes"].as_array().unwrap() {
        let (number, word) = (whole(&code["code"]), text(&code["word"]));
        let row = format!("\n| {number} | `{word}` | {} |", text(&code["come_back"]));
        missing.unless(protocol.section("Close codes").contains(&row), || row);
    }
    missing.assert_none();
}
