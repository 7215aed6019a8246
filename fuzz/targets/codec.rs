//! libFuzzer's door to [`fuzzing::codec`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzzing::codec(input));
