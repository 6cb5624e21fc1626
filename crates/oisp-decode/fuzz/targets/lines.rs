#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oisp_decode::fuzzing::lines(data));
