//! Tokens that end before or with their time, and forgeries of the signature and the time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::PlayerId;
use serde_json::json;

use super::{NOW, claims, header, payload, signed, signer, signing_key, verify, with};
use crate::{KEPT_S, Signer, SigningKey, TokenError, Verifier};

/// The order of the curve's group, little endian (RFC 8032 §5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

#[test]
fn a_signature_has_no_second_form() {
    let token = signer().sign(&claims());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    // S + L stands for the same scalar: a lax verifier would take it.
    let mut carry = 0_u16;
    for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    let twin = format!("{message}.{}", URL_SAFE_NO_PAD.encode(&signature));
    assert_eq!((verify(&token).is_ok(), carry), (true, 0));
    assert_eq!(verify(&twin), Err(TokenError::WrongSignature));
}

#[test]
fn a_shortened_signature_is_none() {
    let token = signer().sign(&claims());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for length in 0..64 {
        let short = format!("{message}.{}", URL_SAFE_NO_PAD.encode(&signature[..length]));
        assert_eq!(verify(&short), Err(TokenError::WrongSignature), "{length}");
    }
    let long = [&signature[..], &[0]].concat();
    let long = format!("{message}.{}", URL_SAFE_NO_PAD.encode(long));
    assert_eq!(verify(&long), Err(TokenError::WrongSignature));
}

#[test]
fn an_end_is_a_whole_number_of_seconds_to_come() {
    let ends = |end: &str| {
        let payload = payload().to_string().replace(&(NOW + 3_600).to_string(), end);
        verify(&signed(&header().to_string(), &payload)).map(|claims| claims.expires_at_s)
    };
    for over in ["0", "-1", "-9223372036854775808", "1767225600", "1767225599"] {
        assert_eq!(ends(over), Err(TokenError::Expired), "{over}");
    }
    for no_time in
        ["1767229200.0", "1.7e9", "9223372036854775808", "1e400", "true", "null", "\"1767229200\""]
    {
        assert_eq!(ends(no_time), Err(TokenError::Malformed), "{no_time}");
    }
    assert_eq!(ends("9223372036854775807"), Ok(i64::MAX), "ours if we signed it");
}

#[test]
fn another_deployments_token_is_refused() {
    // The same code and the same names, but keys of its own.
    let other = Signer::new(SigningKey::generate([8; 32]), "waxwing", "players");
    assert_eq!(verify(&other.sign(&claims())), Err(TokenError::UnknownKey));
    // Even one that calls its key like ours.
    let theirs = other.sign(&claims());
    let (_, rest) = theirs.split_once('.').unwrap();
    let ours = URL_SAFE_NO_PAD.encode(header().to_string());
    assert_eq!(verify(&format!("{ours}.{rest}")), Err(TokenError::WrongSignature));
}

#[test]
fn a_sign_in_that_ended_takes_its_tokens_along() {
    let verifier = signer().verifier();
    let (laptop, phone) = (claims(), super::PlayerClaims { session: "phone".into(), ..claims() });
    let [on_laptop, on_phone] = [&laptop, &phone].map(|claims| signer().sign(claims));
    verifier.revoke(laptop.player, NOW, Some("laptop"));
    assert_eq!(verifier.verify(&on_laptop, NOW), Err(TokenError::Revoked));
    assert_eq!(verifier.clone().verify(&on_phone, NOW), Ok(phone.clone()));
    let over = laptop.expires_at_s;
    assert_eq!(verifier.verify_with_grace(&on_laptop, over, 9), Err(TokenError::Revoked));
    assert_eq!(verifier.verify(&on_laptop, over), Err(TokenError::Expired));

    verifier.revoke(phone.player, NOW - 1, None);
    assert_eq!(verifier.verify(&on_phone, NOW), Ok(phone.clone()), "issued since");
    verifier.revoke(phone.player, NOW, None);
    assert_eq!(verifier.verify(&on_phone, NOW), Err(TokenError::Revoked));
    let bob = super::PlayerClaims { player: PlayerId::new(43).unwrap(), ..phone };
    assert!(verifier.verify(&signer().sign(&bob), NOW).is_ok());
}

