//! The RFC's own vectors, and a collection of forgeries that must all fail.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::PlayerId;
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{KeyError, PlayerClaims, Signer, SigningKey, TokenError, Verifier, VerifyingKey};

mod endings;

const NOW: i64 = 1_767_225_600;

/// RFC 8037 appendix A.1.
const RFC_SECRET: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&URL_SAFE_NO_PAD.decode(RFC_SECRET).unwrap()).unwrap()
}

fn signer() -> Signer {
    Signer::new(signing_key(), "waxwing", "players")
}

fn claims() -> PlayerClaims {
    PlayerClaims {
        player: PlayerId::new(42).unwrap(),
        username: "ann \"✈\"".into(),
        session: "laptop".into(),
        issued_at_s: NOW,
        expires_at_s: NOW + 3_600,
    }
}

fn verify(token: &str) -> Result<PlayerClaims, TokenError> {
    signer().verifier().verify(token, NOW)
}

fn header() -> Value {
    let key = signing_key().verifying_key();
    json!({ "alg": "EdDSA", "kid": key.id(), "typ": "waxwing-player+jwt" })
}

fn payload() -> Value {
    json!({
        "iss": "waxwing", "aud": "players", "sub": "42", "name": "ann", "sid": "s",
        "iat": NOW, "exp": NOW + 3_600,
    })
}

/// `value` with `member` set, or without it if `to` is null.
fn with(mut value: Value, member: &str, to: Value) -> Value {
    let members = value.as_object_mut().unwrap();
    members.remove(member);
    if !to.is_null() {
        members.insert(member.to_owned(), to);
    }
    value
}

/// A token with any text as header and payload, rightly signed by our key.
fn signed(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = URL_SAFE_NO_PAD.encode(signing_key().sign(message.as_bytes()));
    format!("{message}.{signature}")
}

