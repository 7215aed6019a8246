//! Joins first, bets in order, and a cash-out that waits for no bet.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::{LobbyId, Sealed, Timestamp};
use parking_lot::Mutex;
use platform::clock::SystemClock;
use protocol::plain::Request;
use protocol::socket_io::{ClientMessage, JoinRoom, PlaceBet, Withdraw};
use tokio::sync::{Semaphore, mpsc};

use super::{Incoming, run};
use crate::socket_io::Event;
use crate::{Config, Dialect, Hub, Metrics, Reply, Session, SessionHandler};

/// Notes what it handles, and lets bets end only when it is told to.
struct Slow {
    hub: Hub,
    log: Mutex<Vec<String>>,
    bets: Semaphore,
    /// The lobby whose cash-outs end with the bets.
    stuck: Option<LobbyId>,
}

impl Slow {
    fn note(&self, line: impl Into<String>) {
        self.log.lock().push(line.into());
    }

    async fn wait_for(&self, lines: usize) -> Vec<String> {
        let all = async {
            while self.log.lock().len() < lines {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), all).await.unwrap();
        self.log.lock().clone()
    }
}

#[async_trait]
impl SessionHandler for Slow {
    async fn connected(&self, _: &Session) {
        self.note("connected");
    }

    async fn message(&self, session: &Session, _: Timestamp, message: ClientMessage) -> Reply {
        let lobby = message.lobby().map_or(0, LobbyId::get);
        match message {
            ClientMessage::JoinRoom(_) => {
                self.note(format!("join {lobby} begins"));
                tokio::time::sleep(Duration::from_millis(20)).await;
                self.hub.join(session, LobbyId::new(lobby).unwrap());
                self.note(format!("join {lobby} ends"));
            }
            ClientMessage::PlaceBet(bet) => {
                let _permit = self.bets.acquire().await.unwrap();
                self.note(format!("bet {} in {lobby}", bet.stake));
            }
            ClientMessage::Withdraw(withdraw) => {
                self.note(format!("withdraw in {lobby}"));
                if withdraw.lobby == self.stuck {
                    let _permit = self.bets.acquire().await.unwrap();
                    self.note("the stuck one ends");
                }
            }
        }
        Reply::default()
    }

    async fn ask(&self, _: &Session, _: Timestamp, _: Request) -> String {
        unreachable!("these speak Socket.IO")
    }

    async fn disconnected(&self, _: &Session) {
        self.note("disconnected");
    }
}

fn join(number: u64) -> ClientMessage {
    ClientMessage::JoinRoom(JoinRoom { token: None, lobby: LobbyId::new(number).ok() })
}

fn bet(stake: &str) -> ClientMessage {
    ClientMessage::PlaceBet(PlaceBet {
        token: None,
        lobby: None,
        stake: kernel::Stake::parse(stake).unwrap(),
        auto_cash_out: None,
        bet: None,
        round: None,
    })
}

fn withdraw() -> ClientMessage {
    ClientMessage::Withdraw(Withdraw { token: None, lobby: None, bet: None })
}

/// A cash-out that says who and where.
fn withdraw_from(number: u64) -> ClientMessage {
    let token = Some(Sealed::new("ann's".to_owned()));
    ClientMessage::Withdraw(Withdraw { token, lobby: LobbyId::new(number).ok(), bet: None })
}

struct Socket {
    handler: Arc<Slow>,
    queue: super::Queue<Event>,
    places: Arc<Semaphore>,
}

impl Socket {
    fn new() -> Self {
        let hub = Hub::new(Metrics::default());
        let birth = hub.birth(Dialect::SocketIo, None, None);
        let (clock, metrics) = (Arc::new(SystemClock::new()), Metrics::default());
        let session = Session::new(birth, &Config::default(), clock, metrics);
        hub.enter(&session);
        let (log, bets) = (Mutex::default(), Semaphore::new(0));
        let stuck = LobbyId::new(9).ok();
        let handler = Arc::new(Slow { hub, log, bets, stuck });
        let (queue, inbox) = mpsc::unbounded_channel();
        tokio::spawn(run(session, Arc::<Slow>::clone(&handler), inbox));
        Self { handler, queue, places: Arc::new(Semaphore::new(10)) }
    }

    fn send(&self, message: ClientMessage) {
        let place = Arc::clone(&self.places).try_acquire_owned().unwrap();
        let message = Event { message, acknowledgement: None };
        let incoming = Incoming { stamp: Timestamp::from_ms(1), message, place };
        assert!(self.queue.send(Box::new(incoming)).is_ok());
    }
}

#[tokio::test]
async fn a_cash_out_waits_for_joins_and_not_for_bets() {
    let socket = Socket::new();
    for message in [join(4), bet("1"), withdraw(), bet("2"), join(5), withdraw(), bet("3")] {
        socket.send(message);
    }
    let before_any_bet = [
        "connected",
        "join 4 begins",
        "join 4 ends",
        "withdraw in 4",
        "join 5 begins",
        "join 5 ends",
        "withdraw in 5",
    ];
    assert_eq!(socket.handler.wait_for(7).await, before_any_bet);
    socket.handler.bets.add_permits(1);
    let log = socket.handler.wait_for(10).await;
    assert_eq!(log[7..], ["bet 1 in 4", "bet 2 in 4", "bet 3 in 5"]);
    assert_eq!(socket.places.available_permits(), 10);
}

#[tokio::test]
async fn what_was_sent_is_handled_though_the_socket_is_gone() {
    let socket = Socket::new();
    for message in [join(4), bet("1"), withdraw()] {
        socket.send(message);
    }
    let Socket { handler, queue, .. } = socket;
    drop(queue);
    handler.wait_for(4).await;
    handler.bets.add_permits(1);
    let log = handler.wait_for(6).await;
    assert_eq!(log[3..], ["withdraw in 4", "bet 1 in 4", "disconnected"]);
}

#[tokio::test]
async fn a_cash_out_waits_for_no_other() {
    let socket = Socket::new();
    for message in [withdraw_from(9), withdraw_from(9), withdraw_from(4)] {
        socket.send(message);
    }
    let log = socket.handler.wait_for(4).await;
    assert_eq!(log[1..], ["withdraw in 9", "withdraw in 9", "withdraw in 4"]);
    socket.handler.bets.add_permits(1);
    let log = socket.handler.wait_for(6).await;
    assert_eq!(log[4..], ["the stuck one ends", "the stuck one ends"]);
    assert_eq!(socket.places.available_permits(), 10);
}

#[tokio::test]
async fn a_cash_out_that_says_who_and_where_passes_a_join() {
    let socket = Socket::new();
    let unproved = Withdraw { token: None, lobby: LobbyId::new(6).ok(), bet: None };
    let unproved = ClientMessage::Withdraw(unproved);
    for message in [join(4), withdraw(), unproved, join(5), withdraw(), withdraw_from(3)] {
        socket.send(message);
    }
    let log = socket.handler.wait_for(9).await;
    let passed = log.iter().position(|line| line == "withdraw in 3").unwrap();
    let joined = log.iter().position(|line| line == "join 4 ends").unwrap();
    assert!(passed < joined, "{log:?}");
    let rest: Vec<_> = log[joined..].iter().map(String::as_str).collect();
    let expected = [
        "join 4 ends",
        "withdraw in 4",
        "withdraw in 6",
        "join 5 begins",
        "join 5 ends",
        "withdraw in 5",
    ];
    assert_eq!(rest, expected);
    assert_eq!(socket.places.available_permits(), 10);
}
