//! What a service token opens, and what does not pass for one.

use kernel::PlayerId;
use serde_json::json;

use super::{KIND, Payload, ServiceSigner, ServiceVerifier};
use crate::jws::Named;
use crate::{PlayerClaims, Signer, SigningKey, TokenError};

const NOW: i64 = 1_767_225_600;

fn key() -> SigningKey {
    SigningKey::generate([7; 32])
}

fn signer() -> ServiceSigner {
    ServiceSigner::new(key(), "game-1")
}

fn verifier() -> ServiceVerifier {
    ServiceVerifier::new(vec![key().verifying_key()], "user")
}

fn signed(payload: &Payload) -> String {
    Named::new(key()).sign(KIND, payload)
}

fn payload() -> Payload {
    Payload { iss: "game-1".into(), aud: "user".into(), iat: NOW, exp: NOW + 60 }
}

#[test]
fn a_token_names_its_caller_for_a_minute() {
    let token = signer().token("user", NOW);
    for at in [NOW - 30, NOW, NOW + 59, NOW + 89] {
        assert_eq!(verifier().verify(&token, at), Ok("game-1".to_owned()));
    }
    assert_eq!(verifier().verify(&token, NOW + 90), Err(TokenError::Expired));
    assert_eq!(verifier().verify(&token, NOW - 31), Err(TokenError::Malformed));
}

#[test]
fn a_token_for_one_role_opens_no_other() {
    let token = signer().token("game", NOW);
    assert_eq!(verifier().verify(&token, NOW), Err(TokenError::NotForUs));
}

#[test]
fn another_key_opens_nothing() {
    let stranger = ServiceSigner::new(SigningKey::generate([8; 32]), "game-1");
    let token = stranger.token("user", NOW);
    assert_eq!(verifier().verify(&token, NOW), Err(TokenError::UnknownKey));
}

#[test]
fn a_players_token_is_none_even_by_the_same_key() {
    let claims = PlayerClaims {
        player: PlayerId::new(1).unwrap(),
        username: "ann".into(),
        session: "s".into(),
        issued_at_s: NOW,
        expires_at_s: NOW + 60,
    };
    let token = Signer::new(key(), "game-1", "user").sign(&claims);
    assert_eq!(verifier().verify(&token, NOW), Err(TokenError::Malformed));
}

#[test]
fn no_token_is_made_to_last() {
    let long = Payload { exp: NOW + 61, ..payload() };
    let backwards = Payload { exp: NOW - 1, ..payload() };
    let endless = Payload { iat: i64::MIN, exp: i64::MAX, ..payload() };
    for payload in [long, backwards, endless] {
        assert_eq!(verifier().verify(&signed(&payload), NOW), Err(TokenError::Malformed));
    }
    assert_eq!(verifier().verify(&signed(&payload()), NOW), Ok("game-1".to_owned()));
}

#[test]
fn an_unsigned_or_changed_token_is_refused() {
    let token = signed(&payload());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let unsigned = format!("{message}.");
    assert_eq!(verifier().verify(&unsigned, NOW), Err(TokenError::WrongSignature));
    let other = Named::new(key()).sign(KIND, &json!({ "iss": "gateway", "aud": "user" }));
    let (other, _) = other.rsplit_once('.').unwrap();
    let grafted = format!("{other}.{signature}");
    assert_eq!(verifier().verify(&grafted, NOW), Err(TokenError::WrongSignature));
}

#[test]
fn a_signature_is_made_twice_a_minute_at_most() {
    let signer = signer();
    let first = signer.token("user", NOW);
    assert_eq!(first, signer.token("user", NOW + 29));
    assert_ne!(first, signer.token("game", NOW + 29));
    let second = signer.token("user", NOW + 30);
    assert_ne!(first, second);
    assert_eq!(second, signer.token("user", NOW + 31));
    assert_ne!(second, signer.token("user", NOW - 100), "a clock set back makes a new one");
}
