//! One text to ten thousand sockets, as when a round crashes: when the last of them has it.

use std::thread::sleep;
use std::time::Duration;

use anyhow::ensure;

use super::contestant::{Contestant, PLAIN, PLAIN_RING, RING, WRITES};
use super::report::{Goal, goals, median, ratio, table};
use super::{REST, crowd};

/// Who sends: ours, and what it is compared with.
const SENDERS: [Contestant; 4] = [WRITES, RING, PLAIN, PLAIN_RING];
/// Between two texts.
const APART: Duration = Duration::from_millis(200);

/// How much is measured.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    turns: u32,
    sockets: u32,
    texts: u32,
}

impl Extent {
    pub(super) const FULL: Self = Self { turns: 3, sockets: 10_000, texts: 15 };
    pub(super) const QUICK: Self = Self { turns: 1, sockets: 10_000, texts: 5 };
}

/// From the order to send until so many had it, in milliseconds; medians over the texts.
#[derive(Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "a name ends in its unit")]
struct Figures {
    half_ms: f64,
    p99_ms: f64,
    last_ms: f64,
}

/// Measures all senders in turns; the table.
pub(super) fn measure(extent: Extent, cores: &str) -> anyhow::Result<String> {
    let mut turns = Vec::new();
    for _ in 0..extent.turns {
        let turn = SENDERS.iter().map(|sender| one(*sender, extent, cores));
        turns.push(turn.collect::<anyhow::Result<Vec<_>>>()?);
    }
    let of = |place: usize, figure: fn(&Figures) -> f64| -> Vec<f64> {
        turns.iter().map(|turn| figure(&turn[place])).collect()
    };
    let p99 = |place| of(place, |figures| figures.p99_ms);
    let mut rows =
        vec![["server", "half, ms", "p99, ms", "last, ms", "p99 x write loop"].map(str::to_owned)];
    for (place, sender) in SENDERS.iter().enumerate() {
        rows.push([
            sender.name.to_owned(),
            format!("{:.1}", median(of(place, |figures| figures.half_ms))),
            format!("{:.1}", median(p99(place))),
            format!("{:.1}", median(of(place, |figures| figures.last_ms))),
            format!("{:.2}", ratio(&p99(place), &p99(0))),
        ]);
    }
    let ours = SENDERS.iter().position(|sender| *sender == PLAIN).unwrap_or_default();
    let goal = Goal::new("p99 of our hub to the write loop", ratio(&p99(ours), &p99(0)), 1.20);
    let Extent { turns, sockets, texts } = extent;
    let title = format!("one text to {sockets} sockets, {texts} times, {turns} turns\n");
    Ok(title + &table(&rows) + &goals(&[goal]))
}

fn one(sender: Contestant, extent: Extent, cores: &str) -> anyhow::Result<Figures> {
    let (mut server, address) = sender.start()?;
    let mut crowd = crowd(sender, &address, cores)?;
    let open = crowd.ask_one(&format!("open {}", extent.sockets))?;
    ensure!(open == u64::from(extent.sockets), "{}: {open} sockets", sender.name);
    sleep(REST);
    let mut all = Vec::new();
    // The first text finds everything cold.
    for number in 0..=extent.texts {
        crowd.ask_one("arm")?;
        server.say("once")?;
        let receipts_us = crowd.ask("receipts")?;
        if number > 0 {
            all.push(Figures::of(receipts_us));
        }
        sleep(APART);
    }
    let middle = |figure: fn(&Figures) -> f64| median(all.iter().map(figure).collect());
    Ok(Figures {
        half_ms: middle(|figures| figures.half_ms),
        p99_ms: middle(|figures| figures.p99_ms),
        last_ms: middle(|figures| figures.last_ms),
    })
}

impl Figures {
    fn of(mut receipts_us: Vec<u64>) -> Self {
        receipts_us.sort_unstable();
        let at = |hundredths: usize| {
            let place = (receipts_us.len() * hundredths / 100).min(receipts_us.len() - 1);
            f64::from(u32::try_from(receipts_us[place]).unwrap_or(u32::MAX)) / 1_000.0
        };
        Self { half_ms: at(50), p99_ms: at(99), last_ms: at(100) }
    }
}
