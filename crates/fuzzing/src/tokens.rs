//! Tokens: nothing but a genuine one is believed, and of it nothing but what was signed.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::Signer as _;
use kernel::PlayerId;
use serde_json::json;
use tokens::{PlayerClaims, Signer, SigningKey, TokenError, Verifier, VerifyingKey};

use crate::json::Fields;

/// Unix seconds.
const NOW_S: i64 = 1_767_225_600;
const SEED: [u8; 32] = [7; 32];

/// What is genuine here, made once.
struct Genuine {
    verifier: Verifier,
    /// Signs what we would never sign.
    key: ed25519_dalek::SigningKey,
    kid: String,
    token: String,
    claims: PlayerClaims,
}

static GENUINE: LazyLock<Genuine> = LazyLock::new(|| {
    let signer = Signer::new(SigningKey::generate(SEED), "waxwing", "players");
    let claims = PlayerClaims {
        player: PlayerId::new(42).expect("42 is a player"),
        username: "ann".into(),
        session: "laptop".into(),
        issued_at_s: NOW_S,
        expires_at_s: NOW_S + 3_600,
    };
    Genuine {
        verifier: signer.verifier(),
        key: ed25519_dalek::SigningKey::from_bytes(&SEED),
        kid: SigningKey::generate(SEED).verifying_key().id().to_owned(),
        token: signer.sign(&claims),
        claims,
    }
});

/// The first byte says what the rest is: a token, edits of a genuine one, header and payload that
/// our own key signs, or a key.
///
/// # Panics
/// If something else than a genuine token is believed.
pub fn tokens(input: &[u8]) {
    let [kind, rest @ ..] = input else { return };
    match kind % 4 {
        0 => foreign(&String::from_utf8_lossy(rest)),
        1 => foreign(&edited(rest)),
        2 => signed_by_us(rest),
        _ => foreign_key(rest),
    }
}

/// The genuine token is believed, any other text is not.
fn foreign(token: &str) {
    let genuine = &*GENUINE;
    let verdict = genuine.verifier.verify(token, NOW_S);
    if token == genuine.token {
        assert_eq!(verdict.as_ref(), Ok(&genuine.claims));
        let late = genuine.verifier.verify(token, genuine.claims.expires_at_s);
        assert_eq!(late, Err(TokenError::Expired));
    } else {
        assert!(verdict.is_err(), "{token} is believed");
    }
}

/// The genuine token after edits of four bytes each: where, what, and a character.
fn edited(edits: &[u8]) -> String {
    let mut token = GENUINE.token.clone().into_bytes();
    for edit in edits.chunks_exact(4).take(16) {
        let at = usize::from(u16::from_be_bytes([edit[0], edit[1]])) % (token.len() + 1);
        match edit[2] % 4 {
            0 => token.insert(at, edit[3]),
            1 if at < token.len() => drop(token.remove(at)),
            2 if at < token.len() => token[at] = edit[3],
            _ => token.truncate(at.max(token.len().saturating_sub(usize::from(edit[3])))),
        }
    }
    String::from_utf8_lossy(&token).into_owned()
}

/// Header and payload, split at the first line break, rightly signed: believed only if each says
/// what it must, once.
fn signed_by_us(parts: &[u8]) {
    let genuine = &*GENUINE;
    let mut parts = parts.splitn(2, |byte| *byte == b'\n');
    let (Some(header), Some(payload)) = (parts.next(), parts.next()) else { return };
    // So that the fuzzer does not have to guess a hash.
    let header = String::from_utf8_lossy(header).replace("KID", &genuine.kid).into_bytes();
    let message = [&header[..], payload].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    let signature = genuine.key.sign(message.as_bytes()).to_bytes();
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
    let Ok(claims) = genuine.verifier.verify(&token, NOW_S) else { return };
    let header = Fields::of(&header).expect("a header is an object");
    let payload = Fields::of(payload).expect("a payload is an object");
    for name in ["alg", "kid", "typ"] {
        assert_eq!(header.count(&[name]), 1, "{name} of {header:?}");
    }
    for name in ["iss", "aud", "sub", "name", "sid", "iat", "exp"] {
        assert_eq!(payload.count(&[name]), 1, "{name} of {payload:?}");
    }
    assert_eq!(header.count(&["crit"]), 0, "an extension we do not know is ignored");
    assert_eq!(header.get("alg"), Some(json!("EdDSA")));
    assert_eq!(header.get("typ"), Some(json!("waxwing-player+jwt")));
    assert_eq!(header.get("kid"), Some(json!(genuine.kid)));
    assert_eq!(payload.get("iss"), Some(json!("waxwing")));
    assert_eq!(payload.get("aud"), Some(json!("players")));
    assert_eq!(payload.get("name"), Some(json!(claims.username)));
    assert_eq!(payload.get("sid"), Some(json!(claims.session)));
    assert_eq!(payload.get("exp"), Some(json!(claims.expires_at_s)));
    assert_eq!(payload.get("iat"), Some(json!(claims.issued_at_s)));
    let subject = payload.get("sub").unwrap_or_default();
    let subject = subject.as_str().unwrap_or_default().trim_start_matches('0');
    assert_eq!(subject, claims.player.to_string());
    assert!(claims.expires_at_s > NOW_S, "what is over is believed");
}

/// A key, a signature and a payload of somebody else: the key is shown as it is, and signs for us
/// no more than ours does for him.
fn foreign_key(bytes: &[u8]) {
    let Some((key, rest)) = bytes.split_at_checked(32) else { return };
    let Some((signature, payload)) = rest.split_at_checked(64) else { return };
    let Ok(key) = VerifyingKey::from_bytes(key) else { return };
    assert_eq!(key.to_bytes(), bytes[..32], "a key has one form");
    let verifier = Verifier::new(vec![key.clone()], "waxwing", "players");
    let shown = verifier.jwks();
    let shown = shown["keys"][0]["x"].as_str().and_then(|x| URL_SAFE_NO_PAD.decode(x).ok());
    assert_eq!(shown.as_deref(), Some(&bytes[..32]), "the set shows another key");
    let header =
        json!({ "alg": "EdDSA", "kid": key.id(), "typ": "waxwing-player+jwt" }).to_string();
    let parts = [header.as_bytes(), payload, signature];
    let token = parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
    assert!(verifier.verify(&token, NOW_S).is_err(), "a signature made of nothing is believed");
    assert_eq!(verifier.verify(&GENUINE.token, NOW_S), Err(TokenError::UnknownKey));
}
