//! The Python of `docs/fairness.md`, run as it stands there, agrees with the Rust.

use std::io::Write as _;
use std::process::{Command, Stdio};

use fairness::{Chain, Segment, crash_point};
use kernel::SeedIndex;
use serde_json::{Number, Value, json};

const DOCUMENT: &str = include_str!("../../../docs/fairness.md");

/// The document's only block of Python.
fn program() -> &'static str {
    let mut blocks = DOCUMENT.split("```python\n").skip(1);
    let block = blocks.next().expect("a block of Python");
    assert!(blocks.next().is_none(), "one block of Python");
    block.split("```").next().expect("the block ends")
}

/// What the program prints for `export`, or `None` if it refuses.
fn run(export: &Value) -> Option<String> {
    let mut python = Command::new("python3")
        .args(["-c", program()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3 starts");
    let mut stdin = python.stdin.take().expect("a pipe");
    stdin.write_all(export.to_string().as_bytes()).expect("python3 reads");
    drop(stdin);
    let output = python.wait_with_output().expect("python3 ends");
    let printed = String::from_utf8(output.stdout).expect("text");
    output.status.success().then(|| printed.trim_end().to_owned())
}

/// The parts of a round's export that the program reads.
fn export(index: u32, house_edge_bps: u32) -> Value {
    let chain = Chain::grow(fairness::Seed::from_bytes([0x42; 32]), 40);
    let segment = Segment::expand(&chain.checkpoints()[0]);
    let seed = segment.open(SeedIndex(index)).expect("a seed of the chain");
    let public_seed = "00c0ffee".repeat(8);
    let crash = crash_point(&public_seed, seed, house_edge_bps).to_string();
    // As it goes out: without trailing zeros.
    let crash = crash.trim_end_matches('0').trim_end_matches('.');
    json!({
        "commitment": {
            "terminal": chain.terminal().to_string(),
            "house_edge_bps": house_edge_bps,
        },
        "public_seed": public_seed,
        "seed": seed.reveal(),
        "seed_index": index,
        "crash_point": crash.parse::<Number>().expect("a number"),
    })
}

#[test]
fn the_documents_python_agrees_with_the_rust() {
    let lines = program().lines().filter(|line| !line.is_empty()).count();
    assert!(lines <= 14, "a dozen lines, not {lines}");
    for index in 1..=40 {
        let edge = [0, 100, 300, 9_999][index as usize % 4];
        let export = export(index, edge);
        let printed = run(&export).unwrap_or_else(|| panic!("refused: {export}"));
        let shown = format!("{:.2}", export["crash_point"].as_f64().expect("a number"));
        assert_eq!(printed, shown, "{export}");
    }
}

#[test]
fn the_documents_python_refuses_what_does_not_hold() {
    assert!(run(&export(7, 100)).is_some());
    for (pointer, value) in [
        ("/seed", json!("11".repeat(32))),
        ("/seed_index", json!(8)),
        ("/public_seed", json!("00c0ffef".repeat(8))),
        ("/commitment/terminal", json!("22".repeat(32))),
        ("/commitment/house_edge_bps", json!(5_000)),
        ("/crash_point", json!(1234.56)),
    ] {
        let mut bent = export(7, 100);
        *bent.pointer_mut(pointer).expect("a field") = value;
        assert_eq!(run(&bent), None, "{pointer}");
    }
}
