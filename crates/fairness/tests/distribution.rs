//! Ten million rounds of the real mapping reach each multiplier as often as the law says.

use std::thread;

use fairness::{Mapping, Seed, step};

const OUTCOMES: u32 = 10_000_000;
const THREADS: u32 = 4;
/// In hundredths.
const TARGETS: [u32; 5] = [101, 150, 200, 1_000, 10_000];
const EDGES_BPS: [u32; 2] = [100, 300];

/// How many outcomes reached each target, for each edge.
type Counts = [[u64; TARGETS.len()]; EDGES_BPS.len()];

/// Plays `OUTCOMES / THREADS` rounds of one chain.
fn play(lane: u32) -> Counts {
    let public_seed = "5eed".repeat(16);
    let mappings = EDGES_BPS.map(|edge| Mapping::new(&public_seed, edge));
    let mut seed = Seed::from_bytes([lane.to_be_bytes()[3] + 1; 32]);
    let mut counts = Counts::default();
    for _ in 0..OUTCOMES / THREADS {
        for (mapping, counts) in mappings.iter().zip(&mut counts) {
            let crash = mapping.crash_point(&seed).centi();
            for (target, count) in TARGETS.iter().zip(counts) {
                *count += u64::from(crash >= *target);
            }
        }
        seed = step(&seed);
    }
    counts
}

#[test]
fn each_multiplier_is_reached_as_often_as_the_law_says() {
    let lanes: Vec<_> = (0..THREADS).map(|lane| thread::spawn(move || play(lane))).collect();
    let lanes: Vec<Counts> = lanes.into_iter().map(|lane| lane.join().unwrap()).collect();
    for (row, edge) in EDGES_BPS.into_iter().enumerate() {
        for (column, target) in TARGETS.into_iter().enumerate() {
            let reached: u64 = lanes.iter().map(|counts| counts[row][column]).sum();
            assert_within_four_sigma(reached, edge, target);
        }
    }
}

/// |reached − n·p| <= 4·sqrt(n·p·(1 − p)) with p = (1 − edge) / m = keep / (100·m), in integers:
/// both sides times 100·m, squared.
fn assert_within_four_sigma(reached: u64, edge_bps: u32, target: u32) {
    let (whole, keep) = (i128::from(target) * 100, i128::from(10_000 - edge_bps));
    let outcomes = i128::from(OUTCOMES);
    let difference = i128::from(reached) * whole - outcomes * keep;
    let variance = outcomes * keep * (whole - keep);
    assert!(
        difference * difference <= 16 * variance,
        "edge {edge_bps}, {target} hundredths: reached by {reached} of {OUTCOMES}, \
         expected {}",
        outcomes * keep / whole,
    );
}
