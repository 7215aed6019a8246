//! libFuzzer's door to [`fuzzing::handshake`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzzing::handshake(input));
