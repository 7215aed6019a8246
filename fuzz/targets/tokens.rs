//! libFuzzer's door to [`fuzzing::tokens`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzzing::tokens(input));
