//! An honest history verifies; each thing left out, repeated or exchanged does not.

use ed25519_dalek::SigningKey;
use fairness::{Anchor, Chain, Commitment, Formula, Seed, bets_hash, crash_point, drand, hex};
use kernel::LobbyId;
use protocol::chains::ExportLine;
use serde_json::{Value, json};

use super::super::VerifyError;
use super::Series;

const LENGTH: u32 = 5;
const EDGE_BPS: u32 = 100;

/// The chain with this number, and its seeds from `s_1` up.
fn chain(number: u32) -> (Chain, Vec<Seed>) {
    let last = Seed::from_bytes([u8::try_from(number % 251).unwrap(); 32]);
    let seeds = (1..=LENGTH)
        .map(|index| {
            let (from, to) = (kernel::SeedIndex(LENGTH), kernel::SeedIndex(index));
            fairness::descend(from, &last, to).unwrap()
        })
        .collect();
    (Chain::grow(last, LENGTH), seeds)
}

/// Chain 3 is anchored in quicknet's round 1,000, the others are not.
fn beacon(number: u32) -> Option<(u64, String)> {
    let text = include_str!("../../../../../fixtures/drand_quicknet.json");
    let file: Value = serde_json::from_str(text).unwrap();
    let beacon = &file["beacons"][1];
    let signature = beacon["signature"].as_str().unwrap().to_owned();
    (number == 3).then(|| (beacon["round"].as_u64().unwrap(), signature))
}

fn public_seed(number: u32) -> String {
    match beacon(number) {
        Some((round, signature)) => {
            drand::public_seed(round, &hex::decode(&signature).unwrap()).unwrap()
        }
        None => format!("{number:064x}"),
    }
}

fn commitment(number: u32) -> Value {
    let key = SigningKey::from_bytes(&[0x77; 32]);
    let promise = Commitment {
        lobby: LobbyId::new(4).unwrap(),
        chain: number,
        terminal: chain(number).0.terminal(),
        length: LENGTH,
        house_edge_bps: EDGE_BPS,
        formula: Formula::Waxwing1,
        anchor: beacon(number).map_or(Anchor::Local, |(round, _)| Anchor::Drand { round }),
    };
    let mut view = json!({
        "lobby_id": 4,
        "chain": number,
        "terminal": promise.terminal.to_string(),
        "length": LENGTH,
        "house_edge_bps": EDGE_BPS,
        "formula": 1,
        "public_key": hex::encode(&key.verifying_key().to_bytes()),
        "signature": hex::encode(&promise.sign(&key)),
    });
    if let Some((round, _)) = beacon(number) {
        view["beacon_round"] = json!(round);
    }
    view
}

/// The line of a chain, with what it became.
fn promised(number: u32, state: &str) -> Value {
    let mut view = json!({
        "commitment": commitment(number),
        "state": state,
        "public_seed_kind": if beacon(number).is_some() { "drand" } else { "local" },
        "anchored": beacon(number).is_some(),
        "public_seed": public_seed(number),
        "used": 0,
        "promised_at": 1,
    });
    if let Some((_, signature)) = beacon(number) {
        view["beacon_signature"] = json!(signature);
    }
    json!({ "chain": view })
}

fn abandoned(number: u32, reason: &str, lost: Option<(u32, u32)>) -> Value {
    let mut line = promised(number, "abandoned");
    line["chain"]["abandoned"] = json!({ "reason": reason, "at": 1 });
    if let Some((from, to)) = lost {
        line["chain"]["abandoned"]["lost_rounds"] = json!({ "from": from, "to": to });
    }
    line
}

