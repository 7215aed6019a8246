//! `waxwing verify`: one round from a file, a lobby's rounds from files or a server, or a formula.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::{Args, value_parser};
use platform::fetch::Fetcher;

use super::print;
use crate::verify::{self, series::Series};

/// How long a page of a lobby's rounds may take, in milliseconds.
const PAGE_MS: u64 = 60_000;
/// The most bytes of one page. Ours end at 4 MiB and one round.
const PAGE_BYTES: usize = 64 << 20;

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The formula, by its name in `fixtures/fairness_vectors.json`, or `waxwing` for ours.
    #[arg(long, visible_alias = "site", value_name = "NAME", requires = "hash")]
    algorithm: Option<String>,
    /// The round's hash or seed, 64 hexadecimal digits.
    #[arg(long, value_name = "HEX", requires = "algorithm")]
    #[arg(conflicts_with_all = OTHERS)]
    hash: Option<String>,
    /// The public seed or salt, as it was shown.
    #[arg(long, value_name = "TEXT", default_value = "", conflicts_with_all = OTHERS)]
    public_seed: String,
    /// The house edge our formula was played with, in basis points.
    #[arg(long, value_name = "N", default_value_t = 100, conflicts_with_all = OTHERS)]
    house_edge_bps: u32,
    /// Check a round exported by `GET …/lobby/{id}/rounds/{n}`.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["algorithm", "rounds", "url"])]
    round: Option<PathBuf>,
    /// Check rounds one after another: a file of `GET …/lobby/{id}/export`, or a directory of
    /// exported rounds. Fails on a gap.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["algorithm", "url"])]
    #[arg(required_unless_present_any = ["algorithm", "round", "url"])]
    rounds: Option<PathBuf>,
    /// Check all rounds of a lobby of the server at this address. Fails on a gap.
    #[arg(long, value_name = "ORIGIN", requires = "lobby", conflicts_with = "algorithm")]
    url: Option<String>,
    /// Which of its lobbies.
    #[arg(long, value_name = "N", requires = "url")]
    lobby: Option<u64>,
    /// Check from this round on; without it the rounds must begin with the first.
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with_all = ["algorithm", "round"])]
    #[arg(value_parser = value_parser!(u32).range(1..))]
    from: u32,
    /// Keep what the server said, to be checked again with `--rounds`.
    #[arg(long, value_name = "FILE", requires = "url")]
    save: Option<PathBuf>,
}

/// What a formula's own settings do not go with.
const OTHERS: [&str; 3] = ["round", "rounds", "url"];

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<()> {
        if let Some(file) = &self.round {
            return verify::round(&text_of(file)?)?.into_iter().try_for_each(print);
        }
        if let Some(path) = &self.rounds {
            let mut series = Series::default();
            for file in files(path)? {
                let read = series.read(&text_of(&file)?);
                read.with_context(|| file.display().to_string())?;
            }
            return conclude(&series, self.from);
        }
        if let (Some(url), Some(lobby)) = (&self.url, self.lobby) {
            let series = fetch(url, lobby, self.from, self.save.as_deref())?;
            return conclude(&series, self.from);
        }
        let (algorithm, hash) = (self.algorithm.unwrap_or_default(), self.hash.unwrap_or_default());
        print(verify::multiplier(&algorithm, &hash, &self.public_seed, self.house_edge_bps)?)
    }
}

fn conclude(series: &Series, first: u32) -> anyhow::Result<()> {
    ensure!(series.last_round() >= first, "there is no round that is over");
    series.check(first)?.into_iter().try_for_each(print)
}

/// The file itself, or what the directory holds, in order of names.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).with_context(|| path.display().to_string())?;
    let entries = entries.collect::<Result<Vec<_>, _>>()?;
    let mut files: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    files.retain(|file| file.is_file());
    files.sort();
    Ok(files)
}

/// Every page of a lobby's export from the round `first` on.
fn fetch(origin: &str, lobby: u64, first: u32, save: Option<&Path>) -> anyhow::Result<Series> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let fetcher = Fetcher::new(PAGE_MS);
    let (mut series, mut kept) = (Series::default(), String::new());
    loop {
        let after = series.last_round().max(first - 1);
        let path = format!("gateway/game/v1/lobby/{lobby}/export?after={after}");
        let url = format!("{}/{path}", origin.trim_end_matches('/'));
        let page = runtime.block_on(fetcher.get(&url, PAGE_BYTES)).context(url)?;
        let page = std::str::from_utf8(&page).context("the answer is not text")?;
        series.read(page)?;
        kept.push_str(page);
        if series.last_round() <= after {
            break;
        }
    }
    if let Some(file) = save {
        fs::write(file, kept).with_context(|| file.display().to_string())?;
    }
    Ok(series)
}

fn text_of(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
