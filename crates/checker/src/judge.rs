//! The whole judgement: dumps in their order, then every line of every log.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use crate::dump::{CannotRead, Dump, Moment};
use crate::log::Line;
use crate::report::{Report, Verdict};
use crate::rules::promises::Promises;
use crate::rules::{bets, bridge, endings, money, rounds, sequence};

/// What is to be judged.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// Data directories or files of lines, in the order in which they were taken. The last one is
    /// whole, and every line of the logs is older than it.
    pub dumps: Vec<PathBuf>,
    /// Files of clients' lines; the lines of one player are in one file.
    pub logs: Vec<PathBuf>,
    /// Whether everything was paid and the server had stopped when the last dump was taken.
    pub settled: bool,
}

/// Judges.
///
/// # Errors
/// [`CannotRead`]: nothing can be said.
pub fn judge(case: &Case) -> Result<Report, CannotRead> {
    let mut dumps: Vec<Dump> = Vec::new();
    let mut marks = Vec::new();
    for (index, path) in case.dumps.iter().enumerate() {
        let is_last = index + 1 == case.dumps.len();
        let moment = if is_last && case.settled { Moment::Settled } else { Moment::Rest };
        let mut dump = Dump::open(path, moment, &marks)?;
        if is_last && case.settled {
            dump.moment = Moment::Settled;
        }
        marks.push(dump.mark());
        dumps.push(dump);
    }
    let Some(last) = dumps.last() else { return Ok(Report::of(Vec::new())) };
    let mut verdicts: Vec<Verdict> = money::judge(last);
    verdicts.extend(bets::judge(last));
    verdicts.extend(rounds::judge(last));
    verdicts.push(endings::judge(last));
    verdicts.extend(bridge::judge(last));
    verdicts.extend(sequence::judge(&dumps));
    if !case.logs.is_empty() {
        let mut promises = Promises::new(last);
        for path in &case.logs {
            read(path, |line| promises.take(line))?;
        }
        verdicts.extend(promises.finish());
    }
    Ok(Report::of(verdicts))
}

/// Gives every line of a log. A last line that was cut off is an error like any other.
fn read(path: &Path, mut take: impl FnMut(&Line)) -> Result<(), CannotRead> {
    let broken = |error| CannotRead::File(path.display().to_string(), error);
    let file = std::fs::File::open(path).map_err(broken)?;
    for (index, text) in std::io::BufReader::new(file).lines().enumerate() {
        let text = text.map_err(broken)?;
        let line = serde_json::from_str(&text).map_err(|error| CannotRead::Line {
            line: index + 1,
            error: error.to_string(),
            text: text.clone(),
        })?;
        take(&line);
    }
    Ok(())
}
