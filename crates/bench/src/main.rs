//! `make bench`: what a release build does on this machine, beside what it should do.
//!
//! Each figure is one run of a few seconds: compare ratios on one machine, not figures of two.

mod bets;
mod chain;
mod crowd;
mod engine_commands;
mod fanout;
mod frames;
mod ledger_decisions;
mod machine;
mod server;
mod table;

use anyhow::Context as _;
use crowd::answers::Outcomes;
use crowd::proxied;
use platform::clock::Stopwatch;
use table::{Aim, Row, Table};

/// How long bets come in for `quick`, in seconds.
const QUICK_SECONDS: u32 = 10;
/// Texts a second that a player may cost while a lobby of a thousand climbs.
const TEXTS_AIMED_AT: f64 = 2.5;

/// Without an argument everything but the fan-out; `bets [RATE [SECONDS]]`, `bursts`, `cash_outs`,
/// `gateway`, `fanout` or `watching` only that; `quick` a short form of some. `watch ADDRESS
/// DIALECT` is the fan-out's own crowd.
fn main() -> anyhow::Result<()> {
    let machine = machine::describe();
    let mut table = Table::default();
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        None => {
            parts(&mut table)?;
            bets(&mut table, crowd::bets::RATE, crowd::bets::SECONDS)?;
            bursts(&mut table)?;
            cash_outs(&mut table)?;
            gateway(&mut table)?;
        }
        Some("watch") => {
            let mut word = || arguments.next().context("an address and a dialect");
            return fanout::watcher::run(&word()?, &word()?);
        }
        Some("fanout") => {
            watching(&mut table)?;
            fan_out(&mut table, fanout::Extent::FULL)?;
        }
        Some("quick") => {
            bets(&mut table, crowd::bets::RATE, QUICK_SECONDS)?;
            fan_out(&mut table, fanout::Extent::QUICK)?;
        }
        Some("watching") => watching(&mut table)?,
        Some("bursts") => bursts(&mut table)?,
        Some("cash_outs") => cash_outs(&mut table)?,
        Some("gateway") => gateway(&mut table)?,
        Some("bets") => {
            let mut number = |default| arguments.next().map_or(Ok(default), |text| text.parse());
            let (rate, seconds) = (number(crowd::bets::RATE)?, number(crowd::bets::SECONDS)?);
            bets(&mut table, rate, seconds)?;
        }
        Some(other) => anyhow::bail!("nothing is measured under the name {other}"),
    }
    table::print(&machine, &table);
    Ok(())
}

/// Each part alone.
fn parts(table: &mut Table) -> anyhow::Result<()> {
    table.add(Row::rate("seed chain", "steps/s", chain::steps_per_second(), 1_000_000));
    let engine = engine_commands::per_second();
    table.add(Row::rate("engine", "commands/s", engine, 1_000_000));
    let ledger = ledger_decisions::per_second();
    table.add(Row::free("ledger in memory", "decisions/s", ledger));
    for callers in bets::CALLERS {
        let aim = (callers == bets::CALLERS_AIMED_AT).then_some(Aim::AtLeast(20_000));
        let what = bets::title(callers);
        let measured = bets::per_second(callers)?;
        table.add(Row { what, unit: "durable bets/s", measured, aim });
    }
    let server = server::measure()?;
    table.add(Row::at_most("start on existing data", "ms", server.start_ms, 200));
    table.add(Row::at_most("idle memory", "MB", server.idle_mb, 40));
    Ok(())
}

/// Bets on sockets, from when each was due to its acknowledgement.
fn bets(table: &mut Table, rate: u32, seconds: u32) -> anyhow::Result<()> {
    let crowd::bets::Figures { outcomes, used } = crowd::bets::measure(rate, seconds)?;
    table.add(Row::free("bets on sockets", "due/s", rate.into()));
    table.add(Row::free("bet acknowledged, p50", "ms", outcomes.latency.p50_ms));
    table.add(Row::at_most("bet acknowledged, p99", "ms", outcomes.latency.p99_ms, 25));
    table.add(Row::free("bet acknowledged, p99.9", "ms", outcomes.latency.p999_ms));
    table.add(Row::free("bet acknowledged, longest", "ms", outcomes.latency.max_ms));
    table.add(Row::free("sent late by the crowd, p99", "ms", outcomes.sent_late.p99_ms));
    table.add(Row::free("bets acknowledged", "bets", outcomes.acknowledged.into()));
    table.add(Row::at_most("bets unanswered", "bets", outcomes.unanswered.into(), 0));
    table.add(Row::at_most("bets without an open window", "bets", outcomes.not_sent.into(), 0));
    refusals(table, "bets refused", &outcomes);
    let of_each = |cores: f64| cores * 1_000_000.0 / f64::from(rate);
    table.add(Row::free("server for each bet", "us of processor", of_each(used.server)));
    table.add(Row::free("crowd for each bet", "us of processor", of_each(used.crowd)));
    Ok(())
}

