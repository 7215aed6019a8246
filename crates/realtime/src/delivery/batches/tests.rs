//! A batch does to a session what a write does: its order, its backlog, its end.

use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kernel::LobbyId;
use parking_lot::Mutex;
use platform::clock::BoxFuture;
use platform::clock::SystemClock;

use super::{Batches, Ring};
use crate::delivery::Deliver as _;
use crate::metrics::Means;
use crate::session::{Direct, Frame, Sent, Wire};
use crate::{Config, Delivery, Dialect, Encoded, Hub, Importance, Metrics, Session};

/// A raw socket without a codec.
struct Raw(Arc<UnixStream>);

impl Wire for Raw {
    fn send(&self, frame: &Frame) -> Sent {
        let Some(bytes) = frame.bytes() else { return Sent::Done };
        match (&*self.0).write(bytes) {
            Ok(count) if count == bytes.len() => Sent::Done,
            Ok(count) => Sent::Partly(bytes.slice(count..)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Sent::Full,
            Err(_) => Sent::Gone,
        }
    }

    fn direct(&self) -> Option<Direct> {
        Some(Arc::<UnixStream>::clone(&self.0))
    }

    fn lose(&self) {
        let _gone_already = self.0.shutdown(Shutdown::Both);
    }

    fn ready(&self) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(Duration::from_millis(5)))
    }
}

fn lobby() -> LobbyId {
    LobbyId::new(4).unwrap()
}

fn hub() -> Hub {
    Hub::open(Metrics::default(), Delivery::IoUring).unwrap()
}

fn enter(hub: &Hub) -> (Session, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    theirs.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let birth = hub.birth(Dialect::Plain, None, None);
    let clock = Arc::new(SystemClock::new());
    let session = Session::new(birth, &Config::default(), clock, hub.metrics().clone());
    assert!(session.attach(Box::new(Raw(Arc::new(ours)))));
    hub.enter(&session);
    hub.join(&session, lobby());
    (session, theirs)
}

fn event(json: &str) -> Encoded {
    Encoded::plain(json, Importance::Event)
}

fn frame(event: &Encoded) -> Bytes {
    event.frame().unwrap().clone()
}

