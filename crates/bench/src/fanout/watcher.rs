//! The crowd of a fan-out, in a process of its own: sockets that count what they are told.
//!
//! One thread and one epoll, so that the crowd costs less than any server. It is told what to do on
//! its input, a line each, and answers each with a line of numbers: `open N` opens so many more
//! sockets and answers how many there are; `count` answers how many texts came so far; `arm`
//! forgets who was told what; `receipts` waits until everyone was told since, and answers after
//! how many microseconds each was.

use std::io::{BufRead as _, Write as _, stdin, stdout};
use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use platform::clock::Stopwatch;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;

use super::dialect::Dialect;
use seat::Seat;

mod seat;

/// Names the input among the sockets.
const INPUT: u64 = u64::MAX;
/// Sockets looked at together.
const EVENTS: usize = 1_024;
/// How long the last receipts are waited for.
const PATIENCE: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };

struct Watcher {
    address: SocketAddr,
    dialect: Dialect,
    epoll: OwnedFd,
    seats: Vec<Seat>,
    heard: u64,
    armed: Stopwatch,
    receipts_us: Vec<u64>,
    /// Whether the receipts are waited for.
    owes_receipts: bool,
}

/// Watches the server at `address` until the input ends.
pub(crate) fn run(address: &str, dialect: &str) -> anyhow::Result<()> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, stdin(), epoll::EventData::new_u64(INPUT), epoll::EventFlags::IN)?;
    let mut watcher = Watcher {
        address: address.parse()?,
        dialect: Dialect::read(dialect)?,
        epoll,
        seats: Vec::new(),
        heard: 0,
        armed: Stopwatch::start(),
        receipts_us: Vec::new(),
        owes_receipts: false,
    };
    let mut events = Vec::with_capacity(EVENTS);
    loop {
        let patience = watcher.owes_receipts.then_some(&PATIENCE);
        epoll::wait(&watcher.epoll, spare_capacity(&mut events), patience)?;
        ensure!(!events.is_empty(), "{} were told", watcher.receipts_us.len());
        for event in events.drain(..) {
            match event.data.u64() {
                INPUT => {
                    let mut line = String::new();
                    if stdin().lock().read_line(&mut line)? == 0 {
                        return Ok(());
                    }
                    watcher.obey(line.trim())?;
                }
                seat => watcher.listen(usize::try_from(seat)?)?,
            }
        }
    }
}

impl Watcher {
    fn obey(&mut self, order: &str) -> anyhow::Result<()> {
        match order.split_once(' ').unwrap_or((order, "")) {
            ("open", number) => {
                for _ in 0..number.parse()? {
                    self.open()?;
                }
                answer(&[self.seats.len() as u64])
            }
            ("count", "") => answer(&[self.heard]),
            ("arm", "") => {
                self.receipts_us.clear();
                self.seats.iter_mut().for_each(|seat| seat.was_told = false);
                self.armed = Stopwatch::start();
                answer(&[0])
            }
            ("receipts", "") => {
                self.owes_receipts = true;
                self.tell_receipts()
            }
            _ => bail!("an order {order:?}"),
        }
    }

    fn open(&mut self) -> anyhow::Result<()> {
        let number = self.seats.len();
        let seat = Seat::open(self.address, self.dialect)
            .with_context(|| format!("opening socket {number}"))?;
        let name = epoll::EventData::new_u64(number as u64);
        epoll::add(&self.epoll, seat.stream(), name, epoll::EventFlags::IN)?;
        self.seats.push(seat);
        Ok(())
    }

    fn listen(&mut self, number: usize) -> anyhow::Result<()> {
        let Some(seat) = self.seats.get_mut(number) else { return Ok(()) };
        let told = seat.listen().with_context(|| format!("socket {number}"))?;
        self.heard += told;
        if told > 0 && !seat.was_told {
            seat.was_told = true;
            self.receipts_us.push(micros(self.armed.seconds()));
        }
        if self.owes_receipts { self.tell_receipts() } else { Ok(()) }
    }

    fn tell_receipts(&mut self) -> anyhow::Result<()> {
        if self.receipts_us.len() < self.seats.len() {
            return Ok(());
        }
        self.owes_receipts = false;
        answer(&self.receipts_us)
    }
}

fn answer(numbers: &[u64]) -> anyhow::Result<()> {
    let numbers: Vec<_> = numbers.iter().map(u64::to_string).collect();
    writeln!(stdout(), "{}", numbers.join(" "))?;
    Ok(())
}

fn micros(seconds: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let us = (seconds * 1_000_000.0) as u64;
    us
}
