//! What answers for the owner of lobbies: one stream from each gateway.
//!
//! A line is stamped the moment its last byte was read, before anything else happens to it, so
//! that every player has the same hop. Lines are begun in their order and answered as they end.

use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::{Bytes, BytesMut};
use contracts::{Play, PlayError, PlayRefusal};
use futures_util::stream::FuturesUnordered;
use futures_util::{Stream, StreamExt as _};
use http::header::CONTENT_TYPE;
use kernel::Timestamp;
use platform::clock::Clock;
use platform::traces::Span;
use protocol::internal::play::{Ask, AskReply, PlayAnswer, PlayCall};
use tokio::sync::mpsc;

use super::lines::Lines;
use super::wire;
use crate::Access;
use crate::routes;

/// Asks of one stream that may be under way; the next ones wait in the connection's window.
const UNDER_WAY: usize = 4_096;
/// Replies that may wait for a gateway that does not read; then it is not asked for more.
const REPLIES: usize = 1_024;
/// The longest line: a bet with the longest name.
const LINE_BYTES: usize = 16 * 1_024;
/// What the lines are.
const LINES: &str = "application/x-ndjson";

#[derive(Clone)]
struct Owner {
    play: Arc<dyn Play>,
    clock: Arc<dyn Clock>,
}

/// The route by which gateways reach the lobbies that `play` owns. `clock` stamps.
pub fn play_routes(play: Arc<dyn Play>, clock: Arc<dyn Clock>, access: Access) -> Router {
    let routes = Router::new().route(routes::PLAY, post(stream));
    access.guard_stream(routes).with_state(Owner { play, clock })
}

async fn stream(State(owner): State<Owner>, request: Request) -> Response {
    let lines = Lines::new(request.into_body().into_data_stream(), LINE_BYTES);
    let (replies, to_send) = mpsc::channel::<Bytes>(REPLIES);
    tokio::spawn(owner.answer_all(lines, replies));
    let sending = futures_util::stream::unfold(to_send, async |mut to_send| {
        let reply = to_send.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(reply), to_send))
    });
    ([(CONTENT_TYPE, LINES)], Body::from_stream(sending)).into_response()
}

impl Owner {
    /// Until the gateway ends the stream, or says what is no line.
    async fn answer_all(self, lines: Lines<BodyDataStream>, replies: mpsc::Sender<Bytes>) {
        let mut lines = pin!(self.stamped(lines));
        let mut under_way = FuturesUnordered::new();
        let mut is_open = true;
        loop {
            tokio::select! {
                biased;
                Some(reply) = under_way.next() => {
                    if replies.send(reply).await.is_err() {
                        return;
                    }
                }
                line = lines.next(), if is_open && under_way.len() < UNDER_WAY => match line {
                    Some((stamp, line)) => match serde_json::from_slice(&line) {
                        Ok(ask) => under_way.push(self.answer(stamp, ask)),
                        Err(error) => {
                            tracing::error!(%error, "a gateway sent what is no ask");
                            return;
                        }
                    },
                    None => is_open = false,
                },
                else => return,
            }
        }
    }

    fn stamped(
        &self,
        lines: Lines<BodyDataStream>,
    ) -> impl Stream<Item = (Timestamp, BytesMut)> + use<> {
        let clock = Arc::clone(&self.clock);
        futures_util::stream::unfold(lines, move |mut lines| {
            let clock = Arc::clone(&clock);
            async move {
                let line = lines.next().await?;
                Some(((clock.now(), line), lines))
            }
        })
    }

    async fn answer(&self, stamp: Timestamp, ask: Ask) -> Bytes {
        let Ask { id, call, trace } = ask;
        let followed = Span::below(trace.as_deref(), || "play".to_owned());
        let answer = match followed.within(self.call(stamp, call)).await {
            Ok(answer) => answer,
            Err(PlayError::Refused(refusal)) => PlayAnswer::Refused(wire::refused(refusal)),
            Err(PlayError::Unavailable) => PlayAnswer::Unavailable,
        };
        // Numbers and names always have a JSON form.
        let mut line = serde_json::to_vec(&AskReply { id, answer }).unwrap_or_default();
        line.push(b'\n');
        line.into()
    }

    async fn call(&self, stamp: Timestamp, call: PlayCall) -> Result<PlayAnswer, PlayError> {
        match call {
            PlayCall::PlaceBet(call) => {
                let bet = wire::bet_request(call).ok_or(PlayRefusal::InvalidTarget)?;
                let accepted = self.play.place_bet(bet).await?;
                Ok(PlayAnswer::Accepted(wire::accepted_bet(&accepted)))
            }
            PlayCall::CancelBet(call) => {
                let returned = self.play.cancel_bet(wire::cancel_request(call)).await?;
                Ok(PlayAnswer::Returned(wire::returned_bet(&returned)))
            }
            PlayCall::CashOut(call) => {
                let paid = self.play.cash_out(wire::cash_out_request(call, stamp)).await?;
                Ok(PlayAnswer::CashedOut(paid.iter().map(wire::cashed_out_bet).collect()))
            }
            PlayCall::Snapshot(call) => {
                let player = call.player.map(|player| player.0);
                let json = self.play.snapshot(call.lobby.0, player).await?;
                let json = serde_json::from_slice(&json).map_err(|_| PlayError::Unavailable)?;
                Ok(PlayAnswer::Snapshot(json))
            }
        }
    }
}
