//! `make bench-fanout`: what one text to everyone costs a server, ours beside others.
//!
//! The server has a core of its own, the crowd the others. Servers take turns, so that an hour in
//! which the machine is slow is slow for all of them; figures are medians over the turns, and a
//! ratio is the median of the ratios within each turn.

use std::thread::sleep;
use std::time::Duration;

use anyhow::ensure;
use platform::clock::Stopwatch;

use contestant::{ALL, BUN, Contestant, PLAIN, PLAIN_RING, RING, SOCKET_IO, WRITES};
use process::Process;
use report::{Goal, median, ratio, table};

mod contestant;
mod crash;
mod dialect;
mod process;
mod report;
pub(crate) mod watcher;

/// Texts a second to each socket.
const RATE: u32 = 20;
/// Sockets that are opened before memory is first read: they pay for what all share.
const FIRST: u32 = 200;
/// How long a server rests before its memory is read.
const REST: Duration = Duration::from_secs(1);
const WARM_UP: Duration = Duration::from_secs(1);
/// Texts that came of those that were due, in hundredths, below which a figure is remarked on.
const KEPT_UP: f64 = 97.0;

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    turns: u32,
    sockets: u32,
    seconds: u32,
    crash: crash::Extent,
}

impl Extent {
    /// What the aims are about; about ten minutes.
    pub(crate) const FULL: Self =
        Self { turns: 5, sockets: 2_000, seconds: 5, crash: crash::Extent::FULL };
    /// One short turn, about two minutes: whether it works, and the order of magnitude.
    pub(crate) const QUICK: Self =
        Self { turns: 1, sockets: 2_000, seconds: 3, crash: crash::Extent::QUICK };
}

/// One server's turn.
#[derive(Clone, Copy, Debug)]
struct Figures {
    /// Processor of the server for each text that was received.
    us: f64,
    /// Memory of its own for each socket that is open and idle, in units of 1,000 bytes.
    idle_kb: f64,
    /// Texts received of those that were due, in hundredths.
    received: f64,
    /// What the crowd took of its cores.
    crowd: f64,
}

/// Measures everyone; the tables.
pub(crate) fn measure(extent: Extent) -> anyhow::Result<String> {
    let cores = process::others()?;
    let versions = contestant::versions()?;
    let mut turns = Vec::new();
    for _ in 0..extent.turns {
        let turn = ALL.iter().map(|contestant| one(*contestant, extent, &cores));
        turns.push(turn.collect::<anyhow::Result<Vec<_>>>()?);
    }
    let crash = crash::measure(extent.crash, &cores)?;
    Ok(format!("peers    {versions}\n\n{}\n{crash}", show(extent, &turns)))
}

/// Sockets that are open at `address`, in a process of their own.
fn crowd(contestant: Contestant, address: &str, cores: &str) -> anyhow::Result<Process> {
    let program = std::env::current_exe()?.display().to_string();
    let dialect = contestant.dialect.as_str();
    Process::start(cores, &[program, "watch".into(), address.into(), dialect.into()])
}

fn one(contestant: Contestant, extent: Extent, cores: &str) -> anyhow::Result<Figures> {
    let (mut server, address) = contestant.start()?;
    let mut crowd = crowd(contestant, &address, cores)?;
    crowd.ask_one(&format!("open {FIRST}"))?;
    sleep(REST);
    let before_kb = server.user_kb()?;
    let more = extent.sockets - FIRST;
    let open = crowd.ask_one(&format!("open {more}"))?;
    ensure!(open == u64::from(extent.sockets), "{}: {open} sockets", contestant.name);
    sleep(REST);
    let idle_kb = (server.user_kb()? - before_kb) / f64::from(more);
    server.say(&RATE.to_string())?;
    sleep(WARM_UP);
    let before = (server.used_s()?, crowd.used_s()?, crowd.ask_one("count")?);
    let watch = Stopwatch::start();
    sleep(Duration::from_secs(extent.seconds.into()));
    let after = (server.used_s()?, crowd.used_s()?, crowd.ask_one("count")?);
    let seconds = watch.seconds();
    server.say("0")?;
    let received = f64::from(u32::try_from(after.2 - before.2)?);
    ensure!(received > 0.0, "{}: nobody was told anything", contestant.name);
    Ok(Figures {
        us: (after.0 - before.0) * 1_000_000.0 / received,
        idle_kb,
        received: received * 100.0 / (f64::from(extent.sockets * RATE) * seconds),
        crowd: (after.1 - before.1) / seconds,
    })
}

fn show(extent: Extent, turns: &[Vec<Figures>]) -> String {
    let all = |contestant: Contestant| -> Vec<Figures> {
        let place = ALL.iter().position(|other| *other == contestant).unwrap_or_default();
        turns.iter().map(|turn| turn[place]).collect()
    };
    let of = |contestant: Contestant, figure: fn(&Figures) -> f64| -> Vec<f64> {
        all(contestant).iter().map(figure).collect()
    };
    let us = |contestant| of(contestant, |figures| figures.us);
    let (writes, bun) = (us(WRITES), us(BUN));
    let mut rows = vec![
        ["server", "us a text", "x write loop", "x Bun", "kB idle", "received %", "crowd's core"]
            .map(str::to_owned),
    ];
    let mut slow = Vec::new();
    for contestant in ALL {
        let received = median(of(contestant, |figures| figures.received));
        if received < KEPT_UP {
            slow.push(contestant.name);
        }
        rows.push([
            contestant.name.to_owned(),
            format!("{:.2}", median(us(contestant))),
            format!("{:.2}", ratio(&us(contestant), &writes)),
            format!("{:.2}", ratio(&us(contestant), &bun)),
            format!("{:.1}", median(of(contestant, |figures| figures.idle_kb))),
            format!("{received:.0}"),
            format!("{:.2}", median(of(contestant, |figures| figures.crowd))),
        ]);
    }
    let kb = |contestant| median(of(contestant, |figures| figures.idle_kb));
    let goals = [
        Goal::new("our hub, plain, to the write loop", ratio(&us(PLAIN), &writes), 1.10),
        Goal::new("with io_uring, to the bare ring", ratio(&us(PLAIN_RING), &us(RING)), 1.10),
        Goal::new("with io_uring, to Bun", ratio(&us(PLAIN_RING), &bun), 0.95),
        Goal::new("our hub, Socket.IO, to the write loop", ratio(&us(SOCKET_IO), &writes), 1.20),
        Goal::new("an idle plain socket, kB", kb(PLAIN), 4.0),
        Goal::new("an idle Socket.IO socket, kB", kb(SOCKET_IO), 8.0),
    ];
    let Extent { turns, sockets, seconds, .. } = extent;
    let title = format!(
        "{sockets} sockets, {RATE} texts of 65 bytes a second to each, {seconds} s, {turns} turns\n"
    );
    let late = match &slow[..] {
        [] => String::new(),
        names => format!("did not keep up: {}\n", names.join(", ")),
    };
    title + &table(&rows) + &report::goals(&goals) + &late
}
