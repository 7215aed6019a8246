//! Replays every input that a fuzzer found worth keeping, so that none of them rots.

use std::path::Path;

use fuzzing::TARGETS;

/// Fewer than these would mean that a corpus got lost.
const INPUTS_MIN: usize = 20;

#[test]
fn every_kept_input_keeps_its_promise() {
    for (name, judge) in TARGETS {
        let inputs = inputs(name);
        assert!(inputs.len() >= INPUTS_MIN, "{name} has {} inputs only", inputs.len());
        for (file, input) in inputs {
            let judged = std::panic::catch_unwind(|| judge(&input));
            assert!(judged.is_ok(), "{name}/{file} breaks its promise, see above");
        }
    }
}

#[test]
fn the_corpus_is_small() {
    let inputs = TARGETS.iter().flat_map(|(name, _)| inputs(name));
    let bytes: usize = inputs.map(|(_, input)| input.len()).sum();
    assert!(bytes < 1 << 20, "the corpus has {bytes} bytes: minimise it, see CONTRIBUTING.md");
}

/// The kept inputs of a target, by the names of their files.
fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let files = std::fs::read_dir(&folder).expect("a target has a corpus");
    let input = |file: std::io::Result<std::fs::DirEntry>| {
        let path = file.expect("the folder can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name, std::fs::read(path).expect("an input can be read"))
    };
    files.map(input).collect()
}
