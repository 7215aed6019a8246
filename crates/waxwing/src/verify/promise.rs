//! What was promised before the first bet: the commitment, and where the public seed came from.

use fairness::{Commitment, Formula, Terminal, hex};
use protocol::rounds::{PublicSeedKind, RoundExport};

use super::{VerifyError, failed, require};

const COMMITMENT: &str = "commitment";
const PUBLIC_SEED: &str = "public seed";

/// Checks the signature over the round's terms, and that the terms are this round's.
pub(super) fn check(round: &RoundExport, report: &mut Vec<String>) -> Result<(), VerifyError> {
    let view = &round.commitment;
    require(COMMITMENT, view.lobby_id == round.lobby_id, || "it is another lobby's")?;
    require(COMMITMENT, view.house_edge_bps == round.house_edge_bps, || {
        format!(
            "a house edge of {} was promised, not of {} basis points",
            view.house_edge_bps, round.house_edge_bps
        )
    })?;
    let unreadable = |field: &str| failed(COMMITMENT, format!("its {field} cannot be read"));
    let commitment = Commitment {
        lobby: view.lobby_id.0,
        chain: view.chain,
        terminal: Terminal::parse(&view.terminal).map_err(|_| unreadable("terminal"))?,
        length: view.length,
        house_edge_bps: view.house_edge_bps,
        formula: Formula::from_number(view.formula).ok_or_else(|| unreadable("formula"))?,
    };
    let public_key = hex::decode(&view.public_key).map_err(|_| unreadable("public key"))?;
    let signature = hex::decode(&view.signature).map_err(|_| unreadable("signature"))?;
    commitment
        .verify(&public_key, &signature)
        .map_err(|error| failed(COMMITMENT, error.to_string()))?;
    report.push(format!(
        "commitment: signed by {}: chain {} of {} rounds, house edge {} bps, formula {}",
        view.public_key,
        view.chain,
        view.length,
        view.house_edge_bps,
        commitment.formula.name()
    ));
    check_public_seed(round, report)
}

/// Checks the public seed's form, and that it claims no more than it is.
fn check_public_seed(round: &RoundExport, report: &mut Vec<String>) -> Result<(), VerifyError> {
    if let Some(text) = &round.public_seed {
        let digits = hex::decode::<32>(text);
        require(PUBLIC_SEED, digits.is_ok(), || "it is not 64 lowercase hexadecimal digits")?;
    }
    match round.public_seed_kind {
        PublicSeedKind::Local => {
            require(PUBLIC_SEED, !round.anchored, || "a local one is never anchored")?;
            report.push(
                "public seed: local, not anchored: the operator could have chosen it".to_owned(),
            );
        }
    }
    Ok(())
}
