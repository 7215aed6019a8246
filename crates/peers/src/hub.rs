//! Our hub as `realtime` has it, without a game: everyone is in one lobby.

use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use axum::Router;
use kernel::{LobbyId, Timestamp};
use platform::clock::{Clock, SystemClock};
use platform::http::{Limits, serve_with};
use platform::shutdown::Shutdown;
use protocol::plain::Request;
use protocol::socket_io::{ClientMessage, RoundOpened, ServerEvent};
use protocol::wire::WireLobbyId;
use realtime::{
    Config, Delivery, Encoded, Hub, Importance, Metrics, Reply, Session, SessionHandler,
};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::{control, text};

/// More than any run opens.
const SOCKETS: u32 = 20_000;

/// A role that lets everyone in and says yes to everything.
struct Role {
    hub: Hub,
    lobby: LobbyId,
}

/// `waxwing.v1`.
pub(crate) fn plain(delivery: Delivery) -> anyhow::Result<()> {
    run(realtime::plain, delivery, || Encoded::plain(text::PLAIN, Importance::Event))
}

/// Socket.IO.
pub(crate) fn socket_io() -> anyhow::Result<()> {
    let event = ServerEvent::RoundOpened(RoundOpened {
        lobby_id: WireLobbyId(lobby()?),
        round: text::ROUND,
        closes_in_ms: Some(text::CLOSES_IN_MS),
    });
    run(realtime::socket_io, Delivery::Write, || Encoded::from(&event))
}

/// How a transport makes its routes.
type Routes = fn(Arc<dyn SessionHandler>, &Hub, &Config, Arc<dyn Clock>) -> Router;

/// Serves one transport; every text is encoded anew, once for all.
fn run(transport: Routes, delivery: Delivery, encode: impl Fn() -> Encoded) -> anyhow::Result<()> {
    let config =
        Config { sockets_max: SOCKETS, sockets_per_address_max: SOCKETS, ..Config::default() };
    let limits = Limits {
        connections: SOCKETS as usize,
        connections_per_network: SOCKETS,
        ..Limits::default()
    };
    let hub = Hub::open(Metrics::default(), delivery)?;
    let lobby = lobby()?;
    let role = Arc::new(Role { hub: hub.clone(), lobby });
    let router = transport(role, &hub, &config, Arc::new(SystemClock::new()));
    let runtime = Runtime::new()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    runtime.spawn(serve_with(listener, router, limits, Shutdown::new()));
    // What a socket does not take is offered again by a task.
    let _within = runtime.enter();
    control::obey(address, || {
        hub.broadcast(lobby, &encode());
        Ok(())
    })
}

fn lobby() -> anyhow::Result<LobbyId> {
    LobbyId::new(text::LOBBY).context("a lobby's number")
}

#[async_trait]
impl SessionHandler for Role {
    async fn connected(&self, session: &Session) {
        self.hub.join(session, self.lobby);
    }

    async fn message(&self, _: &Session, _: Timestamp, _: ClientMessage) -> Reply {
        Reply::default()
    }

    async fn ask(&self, _: &Session, _: Timestamp, request: Request) -> String {
        format!(r#"{{"type":"reply","id":{}}}"#, request.id)
    }

    async fn disconnected(&self, _: &Session) {}
}
