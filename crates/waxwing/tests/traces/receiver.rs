//! A receiver of OTLP over HTTP. It reads the messages by the field numbers of the published
//! `trace.proto`, sharing no code with what wrote them, and keeps every byte it was sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use tokio::net::TcpListener;

use crate::harness::time::now;

/// How long spans may take to come: they are gathered, and a busy machine is slow.
const SOON: Duration = Duration::from_secs(20);
/// How soon they are looked for again.
const LOOK: Duration = Duration::from_millis(50);

/// One span as it was sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Span {
    pub(crate) trace: Vec<u8>,
    pub(crate) id: Vec<u8>,
    /// Empty where it is the first of its trace.
    pub(crate) parent: Vec<u8>,
    pub(crate) name: String,
    /// What it says, and what its process says of itself.
    pub(crate) facts: Vec<(String, String)>,
    /// When it began and ended.
    pub(crate) lasted: (u64, u64),
}

/// What came so far.
#[derive(Clone, Default)]
pub(crate) struct Receiver {
    messages: Arc<Mutex<Vec<Bytes>>>,
}

impl Receiver {
    /// Listens; the origin to send to.
    pub(crate) async fn start() -> (Self, String) {
        let receiver = Self::default();
        let take = async |State(receiver): State<Self>, message: Bytes| {
            receiver.messages.lock().unwrap().push(message);
        };
        let router = Router::new().route("/v1/traces", post(take)).with_state(receiver.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (receiver, origin)
    }

    /// Every byte.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.messages.lock().unwrap().concat()
    }

    /// Every span.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.messages.lock().unwrap().iter().flat_map(|message| read(message)).collect()
    }

    /// The trace that has spans of all these names, once it is there.
    pub(crate) async fn trace_with(&self, names: &[&str]) -> Vec<Span> {
        let searched_at = now();
        loop {
            let spans = self.spans();
            let is_in = |trace: &[u8], name: &str| {
                spans.iter().any(|span| span.trace == trace && span.name == name)
            };
            let whole = |span: &&Span| names.iter().all(|name| is_in(&span.trace, name));
            if let Some(Span { trace, .. }) = spans.iter().find(whole).cloned() {
                return spans.into_iter().filter(|span| span.trace == trace).collect();
            }
            assert!(searched_at.elapsed() < SOON, "no trace with {names:?} in {spans:#?}");
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Span {
    /// What it says under this key; empty if nothing.
    pub(crate) fn says(&self, key: &str) -> &str {
        self.facts.iter().find(|(known, _)| known == key).map_or("", |(_, value)| value)
    }
}

/// The parts of one message: the number of each field, and what it holds.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Number(varint(&mut bytes)),
            1 => Field::Number(u64::from_le_bytes(take(&mut bytes, 8).try_into().unwrap())),
            2 => {
                let length = varint(&mut bytes).try_into().unwrap();
                Field::Bytes(take(&mut bytes, length))
            }
            5 => Field::Number(u32::from_le_bytes(take(&mut bytes, 4).try_into().unwrap()).into()),
            other => panic!("no wire type {other}"),
        };
        found.push((key >> 3, field));
    }
    found
}

#[derive(Clone, Copy)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return value;
        }
    }
    panic!("a number without an end")
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(count);
    *bytes = rest;
    taken
}

impl<'a> Field<'a> {
    fn bytes(self) -> &'a [u8] {
        let Self::Bytes(bytes) = self else { panic!("a number where bytes belong") };
        bytes
    }

    fn number(self) -> u64 {
        let Self::Number(number) = self else { panic!("bytes where a number belongs") };
        number
    }

    fn text(self) -> String {
        String::from_utf8(self.bytes().to_vec()).unwrap()
    }
}

/// All fields of this number.
fn all(bytes: &[u8], number: u64) -> impl Iterator<Item = Field<'_>> {
    fields(bytes).into_iter().filter(move |(found, _)| *found == number).map(|(_, field)| field)
}

/// `ExportTraceServiceRequest`: resource spans (1), each a resource (1) with attributes (1), and
/// scope spans (2) with spans (2).
fn read(message: &[u8]) -> Vec<Span> {
    let mut spans = Vec::new();
    for of_resource in all(message, 1) {
        let resource = all(of_resource.bytes(), 1).flat_map(|resource| all(resource.bytes(), 1));
        let said: Vec<_> = resource.map(fact).collect();
        for of_scope in all(of_resource.bytes(), 2) {
            spans.extend(all(of_scope.bytes(), 2).map(|found| {
                let mut span = span(found.bytes());
                span.facts.extend(said.clone());
                span
            }));
        }
    }
    spans
}

/// `Span`: trace (1), id (2), parent (4), name (5), begin (7), end (8), attributes (9).
fn span(bytes: &[u8]) -> Span {
    let mut span = Span::default();
    for (number, field) in fields(bytes) {
        match number {
            1 => span.trace = field.bytes().to_vec(),
            2 => span.id = field.bytes().to_vec(),
            4 => span.parent = field.bytes().to_vec(),
            5 => span.name = field.text(),
            7 => span.lasted.0 = field.number(),
            8 => span.lasted.1 = field.number(),
            9 => span.facts.push(fact(field)),
            _ => {}
        }
    }
    span
}

/// `KeyValue`: key (1), value (2), which is text (1) or a number (3).
fn fact(field: Field<'_>) -> (String, String) {
    let (mut key, mut said) = (String::new(), String::new());
    for (number, field) in fields(field.bytes()) {
        match number {
            1 => key = field.text(),
            _ => {
                for (kind, value) in fields(field.bytes()) {
                    said = if kind == 1 { value.text() } else { value.number().to_string() };
                }
            }
        }
    }
    (key, said)
}
