//! What a server is told on its input, a line each: a number is so many texts a second from now
//! on, `once` is one text now.

use std::io::{Write as _, stdin, stdout};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::Context as _;
use platform::clock::Stopwatch;

/// What a server is told.
enum Order {
    Once,
    /// Texts a second; none of them if it is 0.
    Pace(u32),
}

/// When the next text is due.
#[derive(Clone, Copy)]
struct Pace {
    next_s: f64,
    apart_s: f64,
}

/// Says that the server is ready, then sends as it is told; returns when the input ends.
pub(crate) fn obey(
    address: SocketAddr,
    mut send: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let orders = orders();
    writeln!(stdout(), "ready {address}")?;
    let watch = Stopwatch::start();
    let mut pace: Option<Pace> = None;
    loop {
        match next(&orders, pace, watch) {
            Ok(order) => match order? {
                Order::Once => send()?,
                Order::Pace(0) => pace = None,
                Order::Pace(rate) => {
                    pace = Some(Pace { next_s: watch.seconds(), apart_s: 1.0 / f64::from(rate) });
                }
            },
            Err(RecvTimeoutError::Timeout) => {
                send()?;
                // What could not be sent in time is not made up for: that would be a burst.
                let on = |pace: Pace| (pace.next_s + pace.apart_s).max(watch.seconds());
                pace = pace.map(|pace| Pace { next_s: on(pace), ..pace });
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

type Orders = Receiver<anyhow::Result<Order>>;

/// The next order; `Timeout` says that a text is due.
fn next(
    orders: &Orders,
    pace: Option<Pace>,
    watch: Stopwatch,
) -> Result<anyhow::Result<Order>, RecvTimeoutError> {
    let Some(Pace { next_s, .. }) = pace else {
        return orders.recv().map_err(|_| RecvTimeoutError::Disconnected);
    };
    orders.recv_timeout(Duration::from_secs_f64((next_s - watch.seconds()).max(0.0)))
}

/// Lines of the input, from a thread that waits for them.
fn orders() -> Orders {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in stdin().lines() {
            let order = line.map_err(anyhow::Error::from).and_then(|line| read(&line));
            if sender.send(order).is_err() {
                return;
            }
        }
    });
    receiver
}

fn read(line: &str) -> anyhow::Result<Order> {
    match line {
        "once" => Ok(Order::Once),
        rate => rate.parse().map(Order::Pace).with_context(|| format!("an order {line:?}")),
    }
}
