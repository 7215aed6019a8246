//! Every pair of `fixtures/fairness_vectors.json`, and the chains it names.

use fairness::hex;
use fairness::sites::{Algorithm, multiplier, previous_hash};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Fixture {
    algorithms: Map<String, Value>,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    algorithm: String,
    game_hash: String,
    expected: serde_json::Number,
    holds: bool,
    #[serde(default)]
    salt: String,
    expected_hmac: Option<String>,
    game_number: Option<u32>,
    row: Option<u32>,
    published_prefix: Option<String>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../../../fixtures/fairness_vectors.json"))
        .expect("the fixture has this shape")
}

impl Vector {
    fn algorithm(&self) -> Algorithm {
        Algorithm::parse(&self.algorithm).unwrap_or_else(|| panic!("{}", self.algorithm))
    }

    /// The expected multiplier in hundredths, read from its text.
    fn expected(&self) -> u64 {
        let text = self.expected.to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        format!("{whole}{fraction:0<2}").parse().expect("digits")
    }
}

/// The hash `steps` games before.
fn walk(algorithm: Algorithm, from: &str, steps: u32) -> String {
    (0..steps)
        .fold(from.to_owned(), |hash, _| previous_hash(algorithm, &hash).expect("a game hash"))
}

#[test]
fn every_published_pair_holds() {
    let vectors = fixture().vectors;
    assert_eq!(vectors.len(), 24);
    for vector in vectors {
        assert!(vector.holds, "the fixture holds pairs that hold");
        let computed = multiplier(vector.algorithm(), &vector.game_hash, &vector.salt);
        let expected = Ok(vector.expected());
        assert_eq!(computed, expected, "{} {}", vector.algorithm, vector.game_hash);
    }
}

#[test]
fn every_published_authentication_code_holds() {
    let mut checked = 0;
    for vector in fixture().vectors {
        let Some(expected) = vector.expected_hmac else { continue };
        let mut code = Hmac::<sha2::Sha256>::new_from_slice(vector.game_hash.as_bytes()).unwrap();
        code.update(vector.salt.as_bytes());
        assert_eq!(hex::encode(&code.finalize().into_bytes()), expected);
        checked += 1;
    }
    assert_eq!(checked, 2);
}

#[test]
fn published_games_lie_on_one_chain() {
    let mut links = 0;
    let vectors = fixture().vectors;
    for later in &vectors {
        for earlier in vectors.iter().filter(|other| other.algorithm == later.algorithm) {
            let steps = match (later.game_number, earlier.game_number) {
                (Some(later), Some(earlier)) if later > earlier => later - earlier,
                _ => continue,
            };
            let reached = walk(later.algorithm(), &later.game_hash, steps);
            assert_eq!(reached, earlier.game_hash, "{steps} games of {}", later.algorithm);
            links += 1;
        }
    }
    // Three numbered games of bustabit v2 and seven of v4 make 3 + 21 pairs.
    assert_eq!(links, 24);
}

#[test]
fn roobets_rows_follow_each_other_and_carry_their_prefixes() {
    let mut rows: Vec<_> =
        fixture().vectors.into_iter().filter(|vector| vector.row.is_some()).collect();
    rows.sort_by_key(|vector| vector.row);
    assert_eq!(rows.len(), 3);
    for pair in rows.windows(2) {
        let previous = previous_hash(Algorithm::Roobet2020, &pair[0].game_hash);
        assert_eq!(previous, Ok(pair[1].game_hash.clone()));
    }
    let first = &fixture().algorithms["roobet_2020"]["first_game_hash"];
    assert_eq!(first, &rows[2].game_hash, "the last row is the first game");
    for row in rows {
        assert!(row.game_hash.starts_with(&row.published_prefix.unwrap()));
    }
}

/// From a game to the hash that was published before the first one: the walk any player can take.
#[test]
fn bustabits_games_reach_their_published_ends() {
    // The fourth seeding counts on from ten million games of the first.
    for (algorithm, before) in
        [(Algorithm::BustabitV2, 0), (Algorithm::BustabitV4Classic, 10_000_000)]
    {
        let fixture = fixture();
        let end = fixture.algorithms[algorithm.name()]["terminating_hash"].as_str().unwrap();
        let numbered = fixture.vectors.iter().filter(|vector| vector.algorithm() == algorithm);
        let game = numbered.filter(|game| game.game_number.is_some());
        let game = game.min_by_key(|game| game.game_number).unwrap();
        let steps = game.game_number.unwrap() - before;
        assert_eq!(walk(algorithm, &game.game_hash, steps), end);
    }
}
