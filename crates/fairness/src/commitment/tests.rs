//! A promise holds word for word, for its key alone.

use ed25519_dalek::SigningKey;
use kernel::LobbyId;

use super::{Anchor, Commitment, CommitmentError, Formula};
use crate::{Seed, Terminal};

fn terminal(byte: u8) -> Terminal {
    Seed::from_bytes([byte; 32]).to_terminal()
}

fn promise() -> Commitment {
    Commitment {
        lobby: LobbyId::new(4).unwrap(),
        chain: 2,
        terminal: terminal(0xab),
        length: 100_000,
        house_edge_bps: 100,
        formula: Formula::Waxwing1,
        anchor: Anchor::Local,
    }
}

fn key(byte: u8) -> SigningKey {
    SigningKey::from_bytes(&[byte; 32])
}

#[test]
fn the_signed_text_can_be_typed() {
    let expected = "waxwing seed chain commitment 1\nlobby 4\nchain 2\nterminal \
        abababababababababababababababababababababababababababababababab\nlength 100000\n\
        house_edge_bps 100\nformula waxwing-1\n";
    assert_eq!(promise().canonical(), expected);
}

#[test]
fn an_anchored_promise_names_its_beacon() {
    let anchored = Commitment { anchor: Anchor::Drand { round: 1_000 }, ..promise() };
    let expected = "waxwing seed chain commitment 2\nlobby 4\nchain 2\nterminal \
        abababababababababababababababababababababababababababababababab\nlength 100000\n\
        house_edge_bps 100\nformula waxwing-1\n\
        drand 52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971\n\
        beacon_round 1000\n";
    assert_eq!(anchored.canonical(), expected);
}

#[test]
fn its_signature_verifies() {
    let signature = promise().sign(&key(1));
    let public_key = key(1).verifying_key().to_bytes();
    assert_eq!(promise().verify(&public_key, &signature), Ok(()));
}

#[test]
fn a_changed_word_breaks_the_signature() {
    let signature = promise().sign(&key(1));
    let public_key = key(1).verifying_key().to_bytes();
    for changed in [
        Commitment { lobby: LobbyId::new(5).unwrap(), ..promise() },
        Commitment { chain: 1, ..promise() },
        Commitment { terminal: terminal(0xac), ..promise() },
        Commitment { length: 100_001, ..promise() },
        Commitment { house_edge_bps: 99, ..promise() },
        Commitment { anchor: Anchor::Drand { round: 1 }, ..promise() },
    ] {
        let verdict = changed.verify(&public_key, &signature);
        assert_eq!(verdict, Err(CommitmentError::Signature), "{changed:?}");
    }
}

#[test]
fn another_key_or_signature_is_refused() {
    let signature = promise().sign(&key(1));
    let other = key(2).verifying_key().to_bytes();
    assert_eq!(promise().verify(&other, &signature), Err(CommitmentError::Signature));
    let mut bent = signature;
    bent[17] ^= 1;
    let public_key = key(1).verifying_key().to_bytes();
    assert_eq!(promise().verify(&public_key, &bent), Err(CommitmentError::Signature));
}

#[test]
fn an_edge_of_everything_and_a_key_of_nothing_are_refused() {
    let greedy = Commitment { house_edge_bps: 10_000, ..promise() };
    let public_key = key(1).verifying_key().to_bytes();
    let verdict = greedy.verify(&public_key, &greedy.sign(&key(1)));
    assert_eq!(verdict, Err(CommitmentError::HouseEdge));
    // y = 2 is on no point of the curve.
    let mut no_point = [0; 32];
    no_point[0] = 2;
    assert_eq!(promise().verify(&no_point, &[0; 64]), Err(CommitmentError::Key));
}

#[test]
fn formulas_are_found_by_their_numbers() {
    assert_eq!(Formula::from_number(1), Some(Formula::Waxwing1));
    assert_eq!(Formula::from_number(Formula::Waxwing1.number()), Some(Formula::Waxwing1));
    assert_eq!(Formula::from_number(0), None);
    assert_eq!(Formula::from_number(2), None);
}
