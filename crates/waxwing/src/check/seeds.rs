//! Revealed seeds against the crash points they gave and the commitments they stand under.

use fairness::{Seed, crash_point, step};
use rusqlite::{Connection, Result};

use super::findings::Findings;

/// A chain and the last of its seeds that was seen, `s_0` being the commitment's.
type Seen = ((i64, i64), i64, [u8; 32]);

/// Computes every crash point again.
pub(super) fn crash_points(connection: &Connection, findings: &mut Findings) -> Result<()> {
    let mut revealed = connection.prepare(
        "SELECT round.lobby, round.round, seed, public_seed, house_edge_bps, crash_point_centi,
                multiplier_centi, lobby.multiplier_max_centi, state
         FROM game.round AS round JOIN game.chain AS chain USING (lobby, chain)
         JOIN (SELECT lobby, multiplier_max_centi FROM game.lobby) AS lobby USING (lobby)
         WHERE seed IS NOT NULL ORDER BY round.lobby, round.round",
    )?;
    let mut rows = revealed.query([])?;
    while let Some(row) = rows.next()? {
        let (lobby, round): (i64, i64) = (row.get(0)?, row.get(1)?);
        let public_seed: Option<String> = row.get(3)?;
        let (seed, stored) = (Seed::from_bytes(row.get(2)?), row.get::<_, Option<u32>>(5)?);
        let (multiplier, max): (Option<u32>, u32) = (row.get(6)?, row.get(7)?);
        let state: String = row.get(8)?;
        let given = crash_point(&public_seed.unwrap_or_default(), &seed, row.get(4)?).centi();
        if stored != Some(given) {
            let what = format!("stands at {stored:?} hundredths, its seed gives {given}");
            findings.add(format!("round {lobby}/{round}"), what);
        }
        let end = given.min(max);
        let ends = if state == "settled" {
            multiplier == Some(end)
        } else {
            multiplier.is_none_or(|multiplier| multiplier <= end)
        };
        if !ends {
            let what = format!("is {state} at {multiplier:?} hundredths, its climb ends at {end}");
            findings.add(format!("round {lobby}/{round}"), what);
        }
    }
    Ok(())
}

/// Hashes from each seed down to the one before it. What is not revealed lies between.
pub(super) fn links(connection: &Connection, findings: &mut Findings) -> Result<()> {
    let mut revealed = connection.prepare(
        "SELECT round.lobby, round.chain, seed_index, seed, round.round, terminal, length
         FROM game.round AS round JOIN game.chain AS chain USING (lobby, chain)
         WHERE seed IS NOT NULL ORDER BY round.lobby, round.chain, seed_index",
    )?;
    let mut rows = revealed.query([])?;
    let mut below: Option<Seen> = None;
    while let Some(row) = rows.next()? {
        let chain: (i64, i64) = (row.get(0)?, row.get(1)?);
        let (index, seed): (i64, [u8; 32]) = (row.get(2)?, row.get(3)?);
        let (round, length): (i64, i64) = (row.get(4)?, row.get(6)?);
        let (from, value) = match below {
            Some((of, from, value)) if of == chain => (from, value),
            _ => (0, row.get(5)?),
        };
        // The bound keeps a broken index from being walked for ever.
        let linked = (from + 1..=length).contains(&index)
            && (from..index).fold(Seed::from_bytes(seed), |seed, _| step(&seed)).as_bytes()
                == &value;
        if !linked {
            let what = format!("its seed {index} does not hash down to seed {from}");
            findings.add(format!("round {}/{round}", chain.0), what);
        }
        below = Some((chain, index, seed));
    }
    Ok(())
}
