//! `checker`: judges dumps and logs, or makes a dump of a data directory.
//!
//! Exit status: 0 if every rule holds, 1 if one is broken, 2 if nothing can be said.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use checker::dump::{Moment, sqlite};
use checker::{Case, judge};
use clap::{Parser, Subcommand};

/// An independent judge of what clients were told and what databases hold.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge dumps, in the order in which they were taken, and logs.
    Judge {
        /// A data directory at rest, or a file of lines.
        #[arg(long = "dump", value_name = "PATH", required = true)]
        dumps: Vec<PathBuf>,
        /// A file of clients' lines.
        #[arg(long = "log", value_name = "FILE")]
        logs: Vec<PathBuf>,
        /// Everything was paid and the server had stopped when the last dump was taken.
        #[arg(long)]
        settled: bool,
        /// Print one JSON object instead of lines.
        #[arg(long)]
        json: bool,
    },
    /// Print a data directory at rest as lines.
    Dump {
        /// Where the databases are.
        #[arg(long, value_name = "DIRECTORY")]
        data: PathBuf,
        /// Only fences and rounds without an end, as a death left them.
        #[arg(long)]
        death: bool,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Judge { dumps, logs, settled, json } => {
            let case = Case { dumps, logs, settled };
            judge_and_print(&case, json)
        }
        Command::Dump { data, death } => dump(&data, death).map(|()| true),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            // There is nowhere else to say it.
            let _nowhere = writeln!(std::io::stderr(), "cannot look: {error}");
            ExitCode::from(2)
        }
    }
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn judge_and_print(case: &Case, json: bool) -> Outcome<bool> {
    let report = judge(case)?;
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        writeln!(out, "{report}")?;
    }
    Ok(report.sound)
}

fn dump(data: &Path, death: bool) -> Outcome<()> {
    let moment = if death { Moment::Death } else { Moment::Rest };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    sqlite::rows(data, moment, &mut |line| {
        writeln!(out, "{line}")
            .map_err(|error| checker::dump::CannotRead::File("output".to_owned(), error))
    })?;
    out.flush()?;
    Ok(())
}