#[test]
fn the_rfc_8037_key_signs_as_the_rfc_says() {
    let key = signing_key();
    assert_eq!(key.verifying_key().jwk()["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    // A.3: the thumbprint.
    assert_eq!(key.verifying_key().id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    // A.4: the signature, A.5: its verification.
    let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = key.sign(message);
    assert_eq!(
        URL_SAFE_NO_PAD.encode(signature),
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
    assert!(key.verifying_key().signed(message, &signature));
}

#[test]
fn what_was_signed_is_read_back() {
    assert_eq!(verify(&signer().sign(&claims())), Ok(claims()));
    assert!(verify(&signed(&header().to_string(), &payload().to_string())).is_ok());
}

#[test]
fn a_token_ends_at_its_second_without_leeway() {
    let (token, verifier) = (signer().sign(&claims()), signer().verifier());
    let end = claims().expires_at_s;
    assert!(verifier.verify(&token, end - 1).is_ok());
    assert_eq!(verifier.verify(&token, end), Err(TokenError::Expired));
    assert!(verifier.verify_with_grace(&token, end + 86_399, 86_400).is_ok());
    assert_eq!(verifier.verify_with_grace(&token, end + 86_400, 86_400), Err(TokenError::Expired));
}

#[test]
fn only_this_algorithm_in_this_spelling_is_read() {
    for algorithm in ["none", "None", "", "eddsa", "EDDSA", "Ed25519", "ES256", "RS256", "HS256"] {
        let header = with(header(), "alg", json!(algorithm));
        let token = signed(&header.to_string(), &payload().to_string());
        assert_eq!(verify(&token), Err(TokenError::Malformed), "{algorithm}");
    }
    let unsigned = signer().sign(&claims());
    let unsigned = &unsigned[..=unsigned.rfind('.').unwrap()];
    assert_eq!(verify(unsigned), Err(TokenError::WrongSignature));
}

#[test]
fn a_public_key_is_not_a_shared_secret() {
    // HMAC-SHA256 by RFC 2104, keyed with what anyone can read in the JWK set.
    let public = signing_key().verifying_key();
    let public = URL_SAFE_NO_PAD.decode(public.jwk()["x"].as_str().unwrap()).unwrap();
    let pad = |fill: u8| {
        let mut block = [fill; 64];
        block.iter_mut().zip(&public).for_each(|(block, key)| *block ^= key);
        block
    };
    for algorithm in ["HS256", "EdDSA"] {
        let header = with(header(), "alg", json!(algorithm)).to_string();
        let message = [header, payload().to_string()].map(|part| URL_SAFE_NO_PAD.encode(part));
        let message = message.join(".");
        let inner = Sha256::new().chain_update(pad(0x36)).chain_update(&message).finalize();
        let mac = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac));
        assert!(verify(&token).is_err(), "{algorithm}");
    }
}

#[test]
fn a_header_cannot_bring_its_own_key() {
    let thief = SigningKey::generate([9; 32]);
    let sign = |header: Value| {
        let message = [header, payload()].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let message = message.join(".");
        let signature = URL_SAFE_NO_PAD.encode(thief.sign(message.as_bytes()));
        format!("{message}.{signature}")
    };
    let jwk = thief.verifying_key().jwk();
    for (member, value) in [
        ("jwk", jwk.clone()),
        ("jku", json!("https://thief.example/jwks.json")),
        ("x5u", json!("https://thief.example/chain.pem")),
    ] {
        let header = with(header(), member, value);
        assert_eq!(verify(&sign(header.clone())), Err(TokenError::WrongSignature), "{member}");
        // Ignored, not obeyed: with our own signature the token is still ours.
        assert!(verify(&signed(&header.to_string(), &payload().to_string())).is_ok(), "{member}");
    }
    for kid in [jwk["kid"].clone(), json!(""), json!("../../etc/passwd")] {
        assert_eq!(verify(&sign(with(header(), "kid", kid))), Err(TokenError::UnknownKey));
    }
}

#[test]
fn another_kind_of_token_and_critical_extensions_are_refused() {
    let mut headers = vec![
        with(header(), "typ", json!("JWT")),
        with(header(), "typ", json!("waxwing-service+jwt")),
        with(header(), "typ", json!("WAXWING-PLAYER+JWT")),
        with(header(), "crit", json!(["exp"])),
        with(header(), "crit", json!([])),
    ];
    headers.extend(["alg", "kid", "typ"].map(|member| with(header(), member, Value::Null)));
    for header in headers {
        let token = signed(&header.to_string(), &payload().to_string());
        assert_eq!(verify(&token), Err(TokenError::Malformed), "{header}");
    }
    let null = header().to_string().replace('}', r#","crit":null}"#);
    assert_eq!(verify(&signed(&null, &payload().to_string())), Err(TokenError::Malformed));
}

#[test]
fn tokens_of_others_and_for_others_are_refused() {
    for (member, value) in [("iss", "crane"), ("aud", "services"), ("aud", "Players")] {
        let payload = with(payload(), member, json!(value));
        let token = signed(&header().to_string(), &payload.to_string());
        assert_eq!(verify(&token), Err(TokenError::NotForUs), "{member}");
    }
}

#[test]
fn claims_that_are_missing_repeated_or_of_another_type_are_refused() {
    let mut payloads: Vec<String> = ["iss", "aud", "sub", "name", "sid", "iat", "exp"]
        .into_iter()
        .map(|member| with(payload(), member, Value::Null).to_string())
        .collect();
    let repeated = |member: &str| payload().to_string().replace('}', member);
    payloads.extend([
        repeated(r#","exp":99999999999}"#),
        repeated(r#","sub":"1"}"#),
        with(payload(), "exp", json!("99999999999")).to_string(),
        payload().to_string().replace(&(NOW + 3_600).to_string(), "1e30"),
        with(payload(), "aud", json!(["players"])).to_string(),
        with(payload(), "sub", json!(42)).to_string(),
        with(payload(), "sub", json!("0")).to_string(),
        with(payload(), "sub", json!("-1")).to_string(),
        with(payload(), "sub", json!("9007199254740992")).to_string(),
        "[]".into(),
        "null".into(),
        String::new(),
        format!("{} trailing", payload()),
    ]);
    for payload in payloads {
        let token = signed(&header().to_string(), &payload);
        assert_eq!(verify(&token), Err(TokenError::Malformed), "{payload}");
    }
    let header = header().to_string().replace('}', r#","alg":"EdDSA"}"#);
    assert_eq!(verify(&signed(&header, &payload().to_string())), Err(TokenError::Malformed));
}

#[test]
fn bytes_that_are_no_text_are_refused_also_where_nobody_reads() {
    let unread = |value: &[u8]| {
        let payload = payload().to_string();
        let (members, _) = payload.split_at(payload.len() - 1);
        signed(header().to_string(), [members.as_bytes(), b",\"x\":", value, b"}"].concat())
    };
    assert!(verify(&unread(b"\"ok\"")).is_ok());
    assert_eq!(verify(&unread(b"\"\xff\"")), Err(TokenError::Malformed));
}

#[test]
fn base64_has_one_form_only() {
    let token = signer().sign(&claims());
    let parts: Vec<&str> = token.split('.').collect();
    // 64 bytes leave four stray bits in the last character: setting them changes no byte.
    let (last, alphabet) = (token.as_bytes()[token.len() - 1], "AQgw");
    assert!(alphabet.as_bytes().contains(&last));
    let stray = format!("{}{}", &token[..token.len() - 1], char::from(last + 1));
    let forms = [
        stray,
        format!("{token}=="),
        format!("{token} "),
        format!(" {token}"),
        format!("{token}\n"),
        token.replace('.', "=."),
        format!("{}.{}.{}", parts[0], parts[1], parts[2].replace(['-', '_'], "+")),
        format!("{}.{}", parts[0], parts[1]),
        format!("{token}.{}", parts[2]),
        format!(".{token}"),
        parts.join("..") + ".",
        String::new(),
        "..".into(),
        ".".into(),
        "Bearer".into(),
    ];
    for form in forms {
        assert_eq!(verify(&form), Err(TokenError::Malformed), "{form}");
    }
}

#[test]
fn a_token_longer_than_four_kibibytes_is_not_read() {
    let name = |length: usize| PlayerClaims { username: "n".repeat(length), ..claims() };
    let longest = (1..4_096).rev().find(|&n| signer().sign(&name(n)).len() <= 4_096).unwrap();
    assert!(verify(&signer().sign(&name(longest))).is_ok());
    assert_eq!(verify(&signer().sign(&name(longest + 4))), Err(TokenError::Malformed));
}

#[test]
fn a_retiring_key_still_counts_and_a_removed_one_does_not() {
    let (old, new) = (signing_key(), SigningKey::generate([7; 32]));
    let token = Signer::new(old.clone(), "waxwing", "players").sign(&claims());
    let both = vec![new.verifying_key(), old.verifying_key()];
    assert!(Verifier::new(both.clone(), "waxwing", "players").verify(&token, NOW).is_ok());
    let only = Verifier::new(vec![new.verifying_key()], "waxwing", "players");
    assert_eq!(only.verify(&token, NOW), Err(TokenError::UnknownKey));
    let published = Verifier::new(both, "waxwing", "players").jwks();
    assert_eq!(published["keys"][0]["kid"], new.verifying_key().id());
    assert_eq!(published["keys"][1], old.verifying_key().jwk());
}

#[test]
fn what_is_not_a_key_is_refused() {
    assert_eq!(SigningKey::from_bytes(&[1; 31]).unwrap_err(), KeyError);
    assert_eq!(VerifyingKey::from_bytes(&[1; 33]).unwrap_err(), KeyError);
    // The neutral element: every message would be signed by it.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    assert_eq!(VerifyingKey::from_bytes(&neutral).unwrap_err(), KeyError);
}

#[test]
fn a_secret_key_does_not_show_itself() {
    assert_eq!(format!("{:?}", signing_key()), "SigningKey(..)");
    assert!(!signer().verifier().jwks().to_string().contains("\"d\""));
}

proptest! {
    #[test]
    fn no_changed_byte_survives(at in 0_usize..300, to in any::<char>()) {
        let token = signer().sign(&claims());
        let mut changed: Vec<char> = token.chars().collect();
        let at = at % changed.len();
        prop_assume!(changed[at] != to);
        changed[at] = to;
        prop_assert!(verify(&changed.into_iter().collect::<String>()).is_err());
    }

    #[test]
    fn any_claims_are_read_back(
        player in 1_u64..1 << 53,
        username in "\\PC{1,80}",
        session in "\\PC{0,22}",
        issued in 0..NOW,
        lives in 1_i64..90_000,
    ) {
        let claims = PlayerClaims {
            player: PlayerId::new(player).unwrap(),
            username,
            session,
            issued_at_s: issued,
            expires_at_s: NOW + lives,
        };
        prop_assert_eq!(verify(&signer().sign(&claims)), Ok(claims));
    }

    #[test]
    fn no_text_panics(text in "\\PC*") {
        prop_assert!(verify(&text).is_err());
    }
}