/// What one text to everyone costs, ours and others'.
fn fan_out(table: &mut Table, extent: fanout::Extent) -> anyhow::Result<()> {
    table.remark(format!("\n{}", fanout::measure(extent)?));
    Ok(())
}

/// What a player who watches is sent.
fn watching(table: &mut Table) -> anyhow::Result<()> {
    let figures = crowd::watching::measure()?;
    table.add(Row::free("player who watches a climb", "texts/s", figures.climbing));
    table.add(Row::free("player, all of a round", "texts/s", figures.all));
    table.add(Row::free("climbs watched, in sum", "s", figures.climbed_s));
    let missing = figures.bets - figures.bets_acknowledged;
    table.add(Row::free("bets in these rounds", "bets", figures.bets.into()));
    table.add(Row::at_most("of these not acknowledged", "bets", missing.into(), 0));
    let met = if figures.climbing <= TEXTS_AIMED_AT { "met" } else { "not met" };
    let climbing = figures.climbing;
    table.remark(format!("texts/s of a climb: {climbing:.2}, aim <= {TEXTS_AIMED_AT}: {met}"));
    Ok(())
}

/// As many bets on sockets as get through.
fn bursts(table: &mut Table) -> anyhow::Result<()> {
    let figures = crowd::bursts::measure()?;
    let rate =
        Row::rate("bets on sockets, in bursts", "durable bets/s", figures.per_second, 20_000);
    table.add(rate);
    let lost = figures.not_acknowledged.into();
    table.add(Row::at_most("of these not acknowledged", "bets", lost, 0));
    table.add(Row::free("server for each bet", "us of processor", figures.server_us));
    table.add(Row::free("crowd for each bet", "us of processor", figures.crowd_us));
    Ok(())
}

/// Cash-outs in one lobby of thousands.
fn cash_outs(table: &mut Table) -> anyhow::Result<()> {
    let outcomes = crowd::cash_outs::measure()?;
    table.add(Row::free("cash-outs on sockets", "due/s", crowd::cash_outs::RATE.into()));
    table.add(Row::at_most("cash-out acknowledged, p50", "ms", outcomes.latency.p50_ms, 4));
    table.add(Row::at_most("cash-out acknowledged, p99", "ms", outcomes.latency.p99_ms, 20));
    table.add(Row::free("cash-out acknowledged, p99.9", "ms", outcomes.latency.p999_ms));
    table.add(Row::free("cash-out acknowledged, longest", "ms", outcomes.latency.max_ms));
    table.add(Row::free("sent late by the crowd, p99", "ms", outcomes.sent_late.p99_ms));
    table.add(Row::free("cash-outs acknowledged", "cash-outs", outcomes.acknowledged.into()));
    let unanswered = outcomes.unanswered.into();
    table.add(Row::at_most("cash-outs unanswered", "cash-outs", unanswered, 0));
    // Those that were on their way when the climb ended are too late.
    table.add(Row::free("cash-outs refused", "cash-outs", outcomes.all_refused().into()));
    remark_refusals(table, &outcomes);
    Ok(())
}

/// What the gateway adds to a call, beside what nginx adds to the same.
fn gateway(table: &mut Table) -> anyhow::Result<()> {
    let proxied::Figures { direct, gateway, nginx, sent_late_p99_us } = proxied::measure()?;
    table.add(Row::free("balance, three ways in turns", "due/s", proxied::RATE.into()));
    table.add(Row::free("of the user role, p50", "us", direct.p50_us));
    table.add(Row::free("of the user role, p99", "us", direct.p99_us));
    table.add(Row::at_most("added by the gateway, p50", "us", gateway.p50_us, 150));
    table.add(Row::free("added by the gateway, p99", "us", gateway.p99_us));
    table.add(Row::free("added by nginx, p50", "us", nginx.p50_us));
    table.add(Row::free("added by nginx, p99", "us", nginx.p99_us));
    let ratio = gateway.p99_us * 100.0 / nginx.p99_us;
    // Where nginx adds nothing there is nothing to compare with.
    let ratio = if nginx.p99_us > 0.0 { ratio } else { f64::NAN };
    table.add(Row::at_most("gateway's p99 in parts of nginx's", "%", ratio, 150));
    table.add(Row::free("sent late, p99, worst round", "us", sent_late_p99_us));
    table.remark(format!("proxy: {}", test_servers::Nginx::version()?));
    Ok(())
}

fn refusals(table: &mut Table, what: &'static str, outcomes: &Outcomes) {
    table.add(Row::at_most(what, "requests", outcomes.all_refused().into(), 0));
    remark_refusals(table, outcomes);
}

fn remark_refusals(table: &mut Table, outcomes: &Outcomes) {
    if !outcomes.refused.is_empty() {
        table.remark(format!("refused: {:?}", outcomes.refused));
    }
}

/// How many of `count` things a second.
#[expect(clippy::cast_precision_loss, reason = "a figure for people, of 3 digits")]
fn rate(count: u64, watch: Stopwatch) -> f64 {
    count as f64 / watch.seconds()
}