#[test]
fn no_token_outlives_its_revocation() {
    let verifier = signer().verifier();
    let day = 24 * 60 * 60;
    let longest = super::PlayerClaims { expires_at_s: NOW + day, ..claims() };
    let token = signer().sign(&longest);
    verifier.revoke(longest.player, NOW, Some("laptop"));
    // Another revocation at the last instant of the last cash-out pushes none out.
    verifier.revoke(longest.player, NOW + KEPT_S, Some("phone"));
    let last = verifier.verify_with_grace(&token, NOW + 2 * day - 1, 86_400);
    assert_eq!(last, Err(TokenError::Revoked));
}

#[test]
fn keys_change_while_tokens_live() {
    let (signer, new) = (signer(), SigningKey::generate([7; 32]));
    let verifier = signer.verifier();
    let (elsewhere, old) = (verifier.clone(), signer.sign(&claims()));
    verifier.trust(vec![new.verifying_key(), signing_key().verifying_key()]);
    signer.clone().sign_with(new.clone());
    let fresh = signer.sign(&claims());
    assert!(elsewhere.verify(&old, NOW).is_ok() && elsewhere.verify(&fresh, NOW).is_ok());
    assert_eq!(elsewhere.jwks()["keys"][0]["kid"], new.verifying_key().id());

    verifier.trust(vec![new.verifying_key()]);
    assert_eq!(elsewhere.verify(&old, NOW), Err(TokenError::UnknownKey));
    assert!(elsewhere.verify(&fresh, NOW).is_ok());
    assert!(Verifier::new(vec![], "waxwing", "players").verify(&fresh, NOW).is_err());
}

#[test]
fn a_second_look_finds_what_the_first_would() {
    let (signer, new) = (signer(), SigningKey::generate([7; 32]));
    let verifier = signer.verifier();
    let token = signer.sign(&claims());
    let proven = verifier.verify_first(&token, NOW).unwrap();
    assert_eq!(proven.claims(), &claims());
    let again = |now_s| verifier.verify_again(&proven, &token, now_s);
    assert_eq!(again(claims().expires_at_s - 1), Ok(()));
    assert_eq!(again(claims().expires_at_s), Err(TokenError::Expired));

    verifier.trust(vec![new.verifying_key(), signing_key().verifying_key()]);
    assert_eq!(again(NOW), Ok(()), "the old key is still trusted");
    verifier.trust(vec![new.verifying_key()]);
    assert_eq!(again(NOW), Err(TokenError::UnknownKey));
    verifier.trust(vec![signing_key().verifying_key()]);
    verifier.revoke(claims().player, NOW, Some(&claims().session));
    assert_eq!(again(NOW), Err(TokenError::Revoked));
}

#[test]
fn a_signature_is_computed_once_for_each_change_of_keys() {
    let (signer, new) = (signer(), SigningKey::generate([7; 32]));
    let verifier = signer.verifier();
    let token = signer.sign(&claims());
    let proven = verifier.verify_first(&token, NOW).unwrap();
    // Whether a text that is no token passes shows that nobody read it.
    let is_read = || verifier.verify_again(&proven, "unread", NOW) == Err(TokenError::Malformed);
    assert!(!is_read());
    for keys in [
        vec![new.verifying_key(), signing_key().verifying_key()],
        vec![signing_key().verifying_key()],
    ] {
        verifier.trust(keys);
        assert!(is_read(), "other keys are trusted");
        assert!(is_read(), "what failed proves nothing");
        assert_eq!(verifier.verify_again(&proven, &token, NOW), Ok(()));
        assert!(!is_read(), "it was proved by these keys");
    }
    verifier.trust(vec![new.verifying_key()]);
    assert_eq!(verifier.verify_again(&proven, &token, NOW), Err(TokenError::UnknownKey));
    assert!(is_read(), "and is not believed by them");
}

#[test]
fn a_token_without_its_sign_in_is_refused() {
    let payload = with(payload(), "sid", json!(7));
    let token = signed(&header().to_string(), &payload.to_string());
    assert_eq!(verify(&token), Err(TokenError::Malformed));
}