/// The line of a settled round without bets.
fn played(round: u32, number: u32, index: u32) -> Value {
    let (seeds, key) = (chain(number).1, public_seed(number));
    let seed = &seeds[index as usize - 1];
    let crash = crash_point(&key, seed, EDGE_BPS);
    let mut line = voided(round, number);
    let export = &mut line["round"];
    export["state"] = json!("settled");
    export["seed_index"] = json!(index);
    export["seed"] = json!(seed.reveal());
    export["crash_point"] = json!(crash.to_string());
    export["multiplier"] = json!(crash.to_string());
    export["bets_hash"] = json!(hex::encode(&bets_hash(&[])));
    line
}

fn voided(round: u32, number: u32) -> Value {
    let mut export = json!({
        "lobby_id": 4,
        "round": round,
        "state": "voided",
        "house_edge_bps": EDGE_BPS,
        "curve": "exponential",
        "multiplier_max": 42_949_672.95,
        "commitment": commitment(number),
        "public_seed": public_seed(number),
        "public_seed_kind": if beacon(number).is_some() { "drand" } else { "local" },
        "anchored": beacon(number).is_some(),
        "count": 0,
        "stake_sum": 0,
        "payout_sum": 0,
        "bets": [],
        "opened_at": 1,
    });
    if let Some((_, signature)) = beacon(number) {
        export["beacon_signature"] = json!(signature);
    }
    json!({ "round": export })
}

/// Two chains one after the other, a void among them, a beacon missed, an anchored chain, and a
/// restore that lost rounds 16 and 17.
fn honest() -> Vec<Value> {
    vec![
        promised(1, "used_up"),
        abandoned(2, "beacon_missing", None),
        abandoned(3, "store_behind", Some((16, 17))),
        promised(1_003, "playing"),
        voided(1, 1),
        played(2, 1, 1),
        played(3, 1, 2),
        voided(4, 1),
        voided(5, 1),
        played(6, 1, 3),
        played(7, 1, 4),
        played(8, 1, 5),
        played(9, 3, 1),
        played(10, 3, 2),
        voided(11, 3),
        voided(12, 3),
        voided(13, 3),
        voided(14, 3),
        played(15, 3, 3),
        voided(18, 1_003),
        played(19, 1_003, 1),
        played(20, 1_003, 2),
    ]
}

fn check(lines: &[Value]) -> Result<Vec<String>, VerifyError> {
    check_from(1, lines)
}

fn check_from(first: u32, lines: &[Value]) -> Result<Vec<String>, VerifyError> {
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    let text = text.join("\n");
    let mut series = Series::default();
    series.read(&text)?;
    series.check(first)
}

/// The check that fails and what it says.
fn failing(lines: &[Value]) -> String {
    match check(lines) {
        Ok(report) => panic!("verified: {report:#?}"),
        Err(error) => error.to_string(),
    }
}

fn without(round: u32) -> Vec<Value> {
    let mut lines = honest();
    lines.retain(|line| line["round"]["round"] != round);
    lines
}

