//! The table is the published curve, on every machine the same, as the fixture tells others.

use expect_test::expect_file;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Curve;
use crate::{CurveKind, Multiplier};

fn centi(centi: u32) -> Multiplier {
    Multiplier::from_centi(centi).unwrap()
}

#[test]
fn the_published_instants_hold() {
    let curve = Curve::exponential();
    assert_eq!(curve.first_ms(centi(100)), 0);
    assert_eq!(curve.first_ms(centi(200)), 11_553);
    assert_eq!(curve.first_ms(centi(1_000)), 38_377);
    assert_eq!(curve.first_ms(centi(10_000)), 76_753);
    assert_eq!(curve.first_ms(centi(1_000_000)), 153_506);
    assert_eq!(curve.first_ms(Multiplier::MAX), 153_507);
}

#[test]
fn the_exponential_curve_is_monotone_and_within_a_hundredth_of_floats() {
    let curve = Curve::exponential();
    let mut last = Multiplier::ONE;
    for ms in 0..153_600_u32 {
        let exact = 100.0 * (0.00006 * f64::from(ms)).exp();
        let multiplier = curve.multiplier_at(u64::from(ms));
        assert!(multiplier >= last, "falls at {ms} ms");
        assert!((f64::from(multiplier.centi()) - exact.min(1e6)).abs() <= 1.0, "off at {ms} ms");
        last = multiplier;
    }
    assert_eq!(last, CurveKind::Exponential.multiplier_limit());
}

#[test]
fn the_linear_curve_climbs_a_hundredth_every_fifty_milliseconds() {
    let curve = Curve::linear();
    assert_eq!(curve.multiplier_at(49), centi(100));
    assert_eq!(curve.multiplier_at(50), centi(101));
    assert_eq!(curve.first_ms(centi(10_000)), 495_000);
    assert_eq!(curve.multiplier_at(u64::MAX), centi(10_000));
}

/// What the page checks its own table against: every instant that lies on a round number, the
/// whole beginning, and a sum over all of them.
fn vectors(curve: &Curve) -> Value {
    let limit = curve.kind().multiplier_limit().centi();
    let instants: Vec<u64> = (100..=limit).map(|at| curve.first_ms(centi(at))).collect();
    let sampled = (100..=1_000).chain((1_100..=limit).step_by(9_700)).chain([limit]);
    let first_ms: Vec<Value> =
        sampled.map(|at| json!([at, instants[(at - 100) as usize]])).collect();
    // A polynomial checksum: it moves if any instant moves or two change places.
    let checksum = instants.iter().fold(0_u64, |sum, ms| (sum * 31 + ms) % 4_294_967_291);
    json!({
        "steps": instants.len(),
        "checksum": checksum,
        "first_ms": first_ms,
    })
}

fn document() -> Value {
    json!({
        "note": "first_ms holds [hundredths, first millisecond]; checksum folds all first \
                 milliseconds as (sum * 31 + ms) mod 4294967291",
        "exponential": vectors(&Curve::exponential()),
        "linear": vectors(&Curve::linear()),
    })
}

#[test]
fn the_table_equals_the_vectors_of_the_page() {
    expect_file!["../../../../fixtures/curve.json"].assert_eq(&format!("{}\n", document()));
}

proptest! {
    #[test]
    fn an_instant_and_its_multiplier_agree(at in 100_u32..=1_000_000) {
        let curve = Curve::exponential();
        let ms = curve.first_ms(centi(at));
        prop_assert!(curve.multiplier_at(ms) >= centi(at));
        prop_assert!(ms == 0 || curve.multiplier_at(ms - 1) < centi(at));
    }
}
