//! libFuzzer's door to [`fuzzing::bodies`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzzing::bodies(input));
