//! Tokens we did not sign, at the border: each is refused in the same words, by every call.

use ed25519_dalek::{Signer as _, SigningKey};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::harness::numbers::text;
use crate::harness::{Caller, Place, Player};

const CALLS: &[(Method, &str)] = &[
    (Method::GET, "/gateway/user/v1/auth/validate"),
    (Method::GET, "/gateway/user/v1/balance"),
    (Method::POST, "/gateway/user/v1/auth/logout"),
    (Method::POST, "/gateway/game/v1/lobby"),
];

/// A genuine token, taken apart, with the key it is signed by: the test may read the directory.
struct Genuine {
    player: Player,
    header: Value,
    payload: Value,
    key: SigningKey,
}

impl Genuine {
    async fn new(place: &Place, caller: &Caller) -> Self {
        let player = caller.player("ann").await;
        let mut parts = player.token.split('.').map(decode);
        let mut part = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
        let (header, payload) = (part(), part());
        let seed = std::fs::read(place.data().join("keys/tokens")).unwrap();
        let key = SigningKey::from_bytes(&seed.try_into().unwrap());
        let genuine = Self { player, header, payload, key };
        let again = genuine.signed(&genuine.header.to_string(), &genuine.payload.to_string());
        let again = Player { token: again, ..genuine.player.clone() };
        let (method, path) = CALLS[0].clone();
        let answer = caller.call(method, path, Some(&again), None).await;
        assert_eq!(answer.status, 200, "what this test signs is taken: {}", answer.text);
        genuine
    }

    fn signed(&self, header: &str, payload: &str) -> String {
        signed_by(&self.key, header, payload)
    }

    fn with_header(&self, member: &str, value: Value) -> String {
        self.signed(&with(&self.header, member, value), &self.payload.to_string())
    }

    fn with_claim(&self, claim: &str, value: Value) -> String {
        self.signed(&self.header.to_string(), &with(&self.payload, claim, value))
    }

    /// Every call refuses these tokens, and the genuine one is still good.
    async fn refuse(&self, caller: &Caller, forged: Vec<(&str, String)>, code: &str) {
        for (what, token) in forged {
            let forged = Player { token, ..self.player.clone() };
            for (method, path) in CALLS {
                let answer = caller.call(method.clone(), path, Some(&forged), None).await;
                assert_eq!(answer.status, 401, "{what} at {path}: {}", answer.text);
                answer.assert_refused(401, code);
            }
        }
        let (method, path) = CALLS[0].clone();
        assert_eq!(caller.call(method, path, Some(&self.player), None).await.status, 200);
    }
}

fn with(object: &Value, member: &str, value: Value) -> String {
    let mut object = object.clone();
    object[member] = value;
    object.to_string()
}

fn signed_by(key: &SigningKey, header: &str, payload: &str) -> String {
    let message = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
    let signature = encode(&key.sign(message.as_bytes()).to_bytes());
    format!("{message}.{signature}")
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64url without padding, written apart from the server's.
fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for sextet in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(word >> (18 - 6 * sextet)) as usize & 63]));
        }
    }
    text
}

fn decode(text: &str) -> Vec<u8> {
    let (mut word, mut bits, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.bytes() {
        let sextet = ALPHABET.iter().position(|known| *known == letter).unwrap();
        word = word << 6 | u32::try_from(sextet).unwrap();
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((word >> bits).to_le_bytes()[0]);
        }
    }
    bytes
}

