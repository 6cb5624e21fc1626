#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oisp_decode::fuzzing::http1_midway(data));
