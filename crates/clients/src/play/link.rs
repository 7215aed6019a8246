//! One stream to one game node: opened when somebody asks, given up as a whole when it breaks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cluster::Endpoint;
use futures_util::StreamExt as _;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use parking_lot::Mutex;
use platform::traces::Place;
use protocol::internal::play::{Ask, AskReply, PlayAnswer, PlayCall};
use tokio::sync::{mpsc, oneshot};

use super::lines::Lines;
use crate::channel::Channel;
use crate::routes;

/// Asks that may wait for a connection that takes nothing; the next are not sent.
const TO_SEND: usize = 4_096;
/// The longest reply: the picture of a crowded lobby.
const REPLY_BYTES: usize = 16 * 1_024 * 1_024;

/// The stream to one node.
pub(super) struct Link {
    channel: Channel,
    endpoint: Endpoint,
    open: Mutex<Option<Stream>>,
}

/// Whoever waits for a reply, by the number of its ask. Dropped with the stream.
type Waiting = Arc<Mutex<BTreeMap<u64, oneshot::Sender<PlayAnswer>>>>;

#[derive(Clone)]
struct Stream {
    asks: mpsc::Sender<Bytes>,
    waiting: Waiting,
    last: Arc<Mutex<u64>>,
}

impl Link {
    pub(super) const fn new(channel: Channel, endpoint: Endpoint) -> Self {
        Self { channel, endpoint, open: Mutex::new(None) }
    }

    /// The node's answer; `None` if none came within `patience`: the outcome is unknown.
    pub(super) async fn ask(&self, call: PlayCall, patience: Duration) -> Option<PlayAnswer> {
        let (stream, id, answer) = self.send(call)?;
        let answered = tokio::time::timeout(patience, answer).await;
        if answered.is_err() {
            stream.waiting.lock().remove(&id);
        }
        answered.ok()?.ok()
    }

    /// Puts the ask on the stream. Asks of one caller after another go in that order.
    fn send(&self, call: PlayCall) -> Option<(Stream, u64, oneshot::Receiver<PlayAnswer>)> {
        let mut open = self.open.lock();
        let stream = match &*open {
            Some(stream) if !stream.asks.is_closed() => stream.clone(),
            _ => open.insert(self.open_stream()).clone(),
        };
        let (reply, answer) = oneshot::channel();
        let id = {
            let mut last = stream.last.lock();
            *last += 1;
            *last
        };
        stream.waiting.lock().insert(id, reply);
        // Numbers and names always have a JSON form.
        let mut line =
            serde_json::to_vec(&Ask { id, call, trace: Place::here().line() }).unwrap_or_default();
        line.push(b'\n');
        if stream.asks.try_send(line.into()).is_err() {
            stream.waiting.lock().remove(&id);
            return None;
        }
        Some((stream, id, answer))
    }

    fn open_stream(&self) -> Stream {
        let (asks, to_send) = mpsc::channel(TO_SEND);
        let stream = Stream { asks, waiting: Waiting::default(), last: Arc::default() };
        let (channel, endpoint) = (self.channel.clone(), self.endpoint.clone());
        tokio::spawn(carry(channel, endpoint, to_send, Arc::clone(&stream.waiting)));
        stream
    }
}

/// Carries asks there and replies back until either side ends. Whoever still waits then is told
/// by the end of their channel.
async fn carry(
    channel: Channel,
    endpoint: Endpoint,
    to_send: mpsc::Receiver<Bytes>,
    waiting: Waiting,
) {
    let asks = futures_util::stream::unfold(to_send, async |mut to_send| {
        let line = to_send.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(Frame::data(line)), to_send))
    });
    let asks = BodyExt::boxed_unsync(StreamBody::new(asks));
    let ended = match channel.stream(&endpoint, routes::PLAY, asks).await {
        Ok(replies) => {
            let mut lines = Lines::new(replies.into_data_stream().boxed(), REPLY_BYTES);
            while let Some(line) = lines.next().await {
                let Ok(AskReply { id, answer }) = serde_json::from_slice(&line) else { break };
                if let Some(reply) = waiting.lock().remove(&id) {
                    let _gone = reply.send(answer);
                }
            }
            "the stream ended".to_owned()
        }
        Err(error) => error.to_string(),
    };
    tracing::warn!(node = endpoint.instance, reason = ended, "a stream to a game node is gone");
    waiting.lock().clear();
}
