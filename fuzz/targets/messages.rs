//! libFuzzer's door to [`fuzzing::messages`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzzing::messages(input));
