//! A Socket.IO client over long-polling that calls the router itself: no port, no library.

use std::collections::VecDeque;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// The separator of packets in one payload.
const RECORD: char = '\u{1e}';

pub(crate) struct Client {
    router: Router,
    session: String,
    waiting: VecDeque<String>,
}

/// An event, or an acknowledgement under the name `ack`.
pub(crate) type Heard = (String, Value);

impl Client {
    /// Connects to the default namespace and takes the `connected` event.
    pub(crate) async fn connect(router: &Router, auth: Option<Value>) -> Self {
        let mut client =
            Self { router: router.clone(), session: String::new(), waiting: VecDeque::new() };
        let opened = client.fetch().await;
        let opened: Value = serde_json::from_str(opened.strip_prefix('0').unwrap()).unwrap();
        client.session = opened["sid"].as_str().unwrap().to_owned();
        client.post(&format!("40{}", auth.map(|auth| auth.to_string()).unwrap_or_default())).await;
        assert_eq!(client.next().await.0, "connected");
        client
    }

    /// Sends an event and asks for its acknowledgement under `id`.
    pub(crate) async fn emit(&self, id: u32, name: &str, data: Value) {
        self.post(&format!("42{id}{}", json!([name, data]))).await;
    }

    /// The next event or acknowledgement.
    pub(crate) async fn next(&mut self) -> Heard {
        loop {
            while let Some(packet) = self.waiting.pop_front() {
                if packet == "2" {
                    self.post("3").await;
                } else if let Some(heard) = heard(&packet) {
                    return heard;
                }
            }
            let payload = self.fetch().await;
            self.waiting.extend(payload.split(RECORD).map(str::to_owned));
        }
    }

    /// Everything up to and with the first `name`.
    pub(crate) async fn until(&mut self, name: &str) -> Vec<Heard> {
        let mut heard = Vec::new();
        let all = async {
            loop {
                heard.push(self.next().await);
                if heard.last().is_some_and(|(last, _)| last == name) {
                    return;
                }
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(5), all).await.is_ok();
        assert!(in_time, "no {name} after {heard:?}");
        heard
    }

    /// The data of the next event called `name`; those before it are dropped.
    pub(crate) async fn data(&mut self, name: &str) -> Value {
        self.until(name).await.pop().unwrap().1
    }

    /// Whether nothing comes for a moment.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(150), self.next()).await.is_err()
    }

    /// Says goodbye.
    pub(crate) async fn leave(self) {
        self.post("1").await;
    }

    async fn post(&self, packet: &str) {
        let answer = self.call(Request::post(self.path()), packet.to_owned().into()).await;
        assert!(answer.status().is_success(), "{packet}: {}", super::read(answer).await);
    }

    async fn fetch(&self) -> String {
        let answer = self.call(Request::get(self.path()), Body::empty()).await;
        assert!(answer.status().is_success());
        super::read(answer).await
    }

    async fn call(&self, request: http::request::Builder, body: Body) -> Response {
        let request = request.body(body).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    fn path(&self) -> String {
        let session = match self.session.as_str() {
            "" => String::new(),
            session => format!("&sid={session}"),
        };
        format!("/socket.io/?EIO=4&transport=polling{session}")
    }
}

/// Reads `42["name",data]` and `43<id>[data]`.
fn heard(packet: &str) -> Option<Heard> {
    let (is_event, rest) = match packet.strip_prefix("42") {
        Some(rest) => (true, rest),
        None => (false, packet.strip_prefix("43")?),
    };
    let json = &rest[rest.find('[')?..];
    let Value::Array(parts) = serde_json::from_str(json).unwrap() else { return None };
    let mut parts = parts.into_iter();
    let name = if is_event { parts.next()?.as_str()?.to_owned() } else { "ack".to_owned() };
    Some((name, parts.next().unwrap_or(Value::Null)))
}

/// The whole body as text.
pub(crate) async fn read(response: Response) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}
