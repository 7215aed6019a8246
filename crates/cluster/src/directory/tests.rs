//! Processes that come and go at a real nats-server, and a server that goes itself.

use std::sync::Arc;
use std::time::Duration;

use kernel::Sealed;
use parking_lot::Mutex;
use platform::clock::SystemClock;
use platform::metrics::Registry;
use platform::random::SeededRandom;
use test_servers::Nats;

use super::{Announcement, NatsDirectory, Process, Signatures};
use crate::balancer::{Balancer, Endpoint};
use crate::bus::NatsBus;

/// Longer than any look takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A signature is the address and a word that only we know.
struct Word(Arc<Mutex<&'static str>>);

impl Signatures for Word {
    fn sign(&self, process: &Process) -> String {
        format!("{} {}", process.endpoint.address, self.0.lock())
    }

    fn is_genuine(&self, process: &Process, signature: &str) -> bool {
        self.sign(process) == signature
    }
}

async fn directory(server: &Nats) -> NatsDirectory {
    knowing(server, "word").await
}

async fn knowing(server: &Nats, word: &'static str) -> NatsDirectory {
    sharing(server, &Arc::new(Mutex::new(word))).await
}

async fn sharing(server: &Nats, word: &Arc<Mutex<&'static str>>) -> NatsDirectory {
    let bus = NatsBus::connect(&Sealed::new(server.url()), &Registry::new()).await.unwrap();
    NatsDirectory::new(&bus, Arc::new(SystemClock::new()), Arc::new(Word(Arc::clone(word))))
}

async fn announced(server: &Nats, role: &str, number: u16) -> Announcement {
    let (role, ops) = (role.to_owned(), format!("127.0.0.1:1{number}"));
    directory(server).await.announce(&Process { role, endpoint: at(number), ops }).await.unwrap()
}

fn at(number: u16) -> Endpoint {
    let address = format!("http://127.0.0.1:{number}");
    Endpoint { instance: format!("node-{number}"), address }
}

/// A balancer that is told of the role for as long as the test runs.
async fn follower(server: &Nats, role: &'static str) -> Balancer {
    follow(directory(server).await, role)
}

fn follow(directory: NatsDirectory, role: &'static str) -> Balancer {
    let balancer = Balancer::new(Arc::new(SystemClock::new()), Arc::new(SeededRandom::new(7)));
    let told = balancer.clone();
    let known = move |all: Vec<Process>| {
        let of_role = all.into_iter().filter(|process| process.role == role);
        told.know(&of_role.map(|process| process.endpoint).collect::<Vec<_>>());
    };
    tokio::spawn(async move { directory.follow(known).await });
    balancer
}

async fn until_known(balancer: &Balancer, numbers: &[u16]) {
    let wanted: Vec<Endpoint> = numbers.iter().map(|number| at(*number)).collect();
    let known = async {
        loop {
            let mut known = balancer.endpoints();
            known.sort();
            if known == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, known).await;
    assert!(found.is_ok(), "{:?} is known, not {wanted:?}", balancer.endpoints());
}

#[tokio::test]
async fn who_comes_is_found_and_who_goes_is_forgotten() {
    let server = Nats::start().unwrap();
    let (games, users) = (follower(&server, "game").await, follower(&server, "user").await);
    let first = announced(&server, "game", 1).await;
    let second = announced(&server, "game", 2).await;
    let user = announced(&server, "user", 3).await;
    until_known(&games, &[1, 2]).await;
    until_known(&users, &[3]).await;
    drop(first);
    until_known(&games, &[2]).await;
    until_known(&users, &[3]).await;
    drop(second);
    until_known(&games, &[]).await;
    // The last to go is heard by nobody, and whoever hears nobody has learned nothing.
    drop(user);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(users.endpoints(), [at(3)]);
}

#[tokio::test]
async fn who_does_not_prove_to_be_one_of_us_is_never_known() {
    let server = Nats::start().unwrap();
    let games = follower(&server, "game").await;
    let stranger = Process { role: "game".to_owned(), endpoint: at(1), ops: String::new() };
    let lying = knowing(&server, "guess").await.announce(&stranger).await.unwrap();
    let honest = announced(&server, "game", 2).await;
    until_known(&games, &[2]).await;
    // Whoever answers looks answers all of them: so many later the stranger was heard for sure.
    let another = announced(&server, "game", 3).await;
    until_known(&games, &[2, 3]).await;
    drop(honest);
    until_known(&games, &[3]).await;
    drop((lying, another));
}

#[tokio::test]
async fn who_is_believed_no_more_is_gone() {
    let server = Nats::start().unwrap();
    let word = Arc::new(Mutex::new("word"));
    let games = follow(sharing(&server, &word).await, "game");
    let first = announced(&server, "game", 1).await;
    until_known(&games, &[1]).await;
    *word.lock() = "another";
    let second = Process { role: "game".to_owned(), endpoint: at(2), ops: String::new() };
    let second = sharing(&server, &word).await.announce(&second).await.unwrap();
    until_known(&games, &[2]).await;
    drop((first, second));
}

#[tokio::test]
async fn what_is_known_is_kept_while_nats_is_away() {
    let mut server = Nats::start().unwrap();
    let games = follower(&server, "game").await;
    let first = announced(&server, "game", 1).await;
    until_known(&games, &[1]).await;
    server.stop().unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(games.endpoints(), [at(1)]);
    server.restart().unwrap();
    let second = announced(&server, "game", 2).await;
    until_known(&games, &[1, 2]).await;
    drop((first, second));
}