#[test]
fn an_honest_history_verifies_and_says_what_was_given_up() {
    let report = check(&honest()).unwrap();
    let said = report.join("\n");
    for part in [
        "chain 1: public seed: local, not anchored",
        "chain 2 was given up: beacon_missing",
        "chain 3: public seed: anchored, the output of round 1000",
        "rounds 16 to 17: their records were lost",
        "rounds 1 to 20 of lobby 4: 10 settled, 8 voided, 0 interrupted, none left out",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // The lines may be bare exports, in any order.
    let mut bare: Vec<Value> = honest()[4..12].iter().map(|line| line["round"].clone()).collect();
    bare.reverse();
    assert!(check(&bare).is_ok());
    let line: ExportLine = serde_json::from_value(honest()[0].clone()).unwrap();
    assert!(matches!(line, ExportLine::Chain(_)));
}

#[test]
fn a_series_begins_with_round_1_unless_it_is_asked_for_from_a_later_one() {
    let mut tail = honest();
    tail.retain(|line| line["round"]["round"].as_u64().is_none_or(|round| round >= 7));
    assert_eq!(failing(&tail), "gap: rounds 1 to 6 are missing");
    for lines in [&tail, &honest()] {
        let said = check_from(7, lines).unwrap().join("\n");
        assert!(said.contains("rounds before 7 were not asked for"), "{said}");
        assert!(said.contains("rounds 7 to 20 of lobby 4"), "{said}");
    }
    let early = check_from(5, &tail).unwrap_err().to_string();
    assert_eq!(early, "gap: rounds 5 to 6 are missing");
    // Records that were lost are named, also those of the first rounds.
    let mut lost = honest();
    lost[0] = abandoned(1, "store_behind", Some((1, 6)));
    lost.retain(|line| line["round"]["round"].as_u64().is_none_or(|round| round >= 7));
    let said = check(&lost).unwrap().join("\n");
    assert!(said.contains("rounds 1 to 6: their records were lost"), "{said}");
}

#[test]
fn the_first_gap_is_named() {
    assert_eq!(failing(&without(4)), "gap: round 4 is missing");
    assert_eq!(failing(&without(10)), "gap: round 10 is missing");
    let mut lines = without(4);
    lines.retain(|line| line["round"]["round"] != 5);
    assert_eq!(failing(&lines), "gap: rounds 4 to 5 are missing");
    let mut unexplained = honest();
    unexplained[2] = abandoned(3, "store_behind", Some((16, 16)));
    assert_eq!(failing(&unexplained), "gap: rounds 16 to 17 are missing");
    let mut hidden = honest();
    let open = hidden.iter_mut().find(|line| line["round"]["round"] == 2).unwrap();
    open["round"]["state"] = json!("running");
    assert_eq!(failing(&hidden), "gap: round 2 is not over, but later rounds are there");
    let mut twice = honest();
    twice.push(voided(2, 1));
    assert_eq!(failing(&twice), "gap: round 2 is there twice, and not the same");
}

#[test]
fn a_seed_left_out_or_played_twice_is_found() {
    // Rounds renumbered, so that only the seeds tell.
    for (round, number, index, finding) in [
        (3, 1, 3, "round 3: seed 2 of chain 1 was next, not seed 3"),
        (3, 1, 1, "round 3: seed 2 of chain 1 was next, not seed 1"),
        (2, 1, 2, "round 2: seed 1 of chain 1 was next, not seed 2"),
        (9, 3, 2, "round 9: seed 1 of chain 3 was next, not seed 2"),
    ] {
        let mut lines = without(round);
        lines.push(played(round, number, index));
        assert_eq!(failing(&lines), format!("seeds: {finding}"));
    }
    let mut lines = without(7);
    let mut exchanged = played(7, 1, 4);
    exchanged["round"]["seed"] = json!(chain(3).1[3].reveal());
    lines.push(exchanged);
    assert!(failing(&lines).starts_with("seed: round 7:"), "{}", failing(&lines));
}

#[test]
fn a_chain_changed_without_a_word_is_found() {
    let replace = |place: usize, line: Value| {
        let mut lines = honest();
        lines[place] = line;
        failing(&lines)
    };
    assert_eq!(
        replace(2, promised(3, "playing")),
        "chains: chain 4 is missing before chain 1003",
        "numbers are left out behind a lost store alone"
    );
    assert_eq!(
        replace(1, promised(2, "ready")),
        "chains: round 9: a chain between 1 and 3 was left out, and not given up"
    );
    let mut lines = without(8);
    for line in &mut lines {
        if line["round"]["round"].as_u64() > Some(8) {
            let round = line["round"]["round"].as_u64().unwrap();
            line["round"]["round"] = json!(round - 1);
        }
    }
    assert_eq!(
        failing(&lines),
        "chains: round 8: chain 1 was left behind seed 4 of 5, and not given up"
    );
    let mut missing = honest();
    missing.remove(1);
    assert_eq!(failing(&missing), "chains: chain 2 is missing before chain 3");
    let mut unlisted = honest();
    unlisted.remove(3);
    assert_eq!(failing(&unlisted), "chains: round 18: chain 1003 is not listed");
    let mut other_seed = honest();
    other_seed[0]["chain"]["public_seed"] = json!("ab".repeat(32));
    assert_eq!(failing(&other_seed), "chains: round 1: chain 1 was promised otherwise");
    let mut again = without(20);
    again.push(played(20, 1, 1));
    assert_eq!(failing(&again), "chains: round 20: chain 1 was played again behind chain 1003");
}

#[test]
fn a_beacon_that_is_not_the_promised_one_is_found() {
    for (field, value) in [
        ("beacon_signature", json!("ab".repeat(48))),
        ("beacon_signature", Value::Null),
        ("public_seed", json!("ab".repeat(32))),
        ("public_seed_kind", json!("local")),
        ("anchored", json!(false)),
    ] {
        let mut lines = honest();
        lines[2]["chain"][field] = value;
        assert!(failing(&lines).starts_with("public seed: chain 3: "), "{field}");
    }
    let mut lines = honest();
    lines[2]["chain"]["commitment"]["beacon_round"] = json!(1_001);
    assert!(failing(&lines).starts_with("commitment: chain 3: "));
    lines[2]["chain"]["commitment"].as_object_mut().unwrap().shift_remove("beacon_round");
    assert!(failing(&lines).starts_with("commitment: chain 3: "));
}

/// The line of a chain that tells what take-overs left out: seeds, and rounds.
fn skipping(number: u32, seeds: (u32, u32), rounds: Option<(u32, u32)>) -> Value {
    let mut line = promised(number, "playing");
    let seed = chain(number).1[seeds.1 as usize - 1].reveal();
    let mut skipped = json!({ "seeds": { "from": seeds.0, "to": seeds.1, "seed": seed } });
    if let Some((from, to)) = rounds {
        skipped["rounds"] = json!({ "from": from, "to": to });
    }
    line["chain"]["skipped"] = json!([skipped]);
    line
}

/// A store that may have lost its last records, taken over twice; chain 3 was never played.
fn skipped() -> Vec<Value> {
    let mut lines = vec![
        skipping(1, (2, 4), Some((2, 3))),
        skipping(2, (1, 2), Some((6, 8))),
        skipping(3, (1, 5), None),
        promised(4, "playing"),
    ];
    lines.extend([played(1, 1, 1), played(4, 1, 5), played(5, 2, 3), played(9, 2, 4)]);
    lines.extend([played(10, 2, 5), played(11, 4, 1)]);
    lines
}

#[test]
fn seeds_that_were_skipped_are_in_their_turn() {
    let said = check(&skipped()).unwrap().join("\n");
    assert!(said.contains("rounds 2 to 3 were skipped"), "{said}");
    let with = |place: usize, line: Value| {
        let mut lines = skipped();
        lines[place] = line;
        failing(&lines)
    };
    assert_eq!(
        with(0, skipping(1, (2, 3), Some((2, 3)))),
        "seeds: round 4: seed 4 of chain 1 was next, not seed 5"
    );
    assert_eq!(
        with(0, skipping(1, (3, 4), Some((2, 3)))),
        "seeds: round 4: seed 2 of chain 1 was next, not skipped 3 to 4"
    );
    assert_eq!(with(0, skipping(1, (2, 4), Some((2, 2)))), "gap: rounds 2 to 3 are missing");
    assert_eq!(
        with(2, skipping(3, (1, 4), None)),
        "chains: round 11: a chain between 2 and 4 was left out, and not given up"
    );
    let mut other = skipping(2, (1, 2), Some((6, 8)));
    other["chain"]["skipped"][0]["seeds"]["seed"] = json!(chain(3).1[1].reveal());
    assert_eq!(
        with(1, other),
        "seeds: round 5: skipped seed 2 of chain 2 does not hash down to seed 0"
    );
}
