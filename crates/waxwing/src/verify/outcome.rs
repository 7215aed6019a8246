//! What the round came to: seed, crash point, and where the climb ended.

use fairness::{Seed, crash_point, descend, step};
use kernel::{Multiplier, SeedIndex};
use protocol::rounds::{Phase, RoundExport};

use super::{VerifyError, failed, name, require};

const SEED: &str = "seed";
const CRASH_POINT: &str = "crash point";
const CLIMB: &str = "climb";
const INTERRUPTION: &str = "interruption";

/// How a climb ended: the seed's crash point, and where it stopped climbing.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) crash_point: Multiplier,
    pub(super) multiplier: Multiplier,
}

/// Checks that a round that is not over keeps its secrets.
pub(super) fn check_hidden(
    round: &RoundExport,
    report: &mut Vec<String>,
) -> Result<(), VerifyError> {
    require(SEED, round.seed.is_none(), || "it was shown before the round was over")?;
    let crashed = round.state == Phase::Crashed;
    require(
        CRASH_POINT,
        crashed || round.crash_point.is_none(),
        || "it was shown before the crash",
    )?;
    report.push(format!(
        "not checked: the round is {}, its seed is shown when it is over",
        name(round)
    ));
    Ok(())
}

/// Checks that a round that was never locked used no seed and has no outcome.
pub(super) fn check_void(round: &RoundExport, report: &mut Vec<String>) -> Result<(), VerifyError> {
    require(SEED, round.seed.is_none(), || "a voided round hands its seed on, unseen")?;
    let outcome = [round.crash_point, round.multiplier, round.interrupted_at];
    require(CRASH_POINT, outcome.iter().all(Option::is_none), || "a voided round has none")?;
    report.push("seed: none, a voided round hands it on unseen".to_owned());
    Ok(())
}

/// Walks the revealed seed down to the promised end, or to the seed `below` it that is proved to
/// lead there, and computes its crash point.
pub(super) fn check_revealed(
    round: &RoundExport,
    below: Option<&Seed>,
    report: &mut Vec<String>,
) -> Result<Multiplier, VerifyError> {
    let missing = |check: &'static str| failed(check, "the round is over, but it is not shown");
    let text = round.seed.as_deref().ok_or_else(|| missing(SEED))?;
    let index = round.seed_index.ok_or_else(|| failed(SEED, "its index is not shown"))?;
    let public_seed = round.public_seed.as_deref().ok_or_else(|| missing("public seed"))?;
    let seed = Seed::parse(text).map_err(|error| failed(SEED, error.to_string()))?;
    let length = round.commitment.length;
    require(SEED, (1..=length).contains(&index), || {
        format!("index {index} is outside a chain of {length}")
    })?;
    let (leads, steps) = if let Some(below) = below {
        (step(&seed) == *below, 1)
    } else {
        let end = descend(SeedIndex(index), &seed, SeedIndex(0))
            .map_err(|error| failed(SEED, error.to_string()))?;
        (end.to_terminal().to_string() == round.commitment.terminal, index)
    };
    require(SEED, leads, || {
        format!("{steps} steps of SHA-256 do not lead to what was promised or shown before")
    })?;
    report.push(format!("seed: {steps} steps of SHA-256 lead to the promised end"));

    // The edge is below its limit, or the commitment would not have verified.
    let computed = crash_point(public_seed, &seed, round.commitment.house_edge_bps);
    let shown = round.crash_point.ok_or_else(|| missing(CRASH_POINT))?;
    require(CRASH_POINT, shown.0 == computed, || {
        format!("the seed says {computed}x, the round says {}x", shown.0)
    })?;
    report.push(format!("crash point: {computed}x, computed again from seed and public seed"));
    Ok(computed)
}

/// Checks that the climb of a played round ended where it had to.
pub(super) fn check_settled(
    round: &RoundExport,
    crash_point: Multiplier,
    report: &mut Vec<String>,
) -> Result<End, VerifyError> {
    require(CLIMB, round.interrupted_at.is_none(), || "a settled round was not interrupted")?;
    let end = crash_point.min(round.multiplier_max.0);
    let shown = round.multiplier.ok_or_else(|| failed(CLIMB, "its end is not shown"))?;
    require(CLIMB, shown.0 == end, || format!("it had to end at {end}x, not at {}x", shown.0))?;
    report.push(format!("climb: ended at {end}x"));
    Ok(End { crash_point, multiplier: end })
}

/// Checks that an interrupted climb was stopped below its end; `None`: nothing was shown yet.
pub(super) fn check_interrupted(
    round: &RoundExport,
    crash_point: Multiplier,
    report: &mut Vec<String>,
) -> Result<Option<Multiplier>, VerifyError> {
    let stopped_at = round.interrupted_at.map(|multiplier| multiplier.0);
    let shown = round.multiplier.map(|multiplier| multiplier.0);
    require(
        INTERRUPTION,
        shown.is_none() || shown == stopped_at,
        || "the climb ended elsewhere than where it was interrupted",
    )?;
    let Some(multiplier) = stopped_at else {
        report.push("interruption: before anything of the climb was stored".to_owned());
        return Ok(None);
    };
    require(INTERRUPTION, multiplier < crash_point.min(round.multiplier_max.0), || {
        format!("at {multiplier}x the climb was over, the round had to be settled")
    })?;
    report.push(format!("interruption: stopped at {multiplier}x, below the crash point"));
    Ok(Some(multiplier))
}
