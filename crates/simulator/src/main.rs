//! `make simulate`: lives through worlds and says what became of them.
//!
//! A world is one thread's; more cores take more processes, each with seeds of its own.

mod report;

use std::process::{Child, Command, ExitCode, Stdio};

use clap::Parser;
use platform::clock::Stopwatch;
use simulator::{FaultKind, Plan, run, shrink};

use report::Report;

/// Lives through seeded worlds under faults and judges them.
#[derive(Clone, Debug, Parser)]
struct Arguments {
    /// How many worlds.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// About how many rounds a world plays under faults, before it is healed and plays on.
    #[arg(long, default_value_t = 1_000)]
    rounds: u32,
    /// Which kinds of faults may come; all of them unless named. `none` for a calm world.
    #[arg(long, value_delimiter = ',')]
    faults: Vec<String>,
    /// How far faults are apart on average, in milliseconds of the world.
    #[arg(long)]
    every_ms: Option<u64>,
    /// How many processes share the seeds.
    #[arg(long, default_value_t = 1)]
    jobs: u64,
    /// Which commit is looked at, for the report.
    #[arg(long, default_value = "unknown")]
    commit: String,
    /// Shows the logs of the production code, with the world's milliseconds.
    #[arg(long)]
    log: bool,
    /// Says a line a world.
    #[arg(long)]
    worlds: bool,
    /// For a process among several: only what the others add up.
    #[arg(long, hide = true)]
    part: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.log {
        simulator::show_logs();
    }
    let plan = match plan(&arguments) {
        Ok(plan) => plan,
        Err(error) => {
            say(&error);
            return ExitCode::FAILURE;
        }
    };
    let watch = Stopwatch::start();
    let report = if arguments.jobs > 1 { share(&arguments) } else { live(&arguments, &plan) };
    if arguments.part {
        say(&report.line());
    } else {
        say(&report.text(watch.seconds(), &arguments.commit));
    }
    if report.violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn plan(arguments: &Arguments) -> Result<Plan, String> {
    let mut plan = Plan::stormy(arguments.rounds);
    if !arguments.faults.is_empty() {
        let kinds = arguments.faults.iter().filter(|name| *name != "none");
        let kinds: Result<Vec<FaultKind>, _> = kinds.map(|name| name.parse()).collect();
        plan.faults = kinds.map_err(|error| error.to_string())?;
    }
    plan.fault_every_ms = arguments.every_ms.unwrap_or(plan.fault_every_ms);
    Ok(plan)
}

/// Lives through all seeds, one after another.
fn live(arguments: &Arguments, plan: &Plan) -> Report {
    let mut report = Report::default();
    for seed in arguments.from..arguments.from + arguments.seeds {
        let outcome = run(seed, plan);
        report.add(&outcome);
        if outcome.violation.is_some() {
            say(&outcome.to_string());
            let short = shrink(&outcome, plan);
            say(&format!("shortened to {} faults: {short}", short.schedule.len()));
        } else if arguments.worlds {
            say(&outcome.to_string());
        }
    }
    report
}

/// Shares the seeds out to processes of their own and adds up what they say.
fn share(arguments: &Arguments) -> Report {
    let each = arguments.seeds.div_ceil(arguments.jobs);
    let end = arguments.from + arguments.seeds;
    let starts = (0..arguments.jobs).map(|job| arguments.from + job * each);
    let children: Vec<Option<Child>> = starts
        .filter(|from| *from < end)
        .map(|from| start(arguments, from, each.min(end - from)).ok())
        .collect();
    let mut report = Report::default();
    for child in children {
        let output = child.and_then(|child| child.wait_with_output().ok());
        let Some(output) = output else {
            say("a process of the simulation could not be run");
            report.violations += 1;
            continue;
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (said, line) = text.trim_end().rsplit_once('\n').unwrap_or(("", text.trim_end()));
        if !said.is_empty() {
            say(said);
        }
        if let Some(part) = Report::read(line) {
            report.join(&part);
        } else {
            say(&format!("a process of the simulation ended without a report: {line}"));
            report.violations += 1;
        }
    }
    report
}

fn start(arguments: &Arguments, from: u64, seeds: u64) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--part").stdout(Stdio::piped());
    command.args(["--from", &from.to_string(), "--seeds", &seeds.to_string()]);
    command.args(["--rounds", &arguments.rounds.to_string()]);
    if !arguments.faults.is_empty() {
        command.args(["--faults", &arguments.faults.join(",")]);
    }
    if let Some(every_ms) = arguments.every_ms {
        command.args(["--every-ms", &every_ms.to_string()]);
    }
    if arguments.worlds {
        command.arg("--worlds");
    }
    command.spawn()
}

#[expect(clippy::print_stdout, reason = "this is the report")]
fn say(text: &str) {
    println!("{text}");
}
