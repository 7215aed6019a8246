//! `make simulate`: lives through worlds and says what became of them.

use std::process::ExitCode;

use clap::Parser;
use simulator::{FaultKind, Plan, run};

/// Lives through seeded worlds under faults and judges them.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many worlds.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// About how many rounds a world plays.
    #[arg(long, default_value_t = 200)]
    rounds: u32,
    /// Which kinds of faults may come; all of them unless named. `none` for a calm world.
    #[arg(long, value_delimiter = ',')]
    faults: Vec<String>,
    /// Shows the logs of the production code, with the world's milliseconds.
    #[arg(long)]
    log: bool,
}

#[expect(clippy::print_stdout, reason = "this is the report")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.log {
        simulator::show_logs();
    }
    let mut plan = Plan::stormy(arguments.rounds);
    if !arguments.faults.is_empty() {
        let kinds = arguments.faults.iter().filter(|name| *name != "none");
        plan.faults = kinds.filter_map(|name| name.parse::<FaultKind>().ok()).collect();
    }
    let mut failed = 0;
    for seed in arguments.from..arguments.from + arguments.seeds {
        let outcome = run(seed, &plan);
        println!("{outcome}");
        failed += u64::from(outcome.violation.is_some());
    }
    println!("{failed} violations");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