/// RFC 2104 with SHA-256.
fn hmac(key: &[u8], message: &str) -> Vec<u8> {
    let pad = |fill: u8| {
        let mut block = [fill; 64];
        block.iter_mut().zip(key).for_each(|(block, key)| *block ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_without_a_signature_of_ours_are_refused() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let genuine = Genuine::new(&place, &caller).await;
    let (header, payload) = (&genuine.header, genuine.payload.to_string());
    let none = with(header, "alg", json!("none"));
    let unsigned = format!("{}.{}.", encode(none.as_bytes()), encode(payload.as_bytes()));
    // HS256 under the public key, in each form in which a library may hold it.
    let jwks = caller.get("/.well-known/jwks.json").await.json();
    let coordinate = text(&jwks["keys"][0]["x"]).to_owned();
    let hs256 = with(header, "alg", json!("HS256"));
    let message = format!("{}.{}", encode(hs256.as_bytes()), encode(payload.as_bytes()));
    let by_text = format!("{message}.{}", encode(&hmac(coordinate.as_bytes(), &message)));
    let by_bytes = format!("{message}.{}", encode(&hmac(&decode(&coordinate), &message)));
    let (head, signature) = genuine.player.token.rsplit_once('.').unwrap();
    let forged = vec![
        ("alg none", unsigned.clone()),
        ("alg none with our signature", format!("{unsigned}{signature}")),
        ("alg none, signed", genuine.signed(&none, &payload)),
        ("HS256 by the public key's text", by_text),
        ("HS256 by the public key's bytes", by_bytes),
        ("no signature", format!("{head}.")),
        ("half a signature", format!("{head}.{}", &signature[..43])),
        ("a turned signature", format!("{head}.{}", signature.chars().rev().collect::<String>())),
        ("a padded signature", format!("{head}.{signature}==")),
        ("a longer token", format!("{}.{signature}", genuine.player.token)),
        ("another player's claims", {
            let other = with(&genuine.payload, "sub", json!("2"));
            let head = encode(header.to_string().as_bytes());
            format!("{head}.{}.{signature}", encode(other.as_bytes()))
        }),
    ];
    genuine.refuse(&caller, forged, "unauthenticated").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_a_token_brings_along_are_not_believed() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let genuine = Genuine::new(&place, &caller).await;
    let payload = genuine.payload.to_string();
    let thief = SigningKey::from_bytes(&[9; 32]);
    let coordinate = encode(thief.verifying_key().as_bytes());
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": coordinate });
    let stolen = |member: &str, value: Value| {
        signed_by(&thief, &with(&genuine.header, member, value), &payload)
    };
    let forged = vec![
        ("our kid", signed_by(&thief, &genuine.header.to_string(), &payload)),
        ("jwk", stolen("jwk", jwk)),
        ("jku", stolen("jku", json!(format!("{}/jwks.json", server.base)))),
        ("x5u", stolen("x5u", json!("https://thief.example/chain.pem"))),
        ("x5c", stolen("x5c", json!(["AAAA"]))),
        ("their kid", stolen("kid", json!("thief"))),
        ("no kid", stolen("kid", json!(""))),
        ("a path", stolen("kid", json!("../../../../dev/null"))),
        ("a query", stolen("kid", json!("' OR 1=1 --"))),
        ("our key under another kid", genuine.with_header("kid", json!("thief"))),
        ("a critical extension", genuine.with_header("crit", json!(["exp"]))),
        ("another type", genuine.with_header("typ", json!("JWT"))),
        ("a service's type", genuine.with_header("typ", json!("waxwing-service+jwt"))),
    ];
    genuine.refuse(&caller, forged, "unauthenticated").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_that_are_not_for_us_or_not_claims_are_refused() {
    let place = Place::new();
    let server = place.start().await;
    let caller = server.caller();
    let genuine = Genuine::new(&place, &caller).await;
    let header = genuine.header.to_string();
    let payload = genuine.payload.to_string();
    let twice = |more: &str| {
        let payload = format!("{},{more}}}", &payload[..payload.len() - 1]);
        genuine.signed(&header, &payload)
    };
    let forged = vec![
        ("another audience", genuine.with_claim("aud", json!("waxwing-services"))),
        ("a list of audiences", genuine.with_claim("aud", json!(["waxwing-players"]))),
        ("another issuer", genuine.with_claim("iss", json!("crane"))),
        ("a player's number as a number", genuine.with_claim("sub", json!(1))),
        ("player 0", genuine.with_claim("sub", json!("0"))),
        ("player -1", genuine.with_claim("sub", json!("-1"))),
        ("no sign-in", genuine.with_claim("sid", Value::Null)),
        ("a float's end", genuine.with_claim("exp", json!(4_102_444_800.5))),
        ("an end in words", genuine.with_claim("exp", json!("4102444800"))),
        ("no end", genuine.with_claim("exp", Value::Null)),
        ("an end past all numbers", {
            let end = genuine.payload["exp"].to_string();
            genuine.signed(&header, &payload.replace(&end, "1e400"))
        }),
        ("two ends", twice("\"exp\":4102444800")),
        ("two players", twice("\"sub\":\"2\"")),
        ("two algorithms", genuine.signed(&header.replace('}', ",\"alg\":\"EdDSA\"}"), &payload)),
        ("an array", genuine.signed(&header, "[]")),
        ("nothing", genuine.signed(&header, "")),
    ];
    genuine.refuse(&caller, forged, "unauthenticated").await;
    let over = [0, -1, i64::MIN, 1_700_000_000]
        .map(|end| ("an end that has passed", genuine.with_claim("exp", json!(end))));
    genuine.refuse(&caller, over.into(), "token_expired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_deployment_is_refused() {
    let (place, other) = (Place::new(), Place::new());
    let (server, elsewhere) = (place.start().await, other.start().await);
    let caller = server.caller();
    let genuine = Genuine::new(&place, &caller).await;
    let theirs = elsewhere.caller().player("ann").await.token;
    let (_, rest) = theirs.split_once('.').unwrap();
    let under_our_name = format!("{}.{rest}", encode(genuine.header.to_string().as_bytes()));
    let forged = vec![("theirs", theirs.clone()), ("theirs under our key's name", under_our_name)];
    genuine.refuse(&caller, forged, "unauthenticated").await;
}
