//! What was promised before the first bet: the commitment, and where the public seed came from.

use fairness::{Anchor, Commitment, Formula, Seed, drand, hex};
use protocol::rounds::{CommitmentView, PublicSeedKind, RoundExport};

use super::{VerifyError, failed, require};

const COMMITMENT: &str = "commitment";
const PUBLIC_SEED: &str = "public seed";

/// Checks the signature over the round's terms, and that the terms are this round's.
pub(super) fn check(round: &RoundExport, report: &mut Vec<String>) -> Result<(), VerifyError> {
    let view = &round.commitment;
    check_terms(round)?;
    let commitment = check_signature(view)?;
    report.push(format!(
        "commitment: signed by {}: chain {} of {} rounds, house edge {} bps, formula {}",
        view.public_key,
        view.chain,
        view.length,
        view.house_edge_bps,
        commitment.formula.name()
    ));
    let shown = Shown {
        kind: round.public_seed_kind,
        anchored: round.anchored,
        public_seed: round.public_seed.as_deref(),
        beacon_signature: round.beacon_signature.as_deref(),
    };
    report.push(shown.check(view)?);
    Ok(())
}

/// Checks that the promise is of this round's lobby and house edge.
pub(super) fn check_terms(round: &RoundExport) -> Result<(), VerifyError> {
    let view = &round.commitment;
    require(COMMITMENT, view.lobby_id == round.lobby_id, || "it is another lobby's")?;
    require(COMMITMENT, view.house_edge_bps == round.house_edge_bps, || {
        format!(
            "a house edge of {} was promised, not of {} basis points",
            view.house_edge_bps, round.house_edge_bps
        )
    })
}

/// Checks that the promise was made by the key that it names.
pub(super) fn check_signature(view: &CommitmentView) -> Result<Commitment, VerifyError> {
    let unreadable = |field: &str| failed(COMMITMENT, format!("its {field} cannot be read"));
    let terminal = Seed::parse(&view.terminal).map_err(|_| unreadable("terminal"))?;
    let commitment = Commitment {
        lobby: view.lobby_id.0,
        chain: view.chain,
        terminal: terminal.to_terminal(),
        length: view.length,
        house_edge_bps: view.house_edge_bps,
        formula: Formula::from_number(view.formula).ok_or_else(|| unreadable("formula"))?,
        anchor: view.beacon_round.map_or(Anchor::Local, |round| Anchor::Drand { round }),
    };
    let public_key = hex::decode(&view.public_key).map_err(|_| unreadable("public key"))?;
    let signature = hex::decode(&view.signature).map_err(|_| unreadable("signature"))?;
    commitment
        .verify(&public_key, &signature)
        .map_err(|error| failed(COMMITMENT, error.to_string()))?;
    Ok(commitment)
}

/// What is shown of a chain's public seed.
pub(super) struct Shown<'a> {
    pub(super) kind: PublicSeedKind,
    pub(super) anchored: bool,
    pub(super) public_seed: Option<&'a str>,
    pub(super) beacon_signature: Option<&'a str>,
}

impl Shown<'_> {
    /// Checks the public seed's form, and that it claims no more than it is; what was found.
    pub(super) fn check(&self, promised: &CommitmentView) -> Result<String, VerifyError> {
        if let Some(text) = self.public_seed {
            let digits = hex::decode::<32>(text);
            require(PUBLIC_SEED, digits.is_ok(), || "it is not 64 lowercase hexadecimal digits")?;
        }
        match (self.kind, promised.beacon_round) {
            (PublicSeedKind::Local, None) => {
                require(PUBLIC_SEED, !self.anchored, || "a local one is never anchored")?;
                Ok("public seed: local, not anchored: the operator could have chosen it".to_owned())
            }
            (PublicSeedKind::Drand, Some(round)) => {
                require(PUBLIC_SEED, self.anchored, || "one of drand is always anchored")?;
                self.check_beacon(round)
            }
            _ => Err(failed(PUBLIC_SEED, "it does not come from where the commitment says")),
        }
    }

    fn check_beacon(&self, round: u64) -> Result<String, VerifyError> {
        let Some(text) = self.public_seed else {
            return Ok(format!("public seed: not known before round {round} of drand's quicknet"));
        };
        let missing = || failed(PUBLIC_SEED, "the beacon's signature is not shown");
        let signature = self.beacon_signature.ok_or_else(missing)?;
        let signature = hex::decode(signature)
            .map_err(|_| failed(PUBLIC_SEED, "the beacon's signature cannot be read"))?;
        let computed = drand::public_seed(round, &signature)
            .map_err(|error| failed(PUBLIC_SEED, error.to_string()))?;
        require(PUBLIC_SEED, computed == text, || {
            format!("round {round} of drand's quicknet gave {computed}")
        })?;
        Ok(format!("public seed: anchored, the output of round {round} of drand's quicknet"))
    }
}
