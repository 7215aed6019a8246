//! Every kind of picture comes back from its JSON, and the JSON is the contract's.

use expect_test::expect;
use kernel::{Amount, BetId, LobbyId, Multiplier, PlayerId, Stake};

use super::*;

fn multiplier(centi: u32) -> WireMultiplier {
    WireMultiplier(Multiplier::from_centi(centi).unwrap())
}

fn stake(steps: u32) -> WireStake {
    WireStake(Stake::from_steps(steps).unwrap())
}

fn amount(units: i64) -> WireAmount {
    WireAmount(Amount::from_units(units))
}

fn lobby() -> WireLobbyId {
    WireLobbyId(LobbyId::new(4).unwrap())
}

fn ann() -> WirePlayerId {
    WirePlayerId(PlayerId::new(7).unwrap())
}

fn commitment() -> CommitmentView {
    CommitmentView {
        lobby_id: lobby(),
        chain: 1,
        terminal: "00".repeat(32),
        length: 10_000,
        house_edge_bps: 100,
        formula: 1,
        beacon_round: None,
        public_key: "11".repeat(32),
        signature: "22".repeat(64),
    }
}

fn snapshot() -> Snapshot {
    Snapshot {
        lobby_id: lobby(),
        epoch: 3,
        seq: 9,
        round: 17,
        name: "Main".to_owned(),
        mode: LobbyMode::Continuous,
        phase: Phase::Running,
        closes_in_ms: None,
        elapsed_ms: Some(11_553),
        multiplier: Some(multiplier(200)),
        crash_point: None,
        curve: CurveName::Exponential,
        limits: Limits {
            stake_min: stake(1),
            stake_max: stake(1_000_000),
            payout_max: amount(1_000_000_000),
            multiplier_max: multiplier(100_000),
            bets_per_player: 2,
        },
        commitment: commitment(),
        seed_index: 17,
        anchored: false,
        next_commitment: None,
        abandoned: Vec::new(),
        bets: vec![SeenBet {
            user_id: ann(),
            name: "ann".to_owned(),
            stake: stake(1_050),
            cashed_out: Some(multiplier(150)),
        }],
        mine: vec![OwnBet {
            bet_id: WireBetId(BetId::from_bytes([1; 16])),
            stake: stake(1_050),
            auto_cash_out: None,
            cap: multiplier(100_000),
            state: BetState::CashedOut,
            payout: Some(amount(157_500)),
        }],
        last: vec![LastRound { round: 16, crash_point: multiplier(101) }],
        balance: Some(amount(1)),
    }
}

fn picture(event: PictureEvent) -> Picture {
    Picture { to: None, lobby_id: lobby(), epoch: 3, seq: 9, round: 17, event }
}

#[test]
fn every_picture_comes_back_from_its_json() {
    let totals = Totals { count: 2, stake_sum: amount(1), payout_sum: amount(-1) };
    let seed = || "ab".repeat(32);
    let cash_out = SeenCashOut {
        user_id: ann(),
        name: "ann \"the wax\" 🕊".to_owned(),
        multiplier: multiplier(101),
        payout: amount(10_100),
    };
    let result = BetResult {
        user_id: ann(),
        result: BetOutcome::Lost,
        payout: None,
        coefficient: None,
        bet_id: WireBetId(BetId::from_bytes([9; 16])),
        stake: stake(1),
    };
    let events = [
        PictureEvent::Snapshot(Box::new(snapshot())),
        PictureEvent::BettingOpened(BettingOpened {
            closes_in_ms: Some(6_000),
            commitment: commitment(),
            seed_index: 1,
            anchored: false,
            next_commitment: Some(commitment()),
        }),
        PictureEvent::BetsAccepted(BetsAccepted { bets: snapshot().bets }),
        PictureEvent::RoundLocked(RoundLocked { count: 1, sum: amount(5), bets_hash: seed() }),
        PictureEvent::RoundStarted(RoundStarted { elapsed_ms: 0, curve: CurveName::Linear }),
        PictureEvent::Tick(Tick {
            elapsed_ms: 50,
            multiplier: multiplier(100),
            cash_outs: vec![cash_out],
        }),
        PictureEvent::Crashed(Crashed {
            crash_point: multiplier(u32::MAX),
            multiplier: multiplier(100_000),
            elapsed_ms: 115_130,
        }),
        PictureEvent::Settled(Settled { seed: seed(), public_seed: seed(), totals }),
        PictureEvent::Voided(Voided { reason: EndReason::OwnerLost }),
        PictureEvent::Interrupted(Interrupted {
            reason: EndReason::Stalled,
            multiplier: Some(multiplier(123)),
            seed: None,
            public_seed: None,
        }),
        PictureEvent::BetResult(result),
    ];
    for event in events {
        let picture = picture(event);
        let json = picture.to_json().unwrap();
        assert_eq!(Picture::from_json(&json).unwrap(), picture);
    }
}

#[test]
fn a_tick_is_the_contracts_event() {
    let tick = Tick { elapsed_ms: 3_451, multiplier: multiplier(123), cash_outs: vec![] };
    let json = picture(PictureEvent::Tick(tick)).to_json().unwrap();
    expect![[r#"{"type":"tick","lobby_id":4,"epoch":3,"seq":9,"round":17,"elapsed_ms":3451,"multiplier":1.23,"cash_outs":[]}"#]]
        .assert_eq(std::str::from_utf8(&json).unwrap());
}

#[test]
fn a_snapshot_has_one_head_and_is_read_with_and_without_its_type() {
    let json = picture(PictureEvent::Snapshot(Box::new(snapshot()))).to_json().unwrap();
    let text = std::str::from_utf8(&json).unwrap();
    assert_eq!(text.matches("\"epoch\"").count(), 1, "{text}");
    assert!(text.starts_with(r#"{"type":"snapshot","lobby_id":4,"epoch":3,"seq":9,"round":17,"#));
    assert!(text.contains("\"payout\":15.75"), "{text}");
    assert_eq!(serde_json::from_slice::<Snapshot>(&json).unwrap(), snapshot());
    let bare = serde_json::to_vec(&snapshot()).unwrap();
    assert_eq!(serde_json::from_slice::<Snapshot>(&bare).unwrap(), snapshot());
}

#[test]
fn a_picture_of_an_unknown_type_is_an_error_and_not_a_panic() {
    let json = br#"{"type":"eclipse","lobby_id":4,"epoch":1,"seq":1,"round":1}"#;
    assert!(Picture::from_json(json).unwrap_err().to_string().contains("eclipse"));
    assert!(Picture::from_json(b"[]").is_err());
    assert!(Picture::from_json(b"\xff").is_err());
}

#[test]
fn a_picture_for_one_player_says_so() {
    let mut picture = picture(PictureEvent::Voided(Voided { reason: EndReason::Shutdown }));
    picture.to = Some(ann());
    let json = picture.to_json().unwrap();
    assert!(std::str::from_utf8(&json).unwrap().starts_with(r#"{"type":"voided","to":7,"#));
    assert!(picture.event_json().starts_with(r#"{"type":"voided","lobby_id":4,"#));
    assert_eq!(Picture::from_json(&json).unwrap(), picture);
}
