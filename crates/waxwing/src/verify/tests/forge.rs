//! Rounds as an honest server would export them.

use ed25519_dalek::SigningKey;
use fairness::{
    BetEntry, Chain, Commitment, Formula, Seed, Segment, bets_hash, crash_point as crash_point_of,
    hex,
};
use kernel::{BetId, LobbyId, Multiplier, PlayerId, SeedIndex, Stake};
use serde_json::{Value, json};

const LENGTH: u32 = 50;
const EDGE_BPS: u32 = 100;

fn public_seed() -> String {
    "c0ffee00".repeat(8)
}

fn chain() -> Chain {
    Chain::grow(Seed::from_bytes([0x21; 32]), LENGTH)
}

/// The first seed whose round is neither very short nor very long, with its index.
fn seed() -> (u32, Seed) {
    let segment = Segment::expand(&chain().checkpoints()[0]);
    let fits = |seed: &Seed| {
        let crash = crash_point_of(&public_seed(), seed, EDGE_BPS).centi();
        (300..1_000).contains(&crash)
    };
    let opened = |index| Some((index, segment.open(SeedIndex(index))?.clone()));
    (2..LENGTH).filter_map(opened).find(|(_, seed)| fits(seed)).unwrap()
}

/// The crash point of every round here: from 3.00x to 9.99x.
pub(super) fn crash_point() -> Multiplier {
    crash_point_of(&public_seed(), &seed().1, EDGE_BPS)
}

fn commitment() -> Value {
    let key = SigningKey::from_bytes(&[0x77; 32]);
    let commitment = Commitment {
        lobby: LobbyId::new(4).unwrap(),
        chain: 1,
        terminal: chain().terminal(),
        length: LENGTH,
        house_edge_bps: EDGE_BPS,
        formula: Formula::Waxwing1,
        anchor: fairness::Anchor::Local,
    };
    json!({
        "lobby_id": 4,
        "chain": 1,
        "terminal": commitment.terminal.to_string(),
        "length": LENGTH,
        "house_edge_bps": EDGE_BPS,
        "formula": 1,
        "public_key": hex::encode(&key.verifying_key().to_bytes()),
        "signature": hex::encode(&commitment.sign(&key)),
    })
}

/// What every round shows from its opening.
pub(super) fn open() -> Value {
    json!({
        "lobby_id": 4,
        "round": 17,
        "state": "open",
        "house_edge_bps": EDGE_BPS,
        "curve": "exponential",
        "multiplier_max": 1000,
        "commitment": commitment(),
        "public_seed": public_seed(),
        "public_seed_kind": "local",
        "anchored": false,
        "count": 0,
        "stake_sum": 0,
        "payout_sum": 0,
        "bets": [],
        "opened_at": 1_700_000_000_000_i64,
    })
}

/// Three players: 10 until 1.50x, 20 by hand, 10 until 500.00x.
fn bets() -> [Value; 3] {
    let bet = |player: u32, stake: u32| {
        json!({
            "user_id": player,
            "name": format!("player {player}"),
            "bet_id": BetId::from_bytes([u8::try_from(player).unwrap(); 16]).to_string(),
            "stake": stake,
            "state": "accepted",
        })
    };
    let mut bets = [bet(1, 10), bet(2, 20), bet(3, 10)];
    bets[0]["auto_cash_out"] = json!(1.5);
    bets[2]["auto_cash_out"] = json!(500);
    bets
}

fn pay(bet: &mut Value, multiplier: &Value, payout: u32) {
    bet["state"] = json!("cashed_out");
    bet["multiplier"] = multiplier.clone();
    bet["payout"] = json!(payout);
}

/// A round that is over: seed, crash point and the accepted set shown.
fn over(state: &str, bets: &[Value; 3]) -> Value {
    let (index, seed) = seed();
    let mut round = open();
    let entry = |player: u8, steps, target| BetEntry {
        player: PlayerId::new(player.into()).unwrap(),
        bet: BetId::from_bytes([player; 16]),
        stake: Stake::from_steps(steps).unwrap(),
        auto_cash_out: Multiplier::from_centi(target),
    };
    let entries = [entry(3, 1_000, 50_000), entry(1, 1_000, 150), entry(2, 2_000, 0)];
    let payouts = bets.iter().map(|bet| bet["payout"].as_i64().unwrap_or(0));
    for (field, value) in [
        ("state", json!(state)),
        ("seed_index", json!(index)),
        ("seed", json!(seed.reveal())),
        ("crash_point", json!(crash_point().to_string())),
        ("bets_hash", json!(hex::encode(&bets_hash(&entries)))),
        ("count", json!(3)),
        ("stake_sum", json!(40)),
        ("payout_sum", json!(payouts.sum::<i64>())),
        ("bets", json!(bets)),
    ] {
        round[field] = value;
    }
    round
}

/// Played to its crash: two are paid, the third is lost.
pub(super) fn settled() -> Value {
    let mut bets = bets();
    pay(&mut bets[0], &json!(1.5), 15);
    pay(&mut bets[1], &json!(2), 40);
    bets[2]["state"] = json!("lost");
    let mut round = over("settled", &bets);
    round["multiplier"] = json!(crash_point().to_string());
    round
}

/// Played to `multiplier_max`, below the crash point: everyone is paid.
pub(super) fn topped() -> Value {
    let mut bets = bets();
    pay(&mut bets[0], &json!(1.5), 15);
    pay(&mut bets[1], &json!(3), 60);
    pay(&mut bets[2], &json!(3), 30);
    let mut round = over("settled", &bets);
    round["multiplier_max"] = json!(3);
    round["multiplier"] = json!(3);
    round
}

/// Stopped at 1.60x: a target below is paid at the target, the rest at the stop.
pub(super) fn interrupted() -> Value {
    let mut bets = bets();
    pay(&mut bets[0], &json!(1.5), 15);
    pay(&mut bets[1], &json!(1.6), 32);
    pay(&mut bets[2], &json!(1.6), 16);
    let mut round = over("interrupted", &bets);
    round["interrupted_at"] = json!(1.6);
    round["multiplier"] = json!(1.6);
    round
}

/// Stopped before anything of the climb was stored: every stake went back.
pub(super) fn released() -> Value {
    let mut bets = bets();
    for bet in &mut bets {
        bet["state"] = json!("released");
    }
    let mut round = over("interrupted", &bets);
    round["payout_sum"] = json!(40);
    round
}

/// Ended before its lock.
pub(super) fn voided() -> Value {
    let mut bets = bets();
    for bet in &mut bets {
        bet["state"] = json!("released");
    }
    let mut round = open();
    round["state"] = json!("voided");
    round["bets"] = json!(bets);
    round
}
