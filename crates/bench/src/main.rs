//! `make bench`: what a release build does on this machine, beside what it should do.
//!
//! Each figure is one run of a few seconds: compare ratios on one machine, not figures of two.

mod bets;
mod chain;
mod engine_commands;
mod ledger_decisions;
mod machine;
mod server;
mod table;

use platform::clock::Stopwatch;
use table::{Aim, Row, Table};

fn main() -> anyhow::Result<()> {
    let mut table = Table::default();
    table.add(Row::rate("seed chain", "steps/s", chain::steps_per_second(), 1_000_000));
    let engine = engine_commands::per_second();
    table.add(Row::rate("engine", "commands/s", engine, 1_000_000));
    let ledger = ledger_decisions::per_second();
    table.add(Row { what: "ledger in memory", unit: "decisions/s", measured: ledger, aim: None });
    for callers in bets::CALLERS {
        let aim = (callers == bets::CALLERS_AIMED_AT).then_some(Aim::AtLeast(20_000));
        let what = bets::title(callers);
        let measured = bets::per_second(callers)?;
        table.add(Row { what, unit: "durable bets/s", measured, aim });
    }
    let server = server::measure()?;
    table.add(Row::at_most("start on existing data", "ms", server.start_ms, 200));
    table.add(Row::at_most("idle memory", "MB", server.idle_mb, 40));
    table::print(&machine::describe(), &table);
    Ok(())
}

/// How many of `count` things a second.
#[expect(clippy::cast_precision_loss, reason = "a figure for people, of 3 digits")]
fn rate(count: u64, watch: Stopwatch) -> f64 {
    count as f64 / watch.seconds()
}
