//! A small TCP proxy before the server, and its weather: responses that never come, connections
//! that are cut, partitions in one direction and in both.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::harness::Random;

/// Bytes moved at once.
const CHUNK: usize = 16 * 1024;
/// The longest that one fault lasts.
pub(crate) const STORM_MAX: Duration = Duration::from_millis(2_500);

/// What happens to bytes on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sky {
    /// Nothing.
    Clear,
    /// Requests arrive, their responses are thrown away.
    DropsResponses,
    /// Requests are thrown away, what the server says arrives.
    DropsRequests,
    /// Nothing moves in either direction, and nothing is lost until it clears.
    Partition,
}

/// The sky, and how many storms there have been: whoever lived through one that loses bytes is cut.
#[derive(Clone, Copy, Debug)]
struct Now {
    sky: Sky,
    storms: u64,
}

/// What it did.
#[derive(Debug, Default)]
pub(crate) struct Damage {
    pub(crate) dropped_responses: AtomicU64,
    pub(crate) dropped_requests: AtomicU64,
    pub(crate) partitions: AtomicU64,
    pub(crate) cuts: AtomicU64,
    /// Bytes thrown away.
    pub(crate) bytes_lost: AtomicU64,
}

impl Damage {
    /// Faults of all kinds.
    pub(crate) fn faults(&self) -> u64 {
        let kinds = [&self.dropped_responses, &self.dropped_requests, &self.partitions, &self.cuts];
        kinds.into_iter().map(|kind| kind.load(Ordering::Relaxed)).sum()
    }
}

/// The proxy.
pub(crate) struct Proxy {
    /// `http://ADDRESS` of it.
    pub(crate) base: String,
    now: watch::Sender<Now>,
    servers: Arc<Mutex<Vec<SocketAddr>>>,
    pub(crate) damage: Arc<Damage>,
}

impl Proxy {
    /// Listens; nobody is behind it yet.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (now, sky) = watch::channel(Now { sky: Sky::Clear, storms: 0 });
        let (servers, damage) = (Arc::default(), Arc::default());
        tokio::spawn(serve(listener, Arc::clone(&servers), sky, Arc::clone(&damage)));
        Self { base, now, servers, damage }
    }

    /// From now on the servers at `bases` are behind it, in turn; none is where all are dead.
    pub(crate) fn lead_to<'a>(&self, bases: impl IntoIterator<Item = &'a String>) {
        let address = |base: &String| base.strip_prefix("http://").unwrap().parse().unwrap();
        *self.servers.lock().unwrap() = bases.into_iter().map(address).collect();
    }

    /// One fault, and clear sky after it.
    pub(crate) async fn storm(&self, random: &mut Random) {
        let longest_ms = u64::try_from(STORM_MAX.as_millis()).unwrap();
        let lasts = Duration::from_millis(random.between(200, longest_ms));
        let (sky, count) = match random.between(0, 3) {
            0 => (Sky::DropsResponses, &self.damage.dropped_responses),
            1 => (Sky::DropsRequests, &self.damage.dropped_requests),
            2 => (Sky::Partition, &self.damage.partitions),
            _ => (Sky::Clear, &self.damage.cuts),
        };
        count.fetch_add(1, Ordering::Relaxed);
        if sky == Sky::Clear {
            self.now.send_modify(|now| now.storms += 1);
            return;
        }
        self.now.send_modify(|now| now.sky = sky);
        tokio::time::sleep(lasts).await;
        let loses = sky != Sky::Partition;
        self.now.send_modify(|now| {
            now.sky = Sky::Clear;
            now.storms += u64::from(loses);
        });
    }
}

async fn serve(
    listener: TcpListener,
    servers: Arc<Mutex<Vec<SocketAddr>>>,
    sky: watch::Receiver<Now>,
    damage: Arc<Damage>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let address = {
            let mut servers = servers.lock().unwrap();
            // Whoever is asked now is asked last next time.
            if !servers.is_empty() {
                servers.rotate_left(1);
            }
            servers.first().copied()
        };
        let (mut sky, damage) = (sky.clone(), Arc::clone(&damage));
        tokio::spawn(async move {
            // While the network is split a connection comes about only after it.
            if sky.wait_for(|now| now.sky != Sky::Partition).await.is_err() {
                return;
            }
            let Some(address) = address else { return };
            let Ok(upstream) = TcpStream::connect(address).await else { return };
            client.set_nodelay(true).ok();
            upstream.set_nodelay(true).ok();
            let storms = sky.borrow().storms;
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = upstream.into_split();
            let there = Way { sky: sky.clone(), storms, loses: Sky::DropsRequests };
            let back = Way { sky, storms, loses: Sky::DropsResponses };
            // Whichever side ends, both connections end: neither half may live on alone.
            tokio::select! {
                () = there.carry(from_client, to_server, &damage) => {}
                () = back.carry(from_server, to_client, &damage) => {}
            }
        });
    }
}

/// One direction of one connection.
struct Way {
    sky: watch::Receiver<Now>,
    /// Storms before it began.
    storms: u64,
    /// Under which sky its bytes are thrown away.
    loses: Sky,
}

impl Way {
    async fn carry(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, damage: &Damage) {
        let mut bytes = vec![0; CHUNK];
        loop {
            let read = tokio::select! {
                read = from.read(&mut bytes) => read,
                changed = self.sky.changed() => {
                    if changed.is_err() || self.sky.borrow().storms != self.storms {
                        return;
                    }
                    continue;
                }
            };
            let Ok(count) = read else { return };
            if count == 0 {
                return;
            }
            let split = self.sky.wait_for(|now| now.sky != Sky::Partition).await;
            let Ok(now) = split.map(|now| *now) else { return };
            if now.storms != self.storms {
                return;
            }
            if now.sky == self.loses {
                damage.bytes_lost.fetch_add(count as u64, Ordering::Relaxed);
                continue;
            }
            if to.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    }
}