fn read(mut stream: &UnixStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

#[tokio::test]
async fn more_than_a_batch_and_fewer_than_pay_are_all_told() {
    for crowd in [3, 1_100] {
        let hub = hub();
        let everyone: Vec<_> = (0..crowd).map(|_| enter(&hub)).collect();
        let (first, second) = (event("[1]"), event("[22]"));
        assert_eq!(hub.broadcast(lobby(), &first), crowd);
        assert_eq!(hub.broadcast(lobby(), &second), crowd);
        let wanted = [frame(&first), frame(&second)].concat();
        for (_, reader) in &everyone {
            assert_eq!(read(reader, wanted.len()), wanted);
        }
        let batched = if crowd < 8 { 0 } else { 2 * crowd as u64 };
        assert_eq!(hub.metrics().events_batched.get(), batched);
        assert_eq!(hub.metrics().events_sent.get(), 2 * crowd as u64);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_socket_does_not_take_waits_in_its_place() {
    let hub = hub();
    let everyone: Vec<_> = (0..20).map(|_| enter(&hub)).collect();
    let events: Vec<_> = (0..6).map(|number| event(&number.to_string().repeat(100_000))).collect();
    for event in &events[..3] {
        assert_eq!(hub.broadcast(lobby(), event), 20);
    }
    assert!(hub.metrics().bytes_queued.get() > 0, "three do not fit");
    for (session, _) in &everyone {
        session.send_text("between");
    }
    hub.broadcast(lobby(), &events[3]);
    let between = frame(&event("between"));
    let parts: Vec<_> = events[..3].iter().map(frame).chain([between, frame(&events[3])]).collect();
    let wanted = parts.concat();
    let reads = tokio::task::spawn_blocking(move || {
        for (_, reader) in &everyone {
            assert!(read(reader, wanted.len()) == wanted);
        }
    });
    reads.await.unwrap();
    assert_eq!(hub.metrics().bytes_queued.get(), 0);
}

#[tokio::test]
async fn whoever_is_gone_loses_the_socket_and_nobody_else_does() {
    let hub = hub();
    let mut everyone: Vec<_> = (0..20).map(|_| enter(&hub)).collect();
    let (session, peer) = everyone.pop().unwrap();
    let socket = session.lend().unwrap();
    session.settle(&event("[]"), Sent::Done);
    peer.shutdown(Shutdown::Read).unwrap();
    let told = event("[1]");
    assert_eq!(hub.broadcast(lobby(), &told), 20);
    let mut end = [0; 1];
    assert_eq!((&peer).read(&mut end).unwrap(), 0, "our end was shut, so a reader notices");
    drop(socket);
    for (_, reader) in &everyone {
        assert_eq!(read(reader, frame(&told).len()), frame(&told));
    }
}

#[tokio::test]
async fn while_a_socket_is_lent_everything_else_waits_in_order() {
    let hub = hub();
    let (session, reader) = enter(&hub);
    let (first, second) = (event("[1]"), event("[22]"));
    let _socket = session.lend().unwrap();
    assert!(session.lend().is_none(), "to one at a time");
    session.send_encoded(&second);
    session.settle(&first, Sent::Full);
    let wanted = [frame(&first), frame(&second)].concat();
    assert_eq!(read(&reader, wanted.len()), wanted);
    let tick = |json| Encoded::plain(json, Importance::Tick);
    let _socket = session.lend().unwrap();
    session.send_encoded(&tick("[4]"));
    session.settle(&tick("[3]"), Sent::Full);
    assert_eq!(read(&reader, 5), frame(&tick("[4]")), "the later tick alone");
    assert_eq!(hub.metrics().ticks_skipped.get(), 1);
}

#[tokio::test]
async fn a_session_that_ends_while_its_socket_is_lent_stays_ended() {
    let hub = hub();
    let (session, reader) = enter(&hub);
    let socket = session.lend().unwrap();
    session.send_text("[1]");
    session.detach();
    hub.exit(&session);
    session.settle(&event("[2]"), Sent::Full);
    assert!(session.lend().is_none() && session.is_closing());
    assert_eq!(hub.metrics().bytes_queued.get(), 0);
    drop(socket);
    assert_eq!((&reader).read(&mut [0; 1]).unwrap(), 0, "the last to hold the socket closed it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crowds_that_come_and_go_among_batches_hear_whole_frames_in_order() {
    // Fewer than wait for a reader at most.
    const TOLD: u32 = 120;
    let hub = hub();
    let stays: Vec<_> = (0..30).map(|_| enter(&hub)).collect();
    let tells = |hub: Hub| {
        move || {
            for number in 0..TOLD {
                hub.broadcast(lobby(), &event(&format!("[{number:04}]")));
            }
        }
    };
    let comes = |hub: Hub| {
        move || {
            for _ in 0..TOLD {
                let (session, peer) = enter(&hub);
                drop(peer);
                session.detach();
                hub.exit(&session);
            }
        }
    };
    let tasks = [
        tokio::task::spawn_blocking(tells(hub.clone())),
        tokio::task::spawn_blocking(tells(hub.clone())),
        tokio::task::spawn_blocking(comes(hub.clone())),
    ];
    for task in tasks {
        task.await.unwrap();
    }
    tokio::task::spawn_blocking(move || {
        for (_, reader) in &stays {
            let bytes = read(reader, 2 * TOLD as usize * 8);
            let mut next = [0; 2];
            for frame in bytes.chunks(8) {
                assert_eq!(&frame[..3], b"\x81\x06[");
                let number: u32 = str::from_utf8(&frame[3..7]).unwrap().parse().unwrap();
                // Each of the two counts up.
                let whose = next.iter().position(|next| *next == number);
                next[whose.unwrap_or_else(|| panic!("{number} after {next:?}"))] += 1;
            }
            assert_eq!(next, [TOLD; 2]);
        }
    })
    .await
    .unwrap();
    assert_eq!(hub.sessions(), 30);
}

#[tokio::test]
async fn a_queue_that_failed_is_passed_over_and_the_last_one_leaves_writes() {
    let hub = hub();
    let everyone: Vec<_> = (0..20).map(|_| enter(&hub)).collect();
    let metrics = Metrics::default();
    let lost = || Mutex::new(None);
    let with = |rings: Vec<_>| Batches {
        left: rings.len().into(),
        rings: rings.into(),
        metrics: metrics.clone(),
    };
    let one_works = with(vec![lost(), Mutex::new(Some(Ring::open().unwrap()))]);
    let none_works = with(vec![lost(), lost()]);
    let (first, second) = (event("[1]"), event("[22]"));
    let told = |by: &Batches, event| by.deliver(event, &mut everyone.iter().map(|(it, _)| it));
    assert_eq!((told(&one_works, &first), metrics.events_batched.get()), (20, 20));
    assert_eq!((told(&none_works, &second), metrics.events_batched.get()), (20, 20));
    let wanted = [frame(&first), frame(&second)].concat();
    for (_, reader) in &everyone {
        assert_eq!(read(reader, wanted.len()), wanted);
    }
    let says = |by| metrics.delivery.get_or_create(&Means { by }).get();
    metrics.delivery.get_or_create(&Means { by: "io_uring" }).set(1);
    one_works.note_loss();
    assert_eq!((says("write"), says("io_uring")), (1, 1));
    one_works.note_loss();
    assert_eq!((says("write"), says("io_uring")), (1, 0));
}
